"""What a data cut holds: one frozen row a thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from equipoise.conduct.state import Coding
from equipoise.ledger.merkle import short_code


class CutError(ValueError):
    """A cut was asked for that the ledger cannot give; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the ledger was cut: the last event's number and the Merkle root over all events up to it.

    `on` is the day of the cut: the one asked for, else that of the last event in the leading site's
    zone. Whoever has the ledger can make the very same cut again and compare the root.
    """

    seq: int
    root: str
    on: date
    asked: str = ""

    @property
    def code(self) -> str:
        """The root's short code, as it stands on reports: that of a checkpoint taken at this position."""
        return short_code(self.root)


class Observation(NamedTuple):
    """One value of one item as it stood at the cut.

    `value` is the number (booleans 1 and 0; codes their number where all codes of the list are
    numbers), `nan`-free: `None` where the value is no number. `text` is its canonical form.
    """

    participant: str
    item: str
    value: float | None
    text: str
    on: date
    visit: str
    form: str
    repeat: str
    seq: int


class Doses(NamedTuple):
    """Administrations of an intervention: recorded, of those taken, and days of first and last."""

    recorded: int
    taken: int
    first_on: date | None
    last_on: date | None


class Administration(NamedTuple):
    """One occasion on which a dose was due: the day, its place in the day from 1, and whether it was taken."""

    on: date
    occasion: int
    taken: bool


class Left(NamedTuple):
    """Leaving treatment or follow-up: when, and for which category of reason."""

    on: date
    category: str


class Departure(NamedTuple):
    """A protocol deviation. `important` is what was assessed last; None where nobody has assessed it."""

    on: date
    kind: str
    severity: str
    important: bool | None
    seq: int


@dataclass(frozen=True, slots=True)
class Subject:
    """One number on the screening log.

    `screening` says how screening ended: `randomized`, `consent_refused`, `not_eligible` (with
    `criteria`), `other_reason`, `withdrawn`, or `in_screening`. `strata` are the levels used for
    allocation, `strata_true` as they truly were.
    """

    id: str
    site: str
    screened_on: date
    screening: str
    previous: str | None = None
    criteria: tuple[str, ...] = ()
    consented_on: date | None = None
    randomized_on: date | None = None
    number: int | None = None
    arm: str | None = None
    strata: Mapping[str, str] = field(default_factory=dict)
    strata_true: Mapping[str, str] = field(default_factory=dict)
    anchors: Mapping[str, date] = field(default_factory=dict)
    provisional: frozenset[str] = frozenset()
    doses: Mapping[str, Doses] = field(default_factory=dict)
    administrations: Mapping[str, tuple[Administration, ...]] = field(default_factory=dict)
    """By intervention, in order of day and occasion."""
    left_treatment: Left | None = None
    left_follow_up: Left | None = None
    died_on: date | None = None
    """Day of death: that on which follow-up ended for it, else that of a fatal adverse event."""
    completed_on: date | None = None
    deviations: tuple[Departure, ...] = ()
    baseline: Mapping[str, float | str] = field(default_factory=dict)
    """Items as they stood at randomization: numbers, or codes where a code is no number."""


class Adverse(NamedTuple):
    """An adverse event as known at the cut."""

    participant: str
    number: int
    term: str
    verbatim: str
    grade: int
    scale: str
    started_on: date
    ended_on: date | None
    seriousness: tuple[str, ...]
    causality: Mapping[str, str]
    outcome: str
    action: str
    coding: Coding | None = None
    """What it was coded as, where that still holds."""

    @property
    def serious(self) -> bool:
        """Whether it meets a criterion of seriousness (ICH E2A)."""
        return bool(self.seriousness)
