"""Adverse events by term and worst grade, deaths, the list of serious events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from equipoise.conduct.coding import named
from equipoise.conduct.decide.safety import RELATED
from equipoise.protocol.document import AnalysisSet
from equipoise.quantity.text import Text

from ..cut import Adverse, DataCut, Subject
from ..effects import ALL_RANDOMIZED
from ..safety_results import AdverseEvents, Deaths, Judged, TermArm, TermRow
from ..sets import analysis_set

OTHER = "other"
"""The term of an event that is not in the protocol's list; its words are free text."""
OTHER_LABEL = Text({"en": "Other (reported in free text)", "zh-Hans": "其他(自由文本报告)"})
OTHER_CLASS = Text({"en": "Not coded", "zh-Hans": "未编码"})
JUDGEMENTS = ("not_related", "unlikely", "possible", "probable", "definite")
"""What causality may be judged as, in the order of closeness."""
_GRADES = (1, 2, 3, 4, 5)
_SEVERE = 3


def adverse_events(data: DataCut) -> AdverseEvents:
    """Participants with at least one event, by term and worst grade, in the safety set.

    The set is the first one declared with the rule `treated` and no exclusions, else all randomized.
    """
    declared = _declared(data)
    members = safety_set(data)
    arm_of = {one.id: one.arm or "" for one in members}
    counted = counted_events(data, members)
    before = sum(1 for event in data.adverse_events if event.participant in arm_of) - len(counted)
    by_term: dict[str, list[Adverse]] = {}
    by_code: dict[str, list[Adverse]] = {}
    for event in counted:
        found = by_term if event.coding is None else by_code
        found.setdefault(row_of(event), []).append(event)
    terms = {term.id: term for term in data.protocol.safety.terms}
    order = [*terms, *sorted(set(by_term) - set(terms))]
    coded = _coded_rows(data, by_code, arm_of)
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
        judged=_judged(data.arms, counted, arm_of),
        coded=sum(1 for event in counted if event.coding is not None),
        counted=len(counted),
    )


def _declared(data: DataCut) -> AnalysisSet | None:
    """The safety set is of all treated: a set that keeps some of them out (per protocol) is another."""
    found = (s for s in data.protocol.analysis_sets if s.rule == "treated" and not s.exclusions)
    return next(found, None)


def safety_set(data: DataCut) -> tuple[Subject, ...]:
    """The first analysis set with the rule `treated` and no exclusions, else all randomized, in order of number."""
    declared = _declared(data)
    members = analysis_set(data, declared.id if declared else "")
    return tuple(one for one in data.randomized if one.id in members)


def counted_events(data: DataCut, members: Sequence[Subject]) -> list[Adverse]:
    """The members' events that started on or after the day of randomization."""
    since = {one.id: one.randomized_on for one in members}
    return [
        event
        for event in data.adverse_events
        if event.participant in since
        and ((start := since[event.participant]) is None or event.started_on >= start)
    ]


def row_of(event: Adverse) -> str:
    """The row of the tables an event counts in: class and preferred term where it is coded, else the term."""
    coding = event.coding
    return f"{coding.group_code}/{coding.preferred_code}" if coding is not None else event.term


def deaths(data: DataCut) -> Deaths:
    """Randomized participants known to have died, of any cause."""
    members = [[one for one in data.randomized if one.arm == arm] for arm in data.arms]
    return Deaths(
        tuple(sum(1 for one in arm if one.died_on is not None) for arm in members),
        tuple(len(arm) for arm in members),
    )


def is_related(event: Adverse) -> bool:
    """Whether an event was judged at least possibly related to a product."""
    return any(answer in RELATED for answer in event.causality.values())


def _judged(
    arms: Sequence[str], events: Iterable[Adverse], arm_of: Mapping[str, str]
) -> tuple[Judged, ...]:
    """Participants by the judgement of their most closely related event, the closest first."""
    order = {answer: place for place, answer in enumerate(JUDGEMENTS)}
    closest: dict[str, str] = {}
    for event in events:
        for answer in (*event.causality.values(), ""):
            known = closest.setdefault(event.participant, answer)
            if order.get(answer, -1) > order.get(known, -1):
                closest[event.participant] = answer
    answers = [*reversed(JUDGEMENTS), *sorted(set(closest.values()) - set(JUDGEMENTS)), ""]
    return tuple(
        Judged(
            answer,
            tuple(
                sum(1 for one, said in closest.items() if said == answer and arm_of[one] == arm)
                for arm in arms
            ),
        )
        for answer in dict.fromkeys(answers)
    )


def _coded_rows(
    data: DataCut,
    by_code: Mapping[str, list[Adverse]],
    arm_of: Mapping[str, str],
) -> tuple[TermRow, ...]:
    """A row for each preferred term, by class, both in order of their English names."""
    rows = []
    for name, events in by_code.items():
        # what is coded with several versions carries the names it was coded with last
        last = max((one.coding for one in events if one.coding), key=lambda one: one.stamp.seq)
        rows.append(
            TermRow(
                name,
                _text(last.preferred),
                _text(last.group),
                _by_arm(data.arms, events, arm_of),
                data.around.dictionaries.get(last.sha256, ""),
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
        other = {event.participant for event in here if not event.seriousness}
        related = [event for event in here if is_related(event)]
        rows.append(
            TermArm(
                len(worst),
                (one, two, three, four, five),
                len(serious),
                len(here),
                len(other),
                sum(1 for event in here if event.seriousness),
                len({event.participant for event in related}),
                len({event.participant for event in related if event.grade >= _SEVERE}),
                len({event.participant for event in related if event.seriousness}),
            )
        )
    return tuple(rows)
