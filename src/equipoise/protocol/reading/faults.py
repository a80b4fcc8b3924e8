"""Faults of a protocol file: what is wrong where, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason why a file is not a protocol. Lines and columns count from 1, and are 0 where the file
    could not be opened; `path` is in the document."""

    code: str
    file: str
    line: int
    column: int
    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        place = f" {self.path}:" if self.path else ""
        way_out = f"; {self.remedy}" if self.remedy else ""
        return f"{where}:{place} {self.message}{way_out} [{self.code}]"

    def as_json(self) -> dict[str, Any]:
        """The fault in the shape of a finding (`equipoise check --format json`)."""
        return {
            "code": self.code,
            "id": f"{self.code}/{self.path}" if self.path else self.code,
            "severity": "error",
            "place": self.path,
            "line": self.line,
            "message": self.message,
            "remedy": self.remedy,
            "settled": False,
            "decision": None,
        }


class ProtocolError(ValueError):
    """A file that is not a protocol, with every fault found; its text is one line a fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
