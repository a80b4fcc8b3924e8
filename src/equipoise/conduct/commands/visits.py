"""Visits, forms, diary days and doses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ..values import Address
from .base import Command


class SaveForm(Command, frozen=True, kw_only=True):
    """Save a form, part-filled or whole.

    `performed_on` is the day of the visit (default: today at the site). `based_on` is the number of
    saves of this form that the person had seen; a form saved meanwhile by another is refused.
    `reason` is needed for changing a value already saved.
    """

    participant: str
    address: Address
    values: Mapping[str, str]
    performed_on: date | None = None
    based_on: int | None = None
    reason: str = ""


class RecordDiaryDay(Command, frozen=True, kw_only=True):
    """One day of a diary, by the participant or (`assisted`) by staff on the participant's word."""

    participant: str
    diary: str
    day: date
    values: Mapping[str, str]
    assisted: bool = True
    reason: str = ""


class RecordDose(Command, frozen=True, kw_only=True):
    """One administration seen by staff."""

    participant: str
    intervention: str
    day: date
    occasion: int
    taken: bool
    reason: str = ""


class MissVisit(Command, frozen=True, kw_only=True):
    """State that a visit did not take place."""

    participant: str
    visit: str
    reason: str


class MoveValues(Command, frozen=True, kw_only=True):
    """A form entered for the wrong participant: moved to the right one, both trails kept."""

    participant: str
    address: Address
    to_participant: str
    to_address: Address | None = None
    reason: str = ""
