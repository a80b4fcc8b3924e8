"""The commitment to seed and scheme, published before the first participant.

It is SHA-256 over the canonical JSON (sorted keys, no white space, NFC, UTF-8) of

    {"scheme": the scheme as committed to, "seed": text, "source": "hmac-sha256" or "philox"}

where the seed is the 32 bytes in hexadecimal digits, or `seed:replicate` in decimal for Philox.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any


def commitment_hash(seed: str, source: str, scheme: Mapping[str, Any]) -> str:
    """The commitment, 64 hexadecimal digits."""
    content = {"scheme": dict(scheme), "seed": seed, "source": source}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()
