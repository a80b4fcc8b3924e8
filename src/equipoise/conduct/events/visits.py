"""Visits, forms, diary days and doses."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..values import Value
from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSaved(Happening):
    """`values` are those changed by this save. `save` counts the saves of this form from 1."""

    visit: str
    form: str
    repeat: str
    performed_on: str
    save: int
    complete: bool
    values: tuple[Value, ...]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryDayRecorded(Happening):
    diary: str
    day: str
    save: int
    assisted: bool
    values: tuple[Value, ...]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRecorded(Happening):
    intervention: str
    day: str
    occasion: int
    taken: bool
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitMissed(Happening):
    visit: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesMovedAway(Happening):
    visit: str
    form: str
    repeat: str
    to_participant: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesMovedIn(Happening):
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
    reason: str = field(metadata=SEALED_TEXT)
