"""Visits, forms, diary days and doses."""

from __future__ import annotations

from ..values import Value
from .base import Happening, SealedText


class FormSaved(Happening, frozen=True, kw_only=True):
    """`values` are those changed by this save. `save` counts the saves of this form from 1."""

    visit: str
    form: str
    repeat: str
    performed_on: str
    save: int
    complete: bool
    values: tuple[Value, ...]
    reason: SealedText


class DiaryDayRecorded(Happening, frozen=True, kw_only=True):
    diary: str
    day: str
    save: int
    assisted: bool
    values: tuple[Value, ...]
    reason: SealedText


class DoseRecorded(Happening, frozen=True, kw_only=True):
    intervention: str
    day: str
    occasion: int
    taken: bool
    reason: SealedText


class VisitMissed(Happening, frozen=True, kw_only=True):
    visit: str
    reason: SealedText


class ValuesMovedAway(Happening, frozen=True, kw_only=True):
    visit: str
    form: str
    repeat: str
    to_participant: str
    reason: SealedText


class ValuesMovedIn(Happening, frozen=True, kw_only=True):
    """`origin_seqs` are the ledger positions of the saves that were moved."""

    visit: str
    form: str
    repeat: str
    from_participant: str
    performed_on: str
    save: int
    complete: bool
    values: tuple[Value, ...]
    origin_seqs: tuple[int, ...]
    reason: SealedText
