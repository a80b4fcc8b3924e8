"""Exposure, adverse events, the list of serious ones."""

from __future__ import annotations

from equipoise.analysis.results import Results, TermArm, TermRow

from ..format import count_percent, interval, number, percent
from ..table import Column, Row, Table
from ..words import after, known_or, say, text_of
from .people import arm_labels


def exposure_table(results: Results, language: str) -> Table:
    """Doses recorded and taken, by arm and intervention."""
    labels = arm_labels(results, language)
    rows = []
    for one in results.exposure:
        share = one.per_participant
        quartiles = interval(100 * share.q1, 100 * share.q3, 1, language)
        rows.append(
            Row(
                (
                    after(labels[one.arm], text_of(one.label, language), language),
                    str(one.participants),
                    str(one.recorded),
                    f"{one.taken} ({percent(one.taken, one.recorded)})",
                    f"{number(100 * share.median, 1)}% ({quartiles})",
                )
            )
        )
    columns = (
        Column(say("group", language)),
        *(Column(say(key, language), True) for key in ("with_record", "doses_recorded", "doses_taken", "share_taken")),
    )  # fmt: skip
    return Table("exposure", say("exposure", language), columns, tuple(rows))


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
        term = text_of(one.label, language)
        rows.append(
            Row(
                (
                    one.participant,
                    labels[one.arm],
                    after(term, one.words, language) if one.words else term,
                    str(one.grade),
                    str(one.started_on),
                    str(one.ended_on or ""),
                    separator.join(known_or(word, language) for word in one.seriousness),
                    separator.join(known_or(word, language) for word in one.causality.values()),
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
