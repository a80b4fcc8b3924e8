"""What every command is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands."""

    binds: ClassVar[bool] = False
    """Whether it is signed, binds others, or cannot be taken back: who gives it proves once more who they are."""
