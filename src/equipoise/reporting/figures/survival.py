"""Kaplan–Meier curves with limits, censoring marks and the numbers at risk under the axis."""

from __future__ import annotations

import math
from collections.abc import Callable

from equipoise.analysis.results import AnalysisResult, Curve, Results

from ..format import level, number, p_phrase
from ..words import after, say, text_of
from .svg import ACCENT, SOFT, frame, label, rule, short, width_of

_WIDTH, _TOP, _PLOT, _RIGHT = 760.0, 16.0, 300.0, 20.0
_STYLES = (
    ("lined", ACCENT, ""),
    ("lined second", SOFT, "6 3"),
    ("", "#855400", "2 3"),
    ("", "#1b6b3b", "10 3 2 3"),
    ("", "#ad241b", "1 3"),
)
"""Class, color and dashes by arm; no two differ in color alone."""


def survival_figure(
    results: Results, analysis: AnalysisResult, language: str, name: str = "curves"
) -> str:
    """The curves of an analysis, as SVG."""
    labels = {arm.id: text_of(arm.label, language) for arm in results.arms}
    curves = analysis.curves
    grid = curves[0].grid if curves else (0,)
    longest = float(max(grid[-1], 1))
    left = max(64.0, 32 + max((width_of(labels[c.arm], 11) for c in curves), default=0.0))

    def x(day: float) -> float:
        return left + day / longest * (_WIDTH - left - _RIGHT)

    def y(share: float) -> float:
        return _TOP + (1 - share) * _PLOT

    body = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        body.append(
            rule(left, y(share), _WIDTH - _RIGHT, y(share), kind="axis" if share == 0 else "rule")
        )
        body.append(
            label(left - 8, y(share) + 4, f"{number(100 * share, 0)}%", anchor="end", soft=True)
        )
    for day in grid:
        body.append(rule(x(day), y(0), x(day), y(0) + 4, kind="axis"))
        body.append(label(x(day), y(0) + 18, str(day), anchor="middle", soft=True))
    middle = (left + _WIDTH - _RIGHT) / 2
    body.append(label(middle, y(0) + 36, say("days_from", language), anchor="middle", soft=True))
    styles = [_STYLES[index % len(_STYLES)] for index in range(len(curves))]
    for curve, style in zip(curves, styles, strict=True):
        body.append(_limits(curve, style[1], x, y))
    for curve, style in zip(curves, styles, strict=True):
        body.append(_steps(curve, style, x, y))

    legend_y, legend_x = _TOP + 14, (left + _WIDTH - _RIGHT) / 2 + 40
    beside = _log_rank(results, analysis)
    if all(_room_below(curve) for curve in curves):
        legend_y = y(0) - 16 * (len(curves) + (1 if beside else 0)) + 4
        legend_x = left + 14
    for index, (curve, style) in enumerate(zip(curves, styles, strict=True)):
        at = legend_y + 16 * index
        body.append(_sample(legend_x, at - 4, style))
        happened = sum(curve.events)
        total = happened + sum(curve.censored)
        events = say("events_of", language, arm=labels[curve.arm], events=happened, total=total)
        body.append(label(legend_x + 34, at, events))
    if beside:
        at = legend_y + 16 * len(curves)
        body.append(label(legend_x + 34, at, say(beside[0], language, p=beside[1]), soft=True))

    table = y(0) + 62
    body.append(label(4, table, say("at_risk", language), bold=True))
    for index, curve in enumerate(curves):
        at = table + 18 * (index + 1)
        body.append(label(4, at, labels[curve.arm], soft=True))
        for day, count in zip(curve.grid, curve.grid_at_risk, strict=True):
            body.append(label(x(day), at, str(count), anchor="middle", soft=True))
    medians = " ".join(
        say("median_of", language, arm=labels[c.arm], median=_median(c, language)) for c in curves
    )
    description = say("curves_desc", language, level=level(analysis.confidence), medians=medians)
    title = after(text_of(analysis.endpoint_label, language), say("curves", language), language)
    height = table + 18 * len(curves) + 10
    return frame(name, _WIDTH, height, title, description, body)


def _median(curve: Curve, language: str) -> str:
    return say("not_reached", language) if math.isnan(curve.median) else number(curve.median, 0)


def _room_below(curve: Curve) -> bool:
    """Whether the curve leaves the lower left of the plot free for the legend."""
    early = 0.45 * curve.grid[-1]
    pairs = zip(curve.times, curve.lower, strict=True)
    return not any(time <= early and below < 0.35 for time, below in pairs)


def _log_rank(results: Results, analysis: AnalysisResult) -> tuple[str, str] | None:
    """The p-value of the log-rank analysis of the same endpoint, where there is one comparison, and its words."""
    for one in results.analyses:
        same = one.endpoint == analysis.endpoint and one.population == analysis.population
        if same and one.method == "log_rank" and len(one.comparisons) == 1:
            p = one.comparisons[0].estimate.p
            words = "log_rank_stratified" if one.stratified_by else "log_rank_p"
            return None if math.isnan(p) else (words, p_phrase(p))
    return None


_Axis = Callable[[float], float]


def _steps(curve: Curve, style: tuple[str, str, str], x: _Axis, y: _Axis) -> str:
    """The curve as steps, with a tick where somebody was censored."""
    path = [f"M{short(x(0))} {short(y(1))}"]
    ticks = []
    share = 1.0
    for time, events, censored, survival in zip(
        curve.times, curve.events, curve.censored, curve.survival, strict=True
    ):
        path.append(f"H{short(x(time))}")
        if events:
            share = survival
            path.append(f"V{short(y(share))}")
        if censored:
            ticks.append(f"M{short(x(time))} {short(y(share) - 4)}v8")
    name, color, dashes = style
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    classed = f' class="{name}"' if name else ""
    line = f'<path{classed} fill="none" stroke="{color}" stroke-width="2"{dashed} d="{"".join(path)}"/>'
    marks = f'<path{classed} fill="none" stroke="{color}" d="{"".join(ticks)}"/>'
    return line + (marks if ticks else "")


def _limits(curve: Curve, color: str, x: _Axis, y: _Axis) -> str:
    """The band between the pointwise limits, from the first event to the last time they are defined."""
    upper, lower = [], []
    high = low = 1.0
    for time, above, below in zip(curve.times, curve.upper, curve.lower, strict=True):
        if math.isnan(above) or math.isnan(below):
            break
        upper += [(time, high), (time, above)]
        lower += [(time, low), (time, below)]
        high, low = above, below
    points = upper + lower[::-1]
    if not points:
        return ""
    path = "L".join(f"{short(x(time))} {short(y(share))}" for time, share in points)
    return f'<path fill="{color}" fill-opacity="0.12" stroke="none" d="M{path}Z"/>'


def _sample(x: float, y: float, style: tuple[str, str, str]) -> str:
    """A piece of the curve for the legend."""
    name, color, dashes = style
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    classed = f' class="{name}"' if name else ""
    return (
        f'<path{classed} fill="none" stroke="{color}" stroke-width="2"{dashed} '
        f'd="M{short(x)} {short(y)}h26"/>'
    )
