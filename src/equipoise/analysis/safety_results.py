"""What the analysis of safety answers: plain frozen data, as in `results`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from equipoise.quantity.text import Text

from .methods import Estimate

if TYPE_CHECKING:
    from .results import Distribution


@dataclass(frozen=True, slots=True)
class TermArm:
    """An adverse event term in an arm: participants by worst grade (1 to 5), and events in all."""

    participants: int
    worst: tuple[int, int, int, int, int]
    serious: int
    events: int
    other: int = 0
    """Participants with an event of the term that was not serious; some of them may also have had a serious one."""
    serious_events: int = 0
    related: int = 0
    """Participants with an event judged at least possibly related to a product."""
    related_severe: int = 0
    """Of grade 3 or more."""
    related_serious: int = 0

    @property
    def other_events(self) -> int:
        """Events that were not serious."""
        return self.events - self.serious_events

    @property
    def severe(self) -> int:
        """Participants with a worst grade of 3 or more."""
        return sum(self.worst[2:])


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term, or (`id` empty) everything under a system organ class, or any event at all."""

    id: str
    label: Text
    system_organ_class: Text | None
    arms: tuple[TermArm, ...]
    vocabulary: str = ""
    """The dictionary and its version, for what is coded."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Participants, by arm, whose most closely related event was judged so; `""` where nothing was judged."""

    id: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AdverseEvents:
    """Participants with at least one event, by term and worst grade. Denominators are `totals`.

    Counted are events that started on or after the day of randomization in participants of the set;
    `before` counts those that started earlier.
    """

    population: str
    population_label: Text
    grading: str
    totals: tuple[int, ...]
    any_event: TermRow
    terms: tuple[TermRow, ...]
    before: int
    judged: tuple[Judged, ...] = ()
    coded: int = 0
    """Events among those counted that are coded: they stand by class and preferred term, first."""
    counted: int = 0


@dataclass(frozen=True, slots=True)
class DosesBefore:
    """Doses of a product recorded up to the day an event began: how many, how many taken, first and last taken."""

    label: Text
    recorded: int
    taken: int
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True, slots=True)
class Alongside:
    """Another adverse event of the participant that was under way when a serious one began."""

    label: Text
    grade: int
    started_on: date


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a serious event: who it is, since when on study, what was taken, what else was there.

    `products` names those that causality was judged for. What would give a true arm away is left out where the
    arms are `hidden`.
    """

    site: Text | None
    sex: Text | None
    age: float | None
    randomized_on: date | None
    products: Mapping[str, Text]
    doses: tuple[DosesBefore, ...]
    alongside: tuple[Alongside, ...]
    left_treatment_on: date | None
    left_follow_up_on: date | None
    died_on: date | None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SeriousEvent:
    """A serious adverse event in the list. `words` are the reporter's, for a term not in the list."""

    participant: str
    arm: str
    number: int
    term: str
    label: Text
    words: str
    grade: int
    started_on: date
    ended_on: date | None
    seriousness: tuple[str, ...]
    causality: Mapping[str, str]
    outcome: str
    scale: str = ""
    action: str = ""
    facts: Surroundings | None = None
    """What a narrative tells besides the event."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Doses in an arm: participants with a record, administrations recorded and taken."""

    arm: str
    intervention: str
    label: Text
    participants: int
    recorded: int
    taken: int
    per_participant: Distribution
    """Of the share taken of those recorded, by participant (0 to 1)."""
    days: Distribution
    """Of the days from the first dose taken to the last, both included."""
    planned: int
    of_planned: Distribution
    """Of the share taken of those planned, by participant."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """Participants known to have died from any cause, by arm, of all randomized (`totals`)."""

    counts: tuple[int, ...]
    totals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RateArm:
    """First events in an arm over the time at risk: participants, participant-weeks, rate per 100 of them."""

    participants: int
    weeks: float
    rate: Estimate


@dataclass(frozen=True, slots=True)
class RateRow:
    """A term's rates by arm, or (`id` empty) those of any event."""

    id: str
    label: Text
    system_organ_class: Text | None
    arms: tuple[RateArm, ...]


BASELINE_LEVELS = ("low", "normal", "high", "unknown")
WORST_LEVELS = ("low", "normal", "high", "both", "none")
"""`none`: no later value that a range could be held against."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A laboratory item: by arm, participants by level at baseline (rows) and worst level after it (columns)."""

    item: str
    label: Text
    unit: str | None
    arms: tuple[tuple[tuple[int, ...], ...], ...]


BASELINE_GRADES = ("0", "1", "2", "3", "4", "unknown")
WORST_GRADES = ("0", "1", "2", "3", "4", "none")


@dataclass(frozen=True, slots=True)
class GradeShift:
    """A laboratory item by grade of its term: by arm, participants by grade at baseline (rows) and worst after it."""

    item: str
    label: Text
    term: Text
    arms: tuple[tuple[tuple[int, ...], ...], ...]
