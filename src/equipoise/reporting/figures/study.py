"""Every figure of a study, in order."""

from __future__ import annotations

from dataclasses import replace

from equipoise.analysis import Results

from ..paper import Figure
from ..tables.parts import part_caption, part_id
from ..tables.study import cut_line, with_curves
from ..words import after, say, text_of
from .effects import effects_figure, shown_effects
from .flow import flow_figure
from .forest import forest_figure, shown_subgroups
from .survival import survival_figure


def study_figures(results: Results, language: str) -> tuple[Figure, ...]:
    """Every figure of the results: flow, risk differences, curves, forests of subgroups."""
    figures = [
        Figure(
            "flow", say("flow", language), flow_figure(results, language, "figure-flow"), ("flow",)
        )
    ]
    if shown_effects(results):
        svg = effects_figure(results, language, "figure-effects")
        shown = dict.fromkeys(f"analysis-{one.id}" for one, _ in shown_effects(results))
        figures.append(Figure("effects", say("effects", language), svg, tuple(shown)))
    for one in with_curves(results):
        name = f"curves-{one.id}"
        svg = survival_figure(results, one, language, f"figure-{name}")
        caption = after(text_of(one.endpoint_label, language), say("curves", language), language)
        figures.append(Figure(name, caption, svg, (f"curve-{one.id}",)))
    for one, comparison in shown_subgroups(results):
        name = part_id("subgroups", one, comparison)
        svg = forest_figure(results, one, comparison, language, f"figure-{name}")
        caption = part_caption("subgroups", results, one, comparison, language)
        figures.append(Figure(name, caption, svg, (name,)))
    foot = cut_line(results, language)
    return tuple(replace(figure, foot=foot) for figure in figures)
