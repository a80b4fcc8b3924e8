"""Personal data: taken out of the record for ever, or handed to the person they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseIdentity(Command):
    """Make unreadable, for ever, everything that identifies a person whose participation has ended."""

    binds: ClassVar[bool] = True
    participant: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRedaction(Command):
    """Ask that one text be made unreadable for ever. Nothing changes until another person approves.

    `value` says which text: the event's number in the participant's stream and the name of the field or
    item, `12/narrative`.
    """

    participant: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRedaction(Command):
    """Make the text unreadable, as somebody else asked; every copy of it in this participant's record too."""

    binds: ClassVar[bool] = True
    participant: str
    redaction: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRedaction(Command):
    """Leave the text as it is, and say why. Who asked may take the request back this way."""

    binds: ClassVar[bool] = True
    participant: str
    redaction: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTrialRedaction(Command):
    """As `RequestRedaction`, for a text about no participant: of a site, or (empty) of the trial."""

    site: str = ""
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveTrialRedaction(Command):
    """Make the text of the site or the trial unreadable, as somebody else asked."""

    binds: ClassVar[bool] = True
    site: str = ""
    redaction: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineTrialRedaction(Command):
    """Leave the text of the site or the trial as it is, and say why."""

    binds: ClassVar[bool] = True
    site: str = ""
    redaction: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveCopy(Command):
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
