"""Reading `protocol.yaml`: every fault at once, each with file, line, path and remedy."""

from __future__ import annotations

from .faults import Fault, ProtocolError
from .places import Places
from .reader import Reading, Salvage, load_protocol, read_protocol, read_text, read_value

__all__ = [
    "Fault",
    "Places",
    "ProtocolError",
    "Reading",
    "Salvage",
    "load_protocol",
    "read_protocol",
    "read_text",
    "read_value",
]
