"""From screening to randomization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenParticipant(Command):
    """Put a person on the screening log; answers with the participant's number.

    `identity` (item id to text; at least the protocol's identity items one knows) is sealed.
    `previous` is the number under which the person was screened before (rescreening).
    """

    site: str
    identity: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent(Command):
    """The participant signed (or, `given=False`, declined) a version of the consent form."""

    participant: str
    version: str
    signed_on: date
    given: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessEligibility(Command):
    """Decide every criterion from the data and the judgements (criterion id to yes/no).

    A judgement answers the criterion's own wording: for an exclusion criterion `True` means that
    the participant has it.
    """

    participant: str
    judgements: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignEligibility(Command):
    """The investigator signs the latest eligibility assessment."""

    binds: ClassVar[bool] = True
    participant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailScreening(Command):
    """End a screening that will not lead to randomization."""

    participant: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomize(Command):
    """Allocate, schedule and order the first supply, in one decision."""

    participant: str
