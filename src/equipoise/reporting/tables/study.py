"""Every table of the study report, in order."""

from __future__ import annotations

from dataclasses import replace

from equipoise.analysis import Results
from equipoise.analysis.results import AnalysisResult

from ..table import Table
from ..words import say
from .effects import analyses_table, analysis_table, curve_table
from .estimands import estimands_table, intercurrent_table, kept_out_table, sets_table
from .families import family_table
from .parts import part_tables
from .people import baseline_table, criteria_table, deviations_table, flow_table
from .safety import (
    adverse_events_table,
    exposure_table,
    grades_table,
    narratives_table,
    rates_table,
    related_table,
    serious_table,
    shifts_table,
)


def cut_line(results: Results, language: str) -> str:
    """The line that names the data cut; it stands under every table and figure."""
    position = results.position
    return say("cut_line", language, seq=position.seq, on=position.on, code=position.code)


def with_curves(results: Results) -> tuple[AnalysisResult, ...]:
    """The analyses whose curves are shown: the first for each endpoint and analysis set."""
    first: dict[tuple[str, str], AnalysisResult] = {}
    for one in results.analyses:
        if one.curves:
            first.setdefault((one.endpoint, one.population), one)
    return tuple(first.values())


def study_tables(results: Results, language: str) -> tuple[Table, ...]:
    """All tables of the results in a language, each with the data cut at its foot."""
    tables = [flow_table(results, language)]
    if results.flow.criteria:
        tables.append(criteria_table(results, language))
    if results.deviations:
        tables.append(deviations_table(results, language))
    tables.append(baseline_table(results, language))
    tables.append(analyses_table(results, language))
    for one in results.analyses:
        tables += [analysis_table(results, one, language), *part_tables(results, one, language)]
    tables += [curve_table(results, one, language) for one in with_curves(results)]
    if results.sets:
        tables += [sets_table(results, language), kept_out_table(results, language)]
    if results.intercurrent:
        tables.append(intercurrent_table(results, language))
    tables += [estimands_table(results, one, language) for one in results.estimands]
    tables += [family_table(results, one, language) for one in results.families]
    if results.exposure:
        tables.append(exposure_table(results, language))
    tables.append(adverse_events_table(results, language))
    tables.append(related_table(results, language))
    tables.append(rates_table(results, language))
    tables.append(serious_table(results, language))
    if results.serious:
        tables.append(narratives_table(results, language))
    if results.shifts:
        tables.append(shifts_table(results, language))
    if results.grades:
        tables.append(grades_table(results, language))
    foot = cut_line(results, language)
    return tuple(replace(table, foot=foot) for table in tables)
