"""What the simulated analyses rest on: items and doses; and a refusal of what a simulation does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from equipoise.analysis.intercurrent import items_needed, rules_of, sources
from equipoise.protocol.document import (
    AnalysisSet,
    Condition,
    Detector,
    DoseGap,
    Endpoint,
    Protocol,
    Reported,
)
from equipoise.protocol.document.occurrences import (
    ConditionExclusion,
    DeviationExclusion,
    DosesExclusion,
    EventExclusion,
    UnevaluableExclusion,
)
from equipoise.protocol.expression import compile_condition

from ..assumptions import AssumptionError


@dataclass(frozen=True, slots=True)
class Needs:
    """The items whose observations are needed, and whether administrations are."""

    items: frozenset[str]
    doses: bool


def in_need(
    protocol: Protocol, endpoints: Iterable[Endpoint], sets: Collection[AnalysisSet]
) -> Needs:
    """What endpoints and analysis sets rest on. `AssumptionError` names what virtual participants have only when the
    trial is played out: adverse events and protocol deviations."""
    wanted = list(endpoints)
    rules: list[Detector] = []
    items: set[str] = set()
    faults = []
    doses = any(one.rule == "treated" for one in sets)
    for one in sets:
        for exclusion in one.exclusions:
            if isinstance(exclusion, EventExclusion):
                rules += protocol.intercurrent_by_id[exclusion.event].detect
            elif isinstance(exclusion, UnevaluableExclusion):
                wanted.append(protocol.endpoint_by_id[exclusion.endpoint])
            elif isinstance(exclusion, ConditionExclusion):
                items |= sources(protocol, compile_condition(exclusion.when, protocol))
            elif isinstance(exclusion, DosesExclusion):
                doses = True
            elif isinstance(exclusion, DeviationExclusion):
                faults.append(
                    f"analysis_sets.{one.id}: the simulation knows no protocol deviations; "
                    "mark only analyses of another set `operating`"
                )
    for endpoint in wanted:
        items |= items_needed(protocol, endpoint)
        rules += rules_of(protocol, endpoint)
    for rule in rules:
        if isinstance(rule, Condition):
            items |= sources(protocol, compile_condition(rule.when, protocol))
        elif isinstance(rule, DoseGap):
            doses = True
        elif isinstance(rule, Reported):
            faults.append(
                "intercurrent_events: the simulation knows no adverse events; mark only analyses "
                "that do not look for them `operating`"
            )
    if faults:
        raise AssumptionError(dict.fromkeys(faults))
    return Needs(frozenset(items), doses)
