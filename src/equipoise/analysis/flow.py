"""The CONSORT flow: from the screening log to who was analyzed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .cut import DataCut, Departure
from .endpoints import EndpointData, endpoint_data
from .results import ArmFlow, Counted, Course, DeviationKind, Flow
from .sets import products, treated

LEAVING = (
    "participant_decision", "lost_to_follow_up", "adverse_event", "investigator_decision", "death",
    "other",
)  # fmt: skip
"""Categories of reasons for leaving, in the order in which they are listed."""


def participant_flow(data: DataCut) -> Flow:
    """Everyone on the screening log, once, by what became of them."""
    ended = Counter(subject.screening for subject in data.subjects)
    failed = Counter(criterion for subject in data.subjects for criterion in subject.criteria)
    declared = {criterion.id: criterion for criterion in data.protocol.eligibility.criteria}
    order = [*declared, *sorted(set(failed) - set(declared))]
    primary = next((one for one in data.protocol.endpoints if one.role == "primary"), None)
    outcomes = endpoint_data(data, primary) if primary else None
    return Flow(
        screened=len(data.subjects) + data.data_use_withdrawn,
        rescreened=sum(1 for subject in data.subjects if subject.previous),
        not_eligible=ended["not_eligible"],
        criteria=tuple(
            Counted(name, failed[name], declared[name].text if name in declared else None)
            for name in order
            if failed[name]
        ),
        consent_refused=ended["consent_refused"],
        other_reason=ended["other_reason"],
        withdrawn_before=ended["withdrawn"],
        in_screening=ended["in_screening"],
        data_use_withdrawn_before=data.data_use_withdrawn - data.data_use_withdrawn_randomized,
        randomized=ended["randomized"] + data.data_use_withdrawn_randomized,
        data_use_withdrawn_after=data.data_use_withdrawn_randomized,
        primary_endpoint=primary.id if primary else None,
        arms=tuple(_arm_flow(data, arm, outcomes) for arm in data.arms),
    )


def course(data: DataCut) -> Course:
    """When people were screened and randomized, and when the last one left or completed."""
    randomized = [one.randomized_on for one in data.randomized if one.randomized_on]
    ended = [one.completed_on for one in data.randomized if one.completed_on]
    ended += [one.left_follow_up.on for one in data.randomized if one.left_follow_up]
    return Course(
        min((one.screened_on for one in data.subjects), default=None),
        min(randomized, default=None),
        max(randomized, default=None),
        max(ended, default=None),
    )


def _arm_flow(data: DataCut, arm: str, outcomes: EndpointData | None) -> ArmFlow:
    members = [subject for subject in data.randomized if subject.arm == arm]
    received = sum(1 for subject in members if treated(data, subject))
    left = [subject for subject in members if subject.left_follow_up]
    missing: Counter[str] = Counter()
    if outcomes is not None:
        by_participant = outcomes.by_participant
        missing.update(
            by_participant[s.id].missing for s in members if by_participant[s.id].missing
        )
    completed = sum(1 for s in members if s.completed_on and not s.left_follow_up)
    return ArmFlow(
        arm=arm,
        allocated=len(members),
        has_product=bool(products(data, arm)),
        received=received,
        not_received=len(members) - received,
        left_treatment=_by_category(
            s.left_treatment.category for s in members if s.left_treatment and not s.left_follow_up
        ),
        left_follow_up=_by_category(s.left_follow_up.category for s in left if s.left_follow_up),
        completed=completed,
        on_study=len(members) - len(left) - completed,
        analyzed=len(members) - missing.total(),
        not_analyzed=tuple(Counted(reason, count) for reason, count in sorted(missing.items())),
    )


def deviations(data: DataCut) -> tuple[DeviationKind, ...]:
    """Protocol deviations of those randomized, by kind in order of their names, and by arm."""
    people = {arm: [one for one in data.randomized if one.arm == arm] for arm in data.arms}
    kinds = sorted({gone.kind for one in data.randomized for gone in one.deviations})

    def of(arm: str, kind: str) -> list[list[Departure]]:
        return [[gone for gone in one.deviations if gone.kind == kind] for one in people[arm]]

    return tuple(
        DeviationKind(
            kind,
            tuple(sum(1 for found in of(arm, kind) if found) for arm in data.arms),
            tuple(sum(len(found) for found in of(arm, kind)) for arm in data.arms),
            tuple(
                sum(1 for found in of(arm, kind) for one in found if one.important)
                for arm in data.arms
            ),
        )
        for kind in kinds
    )


def _by_category(categories: Iterable[str]) -> tuple[Counted, ...]:
    counts = Counter(categories)
    order = [*LEAVING, *sorted(set(counts) - set(LEAVING))]
    return tuple(Counted(name, counts[name]) for name in order if counts[name])
