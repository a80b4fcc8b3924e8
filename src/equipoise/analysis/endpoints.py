"""Endpoints and analysis sets: from the protocol's variables to one outcome a participant.

Windows run from offset to offset, both days included, on the participant's own anchors (a planned
date stands in while the actual one is unknown). What counts as missing is said in `MISSING`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from equipoise.conduct.schedule import visit_window
from equipoise.protocol.document import (
    AverageOverTime,
    ChangeAt,
    Counting,
    DaysAtLeast,
    Endpoint,
    Occurs,
    Offset,
    Repeated,
    TimeTo,
    ValueAt,
    Window,
    Worst,
)

from .cut import DataCut, Observation, Subject
from .intercurrent import happened
from .methods import average_over_time

MISSING = (
    "no_anchor", "window_open", "no_assessment", "left_early", "no_baseline", "set_aside", "assessed_once",
)  # fmt: skip
"""Why a participant has no outcome, in the order in which the reasons are looked for.

`no_anchor`: a day the window hangs on is unknown. `window_open`: the window ends after the cut and
the participant is still on study, so that neither event nor no event can be counted yet (times to
an event are censored instead). `no_assessment`: the item was not assessed in the window or at the
visit. `left_early`: no event was seen before the participant left, and the protocol counts that as
missing. `no_baseline`: the item was assessed, but not at the baseline visit. `set_aside`: the assessment
came after an intercurrent event with the strategy `hypothetical`. `assessed_once`: on one day only, which makes no
area.
"""

NEVER_ASSESSED = "never_assessed"
LEFT_WITHOUT_EVENT = "left_without_event"
INTERCURRENT = "intercurrent_event"
"""Why an outcome was not seen but counted: the rule that the protocol declares under the same name, or an
intercurrent event with the strategy `composite`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A participant's outcome. Exactly one of `value` and `missing` says something.

    Of a `repeated` endpoint `series` has the value at each of its visits (None where not seen), and `value` is that at
    the last of them, which may be None too: whoever was seen at any of the visits has an outcome.

    `value` is 1 or 0 for `occurs`, days for `time_to` (with `event` telling event from censoring)
    and `days_at_least`, else the item's value or change; `baseline` accompanies a change. `counted`
    names the rule of the protocol where the value was not seen but counted by it.
    """

    participant: str
    arm: str
    value: float | None = None
    event: bool | None = None
    baseline: float | None = None
    missing: str = ""
    counted: str = ""
    series: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointData:
    """The outcomes of all randomized participants for one endpoint, in order of number."""

    endpoint: Endpoint
    outcomes: tuple[Outcome, ...]

    @property
    def by_participant(self) -> Mapping[str, Outcome]:
        """Outcomes by participant."""
        return {outcome.participant: outcome for outcome in self.outcomes}

    @property
    def binary(self) -> bool:
        """Whether the outcome is yes or no."""
        return isinstance(self.endpoint.variable, Occurs)


def endpoint_data(data: DataCut, endpoint: Endpoint) -> EndpointData:
    """The endpoint's outcome of every randomized participant, strategies for intercurrent events carried out.

    Treatment policy: observed as if nothing had happened. Composite: the event counts as the endpoint's own, or as the
    value stated. While on treatment: nothing after the day of the event is observed, and the window ends with it.
    Hypothetical: nothing after it is used, so that a time is censored and a later value is missing.
    """
    strategies = strategies_of(data, endpoint)
    return EndpointData(
        endpoint,
        tuple(
            _outcome(data, endpoint, subject, strategies(subject.id)) for subject in data.randomized
        ),
    )


@dataclass(frozen=True, slots=True)
class Handled:
    """What intercurrent events do to one participant's outcome: the first day of each strategy carried out.

    `counts_as` is the composite's value, of the event that came first.
    """

    composite: date | None = None
    counts_as: float | None = None
    while_on: date | None = None
    hypothetical: date | None = None

    @property
    def until(self) -> date | None:
        """The last day of which anything is used."""
        return min((day for day in (self.while_on, self.hypothetical) if day), default=None)


NOTHING = Handled()


def strategies_of(data: DataCut, endpoint: Endpoint) -> Callable[[str], Handled]:
    """For each participant, what the endpoint's strategies do."""
    found: dict[str, list[tuple[date, str, float | None]]] = {}
    for one in endpoint.intercurrent_events:
        if one.detected is None or one.strategy == "treatment_policy":
            continue
        value = float(one.counts_as) if one.counts_as is not None else None
        for participant, day in happened(data, one.detected).items():
            found.setdefault(participant, []).append((day, one.strategy, value))

    def handled(participant: str) -> Handled:
        events = found.get(participant)
        if not events:
            return NOTHING
        first: dict[str, tuple[date, float | None]] = {}
        for day, strategy, value in sorted(events, key=lambda event: event[0]):
            first.setdefault(strategy, (day, value))
        never: tuple[date | None, float | None] = (None, None)
        composite, counts_as = first.get("composite", never)
        while_on, _ = first.get("while_on_treatment", never)
        hypothetical, _ = first.get("hypothetical", never)
        return Handled(composite, counts_as, while_on, hypothetical)

    return handled


def _outcome(data: DataCut, endpoint: Endpoint, subject: Subject, handled: Handled) -> Outcome:
    arm = subject.arm or ""

    def missing(reason: str) -> Outcome:
        return Outcome(subject.id, arm, missing=reason)

    variable = endpoint.variable
    if isinstance(variable, ValueAt | ChangeAt):
        return _visit_outcome(data, variable, subject, handled)
    if isinstance(variable, Repeated):
        return _repeated(data, variable, subject, handled)
    days = _window_days(subject, variable.window)
    if days is not None and handled.until is not None:
        days = days[0], min(days[1], handled.until)
    if isinstance(variable, Occurs):
        return _occurs(data, variable, subject, days, handled)
    if days is None:
        return missing("no_anchor")
    first, last = days
    if isinstance(variable, TimeTo):
        return _time_to(data, variable, subject, (first, last), handled)
    if last > data.position.on and not _off_study(subject):
        return missing("window_open")
    if handled.composite is not None and handled.composite <= last:
        return Outcome(subject.id, arm, handled.counts_as, counted=INTERCURRENT)
    seen = _assessed(data, variable.item, subject, first, last)
    if not seen:
        return missing("no_assessment")
    if isinstance(variable, Worst):
        return Outcome(subject.id, arm, max(value for _, value in seen))
    if isinstance(variable, AverageOverTime):
        average = average_over_time(*zip(*((d.toordinal(), v) for d, v in seen), strict=True))
        if average != average:
            return missing("assessed_once")
        return Outcome(subject.id, arm, average)
    threshold = float(variable.at_least)
    reached = [day for day, value in seen if value >= threshold]
    return Outcome(subject.id, arm, _span(variable, reached))


def _visit_outcome(
    data: DataCut, variable: ValueAt | ChangeAt, subject: Subject, handled: Handled
) -> Outcome:
    """The value at a visit or its change.

    A composite event up to the visit's day, or to the end of its window where it did not take place, gives the value
    stated. While on treatment, the last value up to the event's day stands for the visit's.
    """
    arm = subject.arm or ""
    found = _visit_value(data, variable.item, subject, variable.visit)
    until = found.on if found is not None else _visit_closes(data, subject, variable.visit)
    counted = ""
    if handled.composite is not None and (until is None or handled.composite <= until):
        return Outcome(subject.id, arm, handled.counts_as, counted=INTERCURRENT)
    if handled.hypothetical is not None and (until is None or handled.hypothetical < until):
        return Outcome(subject.id, arm, missing="set_aside" if found else "no_assessment")
    if handled.while_on is not None and (until is None or handled.while_on < until):
        found = _last_until(data, variable.item, subject, handled.while_on)
        counted = INTERCURRENT
    if found is None or found.value is None:
        return Outcome(subject.id, arm, missing="no_assessment")
    if isinstance(variable, ValueAt):
        return Outcome(subject.id, arm, found.value, counted=counted)
    before = _visit_value(data, variable.item, subject, variable.baseline)
    if before is None or before.value is None:
        return Outcome(subject.id, arm, missing="no_baseline")
    return Outcome(
        subject.id, arm, found.value - before.value, baseline=before.value, counted=counted
    )


def _repeated(data: DataCut, variable: Repeated, subject: Subject, handled: Handled) -> Outcome:
    """The values at the visits, each under the strategies as a value at that visit is.

    A baseline, where one is named, has to be known, and stands also where no visit was seen, for whoever imputes them.
    """
    arm = subject.arm or ""
    each = [
        _visit_outcome(data, _value_at(variable.item, visit), subject, handled)
        for visit in variable.visits
    ]
    series = tuple(one.value for one in each)
    before = None
    if variable.baseline is not None:
        found = _visit_value(data, variable.item, subject, variable.baseline)
        if found is None or found.value is None:
            return Outcome(subject.id, arm, missing="no_baseline")
        before = found.value
    missing = "no_assessment" if all(value is None for value in series) else ""
    counted = next((one.counted for one in each if one.counted), "") if not missing else ""
    return Outcome(
        subject.id,
        arm,
        series[-1],
        baseline=before,
        missing=missing,
        counted=counted,
        series=series,
    )


@cache
def _value_at(item: str, visit: str) -> ValueAt:
    """The item's value at a visit as an endpoint of its own."""
    return ValueAt(kind="value_at", item=item, visit=visit)


def _occurs(
    data: DataCut,
    variable: Occurs,
    subject: Subject,
    days: tuple[date, date] | None,
    handled: Handled,
) -> Outcome:
    """Event or no event, as seen or, where it could not be seen, as the protocol counts it.

    Whoever is still on study has no outcome before the window is over.
    """
    arm = subject.arm or ""
    off_study = _off_study(subject)
    if days is None and not off_study:
        return Outcome(subject.id, arm, missing="no_anchor")
    if days is not None and days[1] > data.position.on and not off_study:
        return Outcome(subject.id, arm, missing="window_open")
    seen = _assessed(data, variable.item, subject, *days) if days is not None else []
    if any(value >= float(variable.at_least) for _, value in seen):
        return Outcome(subject.id, arm, 1.0, event=True)
    if handled.composite is not None and (days is None or handled.composite <= days[1]):
        return Outcome(subject.id, arm, 1.0, event=True, counted=INTERCURRENT)
    left = subject.left_follow_up
    if not seen:
        unseen = "no_assessment" if days is not None else "no_anchor"
        return _counted(subject, variable.never_assessed, NEVER_ASSESSED, unseen)
    if days is not None and left is not None and left.on < days[1]:
        return _counted(subject, variable.left_without_event, LEFT_WITHOUT_EVENT, "left_early")
    return Outcome(subject.id, arm, 0.0, event=False)


def _counted(subject: Subject, handling: Counting, rule: str, unseen: str) -> Outcome:
    arm = subject.arm or ""
    if handling == "missing":
        return Outcome(subject.id, arm, missing=unseen)
    event = handling == "event"
    return Outcome(subject.id, arm, float(event), event=event, counted=rule)


def _span(variable: DaysAtLeast, reached: list[date]) -> float:
    return float((max(reached) - min(reached)).days) if reached else 0.0


def _time_to(
    data: DataCut, variable: TimeTo, subject: Subject, days: tuple[date, date], handled: Handled
) -> Outcome:
    """Days from the origin to the first assessment at or above the threshold, or to a composite event before it.

    Censored at the last assessment in the window; assessments before the origin do not count, and an event before the
    origin counts at it.
    """
    arm = subject.arm or ""
    first, last = days
    origin = offset_day(subject, variable.origin)
    if origin is None:
        return Outcome(subject.id, arm, missing="no_anchor")
    seen = _assessed(data, variable.item, subject, max(first, origin), last)
    threshold = float(variable.at_least)
    reached = next((day for day, value in seen if value >= threshold), None)
    composite = handled.composite
    if composite is not None and composite <= last and (reached is None or composite < reached):
        after = float(max((composite - origin).days, 0))
        return Outcome(subject.id, arm, after, event=True, counted=INTERCURRENT)
    if not seen:
        return Outcome(subject.id, arm, missing="no_assessment")
    until = reached or seen[-1][0]
    return Outcome(subject.id, arm, float((until - origin).days), event=reached is not None)


def offset_day(subject: Subject, offset: Offset) -> date | None:
    """The day an offset names for a participant, or None while its anchor is unknown."""
    anchor = subject.anchors.get(offset.anchor)
    return anchor + timedelta(days=offset.day) if anchor else None


def _window_days(subject: Subject, window: Window) -> tuple[date, date] | None:
    first, last = offset_day(subject, window.start), offset_day(subject, window.end)
    return (first, last) if first and last else None


def _off_study(subject: Subject) -> bool:
    return subject.left_follow_up is not None or subject.completed_on is not None


def _assessed(
    data: DataCut, item: str, subject: Subject, first: date, last: date
) -> list[tuple[date, float]]:
    """Days and values of an item in the window, by day."""
    return [
        (one.on, one.value)
        for one in data.series(item, subject.id)
        if one.value is not None and first <= one.on <= last
    ]


def _visit_value(data: DataCut, item: str, subject: Subject, visit: str) -> Observation | None:
    """The item as observed at a visit: the latest, where the visit has several."""
    found: Observation | None = None
    for one in data.series(item, subject.id):
        if one.visit == visit and one.value is not None:
            found = one
    return found


def _visit_closes(data: DataCut, subject: Subject, visit: str) -> date | None:
    """The last day of a visit's window, where it is known."""
    planned = data.protocol.visit_by_id[visit]
    anchor = subject.anchors.get(planned.anchor)
    return visit_window(planned, anchor)[2] if anchor is not None else None


def _last_until(data: DataCut, item: str, subject: Subject, day: date) -> Observation | None:
    """The item as observed last after randomization, up to a day."""
    found: Observation | None = None
    for one in data.series(item, subject.id):
        randomized = subject.randomized_on
        if one.value is not None and one.on <= day and (randomized is None or one.on > randomized):
            found = one
    return found
