"""The data cut: what was in the ledger at one position, as data sets for analysis.

A cut folds the events up to a position with the trial's own rules, and turns decimals into floats,
once, here. Participants who withdrew the use of their data are counted and otherwise left out.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from typing import Protocol as Interface
from zoneinfo import ZoneInfo

from equipoise.conduct.coding import event_key, standing
from equipoise.conduct.environment import ParticipantEnvironment
from equipoise.conduct.events import Happening, Mode, TrainingDeclared, TrialCreated
from equipoise.conduct.schedule import participant_anchors
from equipoise.conduct.state import (
    Captured,
    Coding,
    Documents,
    ParticipantState,
    fold_participants,
)
from equipoise.ledger.envelope import Event
from equipoise.ledger.merkle import MerkleTree, short_code
from equipoise.protocol.document import Item, Protocol
from equipoise.protocol.expression import Datum
from equipoise.quantity.collector import without_collector

if TYPE_CHECKING:
    import polars

    from equipoise.ledger.ledger import Ledger

NUMBER_TYPES = frozenset({"integer", "decimal", "boolean", "code"})
ANALYZED_TYPES = NUMBER_TYPES | {"date", "partial_date", "time"}
"""Item types that enter a data set. Free text and identity never do."""


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


class Left(NamedTuple):
    """Leaving treatment or follow-up: when, and for which category of reason."""

    on: date
    category: str


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
    left_treatment: Left | None = None
    left_follow_up: Left | None = None
    completed_on: date | None = None
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


@dataclass(frozen=True)
class DataCut:
    """The data sets of one cut. `subjects` are in order of number.

    `data_use_withdrawn` counts those whose data may not be used, and of them those who had been
    randomized. `dummy_arms` says that the arms shown are not those allocated.
    """

    protocol: Protocol
    position: Position
    mode: Mode
    subjects: tuple[Subject, ...]
    observations: tuple[Observation, ...]
    adverse_events: tuple[Adverse, ...]
    data_use_withdrawn: int = 0
    data_use_withdrawn_randomized: int = 0
    dummy_arms: bool = False

    @cached_property
    def randomized(self) -> tuple[Subject, ...]:
        """Participants allocated to an arm."""
        return tuple(subject for subject in self.subjects if subject.arm is not None)

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """The protocol's arms, in its order."""
        return tuple(arm.id for arm in self.protocol.arms)

    @cached_property
    def by_item(self) -> Mapping[str, Mapping[str, tuple[Observation, ...]]]:
        """Item, then participant, to observations by day and ledger position."""
        gathered: dict[str, dict[str, list[Observation]]] = {}
        for one in self.observations:
            gathered.setdefault(one.item, {}).setdefault(one.participant, []).append(one)
        return {
            item: {
                participant: tuple(sorted(found, key=lambda one: (one.on, one.seq)))
                for participant, found in participants.items()
            }
            for item, participants in gathered.items()
        }

    def series(self, item: str, participant: str) -> tuple[Observation, ...]:
        """A participant's observations of an item by day; empty where there are none."""
        return self.by_item.get(item, {}).get(participant, ())

    # -- data frames -----------------------------------------------------------------------------

    def participants_frame(self) -> polars.DataFrame:
        """One row a participant: disposition, arm, strata (`stratum_…`) and anchors (`anchor_…`)."""
        import polars as pl

        factors = self.protocol.randomization.strata if self.protocol.randomization else []
        rows = []
        for one in self.subjects:
            row: dict[str, Any] = {
                "participant": one.id,
                "site": one.site,
                "screened_on": one.screened_on,
                "screening": one.screening,
                "consented_on": one.consented_on,
                "randomized_on": one.randomized_on,
                "number": one.number,
                "arm": one.arm,
                "left_treatment_on": one.left_treatment.on if one.left_treatment else None,
                "left_follow_up_on": one.left_follow_up.on if one.left_follow_up else None,
                "completed_on": one.completed_on,
            }
            for factor in factors:
                row[f"stratum_{factor.id}"] = one.strata.get(factor.id)
            for anchor in self.protocol.schedule.anchors:
                row[f"anchor_{anchor.id}"] = one.anchors.get(anchor.id)
            rows.append(row)
        days = {"screened_on", "consented_on", "randomized_on", "left_treatment_on"}
        days |= {"left_follow_up_on", "completed_on"}
        names = [
            "participant", "site", "screened_on", "screening", "consented_on", "randomized_on",
            "number", "arm", "left_treatment_on", "left_follow_up_on", "completed_on",
            *(f"stratum_{factor.id}" for factor in factors),
            *(f"anchor_{anchor.id}" for anchor in self.protocol.schedule.anchors),
        ]  # fmt: skip
        schema = {
            name: pl.Int64
            if name == "number"
            else pl.Date
            if name in days or name.startswith("anchor_")
            else pl.String
            for name in names
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def assessments_frame(self) -> polars.DataFrame:
        """One row a value: participant, item, value, text, on, visit, form, repeat, seq."""
        import polars as pl

        schema = {
            "participant": pl.String, "item": pl.String, "value": pl.Float64, "text": pl.String,
            "on": pl.Date, "visit": pl.String, "form": pl.String, "repeat": pl.String, "seq": pl.Int64,
        }  # fmt: skip
        return pl.DataFrame(self.observations, schema=schema, orient="row")

    def adverse_events_frame(self) -> polars.DataFrame:
        """One row an adverse event; free text stays out."""
        import polars as pl

        schema = {
            "participant": pl.String, "number": pl.Int64, "term": pl.String, "grade": pl.Int64,
            "scale": pl.String, "started_on": pl.Date, "ended_on": pl.Date, "serious": pl.Boolean,
            "outcome": pl.String,
        }  # fmt: skip
        rows = [
            (a.participant, a.number, a.term, a.grade, a.scale, a.started_on, a.ended_on,
             bool(a.seriousness), a.outcome)
            for a in self.adverse_events
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    def doses_frame(self) -> polars.DataFrame:
        """One row a participant and intervention: administrations recorded and taken."""
        import polars as pl

        schema = {
            "participant": pl.String, "intervention": pl.String, "recorded": pl.Int64,
            "taken": pl.Int64, "first_on": pl.Date, "last_on": pl.Date,
        }  # fmt: skip
        rows = [
            (one.id, name, *doses) for one in self.subjects for name, doses in one.doses.items()
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")


# -- making a cut --------------------------------------------------------------------------------


class Source(Interface):
    """Where a cut is made from: a trial, or a home's archive."""

    @property
    def protocol(self) -> Protocol:
        """The trial's protocol: the newest version in force."""

    @property
    def documents(self) -> Documents:
        """Every version an event may cite."""

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""

    def events(self, *, upto: int | None = None) -> Iterator[tuple[Event, Happening]]:
        """Decoded events in order."""


@without_collector()
def cut(trial: Source, as_of: int | str | date | None = None) -> DataCut:
    """The data of a trial at a ledger position, at the end of a day, or (None) now.

    A date (ISO 8601) means everything recorded up to its end in the leading site's zone. Raises
    `CutError` for a position the ledger does not have or a day before its first event.
    """
    states, position, mode = states_at(trial, as_of)
    return cut_states(trial.protocol, states.values(), position, mode=mode)


@without_collector()
def states_at(
    trial: Source, as_of: int | str | date | None = None
) -> tuple[Mapping[str, ParticipantState], Position, Mode]:
    """Every participant as of the position that `cut` would choose, that position, and what the trial is."""
    head = trial.ledger.head().seq
    if head == 0:
        raise CutError("the ledger holds no events yet: there is nothing to analyze")
    if isinstance(as_of, str):
        as_of = _read_as_of(as_of)
    if isinstance(as_of, date):
        until = as_of
        events = itertools.takewhile(
            lambda pair: event_day(trial.protocol, pair[0]) <= until, trial.events()
        )
        return _fold(trial.protocol, events, trial.documents, as_of, str(as_of))
    seq = head if as_of is None else as_of
    if not 1 <= seq <= head:
        raise CutError(f"the ledger has no position {seq}: positions run from 1 to {head}")
    asked = "" if as_of is None else str(as_of)
    return _fold(trial.protocol, trial.events(upto=seq), trial.documents, None, asked)


def _read_as_of(text: str) -> int | date:
    words = text.strip()
    if words.isascii() and words.isdecimal() and len(words) < 8:
        return int(words)
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise CutError(
            f"{text!r} is neither a ledger position nor a date: write 12345 or 2026-03-14"
        ) from error


def event_day(protocol: Protocol, event: Event) -> date:
    """The calendar day of an event at the leading (first) site."""
    sites = protocol.identity.sites
    zone = ZoneInfo(sites[0].timezone if sites else "UTC")
    return datetime.fromisoformat(event.server_time).astimezone(zone).date()


def cut_events(
    protocol: Protocol,
    events: Iterable[tuple[Event, Happening]],
    *,
    documents: Documents | None = None,
    on: date | None = None,
    asked: str = "",
) -> DataCut:
    """A cut from decoded events in order of the ledger (pairs of envelope and content).

    `documents` are all versions the events may cite (default: `protocol` alone); the data are analyzed as
    `protocol` says. `on` is the day of the cut (default: that of the last event). `CutError` where there are none.
    """
    states, position, mode = _fold(protocol, events, documents, on, asked)
    return cut_states(protocol, states.values(), position, mode=mode)


def _fold(
    protocol: Protocol,
    events: Iterable[tuple[Event, Happening]],
    documents: Documents | None,
    on: date | None,
    asked: str,
) -> tuple[dict[str, ParticipantState], Position, Mode]:
    tree = MerkleTree()
    mode: Mode = "live"
    last: Event | None = None

    def passing() -> Iterator[tuple[Event, Happening]]:
        nonlocal mode, last
        for event, happening in events:
            last = event
            tree.add(event.seq, event.hash)
            if isinstance(happening, TrialCreated):
                mode = "rehearsal" if happening.rehearsal else "live"
            elif isinstance(happening, TrainingDeclared):
                mode = "training"
            yield event, happening

    states = fold_participants(documents or {protocol.version: protocol}, passing())
    if last is None:
        raise CutError(f"nothing had been recorded by {asked or 'then'}: choose a later day")
    position = Position(last.seq, tree.root(), on or event_day(protocol, last), asked)
    return states, position, mode


def cut_states(
    protocol: Protocol,
    states: Iterable[ParticipantState],
    position: Position,
    *,
    mode: Mode = "live",
) -> DataCut:
    """A cut from participants as they stood at the position."""
    kept = sorted((state for state in states if state.screened_on), key=lambda state: state.id)
    usable = [state for state in kept if not state.data_use_withdrawn]
    gone = [state for state in kept if state.data_use_withdrawn]
    reader = _Reader(protocol)
    return DataCut(
        protocol,
        position,
        mode,
        tuple(reader.subject(state) for state in usable),
        tuple(one for state in usable for one in reader.observations(state)),
        tuple(one for state in usable for one in _adverse_events(state)),
        len(gone),
        sum(1 for state in gone if state.randomized_on),
    )


class _Reader:
    """Turns participants' states into rows, knowing which items are numbers."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._items = {item.id: item for item in protocol.items if item.type in ANALYZED_TYPES}
        self._numeric = {
            item.id for item in self._items.values() if item.type in NUMBER_TYPES - {"code"}
        } | {item.id for item in self._items.values() if numeric_codes(protocol, item)}

    def _number(self, item: str, text: str) -> float | None:
        if item not in self._numeric:
            return None
        if self._items[item].type == "boolean":
            return 1.0 if text == "true" else 0.0
        return float(Decimal(text))

    def observations(self, state: ParticipantState) -> Iterable[Observation]:
        for captured in _captured(state):
            item, text = captured.value.item, captured.value.value
            if text is None or captured.datum is None or item not in self._items:
                continue
            address = captured.address
            yield Observation(
                state.id,
                item,
                self._number(item, text),
                text,
                captured.on,
                address.visit,
                address.form,
                address.repeat,
                captured.stamp.seq,
            )

    def subject(self, state: ParticipantState) -> Subject:
        anchors = participant_anchors(self._protocol, state)
        leaving_follow_up = [w for w in state.withdrawals if w.scope != "treatment"]
        left_treatment = min(state.withdrawals, key=lambda w: w.on, default=None)
        left_follow_up = min(leaving_follow_up, key=lambda w: w.on, default=None)
        assert state.screened_on is not None
        return Subject(
            id=state.id,
            site=state.site,
            screened_on=state.screened_on,
            screening=_screening(state),
            previous=state.previous,
            criteria=tuple(state.failed or ()),
            consented_on=state.consents[0].signed_on if state.consents else None,
            randomized_on=state.randomized_on,
            number=state.randomization_number,
            arm=state.arm if state.randomized else None,
            strata=dict(state.strata_used),
            strata_true=dict(state.strata_true),
            anchors={name: anchor.day for name, anchor in anchors.items()},
            provisional=frozenset(name for name, anchor in anchors.items() if anchor.provisional),
            doses=_doses(self._protocol, state),
            left_treatment=Left(left_treatment.on, left_treatment.category)
            if left_treatment
            else None,
            left_follow_up=Left(left_follow_up.on, left_follow_up.category)
            if left_follow_up
            else None,
            completed_on=state.completed_on,
            baseline=self._baseline(state),
        )

    def _baseline(self, state: ParticipantState) -> dict[str, float | str]:
        if state.randomized_on is None:
            return {}
        before: dict[str, Captured] = {}
        after: set[str] = set()
        for captured in sorted(_captured(state), key=lambda one: (one.on, one.stamp.seq)):
            if captured.datum is None:
                continue
            if captured.on <= state.randomized_on:
                before[captured.value.item] = captured
            else:
                after.add(captured.value.item)
        found: dict[str, float | str] = {}
        for item, captured in before.items():
            text = captured.value.value
            if item in self._items and text is not None:
                number = self._number(item, text)
                found[item] = text if number is None else number
        overlay: dict[str, Datum | None] = dict.fromkeys(after)
        overlay.update({item: captured.datum for item, captured in before.items()})
        environment = ParticipantEnvironment(state, overlay=overlay)
        for name, definition in self._items.items():
            if definition.derived is not None and name not in found:
                datum = environment.value(name)
                if datum is not None:
                    value = datum.value
                    found[name] = (
                        float(value) if isinstance(value, Decimal | int | bool) else str(value)
                    )
        return found


def numeric_codes(protocol: Protocol, item: Item) -> bool:
    """Whether every code of the item's list is a number, so that it may be ordered and compared."""
    codelist = protocol.codelist_by_id.get(item.codelist or "")
    if item.type != "code" or codelist is None:
        return False
    return all(code.code.lstrip("-").isdecimal() for code in codelist.codes)


def _captured(state: ParticipantState) -> Iterable[Captured]:
    for form in state.forms.values():
        yield from form.values.values()
    for day in state.diary.values():
        yield from day.values.values()


def _screening(state: ParticipantState) -> str:
    if state.randomized:
        return "randomized"
    if state.failed is not None:
        return "not_eligible" if state.failed else "other_reason"
    if state.refused_on and not state.consents:
        return "consent_refused"
    return "withdrawn" if state.off_study_on else "in_screening"


def _doses(protocol: Protocol, state: ParticipantState) -> dict[str, Doses]:
    """Administrations by intervention, from diaries and from those seen by staff.

    A staff record of an occasion stands for the diary's entry of the same day and occasion.
    """
    given: dict[str, dict[tuple[date, int], bool]] = {}
    for diary in protocol.schedule.diaries:
        if diary.intervention is None:
            continue
        for (name, day), entry in state.diary.items():
            if name != diary.id:
                continue
            for occasion, item in enumerate(diary.dose_items, start=1):
                captured = entry.values.get(item)
                if captured is not None and captured.value.value is not None:
                    taken = captured.value.value == "true"
                    given.setdefault(diary.intervention, {})[day, occasion] = taken
    for (intervention, day, occasion), taken in state.doses.items():
        given.setdefault(intervention, {})[day, occasion] = taken
    counted = {}
    for intervention, occasions in sorted(given.items()):
        days = [day for (day, _), taken in occasions.items() if taken]
        counted[intervention] = Doses(
            len(occasions), len(days), min(days, default=None), max(days, default=None)
        )
    return counted


def _adverse_events(state: ParticipantState) -> Iterable[Adverse]:
    for number, event in sorted(state.adverse_events.items()):
        yield Adverse(
            state.id,
            number,
            event.term,
            event.verbatim,
            event.grade,
            event.scale,
            event.started_on,
            event.ended_on,
            event.seriousness,
            event.causality,
            event.outcome,
            event.action,
            standing(state, event_key(number)),
        )


def with_dummy_arms(data: DataCut) -> DataCut:
    """The cut with the arms dealt out anew, so that tables can be built before allocations may be seen.

    They are dealt in the protocol's ratio, with the cut's position and its participants as seed, so that
    the same cut gives the same dummy. The true arms do not enter at all, not even their numbers:
    whoever knows how the dummy was dealt can learn nothing from undoing it.
    """
    declared = data.protocol.randomization
    ratio = declared.ratio if declared else dict.fromkeys(data.arms, 1)
    share = [arm for arm, times in ratio.items() for _ in range(times)]
    people = [subject.id for subject in data.randomized]
    arms = [share[place % len(share)] for place in range(len(people))]
    random.Random(f"dummy-arms|{data.position.seq}|{'|'.join(people)}").shuffle(arms)
    dealt = dict(zip(people, arms, strict=True))
    subjects = tuple(
        replace(subject, arm=dealt[subject.id]) if subject.id in dealt else subject
        for subject in data.subjects
    )
    return replace(data, subjects=subjects, dummy_arms=True)
