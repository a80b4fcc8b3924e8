"""Exposure-adjusted incidence: participants with a first event, over the time they were at risk of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from ..cut import Adverse, DataCut, Subject
from ..endpoints import offset_day
from ..methods.rates import poisson_rate
from ..safety_results import AdverseEvents, RateArm, RateRow
from .events import counted_events, row_of, safety_set

PER_WEEKS = 100
"""Rates are per so many participant-weeks."""
_WEEK = 7


def incidence_rates(data: DataCut, events: AdverseEvents) -> tuple[RateRow, ...]:
    """A row for any event and for each term, as in the table of adverse events.

    Somebody is at risk of a term from the day of randomization to the day of the first event of it, both
    included; without one, to the end of observation: the last day on which events are collected, on which
    follow-up ended, or of the cut, whichever comes first.
    """
    members = safety_set(data)
    arms = [[one for one in members if one.arm == arm] for arm in data.arms]
    last = {one.id: observed_until(data, one) for one in members}
    counted = counted_events(data, members)
    by_row: dict[str, dict[str, date]] = {"": _first(counted)}
    for key in {row_of(event) for event in counted}:
        by_row[key] = _first(event for event in counted if row_of(event) == key)
    return tuple(
        RateRow(
            row.id,
            row.label,
            row.system_organ_class,
            tuple(_rate(people, by_row.get(row.id, {}), last) for people in arms),
        )
        for row in (events.any_event, *events.terms)
    )


def observed_until(data: DataCut, subject: Subject) -> date:
    """The last day on which an adverse event of a participant would have been recorded."""
    days = [data.position.on]
    if subject.left_follow_up is not None:
        days.append(subject.left_follow_up.on)
    if subject.completed_on is not None:
        days.append(subject.completed_on)
    if subject.died_on is not None:
        days.append(subject.died_on)
    until = data.protocol.safety.collect_until
    end = offset_day(subject, until) if until is not None else None
    if end is not None:
        days.append(end)
    return min(days)


def _first(events: Iterable[Adverse]) -> dict[str, date]:
    """The day of each participant's first event."""
    first: dict[str, date] = {}
    for event in events:
        known = first.get(event.participant)
        first[event.participant] = min(known, event.started_on) if known else event.started_on
    return first


def _rate(people: Sequence[Subject], first: dict[str, date], last: dict[str, date]) -> RateArm:
    days = affected = 0
    for one in people:
        start, event = one.randomized_on, first.get(one.id)
        if start is None:
            continue
        affected += event is not None
        # an event recorded after the end of observation was still waited for until then
        until = event if event is not None else last[one.id]
        days += max((until - start).days + 1, 0)
    weeks = days / _WEEK
    return RateArm(affected, weeks, poisson_rate(affected, weeks / PER_WEEKS))
