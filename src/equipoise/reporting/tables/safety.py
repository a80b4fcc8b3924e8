"""Exposure, adverse events, rates, laboratory shifts, serious events and their narratives."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.analysis.results import Distribution, Results
from equipoise.analysis.safety_results import (
    BASELINE_GRADES,
    BASELINE_LEVELS,
    WORST_GRADES,
    WORST_LEVELS,
    TermArm,
    TermRow,
)
from equipoise.quantity.readable import readable_unit
from equipoise.quantity.text import Text

from ..format import DASH, count_percent, interval, number, percent
from ..narratives import event_term, narrative
from ..table import Column, Row, Table
from ..words import after, known_or, say, text_of
from .people import arm_labels, median_quartiles


def exposure_table(results: Results, language: str) -> Table:
    """Doses planned, recorded and taken, and time on treatment, by arm and intervention."""
    labels = arm_labels(results, language)
    rows = []
    for one in results.exposure:
        rows.append(
            Row(
                (
                    after(labels[one.arm], text_of(one.label, language), language),
                    str(one.participants),
                    str(one.planned),
                    str(one.recorded),
                    f"{one.taken} ({percent(one.taken, one.recorded)})",
                    _shares(one.per_participant, language),
                    _shares(one.of_planned, language),
                    median_quartiles(one.days, 0, language),
                )
            )
        )
    columns = (
        Column(say("group", language)),
        *(
            Column(say(key, language), True)
            for key in (
                "with_record", "doses_planned", "doses_recorded", "doses_taken", "share_taken", "share_of_planned",
                "days_on_treatment",
            )
        ),
    )  # fmt: skip
    return Table(
        "exposure",
        say("exposure", language),
        columns,
        tuple(rows),
        (say("exposure_note", language),),
    )


def _shares(share: Distribution, language: str) -> str:
    """The median share with its quartiles, in percent."""
    quartiles = interval(100 * share.q1, 100 * share.q3, 1, language)
    return f"{number(100 * share.median, 1)}% ({quartiles})" if share.count else DASH


def adverse_events_table(results: Results, language: str) -> Table:
    """By system organ class and term: participants with any, grade 3 or more, serious; each by arm."""
    events = results.adverse_events
    labels = arm_labels(results, language)
    columns = [Column(say("term", language))]
    for arm, total in zip(results.arms, events.totals, strict=True):
        group = f"{labels[arm.id]} (n = {total})"
        heads = [
            say("any_grade", language),
            *(say("grade_of", language, grade=grade) for grade in range(1, 6)),
            say("grade_3_up", language),
            say("serious", language),
        ]
        columns += [Column(head, True, group) for head in heads]
    rows = [_term_row(events.any_event, events.totals, language, 0)]
    section = None
    for term in events.terms:
        if term.system_organ_class != section:
            section = term.system_organ_class
            heading = text_of(section, language) if section else ""
            rows.append(Row((heading, *("",) * (len(columns) - 1)), section=True))
        rows.append(_term_row(term, events.totals, language, 1))
    notes = [
        say("population", language, label=text_of(events.population_label, language)),
        say("adverse_note", language, grading=events.grading),
    ]
    if events.coded:
        notes.append(say("adverse_coded", language, coded=events.coded, counted=events.counted))
    if events.before:
        notes.append(say("adverse_before", language, count=events.before))
    return Table(
        "adverse-events", say("adverse_events", language), tuple(columns), tuple(rows), tuple(notes)
    )


def _term_row(term: TermRow, totals: tuple[int, ...], language: str, level: int) -> Row:
    cells = [text_of(term.label, language)]
    for arm, total in zip(term.arms, totals, strict=True):
        cells += _arm_cells(arm, total)
    return Row(tuple(cells), level)


def _arm_cells(arm: TermArm, total: int) -> list[str]:
    return [
        count_percent(arm.participants, total),
        *map(str, arm.worst),
        count_percent(arm.severe, total),
        str(arm.serious),
    ]


def serious_table(results: Results, language: str) -> Table:
    """Every serious adverse event, one a row."""
    labels = arm_labels(results, language)
    separator = ", " if language == "en" else "、"
    rows = []
    for one in results.serious:
        rows.append(
            Row(
                (
                    one.participant,
                    labels[one.arm],
                    event_term(one, language),
                    str(one.grade),
                    str(one.started_on),
                    str(one.ended_on or DASH),
                    separator.join(known_or(word, language) for word in one.seriousness),
                    separator.join(known_or(word, language) for word in one.causality.values())
                    or say("not_judged", language),
                    known_or(one.outcome, language),
                )
            )
        )
    columns = tuple(
        Column(say(key, language), key == "grade")
        for key in ("participant", "arm", "term", "grade", "started", "ended", "seriousness", "causality", "outcome")
    )  # fmt: skip
    notes = () if rows else (say("none_reported", language),)
    return Table("serious", say("serious_events", language), columns, tuple(rows), notes)


def related_table(results: Results, language: str) -> Table:
    """By judgement, then by term: participants with an event at least possibly related to a product."""
    events = results.adverse_events
    labels = arm_labels(results, language)
    heads = ("any_grade", "related_any", "related_severe", "related_serious")
    columns = [Column(say("term", language))]
    for arm, total in zip(results.arms, events.totals, strict=True):
        group = f"{labels[arm.id]} (n = {total})"
        columns += [Column(say(head, language), True, group) for head in heads]
    blank = ("",) * (len(columns) - 1)
    judged = [
        any(one.counts[at] for one in events.judged if one.id) for at in range(len(results.arms))
    ]
    unjudged = [
        not judged[at] and any(one.counts[at] for one in events.judged) for at in range(len(judged))
    ]
    rows = [Row((say("judged_as", language), *blank), section=True)]
    for one in events.judged:
        name = known_or(one.id, language) if one.id else say("not_judged", language)
        cells: list[str] = []
        for count, total, silent in zip(one.counts, events.totals, unjudged, strict=True):
            cells += [DASH if silent and one.id else count_percent(count, total), "", "", ""]
        rows.append(Row((name, *cells), 1))
    for section, terms in _by_class((events.any_event, *events.terms)):
        heading = text_of(section, language) if section else ""
        if heading:
            rows.append(Row((heading, *blank), section=True))
        for term in terms:
            cells = []
            for found, total, silent in zip(term.arms, events.totals, unjudged, strict=True):
                cells.append(count_percent(found.participants, total))
                if silent:
                    cells += [DASH] * 3
                    continue
                cells += [
                    count_percent(found.related, total),
                    str(found.related_severe),
                    str(found.related_serious),
                ]
            rows.append(Row((text_of(term.label, language), *cells), 1 if heading else 0))
    return Table(
        "adverse-related",
        say("related_title", language),
        tuple(columns),
        tuple(rows),
        (
            say("population", language, label=text_of(events.population_label, language)),
            say("related_note", language),
            *((say("unjudged_note", language),) if any(unjudged) else ()),
        ),
    )


def _by_class(terms: Sequence[TermRow]) -> list[tuple[Text | None, list[TermRow]]]:
    """Terms under their classes, in the order in which they stand."""
    found: list[tuple[Text | None, list[TermRow]]] = []
    for term in terms:
        if not found or found[-1][0] != term.system_organ_class:
            found.append((term.system_organ_class, []))
        found[-1][1].append(term)
    return found


def rates_table(results: Results, language: str) -> Table:
    """Participants with a first event, participant-weeks at risk, and the rate with its exact interval."""
    labels = arm_labels(results, language)
    columns = [Column(say("term", language))]
    for arm in results.arms:
        columns += [
            Column("n", True, labels[arm.id]),
            Column(say("participant_weeks", language), True, labels[arm.id]),
            Column(say("rate_per_100", language), True, labels[arm.id]),
        ]
    rows = []
    section = None
    for row in results.rates:
        if row.system_organ_class is not None and row.system_organ_class != section:
            section = row.system_organ_class
            rows.append(
                Row((text_of(section, language), *("",) * (len(columns) - 1)), section=True)
            )
        cells: list[str] = []
        for one in row.arms:
            limits = interval(one.rate.lower, one.rate.upper, 2, language)
            shown = f"{number(one.rate.estimate, 2)} ({limits})" if one.weeks else DASH
            cells += [str(one.participants), number(one.weeks, 1), shown]
        level = 1 if row.system_organ_class is not None else 0
        rows.append(Row((text_of(row.label, language), *cells), level))
    events = results.adverse_events
    notes = (
        say("population", language, label=text_of(events.population_label, language)),
        say("rates_note", language),
    )
    return Table("adverse-rates", say("rates_title", language), tuple(columns), tuple(rows), notes)


def shifts_table(results: Results, language: str) -> Table:
    """From the level at baseline to the worst after it: an item a part, its baseline levels the rows."""
    labels = arm_labels(results, language)
    kept = [
        at
        for at, level in enumerate(WORST_LEVELS)
        if level in ("low", "normal", "high")
        or any(counts[at] for one in results.shifts for arm in one.arms for counts in arm)
    ]
    columns = [Column(say("baseline_level", language))]
    for arm in results.arms:
        group = after(labels[arm.id], say("worst_after", language), language)
        columns += [Column(say(f"level_{WORST_LEVELS[at]}", language), True, group) for at in kept]
    rows = []
    for one in results.shifts:
        unit = readable_unit(one.unit, language)
        label = text_of(one.label, language)
        heading = f"{label} ({unit})" if unit else label
        rows.append(Row((heading, *("",) * (len(columns) - 1)), section=True))
        for place, level in enumerate(BASELINE_LEVELS):
            counts = [arm[place][at] for arm in one.arms for at in kept]
            if any(counts):
                rows.append(Row((say(f"level_{level}", language), *map(str, counts)), 1))
    return Table(
        "laboratory-shifts",
        say("shifts_title", language),
        tuple(columns),
        tuple(rows),
        (say("shifts_note", language),),
    )


def grades_table(results: Results, language: str) -> Table:
    """From the CTCAE grade at baseline to the worst after it: an item a part, its grades at baseline the rows."""
    labels = arm_labels(results, language)
    nothing = WORST_GRADES.index("none")
    missing = any(c[nothing] for one in results.grades for arm in one.arms for c in arm)
    kept = [at for at in range(len(WORST_GRADES)) if at != nothing or missing]

    def words(grade: str) -> str:
        known = grade.isdigit()
        return say("grade_of", language, grade=grade) if known else say(f"level_{grade}", language)

    columns = [Column(say("baseline_level", language))]
    for arm in results.arms:
        group = after(labels[arm.id], say("worst_after", language), language)
        columns += [Column(words(WORST_GRADES[at]), True, group) for at in kept]
    rows = []
    for one in results.grades:
        heading = after(text_of(one.term, language), text_of(one.label, language), language)
        rows.append(Row((heading, *("",) * (len(columns) - 1)), section=True))
        for place, grade in enumerate(BASELINE_GRADES):
            counts = [arm[place][at] for arm in one.arms for at in kept]
            if any(counts):
                rows.append(Row((words(grade), *map(str, counts)), 1))
    notes = (
        say(
            "population", language, label=text_of(results.adverse_events.population_label, language)
        ),
        say("grades_note", language),
    )
    return Table(
        "laboratory-grades", say("grades_title", language), tuple(columns), tuple(rows), notes
    )


def narratives_table(results: Results, language: str) -> Table:
    """A narrative of each serious adverse event, drafted from the data."""
    joint = " " if language == "en" else ""
    rows = tuple(
        Row(
            (
                f"{one.participant} · {event_term(one, language)}",
                joint.join(narrative(results, one, language)),
            )
        )
        for one in results.serious
    )
    return Table(
        "narratives",
        say("narratives_title", language),
        (Column(say("serious_event", language)), Column(say("narrative", language))),
        rows,
        (say("narratives_note", language),),
    )
