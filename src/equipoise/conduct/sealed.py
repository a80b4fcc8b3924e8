"""Values that the ledger holds encrypted, as a decision about them sees them."""

from __future__ import annotations

from dataclasses import dataclass

ERASED = "[erased]"
"""Stands for an identifying value whose key has been destroyed."""
REDACTED = "[redacted]"
"""Stands for a text whose key has been destroyed."""
GONE = frozenset({ERASED, REDACTED})
"""What is shown for something that can be read no more; never something that anybody wrote."""


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A sealed value: where it stands, the key that opens it, and what it says.

    `text` is None where the key has been destroyed. `identity` says that it identifies the person;
    `own` that it stands in the person's own stream, and was not moved from another's.
    """

    seq: int
    version: int
    name: str
    key: str
    text: str | None
    identity: bool
    single: bool
    """Whether the key is this value's alone, so that it can be destroyed by itself."""
    own: bool = True
    event: str = ""
    """The type of the event it stands in."""

    @property
    def place(self) -> str:
        """The value's name in commands and addresses: `12/narrative`."""
        return f"{self.version}/{self.name}"
