"""The published JSON Schema is the one of the document."""

from __future__ import annotations

import json
from pathlib import Path

from equipoise.protocol.document import Protocol
from equipoise.protocol.schema import json_schema, json_schema_text

PUBLISHED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "protocol.schema.json"


def test_the_published_schema_is_current() -> None:
    """Run `python -m equipoise.protocol.schema > docs/reference/protocol.schema.json`."""
    assert PUBLISHED.read_text(encoding="utf-8") == json_schema_text()


def test_the_schema_offers_every_section_and_refuses_others() -> None:
    schema = json_schema()
    keys = {field.alias or name for name, field in Protocol.model_fields.items()}
    assert set(schema["properties"]) == keys
    assert schema["additionalProperties"] is False
    assert {"schema", "id", "readiness", "identity"} == set(schema["required"])


def test_a_text_is_a_string_or_a_language_map_in_the_schema() -> None:
    label = json_schema()["$defs"]["Item"]["properties"]["label"]
    assert {"type": "string"} in label["anyOf"]
    assert json.dumps(label).count("zh-Hans") == 1
