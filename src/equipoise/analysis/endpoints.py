"""Endpoints and analysis sets: from the protocol's variables to one outcome a participant.

Windows run from offset to offset, both days included, on the participant's own anchors (a planned
date stands in while the actual one is unknown). What counts as missing is said in `MISSING`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from equipoise.protocol.document import (
    AnalysisSet,
    ChangeAt,
    Counting,
    DaysAtLeast,
    Endpoint,
    Occurs,
    Offset,
    TimeTo,
    ValueAt,
    Window,
    Worst,
)

from .cut import DataCut, Observation, Subject

MISSING = ("no_anchor", "window_open", "no_assessment", "left_early", "no_baseline")
"""Why a participant has no outcome, in the order in which the reasons are looked for.

`no_anchor`: a day the window hangs on is unknown. `window_open`: the window ends after the cut and
the participant is still on study, so that neither event nor no event can be counted yet (times to
an event are censored instead). `no_assessment`: the item was not assessed in the window or at the
visit. `left_early`: no event was seen before the participant left, and the protocol counts that as
missing. `no_baseline`: the item was assessed, but not at the baseline visit.
"""

NEVER_ASSESSED = "never_assessed"
LEFT_WITHOUT_EVENT = "left_without_event"
"""Why an outcome was not seen but counted, by the rule that the protocol declares under the same name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A participant's outcome. Exactly one of `value` and `missing` says something.

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
    """The endpoint's outcome of every randomized participant."""
    return EndpointData(
        endpoint, tuple(_outcome(data, endpoint, subject) for subject in data.randomized)
    )


def _outcome(data: DataCut, endpoint: Endpoint, subject: Subject) -> Outcome:
    arm = subject.arm or ""

    def missing(reason: str) -> Outcome:
        return Outcome(subject.id, arm, missing=reason)

    variable = endpoint.variable
    if isinstance(variable, ValueAt | ChangeAt):
        here = _at_visit(data, variable.item, subject, variable.visit)
        if here is None:
            return missing("no_assessment")
        if isinstance(variable, ValueAt):
            return Outcome(subject.id, arm, here)
        before = _at_visit(data, variable.item, subject, variable.baseline)
        if before is None:
            return missing("no_baseline")
        return Outcome(subject.id, arm, here - before, baseline=before)

    days = _window_days(subject, variable.window)
    if isinstance(variable, Occurs):
        return _occurs(data, variable, subject, days)
    if days is None:
        return missing("no_anchor")
    first, last = days
    if isinstance(variable, TimeTo):
        return _time_to(data, variable, subject, first, last)
    if last > data.position.on and not _off_study(subject):
        return missing("window_open")
    seen = _assessed(data, variable.item, subject, first, last)
    if not seen:
        return missing("no_assessment")
    if isinstance(variable, Worst):
        return Outcome(subject.id, arm, max(value for _, value in seen))
    threshold = float(variable.at_least)
    reached = [day for day, value in seen if value >= threshold]
    return Outcome(subject.id, arm, _span(variable, reached))


def _occurs(
    data: DataCut, variable: Occurs, subject: Subject, days: tuple[date, date] | None
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


def _time_to(data: DataCut, variable: TimeTo, subject: Subject, first: date, last: date) -> Outcome:
    """Days from the origin to the first assessment at or above the threshold.

    Censored at the last assessment in the window; assessments before the origin do not count.
    """
    arm = subject.arm or ""
    origin = offset_day(subject, variable.origin)
    if origin is None:
        return Outcome(subject.id, arm, missing="no_anchor")
    seen = _assessed(data, variable.item, subject, max(first, origin), last)
    if not seen:
        return Outcome(subject.id, arm, missing="no_assessment")
    threshold = float(variable.at_least)
    reached = [day for day, value in seen if value >= threshold]
    until = reached[0] if reached else seen[-1][0]
    return Outcome(subject.id, arm, float((until - origin).days), event=bool(reached))


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


def _at_visit(data: DataCut, item: str, subject: Subject, visit: str) -> float | None:
    """The item's value at a visit: the latest, where the visit has several."""
    found: Observation | None = None
    for one in data.series(item, subject.id):
        if one.visit == visit and one.value is not None:
            found = one
    return found.value if found else None


# -- analysis sets -------------------------------------------------------------------------------


def analysis_set(data: DataCut, name: str) -> frozenset[str]:
    """The participants of an analysis set, each counted in the arm allocated.

    `randomized`: all. `treated`: those with a dose taken; in an arm without a product of its own,
    all, since there is nothing to take. `evaluable`: those with an outcome for the set's endpoint that
    rests on at least one assessment, however the protocol counts the others.
    A set the protocol does not declare is all randomized.
    """
    declared = {one.id: one for one in data.protocol.analysis_sets}.get(name)
    everyone = frozenset(subject.id for subject in data.randomized)
    if declared is None or declared.rule == "randomized":
        return everyone
    if declared.rule == "treated":
        return frozenset(subject.id for subject in data.randomized if treated(data, subject))
    return _evaluable(data, declared)


def treated(data: DataCut, subject: Subject) -> bool:
    """Whether the participant received what the arm offers (see `analysis_set`).

    With dummy arms everybody did: true doses set against dummy arms would show true arms.
    """
    if data.dummy_arms:
        return subject.arm is not None
    if not products(data, subject.arm):
        return subject.arm is not None
    return any(
        subject.doses[name].taken for name in products(data, subject.arm) if name in subject.doses
    )


def products(data: DataCut, arm: str | None) -> tuple[str, ...]:
    """The arm's interventions that are taken in doses."""
    definition = data.protocol.arm_by_id.get(arm or "")
    if definition is None:
        return ()
    known = data.protocol.intervention_by_id
    return tuple(name for name in definition.interventions if known[name].regimen is not None)


def _evaluable(data: DataCut, declared: AnalysisSet) -> frozenset[str]:
    endpoint = data.protocol.endpoint_by_id.get(declared.endpoint or "")
    if endpoint is None:
        return frozenset(subject.id for subject in data.randomized)
    outcomes = endpoint_data(data, endpoint).outcomes
    return frozenset(
        outcome.participant
        for outcome in outcomes
        if not outcome.missing and outcome.counted != NEVER_ASSESSED
    )
