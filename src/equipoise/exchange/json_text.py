"""JSON as registries give it: read exactly, or refused with the place."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from .record import RecordError

_NESTING = 200
"""Deeper nesting than any record has; a deeper one is refused rather than followed."""


def parse_json(text: str) -> Any:
    """The JSON value of a text, numbers exact; RecordError names what is wrong and where.

    Repeated keys are refused: the first value would be lost.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in items:
            if key in mapping:
                raise RecordError(f"the key {key!r} stands twice in one object; keep one of them")
            mapping[key] = value
        return mapping

    def constant(name: str) -> Any:
        raise RecordError(f"{name} is not a JSON number; write a number or null")

    try:
        tree = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=_exact
        )
    except json.JSONDecodeError as error:
        raise RecordError(
            f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except RecursionError as error:
        raise RecordError("nested too deeply for a registry record") from error
    except RecordError:
        raise
    except ValueError as error:
        raise RecordError(f"not JSON a record can hold: {error}") from error
    _check_depth(tree)
    return tree


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > 300:
        raise RecordError(f"the number {text[:40]} is beyond any measurement")
    return number


def _check_depth(tree: Any) -> None:
    level = [tree]
    for _ in range(_NESTING):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise RecordError("nested too deeply for a registry record")
