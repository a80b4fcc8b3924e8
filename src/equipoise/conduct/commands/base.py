"""What every command is."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Command(Struct, frozen=True, kw_only=True):
    """Base of all commands."""

    binds: ClassVar[bool] = False
    """Whether it is signed, binds others, or cannot be taken back: who gives it proves once more who they are."""
