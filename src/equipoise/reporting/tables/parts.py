"""What stands behind an analysis' one effect: the effect by visit, by subgroup, and where it would tip over."""

from __future__ import annotations

import math
from collections.abc import Iterator

from equipoise.analysis.results import (
    AnalysisResult,
    Comparison,
    EffectAt,
    Results,
    Subgroups,
    TippingGrid,
)

from ..format import DASH, count_percent, level, number, p_value
from ..table import Column, Row, Table
from ..words import after, known_or, reason_in, say, text_of
from .effects import analysis_title, shown_estimate, shown_interval
from .people import arm_labels


def part_tables(results: Results, one: AnalysisResult, language: str) -> Iterator[Table]:
    """The tables of an analysis beside its own, comparison by comparison."""
    for comparison in one.comparisons:
        if comparison.visits:
            yield _visits_table(results, one, comparison, language)
        if comparison.subgroups:
            yield _subgroups_table(results, one, comparison, language)
        if comparison.shifts:
            yield _shifts_table(results, one, comparison, language)
        if comparison.grid is not None:
            yield _grid_table(results, one, comparison, comparison.grid, language)


def part_id(kind: str, one: AnalysisResult, comparison: Comparison) -> str:
    """The id of a table or figure of a comparison: `subgroups-primary`, with the arms where there are several pairs."""
    return f"{kind}-{one.comparison_id(comparison).replace('/', '-')}"


def part_caption(
    kind: str, results: Results, one: AnalysisResult, comparison: Comparison, language: str
) -> str:
    """What a part shows of which analysis, and of which pair of arms where there are several."""
    caption = after(analysis_title(one, language), say(kind, language), language)
    if len(one.comparisons) > 1:
        labels = arm_labels(results, language)
        pair = say(
            "against", language,
            treatment=labels[comparison.treatment], control=labels[comparison.control],
        )  # fmt: skip
        caption = after(caption, pair, language)
    return caption


def _arms(results: Results, comparison: Comparison, language: str) -> tuple[str, str]:
    labels = arm_labels(results, language)
    return labels[comparison.treatment], labels[comparison.control]


def _effect_columns(one: AnalysisResult, measure: str, language: str) -> list[Column]:
    return [
        Column(known_or(measure, language), True),
        Column(say("interval_ci", language, level=level(one.confidence)), True),
    ]


def _effect_cells(
    one: AnalysisResult, measure: str, part: EffectAt, language: str
) -> tuple[str, str]:
    if part.estimate.reason and math.isnan(part.estimate.estimate):
        return say("not_estimable", language), DASH
    return (
        shown_estimate(part.estimate, measure, one.decimals),
        shown_interval(part.estimate, measure, one.decimals, language),
    )


def _visits_table(
    results: Results, one: AnalysisResult, comparison: Comparison, language: str
) -> Table:
    columns = [Column(say("visit", language))]
    for arm in _arms(results, comparison, language):
        columns += [Column("n", True, arm), Column(say("mean_of", language), True, arm)]
    columns += _effect_columns(one, comparison.measure, language)
    columns.append(Column(say("p_value", language), True))
    rows = []
    for part in comparison.visits:
        cells = [text_of(part.label, language)]
        for count, mean in zip(part.analyzed, part.means or (math.nan, math.nan), strict=True):
            cells += [str(count), number(mean, one.decimals + 1)]
        cells += _effect_cells(one, comparison.measure, part, language)
        rows.append(Row((*cells, p_value(part.estimate.p))))
    return Table(
        part_id("visits", one, comparison),
        part_caption("by_visit", results, one, comparison, language),
        tuple(columns),
        tuple(rows),
    )


def _group_cell(part: EffectAt, side: int) -> str:
    if part.events is None:
        return str(part.analyzed[side])
    return count_percent(part.events[side], part.analyzed[side])


def _subgroups_table(
    results: Results, one: AnalysisResult, comparison: Comparison, language: str
) -> Table:
    columns = [Column(say("subgroup", language))]
    events = any(part.events for group in comparison.subgroups for part in group.levels)
    for arm in _arms(results, comparison, language):
        columns.append(Column(say("events", language) if events else "n", True, arm))
    columns += _effect_columns(one, comparison.measure, language)
    columns.append(Column(say("interaction_p", language), True))
    rows = []
    notes = [_tested(comparison.subgroups[0], one, language)]
    for group in comparison.subgroups:
        heading = text_of(group.label, language)
        rows.append(Row((heading, "", "", "", "", p_value(group.interaction.p))))
        if group.interaction.reason:
            reason = reason_in(group.interaction.reason, language)
            notes.append(after(heading, say("undefined", language, reason=reason), language))
        for part in group.levels:
            cells = _effect_cells(one, comparison.measure, part, language)
            counts = (_group_cell(part, 0), _group_cell(part, 1))
            rows.append(Row((text_of(part.label, language), *counts, *cells, ""), 1))
    return Table(
        part_id("subgroups", one, comparison),
        part_caption("subgroups", results, one, comparison, language),
        tuple(columns),
        tuple(rows),
        tuple(notes),
    )


def _tested(group: Subgroups, one: AnalysisResult, language: str) -> str:
    if group.test == "f":
        return say("subgroup_note_f", language)
    timed = one.method in ("log_rank", "cox")
    models = say("models_hazards" if timed else "models_logistic", language)
    return say("subgroup_note", language, models=models)


def _shifts_table(
    results: Results, one: AnalysisResult, comparison: Comparison, language: str
) -> Table:
    places = one.decimals + 1
    rows = [
        Row(
            (
                number(shifted.shift, places),
                shown_estimate(shifted.estimate, comparison.measure, one.decimals),
                shown_interval(shifted.estimate, comparison.measure, one.decimals, language),
                p_value(shifted.estimate.p),
            )
        )
        for shifted in comparison.shifts
    ]
    turns = comparison.turns_at if comparison.turns_at is not None else math.nan
    if math.isnan(turns):
        said = say("turns_never", language)
    elif turns == 0:
        said = say("turns_at_once", language)
    else:
        treatment, _ = _arms(results, comparison, language)
        said = say("turns_at", language, shift=number(turns, places), treatment=treatment)
    columns = (
        Column(say("shift", language), True),
        *_effect_columns(one, comparison.measure, language),
        Column(say("p_value", language), True),
    )
    return Table(
        part_id("tipping", one, comparison),
        part_caption("tipping", results, one, comparison, language),
        columns,
        tuple(rows),
        (said,),
    )


def _grid_table(
    results: Results,
    one: AnalysisResult,
    comparison: Comparison,
    grid: TippingGrid,
    language: str,
) -> Table:
    first, second = _arms(results, comparison, language)
    alpha = 1 - one.confidence
    heading = say("grid_rows", language, count=grid.unseen[0], arm=first)
    across = say("grid_rows", language, count=grid.unseen[1], arm=second)
    columns = [Column(heading), *(Column(str(count), True, across) for count in grid.control)]
    rows = []
    for x, differences, p_values in zip(grid.treatment, grid.difference, grid.p, strict=True):
        cells = [
            f"{number(100 * d, 1)} ({p_value(p)}){'*' if p < alpha else ''}"
            for d, p in zip(differences, p_values, strict=True)
        ]
        rows.append(Row((str(x), *cells)))
    seen = say(
        "grid_seen", language, first=grid.seen[0], first_all=grid.seen[1], treatment=first,
        second=grid.seen[2], second_all=grid.seen[3], control=second,
    )  # fmt: skip
    return Table(
        part_id("tipping", one, comparison),
        part_caption("tipping", results, one, comparison, language),
        tuple(columns),
        tuple(rows),
        (seen, say("grid_note", language, alpha=f"{alpha:g}")),
    )
