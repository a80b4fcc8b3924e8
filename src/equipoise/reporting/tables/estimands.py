"""Who was analyzed and under which estimand: analysis sets, intercurrent events, strategies side by side."""

from __future__ import annotations

from equipoise.analysis.estimand_results import Estimands, IntercurrentArm, Reason, ReasonCount
from equipoise.analysis.results import AnalysisResult, GroupSummary, Results

from ..format import DASH, count_percent, level, number, p_value
from ..table import Column, Row, Table
from ..words import after, known_or, say, text_of
from .effects import against, shown_estimate, shown_interval
from .people import arm_labels, data_use_note, mean_sd


def reason_shown(reason: Reason | ReasonCount, language: str) -> str:
    """Why somebody is not in a set, in the protocol's words or in those of the category."""
    return text_of(reason.text, language) if reason.text else known_or(reason.id, language)


def sets_table(results: Results, language: str) -> Table:
    """The analysis sets by arm, with the reasons of those kept out."""
    labels = arm_labels(results, language)
    totals = [arm.randomized for arm in results.arms]
    columns = [Column(say("analysis_set", language))]
    columns += [Column(f"{labels[arm.id]} (n = {arm.randomized})", True) for arm in results.arms]
    columns.append(Column(f"{say('all', language)} (n = {sum(totals)})", True))
    rows = []
    for one in results.sets:
        counts = (*one.members, sum(one.members))
        shown = [count_percent(n, t) for n, t in zip(counts, (*totals, sum(totals)), strict=True)]
        rows.append(Row((text_of(one.label, language), *shown)))
        for reason in one.reasons:
            kept = [f"−{count}" if count else "0" for count in (*reason.counts, sum(reason.counts))]
            rows.append(Row((reason_shown(reason, language), *kept), 1))
    notes = [say("sets_note", language), *data_use_note(results, language)]
    with_product = [arm.has_product for arm in results.flow.arms]
    if any(with_product) and not all(with_product):
        notes.append(say("treated_note", language))
    if results.dummy_arms:
        notes.append(say("dummy_doses", language))
    title = say("analysis_sets", language)
    return Table("analysis-sets", title, tuple(columns), tuple(rows), tuple(notes))


def kept_out_table(results: Results, language: str) -> Table:
    """Every participant who is not in a set, with all reasons."""
    labels = arm_labels(results, language)
    sets = {one.id: text_of(one.label, language) for one in results.sets}
    joint = "; " if language == "en" else "；"
    rows = [
        Row(
            (
                one.participant,
                labels[one.arm],
                sets[one.set],
                joint.join(reason_shown(reason, language) for reason in one.reasons),
            )
        )
        for one in results.kept_out
    ]
    columns = tuple(
        Column(say(key, language)) for key in ("participant", "arm", "analysis_set", "reasons")
    )
    notes = () if rows else (say("nobody_kept_out", language),)
    return Table("exclusions", say("kept_out", language), columns, tuple(rows), notes)


def intercurrent_table(results: Results, language: str) -> Table:
    """Intercurrent events by arm: participants, and the median day on which it happened to them first."""
    labels = arm_labels(results, language)
    sizes = {arm.id: arm.randomized for arm in results.arms}
    columns = [Column(say("intercurrent", language))]
    for arm in results.arms:
        group = f"{labels[arm.id]} (n = {arm.randomized})"
        columns.append(Column("n (%)", True, group))
        columns.append(Column(say("median_day", language), True, group))
    rows = []
    for event in results.intercurrent:
        cells = [text_of(event.label, language)]
        for found in event.arms:
            cells += _happened(found, sizes[found.arm]) if event.shown else [DASH, DASH]
        rows.append(Row(tuple(cells)))
    notes = [say("intercurrent_note", language)]
    if not all(event.shown for event in results.intercurrent):
        notes.append(say("dummy_doses", language))
    title = say("intercurrent_events", language)
    return Table("intercurrent", title, tuple(columns), tuple(rows), tuple(notes))


def _happened(arm: IntercurrentArm, size: int) -> list[str]:
    if not arm.applies:
        return [DASH, DASH]
    day = DASH if arm.median_day is None else number(arm.median_day, 0)
    return [count_percent(arm.participants, size), day]


def estimands_table(results: Results, one: Estimands, language: str) -> Table:
    """One variable under several strategies: a column each, the strategy for every event, groups, effect."""
    labels = arm_labels(results, language)
    events = {event.id: text_of(event.label, language) for event in results.intercurrent}
    analyses = [results.analysis(row.analysis) for row in one.rows]
    columns = [Column("")]
    columns += [Column(text_of(found.endpoint_label, language)) for found in analyses]
    blank = ("",) * len(analyses)
    rows = [Row((say("strategy_for", language), *blank), section=True)]
    for event in one.events:
        cells = [
            say(f"strategy_{row.strategies[event]}", language) if event in row.strategies else DASH
            for row in one.rows
        ]
        rows.append(Row((events[event], *cells), 1))
    rows.append(Row((say("result", language), *blank), section=True))
    for arm in dict.fromkeys(group.arm for found in analyses for group in found.groups):
        cells = [
            next((_group(group, found) for group in found.groups if group.arm == arm), DASH)
            for found in analyses
        ]
        rows.append(Row((labels[arm], *cells), 1))
    for at, comparison in enumerate(analyses[0].comparisons):
        found = [(analysis, analysis.comparisons[at]) for analysis in analyses]
        title = known_or(comparison.measure, language)
        if len(analyses[0].comparisons) > 1:
            title = after(against(comparison, labels, language), title, language)
        effects = [shown_estimate(c.estimate, c.measure, a.decimals) for a, c in found]
        limits = [shown_interval(c.estimate, c.measure, a.decimals, language) for a, c in found]
        rows.append(Row((title, *effects), 1))
        shown = say("interval_ci", language, level=level(analyses[0].confidence))
        rows.append(Row((shown, *limits), 2))
        rows.append(Row((say("p_value", language), *(p_value(c.estimate.p) for _, c in found)), 2))
    return Table(
        f"estimands-{one.id}",
        after(say("estimands", language), text_of(one.label, language), language),
        tuple(columns),
        tuple(rows),
        (say("estimands_note", language),),
    )


def _group(group: GroupSummary, one: AnalysisResult) -> str:
    if group.events is not None:
        share = count_percent(group.events, group.analyzed)
        return share.replace(" (", f"/{group.analyzed} (") if group.analyzed else share
    assert group.distribution is not None
    return f"{mean_sd(group.distribution, one.decimals)}, n = {group.analyzed}"
