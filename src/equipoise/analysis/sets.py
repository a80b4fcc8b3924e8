"""Analysis sets: who is in which, and for everybody else every reason why not.

Each participant is counted in the arm allocated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from equipoise.protocol.document import AnalysisSet, Exclusion
from equipoise.protocol.document.occurrences import (
    ConditionExclusion,
    DeviationExclusion,
    DosesExclusion,
    EventExclusion,
)

from .cut import DataCut, Subject
from .endpoints import NEVER_ASSESSED, Outcome, endpoint_data
from .estimand_results import Reason
from .intercurrent import Watch, happened

NO_DOSE = "no_dose"
"""Kept out of a set of those treated: no dose was taken of a product that the arm has."""


def set_reasons(data: DataCut, name: str) -> Mapping[str, tuple[Reason, ...]]:
    """Every randomized participant with all reasons for which they are not in a set; none for its members.

    `randomized`: all are. `treated`: those with a dose taken; in an arm without a product of its own, all, since
    there is nothing to take. `evaluable`: those with an outcome for the set's endpoint that rests on at least one
    assessment, however the protocol counts the others. Then the declared exclusions, in their order. A set the
    protocol does not declare is all randomized.

    With dummy arms nothing that rests on doses keeps anybody out: it would tell the true arms.
    """
    kept: dict[str, Mapping[str, tuple[Reason, ...]]] = data.worked_out.setdefault("sets", {})
    if name not in kept:
        declared = {one.id: one for one in data.protocol.analysis_sets}.get(name)
        kept[name] = _reasons(data, declared)
    return kept[name]


def analysis_set(data: DataCut, name: str) -> frozenset[str]:
    """The participants of an analysis set (`set_reasons`)."""
    return frozenset(one for one, reasons in set_reasons(data, name).items() if not reasons)


def _reasons(data: DataCut, declared: AnalysisSet | None) -> dict[str, tuple[Reason, ...]]:
    found: dict[str, list[Reason]] = {subject.id: [] for subject in data.randomized}
    if declared is None:
        return dict.fromkeys(found, ())
    if declared.rule == "treated":
        for subject in data.randomized:
            if not treated(data, subject):
                found[subject.id].append(Reason(NO_DOSE))
    elif declared.rule == "evaluable":
        for participant, reason in _unevaluable(data, declared.endpoint):
            found[participant].append(Reason(reason))
    for exclusion in declared.exclusions:
        for participant in _kept_out(data, exclusion):
            found[participant].append(Reason(exclusion.kind, exclusion.reason))
    return {one: tuple(reasons) for one, reasons in found.items()}


def _unevaluable(data: DataCut, endpoint: str | None) -> Iterator[tuple[str, str]]:
    declared = data.protocol.endpoint_by_id.get(endpoint or "")
    if declared is None:
        return
    for outcome in endpoint_data(data, declared).outcomes:
        if reason := unevaluable(outcome):
            yield outcome.participant, reason


def unevaluable(outcome: Outcome) -> str:
    """Why an outcome rests on no assessment; empty where it does."""
    return outcome.missing or (NEVER_ASSESSED if outcome.counted == NEVER_ASSESSED else "")


def _kept_out(data: DataCut, exclusion: Exclusion) -> Iterator[str]:
    if isinstance(exclusion, EventExclusion):
        yield from happened(data, exclusion.event)
    elif isinstance(exclusion, DeviationExclusion):
        for subject in data.randomized:
            if any(
                (not exclusion.kinds or one.kind in exclusion.kinds)
                and (
                    exclusion.which == "any"
                    or (exclusion.which == "major" and one.severity == "major")
                    or (exclusion.which == "important" and one.important is True)
                )
                for one in subject.deviations
            ):
                yield subject.id
    elif isinstance(exclusion, DosesExclusion):
        yield from (s.id for s in data.randomized if _takes_less(data, s, exclusion))
    elif isinstance(exclusion, ConditionExclusion):
        watch = Watch(data, exclusion.when)
        for subject in data.randomized:
            if subject.randomized_on and watch.holds_at(subject, subject.randomized_on):
                yield subject.id
    else:
        yield from (participant for participant, _ in _unevaluable(data, exclusion.endpoint))


def _takes_less(data: DataCut, subject: Subject, exclusion: DosesExclusion) -> bool:
    if data.dummy_arms:
        return False
    given = [subject.doses.get(name) for name in products(data, subject.arm)]
    recorded = sum(one.recorded for one in given if one)
    taken = sum(one.taken for one in given if one)
    return bool(recorded) and Fraction(taken, recorded) < Fraction(exclusion.below)


def treated(data: DataCut, subject: Subject) -> bool:
    """Whether the participant received what the arm offers (see `set_reasons`).

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
