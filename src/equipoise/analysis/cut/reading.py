"""Participants' states turned into rows: decimals become floats here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from equipoise.conduct.coding import event_key, standing
from equipoise.conduct.environment import ParticipantEnvironment
from equipoise.conduct.schedule import participant_anchors
from equipoise.conduct.state import Captured, ParticipantState
from equipoise.protocol.document import Item, Protocol
from equipoise.protocol.expression import Datum

from .rows import Administration, Adverse, Departure, Doses, Left, Observation, Subject

NUMBER_TYPES = frozenset({"integer", "decimal", "boolean", "code"})
ANALYZED_TYPES = NUMBER_TYPES | {"date", "partial_date", "time"}
"""Item types that enter a data set. Free text and identity never do."""
FATAL_GRADE = 5


class Reader:
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
        given = _administrations(self._protocol, state)
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
            doses=doses_of(given),
            administrations=given,
            left_treatment=Left(left_treatment.on, left_treatment.category)
            if left_treatment
            else None,
            left_follow_up=Left(left_follow_up.on, left_follow_up.category)
            if left_follow_up
            else None,
            died_on=_died_on(state),
            completed_on=state.completed_on,
            deviations=tuple(
                Departure(one.occurred_on, one.kind, one.severity, one.important, one.stamp.seq)
                for one in state.deviations
            ),
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


def _administrations(
    protocol: Protocol, state: ParticipantState
) -> dict[str, tuple[Administration, ...]]:
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
    return {
        intervention: tuple(
            Administration(day, occasion, taken)
            for (day, occasion), taken in sorted(occasions.items())
        )
        for intervention, occasions in sorted(given.items())
    }


def doses_of(given: Mapping[str, Sequence[Administration]]) -> dict[str, Doses]:
    """Administrations counted by intervention."""
    counted = {}
    for intervention, occasions in given.items():
        days = [one.on for one in occasions if one.taken]
        counted[intervention] = Doses(
            len(occasions), len(days), min(days, default=None), max(days, default=None)
        )
    return counted


def _died_on(state: ParticipantState) -> date | None:
    left = [one.on for one in state.withdrawals if one.category == "death"]
    if left:
        return min(left)
    fatal = [
        event.ended_on or event.started_on
        for event in state.adverse_events.values()
        if event.outcome == "fatal" or event.grade == FATAL_GRADE
    ]
    return min(fatal, default=None)


def adverse_events_of(state: ParticipantState) -> Iterable[Adverse]:
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
