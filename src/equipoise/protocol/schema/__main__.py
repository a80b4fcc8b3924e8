"""Print the JSON Schema of `protocol.yaml`."""

from __future__ import annotations

import sys

from equipoise.protocol.schema import json_schema_text

sys.stdout.write(json_schema_text())
