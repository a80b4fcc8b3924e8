"""Safety: exposure, adverse events by term and worst grade, the list of serious ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from equipoise.conduct.coding import named
from equipoise.quantity.text import Text

from .cut import Adverse, DataCut
from .describe import distribution
from .effects import ALL_RANDOMIZED
from .endpoints import analysis_set
from .results import AdverseEvents, Exposure, SeriousEvent, TermArm, TermRow

OTHER = "other"
"""The term of an event that is not in the protocol's list; its words are free text."""
OTHER_LABEL = Text({"en": "Other (reported in free text)", "zh-Hans": "其他(自由文本报告)"})
OTHER_CLASS = Text({"en": "Not coded", "zh-Hans": "未编码"})
_GRADES = (1, 2, 3, 4, 5)


def adverse_events(data: DataCut) -> AdverseEvents:
    """Participants with at least one event, by term and worst grade, in the safety set.

    The set is the first one declared with the rule `treated`, else all randomized.
    """
    declared = next((one for one in data.protocol.analysis_sets if one.rule == "treated"), None)
    members = analysis_set(data, declared.id if declared else "")
    arm_of = {s.id: s.arm or "" for s in data.randomized if s.id in members}
    randomized_on = {s.id: s.randomized_on for s in data.randomized}
    counted: list[Adverse] = []
    before = 0
    for event in data.adverse_events:
        if event.participant not in arm_of:
            continue
        start = randomized_on[event.participant]
        if start is not None and event.started_on < start:
            before += 1
        else:
            counted.append(event)
    by_term: dict[str, list[Adverse]] = {}
    by_code: dict[tuple[str, str], list[Adverse]] = {}
    for event in counted:
        if event.coding is not None:
            key = (event.coding.group_code, event.coding.preferred_code)
            by_code.setdefault(key, []).append(event)
        else:
            by_term.setdefault(event.term, []).append(event)
    terms = {term.id: term for term in data.protocol.safety.terms}
    order = [*terms, *sorted(set(by_term) - set(terms))]
    coded = _coded_rows(data.arms, by_code, arm_of)
    rows = tuple(
        TermRow(
            name,
            terms[name].term if name in terms else OTHER_LABEL if name == OTHER else Text(name),
            terms[name].system_organ_class if name in terms else OTHER_CLASS,
            _by_arm(data.arms, by_term[name], arm_of),
        )
        for name in order
        if name in by_term
    )
    any_label = Text({"en": "Any adverse event", "zh-Hans": "任何不良事件"})
    return AdverseEvents(
        population=declared.id if declared else "",
        population_label=declared.label if declared else ALL_RANDOMIZED,
        grading=data.protocol.safety.grading,
        totals=tuple(sum(1 for arm in arm_of.values() if arm == name) for name in data.arms),
        any_event=TermRow("", any_label, None, _by_arm(data.arms, counted, arm_of)),
        terms=(*coded, *rows),
        before=before,
        coded=sum(1 for event in counted if event.coding is not None),
        counted=len(counted),
    )


def _coded_rows(
    arms: Iterable[str],
    by_code: Mapping[tuple[str, str], list[Adverse]],
    arm_of: Mapping[str, str],
) -> tuple[TermRow, ...]:
    """A row for each preferred term, by class, both in order of their English names."""
    rows = []
    for (_group, preferred), events in by_code.items():
        # what is coded with several versions carries the names it was coded with last
        last = max((one.coding for one in events if one.coding), key=lambda one: one.stamp.seq)
        rows.append(
            TermRow(
                preferred, _text(last.preferred), _text(last.group), _by_arm(arms, events, arm_of)
            )
        )
    return tuple(sorted(rows, key=lambda row: (str(row.system_organ_class), str(row.label))))


def _text(names: Mapping[str, str]) -> Text:
    return Text({"en": named(names, "en"), "zh-Hans": named(names, "zh-Hans")})


def _by_arm(
    arms: Iterable[str], events: Iterable[Adverse], arm_of: Mapping[str, str]
) -> tuple[TermArm, ...]:
    found = list(events)
    rows = []
    for arm in arms:
        here = [event for event in found if arm_of[event.participant] == arm]
        worst: dict[str, int] = {}
        for event in here:
            worst[event.participant] = max(worst.get(event.participant, 0), event.grade)
        one, two, three, four, five = (
            sum(1 for grade in worst.values() if grade == wanted) for wanted in _GRADES
        )
        serious = {event.participant for event in here if event.seriousness}
        rows.append(TermArm(len(worst), (one, two, three, four, five), len(serious), len(here)))
    return tuple(rows)


def serious_events(data: DataCut) -> tuple[SeriousEvent, ...]:
    """Every serious adverse event of a randomized participant, in order of its start."""
    arm_of = {subject.id: subject.arm or "" for subject in data.randomized}
    terms = {term.id: term.term for term in data.protocol.safety.terms}
    rows = [
        SeriousEvent(
            participant=event.participant,
            arm=arm_of[event.participant],
            number=event.number,
            term=event.term,
            label=terms.get(event.term, OTHER_LABEL),
            words=event.verbatim,
            grade=event.grade,
            started_on=event.started_on,
            ended_on=event.ended_on,
            seriousness=event.seriousness,
            causality=dict(event.causality),
            outcome=event.outcome,
        )
        for event in data.adverse_events
        if event.seriousness and event.participant in arm_of
    ]
    return tuple(sorted(rows, key=lambda row: (row.started_on, row.participant, row.number)))


def exposure(data: DataCut) -> tuple[Exposure, ...]:
    """Administrations by arm and intervention, as recorded. Nothing is shown for dummy arms."""
    if data.dummy_arms:
        return ()
    rows = []
    for arm in data.protocol.arms:
        for name in arm.interventions:
            intervention = data.protocol.intervention_by_id[name]
            if intervention.regimen is None:
                continue
            doses = [s.doses[name] for s in data.randomized if s.arm == arm.id and name in s.doses]
            rows.append(
                Exposure(
                    arm=arm.id,
                    intervention=name,
                    label=intervention.name,
                    participants=len(doses),
                    recorded=sum(one.recorded for one in doses),
                    taken=sum(one.taken for one in doses),
                    per_participant=distribution(
                        one.taken / one.recorded for one in doses if one.recorded
                    ),
                )
            )
    return tuple(rows)
