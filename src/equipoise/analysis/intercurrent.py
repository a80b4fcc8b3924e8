"""Intercurrent events found in the data (ICH E9(R1), A.3.1), by the rules that the protocol declares.

An event happens to a participant on the first day, from randomization on, on which any of its rules says so. Nothing
is asked of the participant again: the rules look at the cut alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from equipoise.conduct.capture import datum_of
from equipoise.conduct.schedule import AnchorDay, offset_day
from equipoise.conduct.values import Value
from equipoise.protocol.document import (
    Condition,
    Death,
    DetectedEvent,
    Detector,
    DoseGap,
    Endpoint,
    Leaving,
    Protocol,
    Reported,
)
from equipoise.protocol.expression import Compiled, Datum, compile_condition, compile_derived

from .counted import matches
from .cut import Adverse, DataCut, Observation, Subject

_ONE_DAY = timedelta(days=1)


def happened(data: DataCut, event: str) -> Mapping[str, date]:
    """Participants to whom an intercurrent event of the protocol happened, and on which day it first did.

    With dummy arms, rules over doses and over single arms find nothing: they would tell the true arms.
    """
    found: dict[str, dict[str, date]] = data.worked_out.setdefault("intercurrent", {})
    if event not in found:
        found[event] = dict(_detect(data, data.protocol.intercurrent_by_id[event]))
    return found[event]


def shown_with_dummy_arms(event: DetectedEvent) -> bool:
    """Whether an event can be looked for without telling the true arms."""
    return not event.arms and not any(isinstance(rule, DoseGap) for rule in event.detect)


def _detect(data: DataCut, event: DetectedEvent) -> Iterator[tuple[str, date]]:
    if data.dummy_arms and not shown_with_dummy_arms(event):
        return
    reported = _reported(data) if any(isinstance(rule, Reported) for rule in event.detect) else {}
    conditions = {
        rule.when: Watch(data, rule.when) for rule in event.detect if isinstance(rule, Condition)
    }
    for subject in data.randomized:
        if event.arms and subject.arm not in event.arms:
            continue
        start = subject.randomized_on
        assert start is not None
        days = [
            day
            for rule in event.detect
            for day in _days(data, rule, subject, start, reported, conditions)
            if day >= start
        ]
        if days:
            yield subject.id, min(days)


def _days(
    data: DataCut,
    rule: Detector,
    subject: Subject,
    start: date,
    reported: Mapping[str, list[Adverse]],
    conditions: Mapping[str, Watch],
) -> Iterable[date]:
    """Days on which a rule says that the event happened: all that may be the first."""
    if isinstance(rule, Leaving):
        left = subject.left_treatment if rule.scope == "treatment" else subject.left_follow_up
        kept = left is not None and (not rule.categories or left.category in rule.categories)
        return [left.on] if left is not None and kept else []
    if isinstance(rule, Death):
        return [subject.died_on] if subject.died_on is not None else []
    if isinstance(rule, DoseGap):
        gap = dose_gap(data, rule, subject)
        return [gap] if gap is not None else []
    if isinstance(rule, Condition):
        first = conditions[rule.when].first(subject, start)
        return [first] if first is not None else []
    events = reported.get(subject.id, [])
    return [event.started_on for event in events if matches(event, rule.events)]


def _reported(data: DataCut) -> dict[str, list[Adverse]]:
    by_participant: dict[str, list[Adverse]] = {}
    for event in data.adverse_events:
        by_participant.setdefault(event.participant, []).append(event)
    return by_participant


def dose_gap(data: DataCut, rule: DoseGap, subject: Subject) -> date | None:
    """The first day of the first gap long enough, in the days of the regimen over by the cut."""
    window = regimen_days(data, rule.intervention, subject)
    if window is None:
        return None
    taken: dict[date, bool] = {}
    for one in subject.administrations.get(rule.intervention, ()):
        taken[one.on] = taken.get(one.on, False) or one.taken
    unrecorded = False if rule.unrecorded == "not_taken" else None
    day, last = window
    began: date | None = None
    length = 0
    while day <= last:
        if taken.get(day, unrecorded) is False:
            began = began or day
            length += 1
            if length == rule.days:
                return began
        else:
            began, length = None, 0
        day += _ONE_DAY
    return None


def regimen_days(data: DataCut, intervention: str, subject: Subject) -> tuple[date, date] | None:
    """First and last day on which the participant was to take the intervention, as far as the cut goes.

    Not before randomization, not from the day on which treatment was left; None where there is no such day (yet).
    """
    arm = data.protocol.arm_by_id.get(subject.arm or "")
    regimen = data.protocol.intervention_by_id[intervention].regimen
    if arm is None or intervention not in arm.interventions or regimen is None:
        return None
    if regimen.start is None or regimen.stop is None or subject.randomized_on is None:
        return None
    anchors = {name: AnchorDay(day, False) for name, day in subject.anchors.items()}
    first, last = offset_day(regimen.start, anchors), offset_day(regimen.stop, anchors)
    if first is None or last is None:
        return None
    first = max(first, subject.randomized_on)
    last = min(last, data.position.on)
    if subject.left_treatment is not None:
        last = min(last, subject.left_treatment.on - _ONE_DAY)
    return (first, last) if first <= last else None


# -- conditions ----------------------------------------------------------------------------------


class Watch:
    """An expression over items, asked on every day on which one of its items was observed."""

    def __init__(self, data: DataCut, text: str) -> None:
        self._data = data
        self._compiled = compile_condition(text, data.protocol)
        self._items = sources(data.protocol, self._compiled)

    def first(self, subject: Subject, start: date) -> date | None:
        """The first day from `start` on on which the expression is true of what was known by then."""
        series = {item: self._data.series(item, subject.id) for item in self._items}
        days = sorted({one.on for found in series.values() for one in found if one.on >= start})
        environment = _AsOf(self._data, subject, series)
        for day in days:
            environment.day = day
            if self._compiled.evaluate(environment).value is True:
                return day
        return None

    def holds_at(self, subject: Subject, day: date) -> bool:
        """Whether the expression is true of what was known on a day."""
        series = {item: self._data.series(item, subject.id) for item in self._items}
        environment = _AsOf(self._data, subject, series)
        environment.day = day
        return self._compiled.evaluate(environment).value is True


class _AsOf:
    """A participant's values as the expression language sees them, as they stood at the end of `day`."""

    def __init__(
        self, data: DataCut, subject: Subject, series: Mapping[str, tuple[Observation, ...]]
    ) -> None:
        self._data = data
        self._subject = subject
        self._series = series
        self._days = {item: [one.on for one in found] for item, found in series.items()}
        self.day = data.position.on

    def value(self, name: str) -> Datum | None:
        """The latest value of an item by `day`, the day of an anchor, the arm or site."""
        item = self._data.protocol.item_by_id.get(name)
        if item is not None:
            at = bisect_right(self._days.get(name, ()), self.day)
            if at:
                one = self._series[name][at - 1]
                return datum_of(item, Value(name, one.text, one.text), one.on, one.form)
            if item.derived is None:
                return None
            answer = compile_derived(item, self._data.protocol).evaluate(self)
            if answer.value is None:
                return None
            return Datum(answer.value, item.unit, self.day, "derived")
        subject = self._subject
        if name == "arm":
            return Datum(subject.arm, None, subject.randomized_on) if subject.arm else None
        if name == "site":
            return Datum(subject.site)
        day = self._day(name)
        return Datum(day, None, day, name) if day else None

    def _day(self, name: str) -> date | None:
        subject = self._subject
        events = {
            "screening": subject.screened_on,
            "consent": subject.consented_on,
            "randomization": subject.randomized_on,
            "today": self.day,
        }
        return events.get(name) or subject.anchors.get(name)

    def reference(self, item: str, bound: str) -> None:
        """Laboratory limits are not in a data cut: unknown."""
        return


def sources(protocol: Protocol, compiled: Compiled) -> frozenset[str]:
    """The items an expression rests on, those that derived items are made of included."""
    found: set[str] = set()
    waiting = set(compiled.names)
    while waiting:
        name = waiting.pop()
        item = protocol.item_by_id.get(name)
        if item is None or name in found:
            continue
        found.add(name)
        if item.derived is not None:
            waiting |= compile_derived(item, protocol).names
    return frozenset(found)


# -- what an endpoint rests on -------------------------------------------------------------------


def carried_out(endpoint: Endpoint) -> bool:
    """Whether intercurrent events bear on the outcome as it is computed."""
    return any(
        one.detected is not None and one.strategy != "treatment_policy"
        for one in endpoint.intercurrent_events
    )


def rules_of(protocol: Protocol, endpoint: Endpoint) -> tuple[Detector, ...]:
    """The rules that must be asked to compute the endpoint."""
    return tuple(
        rule
        for one in endpoint.intercurrent_events
        if one.detected is not None and one.strategy != "treatment_policy"
        for rule in protocol.intercurrent_by_id[one.detected].detect
    )


def items_needed(protocol: Protocol, endpoint: Endpoint) -> frozenset[str]:
    """The items whose observations the endpoint's outcome rests on."""
    found = {endpoint.variable.item}
    for rule in rules_of(protocol, endpoint):
        if isinstance(rule, Condition):
            found |= sources(protocol, compile_condition(rule.when, protocol))
    return frozenset(found)
