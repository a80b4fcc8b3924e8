"""Erasure and redaction: which keys are destroyed, asked by whom, approved by whom; and copies given.

The events of destruction name the keys, so that a destruction can be repeated wherever an older copy of the keys turns up,
and an outsider can see how many values were made unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityErased(Happening):
    """What identified the participant cannot be read any more."""

    keys: tuple[str, ...]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRequested(Happening):
    """`value` is the event's number in this stream and the field or item, `12/narrative`."""

    redaction: int
    value: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRedacted(Happening):
    """The text and every copy of it in the participant's record cannot be read any more."""

    redaction: int
    value: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionDeclined(Happening):
    redaction: int
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyGiven(Happening):
    """A copy of everything up to the entry `upto` of this stream was given to `given_to`."""

    upto: int
    language: str
    file_format: str
    given_to: str = field(metadata=SEALED_TEXT)
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRedactionRequested(Happening):
    """As `RedactionRequested`, for a text in the stream of the trial or of the event's site."""

    redaction: int
    value: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialValueRedacted(Happening):
    """The text cannot be read any more."""

    redaction: int
    value: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRedactionDeclined(Happening):
    redaction: int
    reason: str = field(metadata=SEALED_TEXT)
