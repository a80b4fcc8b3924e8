"""A forest: the effect by subgroup with its intervals, under that of everybody."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from equipoise.analysis.methods import Estimate
from equipoise.analysis.results import RATIOS, AnalysisResult, Comparison, Results

from ..format import interval, level, number, p_phrase
from ..tables.effects import scaled
from ..words import known_or, say, text_of
from .svg import ACCENT, INK, frame, label, rule, short, wrapped

_WIDTH, _TOP, _LINE = 900.0, 44.0, 22.0
_COUNTS, _PLOT_LEFT, _PLOT_RIGHT = 92.0, 470.0, 730.0
_LABEL = 262.0
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500)
_RATIO_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the figure: a heading, or an effect with how many are in it."""

    text: str
    counts: tuple[str, str] = ("", "")
    estimate: Estimate | None = None
    bold: bool = False
    beside: str = ""


def shown_subgroups(results: Results) -> list[tuple[AnalysisResult, Comparison]]:
    """The comparisons whose effect is given by subgroup and could be estimated in everybody."""
    return [
        (one, comparison)
        for one in results.analyses
        for comparison in one.comparisons
        if comparison.subgroups and math.isfinite(comparison.estimate.lower)
    ]


def forest_figure(
    results: Results, one: AnalysisResult, comparison: Comparison, language: str, name: str
) -> str:
    """Effects and intervals of one comparison by subgroup, as SVG."""
    ratio = comparison.measure in RATIOS
    lines = _lines(one, comparison, language)
    ends = [
        value
        for line in lines
        if line.estimate is not None
        for value in scaled(line.estimate, comparison.measure, one.decimals)[1:3]
        if math.isfinite(value) and (value > 0 or not ratio)
    ]
    ticks = _ticks(ends, ratio)
    low, high = ticks[0], ticks[-1]

    def place(value: float) -> float:
        return math.log(value) if ratio else value

    def x(value: float) -> float:
        inside = min(max(value, low), high)
        share = (place(inside) - place(low)) / (place(high) - place(low))
        return _PLOT_LEFT + share * (_PLOT_RIGHT - _PLOT_LEFT)

    bottom = _TOP + _LINE * len(lines)
    labels = {arm.id: text_of(arm.label, language) for arm in results.arms}
    treatment, control = labels[comparison.treatment], labels[comparison.control]
    body = []
    for column, arm in ((1, treatment), (2, control)):
        right = _LABEL + column * (_COUNTS + 8) - 8
        for nth, text in enumerate(wrapped(arm, _COUNTS - 6, 11, most=2)):
            body.append(label(right, 12 + 13 * nth, text, anchor="end", soft=True))
    body.append(
        label(
            _WIDTH,
            12,
            say("interval_ci", language, level=level(one.confidence)),
            anchor="end",
            soft=True,
        )
    )
    measure = known_or(comparison.measure, language)
    middle_of_plot = (_PLOT_LEFT + _PLOT_RIGHT) / 2
    body.append(label(middle_of_plot, 12, measure, anchor="middle", soft=True))
    none = 1.0 if ratio else 0.0
    for tick in ticks:
        kind = "axis" if tick == none else "rule"
        body.append(rule(x(tick), _TOP - 12, x(tick), bottom, kind=kind))
        places = 0 if all(float(one).is_integer() for one in ticks) else 2 if ratio else 1
        body.append(label(x(tick), bottom + 16, number(tick, places), anchor="middle", soft=True))
    for at, line in enumerate(lines):
        middle = _TOP + _LINE * at + _LINE / 2 - 6
        body += _drawn(line, middle, comparison.measure, one.decimals, x, (low, high), language)
    events = one.groups[0].events is not None
    words = ("fewer_with", "more_with") if events else ("less_with", "higher_with")
    below = bottom + 36
    fewer = wrapped(f"← {say(words[0], language, arm=treatment)}", x(none) - 16, 11, most=1)
    more = wrapped(f"{say(words[1], language, arm=treatment)} →", _WIDTH - x(none) - 12, 11, most=1)
    body.append(label(x(none) - 8, below, fewer[0], anchor="end", soft=True))
    body.append(label(x(none) + 8, below, more[0], soft=True))
    joint = "; " if language == "en" else "；"
    effects = joint.join(
        f"{line.text} {_written(line.estimate, comparison.measure, one.decimals, language)}"
        for line in lines
        if line.estimate is not None
    )
    title = f"{text_of(one.endpoint_label, language)}"
    description = say("subgroups_desc", language, label=title, measure=measure, effects=effects)
    return frame(name, _WIDTH, below + 12, title, description, body)


def _lines(one: AnalysisResult, comparison: Comparison, language: str) -> list[_Line]:
    groups = {group.arm: group for group in one.groups}
    whole = [groups[comparison.treatment], groups[comparison.control]]
    counts = [
        f"{group.events}/{group.analyzed}" if group.events is not None else str(group.analyzed)
        for group in whole
    ]
    lines = [
        _Line(
            say("all_participants", language),
            (counts[0], counts[1]),
            comparison.estimate,
            bold=True,
        )
    ]
    for group in comparison.subgroups:
        p = group.interaction.p
        said = "" if math.isnan(p) else f"{say('interaction_p', language)} {p_phrase(p)}"
        lines.append(_Line(text_of(group.label, language), bold=True, beside=said))
        for part in group.levels:
            cells = [
                f"{part.events[side]}/{part.analyzed[side]}"
                if part.events is not None
                else str(part.analyzed[side])
                for side in (0, 1)
            ]
            lines.append(_Line(text_of(part.label, language), (cells[0], cells[1]), part.estimate))
    return lines


def _drawn(
    line: _Line,
    middle: float,
    measure: str,
    decimals: int,
    x: Callable[[float], float],
    range_: tuple[float, float],
    language: str,
) -> list[str]:
    heading = line.estimate is None
    indent = 0.0 if heading or line.bold else 14.0
    text = wrapped(line.text, _LABEL - indent - 8, most=1)[0]
    out = [label(indent, middle + 4, text, bold=line.bold)]
    if line.beside:
        out.append(label(_WIDTH, middle + 4, line.beside, anchor="end", soft=True))
    for column, cell in ((1, line.counts[0]), (2, line.counts[1])):
        out.append(label(_LABEL + column * (_COUNTS + 8) - 8, middle + 4, cell, anchor="end"))
    if line.estimate is None:
        return out
    written = _written(line.estimate, measure, decimals, language)
    out.append(label(_WIDTH, middle + 4, written, anchor="end", bold=line.bold))
    value, lower, upper, _ = scaled(line.estimate, measure, decimals)
    if math.isnan(value) or math.isnan(lower) or math.isnan(upper):
        return out
    low, high = range_
    kind, color = ("lined", ACCENT) if line.bold else ("lined second", INK)
    # an end that leaves the scale is an arrow
    left, right = x(lower), x(upper)
    ends = (
        f"M{short(left + 5)} {short(middle - 4)}l-5 4l5 4" if lower < low
        else f"M{short(left)} {short(middle - 4)}v8",
        f"M{short(right - 5)} {short(middle - 4)}l5 4l-5 4" if upper > high
        else f"M{short(right)} {short(middle - 4)}v8",
    )  # fmt: skip
    out.append(
        f'<path class="{kind}" stroke-dasharray="none" fill="none" stroke="{color}" stroke-width="2" '
        f'd="M{short(left)} {short(middle)}H{short(right)}{ends[0]}{ends[1]}"/>'
    )
    if low <= value <= high:
        half = 5.0 if line.bold else 3.5
        dot = "dot" if line.bold else "dot second"
        out.append(
            f'<rect class="{dot}" x="{short(x(value) - half)}" y="{short(middle - half)}" '
            f'width="{short(2 * half)}" height="{short(2 * half)}" fill="{color}"/>'
        )
    return out


def _written(estimate: Estimate | None, measure: str, decimals: int, language: str) -> str:
    if estimate is None or math.isnan(estimate.estimate):
        return say("not_estimable", language)
    value, lower, upper, places = scaled(estimate, measure, decimals)
    return f"{number(value, places)} ({interval(lower, upper, places, language)})"


def _ticks(ends: list[float], ratio: bool) -> list[float]:
    """Round values that hold the intervals and the value of no effect; ratios no wider than twentyfold."""
    if ratio:
        low, high = min([*ends, 0.5]), max([*ends, 2.0])
        inside = [tick for tick in _RATIO_TICKS if low <= tick <= high]
        first = max((tick for tick in _RATIO_TICKS if tick <= low), default=_RATIO_TICKS[0])
        last = min((tick for tick in _RATIO_TICKS if tick >= high), default=_RATIO_TICKS[-1])
        return sorted({first, *inside, last})
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    step = next((one for one in _STEPS if (high - low) / one <= 6), 1000.0)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * at for at in range(first, max(last, first + 1) + 1)]
