"""The declared analyses: one table over all, one for each, one for each set of curves."""

from __future__ import annotations

import math

from equipoise.analysis.methods import Estimate
from equipoise.analysis.results import (
    ADJUSTED,
    RATIOS,
    AnalysisResult,
    Comparison,
    Curve,
    GroupSummary,
    Imputed,
    Results,
    TippingGrid,
)
from equipoise.quantity.readable import readable_unit

from ..format import DASH, count_percent, interval, level, number, p_phrase, p_value, percent
from ..table import Column, Row, Table
from ..words import after, known_or, method_name, reason_in, say, text_of
from .people import arm_labels, mean_sd, median_quartiles


def scaled(estimate: Estimate, measure: str, decimals: int) -> tuple[float, float, float, int]:
    """Estimate and limits as they are shown, with their decimals: differences in risk in points of percent."""
    scale, places = 1.0, decimals + 1
    if measure == "risk_difference":
        scale, places = 100.0, 1
    elif measure in RATIOS:
        places = 2
    return estimate.estimate * scale, estimate.lower * scale, estimate.upper * scale, places


def shown_estimate(estimate: Estimate, measure: str, decimals: int) -> str:
    """The estimate rounded for its measure."""
    value, _, _, places = scaled(estimate, measure, decimals)
    return number(value, places)


def shown_interval(estimate: Estimate, measure: str, decimals: int, language: str) -> str:
    """The limits rounded for their measure."""
    _, lower, upper, places = scaled(estimate, measure, decimals)
    return interval(lower, upper, places, language)


def analyses_table(results: Results, language: str) -> Table:
    """One row a comparison: endpoint, method, effect, interval, p."""
    rows: list[Row] = []
    labels = arm_labels(results, language)
    notes = [say("analyses_note", language)]
    if any(one.margin is not None for one in results.analyses):
        notes.append(say("analyses_one_sided", language))
    several = len(results.arms) > 2
    for one in results.analyses:
        for comparison in one.comparisons:
            estimate = comparison.estimate
            title = text_of(one.label, language)
            if several:
                title = after(title, against(comparison, labels, language), language)
            shown = shown_estimate(estimate, comparison.measure, one.decimals)
            if estimate.reason and math.isnan(estimate.estimate):
                shown = say("not_estimable", language)
            rows.append(
                Row(
                    (
                        title,
                        known_or(f"role_{one.role}", language),
                        method_name(one.method, language),
                        known_or(comparison.measure, language),
                        shown,
                        shown_interval(estimate, comparison.measure, one.decimals, language),
                        p_value(estimate.p),
                    )
                )
            )
    levels = sorted({one.confidence for one in results.analyses})
    shown_level = " / ".join(level(value) for value in levels) or "95"
    columns = (
        Column(say("analysis", language)),
        Column(say("role", language)),
        Column(say("method", language)),
        Column(say("effect", language)),
        Column(say("estimate", language), True),
        Column(say("interval_ci", language, level=shown_level), True),
        Column(say("p_value", language), True),
    )
    return Table("analyses", say("analyses", language), columns, tuple(rows), tuple(notes))


def against(comparison: Comparison, labels: dict[str, str], language: str) -> str:
    """The treatment arm against the control arm, by their labels."""
    return say(
        "against",
        language,
        treatment=labels[comparison.treatment],
        control=labels[comparison.control],
    )


def analysis_table(results: Results, one: AnalysisResult, language: str) -> Table:
    """What one analysis rests on: the groups, then the comparisons."""
    labels = arm_labels(results, language)
    columns = [
        Column(say("group", language)),
        Column("n", True),
        Column(say("analyzed_short", language), True),
    ]
    counts = any(group.events is not None for group in one.groups)
    if counts:
        columns.append(Column(say("events", language), True))
        limits = say("interval_ci", language, level=level(one.confidence))
        timed = f"{say('median_days', language)} ({limits})" if one.curves else limits
        columns.append(Column(timed, True))
    else:
        columns.append(Column(say("mean_sd", language), True))
        columns.append(Column(say("median_quartiles", language), True))
    rows = []
    for group in one.groups:
        cells = [labels[group.arm], str(group.population), str(group.analyzed)]
        rows.append(Row((*cells, *_group_cells(group, one, language))))
        rows += [
            Row((known_or(reason.id, language), "", f"−{reason.count}", "", ""), 1)
            for reason in group.missing
        ]
        for rule in group.counted:
            shown = say("of_whom", language, text=_counted_as(rule.id, one, language))
            at = (
                ("", str(rule.count)) if one.handling[rule.id] == "event" else (str(rule.count), "")
            )
            rows.append(Row((shown, "", *at, ""), 1))
    for comparison in one.comparisons:
        if comparison.measure == "none" and not comparison.estimate.reason:
            continue
        rows += _comparison_rows(comparison, one, labels, language)
    return Table(
        f"analysis-{one.id}",
        analysis_title(one, language),
        tuple(columns),
        tuple(rows),
        tuple(_notes(results, one, language)),
    )


def analysis_title(one: AnalysisResult, language: str) -> str:
    """The endpoint and what is done with it; the method, where the analysis has no label of its own."""
    endpoint, label = text_of(one.endpoint_label, language), text_of(one.label, language)
    second = method_name(one.method, language) if label == endpoint else label
    return after(endpoint, second, language)


def _counted_as(rule: str, one: AnalysisResult, language: str) -> str:
    """Whose outcome was not seen, and what the protocol counts it as."""
    return after(say(rule, language), say(f"counted_{one.handling[rule]}", language), language)


def _group_cells(group: GroupSummary, one: AnalysisResult, language: str) -> tuple[str, str]:
    if group.events is not None:
        limits = next(
            (
                median_shown(curve.median, curve.median_lower, curve.median_upper, language)
                for curve in one.curves
                if curve.arm == group.arm
            ),
            DASH,
        )
        if group.proportion is not None:
            p = group.proportion
            limits = (
                f"{interval(100 * p.lower, 100 * p.upper, 1, language)}%"
                if p.estimate == p.estimate
                else DASH
            )
        return count_percent(group.events, group.analyzed), limits
    assert group.distribution is not None
    return (
        mean_sd(group.distribution, one.decimals),
        median_quartiles(group.distribution, one.decimals, language),
    )


def _comparison_rows(
    comparison: Comparison, one: AnalysisResult, labels: dict[str, str], language: str
) -> list[Row]:
    heads = (
        say("estimate", language),
        say("interval_ci", language, level=level(one.confidence)),
        say("p_value", language),
    )
    rows = [Row((against(comparison, labels, language), "", *heads), section=True)]
    for measure, estimate in (
        (comparison.measure, comparison.estimate),
        *((further.measure, further.estimate) for further in comparison.further),
    ):
        rows.append(
            Row(
                (
                    known_or(measure, language),
                    "",
                    shown_estimate(estimate, measure, one.decimals),
                    shown_interval(estimate, measure, one.decimals, language),
                    p_value(estimate.p),
                ),
                1,
            )
        )
    return rows


def _notes(results: Results, one: AnalysisResult, language: str) -> list[str]:
    notes = [
        say("population", language, label=text_of(one.population_label, language)),
        say("time_frame", language, text=text_of(one.time_frame, language)),
    ]
    if one.handling:
        rules = [_counted_as(rule, one, language) for rule in one.handling]
        joint = "; " if language == "en" else "；"
        notes.append(say("handling", language, rules=joint.join(rules)))
    factors = {row.id: text_of(row.label, language) for row in results.baseline.rows}
    separator = ", " if language == "en" else "、"
    if one.stratified_by and one.method in ADJUSTED:
        names = separator.join(factors.get(name, name) for name in one.stratified_by)
        notes.append(say("adjusted_for", language, factors=names))
    if one.horizon is not None:
        notes.append(say("up_to_day", language, day=f"{one.horizon:g}"))
    labels = arm_labels(results, language)
    notes += _at_last_visit(one, labels, language)
    for comparison in one.comparisons:
        if comparison.grid is not None:
            notes.append(_seen_note(results, comparison.grid, comparison, language))
        if comparison.measure == "location_shift":
            notes.append(say("shift_ties", language))
        if one.margin is not None:
            treatment = labels[comparison.treatment]
            shown = number(100 * one.margin, 1)
            notes.append(say("non_inferior_p", language, treatment=treatment, margin=shown))
        if one.stratified_by and comparison.strata_used is not None:
            names = separator.join(factors.get(name, name) for name in one.stratified_by)
            notes.append(say("stratified", language, factors=names, used=comparison.strata_used))
        if comparison.strata_empty:
            notes.append(say("stratified_empty", language, empty=comparison.strata_empty))
        if comparison.imputed is not None:
            notes.append(_imputed_note(results, comparison, comparison.imputed, language))
        if comparison.estimate.reason:
            reason = reason_in(comparison.estimate.reason, language)
            notes.append(say("undefined", language, reason=reason))
    return notes


def _at_last_visit(one: AnalysisResult, labels: dict[str, str], language: str) -> list[str]:
    """Of an outcome at several visits, whose values the groups' means are: those of the last visit."""
    if not any(g.distribution and g.distribution.count != g.analyzed for g in one.groups):
        return []
    separator = ", " if language == "en" else "，"
    shown = [
        f"{labels[g.arm]} n = {g.distribution.count}"
        for g in one.groups
        if g.distribution is not None
    ]
    return [say("at_last_visit", language, counts=separator.join(shown))]


def _seen_note(results: Results, grid: TippingGrid, comparison: Comparison, language: str) -> str:
    """Whom a tipping point's estimate is of, with its own denominators."""
    labels = arm_labels(results, language)
    events, everybody, events_2, everybody_2 = grid.seen
    return say(
        "of_those_seen", language, first=events, first_all=everybody,
        treatment=labels[comparison.treatment], second=events_2, second_all=everybody_2,
        control=labels[comparison.control],
    )  # fmt: skip


def _imputed_note(results: Results, comparison: Comparison, imputed: Imputed, language: str) -> str:
    """How what was not seen at the last visit was imputed, and of how many."""
    labels = arm_labels(results, language)
    return say(
        "imputed",
        language,
        strategy=say(f"strategy_{imputed.strategy}", language),
        count=imputed.imputations,
        first=imputed.values[0],
        first_all=imputed.participants[0],
        treatment=labels[comparison.treatment],
        second=imputed.values[1],
        second_all=imputed.participants[1],
        control=labels[comparison.control],
    )


def curve_table(results: Results, one: AnalysisResult, language: str) -> Table:
    """The curves on the grid of days: at risk, share without the event and its limits; the medians."""
    labels = arm_labels(results, language)
    columns = [Column(say("day", language))]
    for curve in one.curves:
        label = labels[curve.arm]
        share = f"{say('without_event', language)} ({level(one.confidence)}% CI)"
        columns.append(Column(say("at_risk", language), True, label))
        columns.append(Column(share, True, label))
    rows = []
    for index, day in enumerate(one.curves[0].grid):
        cells = [str(day)]
        for curve in one.curves:
            cells.append(str(curve.grid_at_risk[index]))
            cells.append(_survival_at(curve, day, language))
        rows.append(Row(tuple(cells)))
    medians = [say("median_days", language)]
    for curve in one.curves:
        medians += [
            "",
            median_shown(curve.median, curve.median_lower, curve.median_upper, language),
        ]
    rows.append(Row(tuple(medians)))
    return Table(
        f"curve-{one.id}",
        after(say("curve_table", language), text_of(one.endpoint_label, language), language),
        tuple(columns),
        tuple(rows),
    )


def _survival_at(curve: Curve, day: int, language: str) -> str:
    """The share without the event on a day; a dash after the last time, where nothing is known."""
    if not curve.times or day > curve.times[-1]:
        return DASH
    known = [index for index, time in enumerate(curve.times) if time <= day]
    if not known:
        return "100.0%"
    last = known[-1]
    limits = interval(100 * curve.lower[last], 100 * curve.upper[last], 1, language)
    return f"{number(100 * curve.survival[last], 1)}% ({limits})"


def median_shown(median: float, lower: float, upper: float, language: str) -> str:
    """A median time with its limits; `not reached` where the curve stays above one half."""
    shown = say("not_reached", language) if math.isnan(median) else number(median, 0)
    if math.isnan(lower) and math.isnan(upper):
        return shown
    return f"{shown} ({interval(lower, upper, 0, language)})"


def primary_sentence(results: Results, language: str) -> str:
    """The primary result with its interval: a sentence for each comparison of arms."""
    one = results.primary
    if one is None or not one.comparisons:
        return say("no_primary", language)
    joint = " " if language == "en" else ""
    return joint.join(_sentence(results, one, found, language) for found in one.comparisons)


def _sentence(results: Results, one: AnalysisResult, comparison: Comparison, language: str) -> str:
    estimate = comparison.estimate
    if estimate.reason and math.isnan(estimate.estimate):
        return say("primary_none", language, reason=reason_in(estimate.reason, language))
    labels = arm_labels(results, language)
    common = {
        "level": level(one.confidence),
        "interval": shown_interval(estimate, comparison.measure, one.decimals, language),
        "p": p_phrase(estimate.p),
    }
    if comparison.measure != "risk_difference":
        pair = against(comparison, labels, language)
        unit = readable_unit(one.unit, language) if comparison.measure not in RATIOS else ""
        shown = shown_estimate(estimate, comparison.measure, one.decimals)
        return say(
            "primary_plain",
            language,
            label=after(text_of(one.endpoint_label, language), pair, language),
            measure=known_or(comparison.measure, language),
            estimate=f"{shown} {unit}".rstrip(),
            **common,
        )
    groups = {group.arm: group for group in one.groups}
    treatment, control = groups[comparison.treatment], groups[comparison.control]
    return say(
        "primary_sentence",
        language,
        label=text_of(one.endpoint_label, language),
        events_1=treatment.events,
        total_1=treatment.analyzed,
        share_1=percent(treatment.events or 0, treatment.analyzed),
        treatment=labels[comparison.treatment],
        events_2=control.events,
        total_2=control.analyzed,
        share_2=percent(control.events or 0, control.analyzed),
        control=labels[comparison.control],
        difference=shown_estimate(estimate, comparison.measure, one.decimals),
        **common,
    )
