"""Serious adverse events one by one, with what a narrative of each has to tell."""

from __future__ import annotations

from collections.abc import Mapping

from equipoise.quantity.text import Text

from ..cut import Adverse, DataCut, Subject
from ..describe import code_label
from ..safety_results import Alongside, DosesBefore, SeriousEvent, Surroundings
from .events import OTHER_LABEL


def serious_events(data: DataCut) -> tuple[SeriousEvent, ...]:
    """Every serious adverse event of a randomized participant, in order of its start.

    Where the true arms are hidden nothing is told of doses and of what was judged about a product: they would show true arms.
    """
    people = {subject.id: subject for subject in data.randomized}
    terms = {term.id: term.term for term in data.protocol.safety.terms}
    events: dict[str, list[Adverse]] = {}
    for event in data.adverse_events:
        events.setdefault(event.participant, []).append(event)
    rows = [
        SeriousEvent(
            participant=event.participant,
            arm=people[event.participant].arm or "",
            number=event.number,
            term=event.term,
            label=terms.get(event.term, OTHER_LABEL),
            words=event.verbatim,
            grade=event.grade,
            started_on=event.started_on,
            ended_on=event.ended_on,
            seriousness=event.seriousness,
            causality={} if data.hides_arms else dict(event.causality),
            outcome=event.outcome,
            scale=event.scale,
            action="" if data.hides_arms else event.action,
            facts=_around(data, people[event.participant], event, events[event.participant], terms),
        )
        for event in data.adverse_events
        if event.seriousness and event.participant in people
    ]
    return tuple(sorted(rows, key=lambda row: (row.started_on, row.participant, row.number)))


def _around(
    data: DataCut,
    subject: Subject,
    event: Adverse,
    events: list[Adverse],
    terms: Mapping[str, Text],
) -> Surroundings:
    protocol = data.protocol
    site = protocol.site_by_id.get(subject.site)
    sex, age = subject.baseline.get("sex"), subject.baseline.get("age")
    products = {name: protocol.intervention_by_id[name].name for name in event.causality}
    return Surroundings(
        site=site.city if site else None,
        sex=code_label(data, protocol.item_by_id.get("sex"), sex) if isinstance(sex, str) else None,
        age=age if isinstance(age, float) else None,
        randomized_on=subject.randomized_on,
        products={} if data.hides_arms else products,
        doses=() if data.hides_arms else _doses(data, subject, event),
        alongside=tuple(
            Alongside(terms.get(one.term, OTHER_LABEL), one.grade, one.started_on)
            for one in sorted(events, key=lambda one: (one.started_on, one.number))
            if one.number != event.number
            and one.started_on <= event.started_on
            and (one.ended_on is None or one.ended_on >= event.started_on)
        ),
        left_treatment_on=None
        if data.hides_arms or subject.left_treatment is None
        else subject.left_treatment.on,
        left_follow_up_on=subject.left_follow_up.on if subject.left_follow_up else None,
        died_on=subject.died_on,
        hidden=data.hides_arms,
    )


def _doses(data: DataCut, subject: Subject, event: Adverse) -> tuple[DosesBefore, ...]:
    found = []
    for name, administrations in subject.administrations.items():
        before = [one for one in administrations if one.on <= event.started_on]
        taken = [one.on for one in before if one.taken]
        found.append(
            DosesBefore(
                data.protocol.intervention_by_id[name].name,
                len(before),
                len(taken),
                min(taken, default=None),
                max(taken, default=None),
            )
        )
    return tuple(found)
