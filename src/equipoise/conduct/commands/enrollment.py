"""From screening to randomization."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from msgspec import field

from .base import Command


class ScreenParticipant(Command, frozen=True, kw_only=True):
    """Put a person on the screening log; answers with the participant's number.

    `identity` (item id to text; at least the protocol's identity items one knows) is sealed.
    `previous` is the number under which the person was screened before (rescreening).
    """

    site: str
    identity: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None


class RecordConsent(Command, frozen=True, kw_only=True):
    """The participant signed (or, `given=False`, declined) a version of the consent form."""

    participant: str
    version: str
    signed_on: date
    given: bool = True
    reason: str = ""


class AssessEligibility(Command, frozen=True, kw_only=True):
    """Decide every criterion from the data and the judgements (criterion id to yes/no).

    A judgement answers the criterion's own wording: for an exclusion criterion `True` means that
    the participant has it.
    """

    participant: str
    judgements: Mapping[str, bool] = field(default_factory=dict)


class SignEligibility(Command, frozen=True, kw_only=True):
    """The investigator signs the latest eligibility assessment."""

    binds: ClassVar[bool] = True
    participant: str


class FailScreening(Command, frozen=True, kw_only=True):
    """End a screening that will not lead to randomization."""

    participant: str
    reason: str


class Randomize(Command, frozen=True, kw_only=True):
    """Allocate, schedule and order the first supply, in one decision."""

    participant: str
