"""A strict reader of the registry's schema: no unknown key, every enumeration, type, pattern and date held to.

The schema requires nothing and forbids nothing by itself, so that a validator of JSON Schema would pass anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[1] / "data" / "registry"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict,
}  # fmt: skip


@cache
def schemas() -> dict[str, Any]:
    """The schemas of a study by name."""
    document = yaml.safe_load((DATA / "ctgov-study.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def faults(value: Any, schema: str = "Study") -> list[str]:
    """Everything that is wrong with a value, with its place; empty where it is valid."""
    return list(_faults(value, {"$ref": f"#/components/schemas/{schema}"}, schema))


def _faults(value: Any, schema: dict[str, Any], place: str) -> Iterator[str]:
    name = ""
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = schemas()[name]
    wanted = _TYPES[schema["type"]]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        yield f"{place}: {value!r} is no {schema['type']}"
    elif isinstance(value, dict):
        properties = schema["properties"]
        for key, one in value.items():
            if key not in properties:
                yield f"{place}: the schema knows no {key!r}"
            else:
                yield from _faults(one, properties[key], f"{place}.{key}")
        yield from (
            f"{place}: {key!r} is required"
            for key in schema.get("required", ())
            if key not in value
        )
        if not value:
            yield f"{place}: an empty object says nothing"
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _faults(one, schema["items"], f"{place}[{index}]")
    elif isinstance(value, str):
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place}: {value!r} is not one of {schema['enum']}"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{place}: {value!r} is not {schema['pattern']}"
        if name == "PartialDate" and not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
            yield f"{place}: {value!r} is no date, whole or in part"
        if schema.get("format") == "date":
            try:
                date.fromisoformat(value)
            except ValueError:
                yield f"{place}: {value!r} is no day"
        if not value.strip():
            yield f"{place}: an empty text says nothing"
