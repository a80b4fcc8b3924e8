"""Personal data: taken out of the record for ever, or handed to the person they are about."""

from __future__ import annotations

from typing import ClassVar, Literal

from .base import Command


class EraseIdentity(Command, frozen=True, kw_only=True):
    """Make unreadable, for ever, everything that identifies a person whose participation has ended."""

    binds: ClassVar[bool] = True
    participant: str
    reason: str


class RequestRedaction(Command, frozen=True, kw_only=True):
    """Ask that one text be made unreadable for ever. Nothing changes until another person approves.

    `value` says which text: the event's number in the participant's stream and the name of the field or
    item, `12/narrative`.
    """

    participant: str
    value: str
    reason: str


class ApproveRedaction(Command, frozen=True, kw_only=True):
    """Make the text unreadable, as somebody else asked; every copy of it in this participant's record too."""

    binds: ClassVar[bool] = True
    participant: str
    redaction: int


class DeclineRedaction(Command, frozen=True, kw_only=True):
    """Leave the text as it is, and say why. Who asked may take the request back this way."""

    binds: ClassVar[bool] = True
    participant: str
    redaction: int
    reason: str


class RequestTrialRedaction(Command, frozen=True, kw_only=True):
    """As `RequestRedaction`, for a text about no participant: of a site, or (empty) of the trial."""

    site: str = ""
    value: str
    reason: str


class ApproveTrialRedaction(Command, frozen=True, kw_only=True):
    """Make the text of the site or the trial unreadable, as somebody else asked."""

    binds: ClassVar[bool] = True
    site: str = ""
    redaction: int


class DeclineTrialRedaction(Command, frozen=True, kw_only=True):
    """Leave the text of the site or the trial as it is, and say why."""

    binds: ClassVar[bool] = True
    site: str = ""
    redaction: int
    reason: str


class GiveCopy(Command, frozen=True, kw_only=True):
    """Record that the participant's copy of their own data was given, to whom and why.

    `upto` is the number of entries the participant's record had when the copy was made.
    """

    binds: ClassVar[bool] = True
    participant: str
    given_to: str
    reason: str
    language: Literal["en", "zh-Hans"]
    file_format: Literal["html", "json"]
    upto: int
