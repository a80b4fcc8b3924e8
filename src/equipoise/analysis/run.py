"""`analyze`: every declared analysis of a trial, from one data cut."""

from __future__ import annotations

from datetime import date

from .cut import DataCut, Source, cut, with_dummy_arms
from .describe import baseline_table
from .effects import declared_analyses
from .estimands import analysis_sets, estimands, intercurrent_events, kept_out
from .families import families
from .flow import course, deviations, participant_flow
from .results import ArmSize, Assumed, Results
from .safety import (
    adverse_events,
    deaths,
    exposure,
    grade_shifts,
    incidence_rates,
    laboratory_shifts,
    serious_events,
)


def analyze(
    trial: Source, as_of: int | str | date | None = None, *, dummy_arms: bool = False
) -> Results:
    """All results as of a ledger position, the end of a day, or now.

    `dummy_arms` deals the arms out anew, for building and reading tables before allocations may be
    seen; the results say that they are dummies. Raises `CutError` for a cut that cannot be made.
    """
    data = cut(trial, as_of)
    return analyze_cut(with_dummy_arms(data) if dummy_arms else data)


def analyze_cut(data: DataCut) -> Results:
    """All results of a data cut."""
    protocol = data.protocol
    titles = protocol.identity.titles
    events = adverse_events(data)
    analyses = declared_analyses(data)
    sizes = {arm: sum(1 for s in data.randomized if s.arm == arm) for arm in data.arms}
    return Results(
        trial=protocol.id,
        title=titles.short or titles.brief,
        protocol_version=protocol.version,
        mode=data.mode,
        dummy_arms=data.dummy_arms,
        position=data.position,
        arms=tuple(ArmSize(arm.id, arm.label, sizes[arm.id]) for arm in protocol.arms),
        flow=participant_flow(data),
        baseline=baseline_table(data),
        analyses=analyses,
        exposure=exposure(data),
        adverse_events=events,
        serious=serious_events(data),
        deaths=deaths(data),
        rates=incidence_rates(data, events),
        shifts=laboratory_shifts(data),
        grades=grade_shifts(data),
        course=course(data),
        assumed=tuple(
            Assumed(decision.finding, decision.choice)
            for decision in protocol.decisions
            if decision.status == "assumed"
        ),
        sets=analysis_sets(data),
        kept_out=kept_out(data),
        deviations=deviations(data),
        intercurrent=intercurrent_events(data),
        estimands=estimands(data),
        families=families(protocol, analyses),
    )
