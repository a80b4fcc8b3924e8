"""Erasure and redaction: which keys are destroyed, asked by whom, approved by whom; and copies given.

The events of destruction name the keys, so that a destruction can be repeated wherever an older copy of the keys turns up,
and an outsider can see how many values were made unreadable.
"""

from __future__ import annotations

from .base import Happening, SealedText


class IdentityErased(Happening, frozen=True, kw_only=True):
    """What identified the participant cannot be read any more."""

    keys: tuple[str, ...]
    reason: SealedText


class RedactionRequested(Happening, frozen=True, kw_only=True):
    """`value` is the event's number in this stream and the field or item, `12/narrative`."""

    redaction: int
    value: str
    reason: SealedText


class ValueRedacted(Happening, frozen=True, kw_only=True):
    """The text and every copy of it in the participant's record cannot be read any more."""

    redaction: int
    value: str
    keys: tuple[str, ...]


class RedactionDeclined(Happening, frozen=True, kw_only=True):
    redaction: int
    reason: SealedText


class CopyGiven(Happening, frozen=True, kw_only=True):
    """A copy of everything up to the entry `upto` of this stream was given to `given_to`."""

    upto: int
    language: str
    file_format: str
    given_to: SealedText
    reason: SealedText


class TrialRedactionRequested(Happening, frozen=True, kw_only=True):
    """As `RedactionRequested`, for a text in the stream of the trial or of the event's site."""

    redaction: int
    value: str
    reason: SealedText


class TrialValueRedacted(Happening, frozen=True, kw_only=True):
    """The text cannot be read any more."""

    redaction: int
    value: str
    keys: tuple[str, ...]


class TrialRedactionDeclined(Happening, frozen=True, kw_only=True):
    redaction: int
    reason: SealedText
