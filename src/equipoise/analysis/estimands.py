"""Intercurrent events and analysis sets counted by arm, and the estimands of one variable side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median

from equipoise.protocol.document import Analysis, Endpoint

from .cut import DataCut
from .estimand_results import (
    Estimand,
    Estimands,
    Intercurrent,
    IntercurrentArm,
    KeptOut,
    Reason,
    ReasonCount,
    SetCount,
)
from .intercurrent import happened, shown_with_dummy_arms
from .sets import set_reasons


def intercurrent_events(data: DataCut) -> tuple[Intercurrent, ...]:
    """Every intercurrent event the protocol looks for: how many it happened to, and when, by arm."""
    rows = []
    for event in data.protocol.intercurrent_events:
        shown = not data.dummy_arms or shown_with_dummy_arms(event)
        days = happened(data, event.id)
        arms = []
        for arm in data.arms:
            after = [
                (days[s.id] - s.randomized_on).days
                for s in data.randomized
                if s.arm == arm and s.id in days and s.randomized_on
            ]
            applies = not event.arms or arm in event.arms
            arms.append(
                IntercurrentArm(arm, applies, len(after), float(median(after)) if after else None)
            )
        rows.append(Intercurrent(event.id, event.label, shown, tuple(arms)))
    return tuple(rows)


def estimands(data: DataCut) -> tuple[Estimands, ...]:
    """The endpoints of one variable that differ in how events are handled, each with one analysis to compare.

    It is the first on the endpoint that does the same as the first analysis of the first endpoint, in its own set.
    """
    groups: dict[str, list[Endpoint]] = {}
    for endpoint in data.protocol.endpoints:
        groups.setdefault(_variable(endpoint), []).append(endpoint)
    found = []
    for endpoints in groups.values():
        first = _first(data, endpoints[0], None)
        if first is None or len(endpoints) < 2:
            continue
        detected = {
            one.detected for e in endpoints for one in e.intercurrent_events if one.detected
        }
        if not detected:
            continue
        rows = []
        for endpoint in endpoints:
            analysis = _first(data, endpoint, first)
            if analysis is not None:
                handled = {
                    one.detected: one.strategy
                    for one in endpoint.intercurrent_events
                    if one.detected
                }
                rows.append(Estimand(endpoint.id, analysis.id, handled))
        if len(rows) > 1:
            events = [one.id for one in data.protocol.intercurrent_events if one.id in detected]
            found.append(Estimands(endpoints[0].id, endpoints[0].label, tuple(events), tuple(rows)))
    return tuple(found)


def _variable(endpoint: Endpoint) -> str:
    """What is measured, without how the unseen and the intercurrent are counted."""
    ways = {"never_assessed", "left_without_event"}
    return endpoint.variable.model_dump_json(exclude=ways)


def _first(data: DataCut, endpoint: Endpoint, like: Analysis | None) -> Analysis | None:
    for one in data.protocol.analyses:
        if one.endpoint != endpoint.id:
            continue
        if like is None or (one.method, one.stratified_by, one.comparisons, one.population) == (
            like.method,
            like.stratified_by,
            like.comparisons,
            like.population,
        ):
            return one
    return None


def analysis_sets(data: DataCut) -> tuple[SetCount, ...]:
    """Every declared set: its members by arm, and for those kept out each reason with its count.

    Somebody with several reasons counts in each.
    """
    arm_of = {subject.id: subject.arm for subject in data.randomized}
    rows = []
    for declared in data.protocol.analysis_sets:
        reasons = set_reasons(data, declared.id)
        counted = Counter(
            (reason, arm_of[one])
            for one, found in reasons.items()
            for reason in dict.fromkeys(found)
        )
        members = Counter(arm_of[one] for one, found in reasons.items() if not found)
        rows.append(
            SetCount(
                declared.id,
                declared.label,
                tuple(members[arm] for arm in data.arms),
                tuple(
                    ReasonCount(
                        reason.id, reason.text, tuple(counted[reason, arm] for arm in data.arms)
                    )
                    for reason in _in_order(reasons.values())
                ),
            )
        )
    return tuple(rows)


def _in_order(found: Iterable[tuple[Reason, ...]]) -> list[Reason]:
    return list(dict.fromkeys(reason for reasons in found for reason in reasons))


def kept_out(data: DataCut) -> tuple[KeptOut, ...]:
    """Every randomized participant who is not in a set, with all reasons, by set and then by number."""
    return tuple(
        KeptOut(subject.id, subject.arm or "", declared.id, found)
        for declared in data.protocol.analysis_sets
        for subject in data.randomized
        if (found := set_reasons(data, declared.id)[subject.id])
    )
