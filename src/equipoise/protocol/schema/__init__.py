"""The JSON Schema of `protocol.yaml`, so that an editor completes and checks it while it is written.

python -m equipoise.protocol.schema > docs/reference/protocol.schema.json
"""

from __future__ import annotations

import json
from typing import Any

from equipoise.protocol.document import SCHEMA, Protocol

__all__ = ["json_schema", "json_schema_text"]


def json_schema() -> dict[str, Any]:
    """The schema of the document as it is written (draft 2020-12).

    It says what form can say: keys, types, words, patterns. Names, units and expressions are
    judged by `equipoise.protocol.checks`.
    """
    schema = Protocol.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Protocol ({SCHEMA})",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def json_schema_text() -> str:
    """The schema as the file that is published."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
