"""The OpenAPI 3.1 document of the interface and its page of the manual, written from its operations."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .operations import BASE, OPERATIONS, Operation, arguments_of
from .problems import MEDIA_TYPE, TITLES, Problem
from .writing import KEY_HEADER, MAX_KEY

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_READS = ("unauthorized", "forbidden", "not-found", "invalid")
_WRITES = (
    "unreadable", "unauthorized", "forbidden", "not-found", "stale", "too-large", "wrong-type", "refused",
)  # fmt: skip
_ARGUMENTS = {
    "str": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    "int": {"type": "integer", "minimum": 0},
}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    models: dict[type[BaseModel], str] = {Problem: "serialization"}
    for one in OPERATIONS:
        models[one.answer] = "serialization"
        if one.given is not None:
            models[one.given] = "validation"
    _map, schemas = models_json_schema(list(models.items()), ref_template=_REF)  # type: ignore[arg-type]
    defined = schemas["$defs"]
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        address = "/" + BASE + re.sub(r"<\w+:(\w+)>", r"{\1}", one.path)
        paths.setdefault(address, {})[one.method.lower()] = _operation(one, defined)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Equipoise",
            "version": VERSION,
            "description": (
                "The interface for machines. Every operation has the rights of a page of the permission "
                "table; every change is a command of the trial, decided as on the pages. Refusals are problem "
                "details (RFC 9457) in the language of Accept-Language (en, zh-hans)."
            ),
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": defined,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Issued by the administrator to a machine, for one role and site.",
                }
            },
        },
    }


def _operation(one: Operation, defined: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.about,
        "description": f"Rights: those of the page `{one.page}`.",
        "parameters": _parameters(one, defined),
        "responses": _responses(one),
    }
    if one.changes and one.given is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=one.given.__name__)}}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parameters(one: Operation, defined: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _ARGUMENTS[kind]}
        for name, kind in arguments_of(one.path)
    ]
    if one.changes:
        found.append(
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": True,
                "description": "Names this request: sent again with it, it changes nothing.",
                "schema": {
                    "type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$",
                },
            }
        )  # fmt: skip
    elif one.given is not None:
        schema = defined[one.given.__name__]
        found += [
            {"name": name, "in": "query", "required": False, "schema": described}
            for name, described in schema["properties"].items()
        ]
    return found


def _responses(one: Operation) -> dict[str, Any]:
    kinds = list(_WRITES if one.changes else _READS)
    schema = {"$ref": _REF.format(model=one.answer.__name__)}
    responses: dict[str, Any] = {
        str(one.status): {
            "description": one.about,
            "content": {"application/json": {"schema": schema}},
        }
    }
    for kind in kinds:
        status, title = TITLES[kind]
        problem = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}
        responses[str(status)] = {"description": title, "content": problem}
    return responses


def operations_table() -> str:
    """The operations as a table of the manual, with the page whose rights each has."""
    lines = ["| Operation | Method | Address | Rights of the page |", "|---|---|---|---|"]
    for one in OPERATIONS:
        address = "/" + BASE + re.sub(r"<\w+:(\w+)>", r"{\1}", one.path)
        lines.append(f"| `{one.id}`: {one.about} | {one.method} | `{address}` | `{one.page}` |")
    return "\n".join(lines) + "\n"
