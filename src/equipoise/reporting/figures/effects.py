"""The risk differences of the declared analyses with their intervals: the primary first."""

from __future__ import annotations

import math
from collections.abc import Callable

from equipoise.analysis.results import AnalysisResult, Comparison, Results

from ..format import count_percent, interval, level, number
from ..words import known_or, say, text_of
from .svg import ACCENT, INK, frame, label, rule, short, wrapped

_WIDTH, _TOP, _LINE = 900.0, 40.0, 15.0
_LABEL, _COUNTS, _PLOT_LEFT, _PLOT_RIGHT = 270.0, 96.0, 496.0, 732.0
_WORDS = 294.0
"""Room for the words beside the counts, which are flush right and shorter than their column."""
_STEPS = (1, 2, 5, 10, 20, 25, 50)


def shown_effects(results: Results) -> list[tuple[AnalysisResult, Comparison]]:
    """The comparisons that are risk differences and could be estimated, primary ones first; tipping points, which are
    of those seen only, have a table of their own."""
    found = [
        (one, comparison)
        for one in results.analyses
        for comparison in one.comparisons
        if comparison.measure == "risk_difference"
        and comparison.grid is None
        and not math.isnan(comparison.estimate.lower)
    ]
    return sorted(found, key=lambda pair: pair[0].role != "primary")


def effects_figure(results: Results, language: str, name: str = "effects") -> str:
    """An interval figure in points of percent, as SVG."""
    rows = shown_effects(results)
    labels = {arm.id: text_of(arm.label, language) for arm in results.arms}
    low = min((100 * c.estimate.lower for _, c in rows), default=-10.0)
    high = max((100 * c.estimate.upper for _, c in rows), default=10.0)
    low, high = min(low, 0.0), max(high, 0.0)
    step = next((s for s in _STEPS if (high - low) / s <= 6), 100)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)

    def x(value: float) -> float:
        return _PLOT_LEFT + (value - first * step) / ((last - first) * step) * (
            _PLOT_RIGHT - _PLOT_LEFT
        )

    labeled = [_label_lines(one, language) for one, _ in rows]
    tops = [_TOP]
    for endpoint, analysis in labeled:
        tops.append(tops[-1] + _LINE * max(len(endpoint) + len(analysis), 2) + 16)
    bottom = tops[-1]
    body = []
    pairs = [(c.treatment, c.control) for _, c in rows]
    treatment, control = pairs[0] if pairs else ("", "")
    for column, arm in ((1, treatment), (2, control)) if pairs else ():
        for nth, line in enumerate(wrapped(labels[arm], _COUNTS - 8, 11, most=2)):
            right = _LABEL + column * (_COUNTS + 8) - 8
            body.append(label(right, 12 + 13 * nth, line, anchor="end", soft=True))
    shown_level = level(rows[0][0].confidence) if rows else "95"
    body.append(
        label(_WIDTH, 12, say("interval_ci", language, level=shown_level), anchor="end", soft=True)
    )
    middle_of_plot = (_PLOT_LEFT + _PLOT_RIGHT) / 2
    body.append(
        label(middle_of_plot, 12, say("risk_difference", language), anchor="middle", soft=True)
    )
    for tick in range(first, last + 1):
        at = x(tick * step)
        body.append(rule(at, _TOP - 6, at, bottom, kind="axis" if tick == 0 else "rule"))
        body.append(label(at, bottom + 16, number(tick * step, 0), anchor="middle", soft=True))
    for index, (one, comparison) in enumerate(rows):
        span = tops[index], tops[index + 1]
        body.append(_row(one, comparison, labeled[index], span, x, language))
    height = bottom + 26
    if pairs:
        zero, arm = x(0), labels[treatment]
        fewer = wrapped(f"← {say('fewer_with', language, arm=arm)}", zero - 16, 11, most=2)
        more = wrapped(f"{say('more_with', language, arm=arm)} →", _WIDTH - zero - 12, 11, most=2)
        for nth, line in enumerate(fewer):
            body.append(label(zero - 8, bottom + 36 + 14 * nth, line, anchor="end", soft=True))
        for nth, line in enumerate(more):
            body.append(label(zero + 8, bottom + 36 + 14 * nth, line, soft=True))
        height += 14 * max(len(fewer), len(more)) + 4
    description = " ".join(
        say(
            "effects_desc",
            language,
            label=text_of(one.label, language),
            estimate=number(100 * c.estimate.estimate, 1),
            interval=interval(100 * c.estimate.lower, 100 * c.estimate.upper, 1, language),
        )
        for one, c in rows
    )
    title = say("risk_difference", language)
    return frame(name, _WIDTH, height, title, description, body)


def _label_lines(one: AnalysisResult, language: str) -> tuple[list[str], list[str]]:
    """The endpoint, and under it the analysis with its role, each in at most two lines."""
    role = known_or(f"role_{one.role}", language)
    analysis = (
        f"{text_of(one.label, language)} ({role})" if one.label != one.endpoint_label else role
    )
    endpoint = text_of(one.endpoint_label, language)
    return wrapped(endpoint, _WORDS, most=2), wrapped(analysis, _WORDS, 11, most=2)


def _row(
    one: AnalysisResult,
    comparison: Comparison,
    words: tuple[list[str], list[str]],
    span: tuple[float, float],
    x: Callable[[float], float],
    language: str,
) -> str:
    """A line of the figure: what, how many in each arm, the interval drawn and written."""
    primary = one.role == "primary"
    middle = (span[0] + span[1]) / 2
    endpoint, analysis = words
    out = []
    baseline = middle - _LINE * (len(endpoint) + len(analysis)) / 2 + 11
    for number_of, line in enumerate([*endpoint, *analysis]):
        lower_part = number_of >= len(endpoint)
        bold = primary and not lower_part
        out.append(label(0, baseline + _LINE * number_of, line, bold=bold, soft=lower_part))
    groups = {group.arm: group for group in one.groups}
    for column, arm in ((1, comparison.treatment), (2, comparison.control)):
        group = groups[arm]
        right = _LABEL + column * (_COUNTS + 8) - 8
        share = count_percent(group.events or 0, group.analyzed)
        out.append(label(right, middle + 4, share, anchor="end"))
    estimate = comparison.estimate
    lower, value, upper = (x(100 * v) for v in (estimate.lower, estimate.estimate, estimate.upper))
    kind, color = ("lined", ACCENT) if primary else ("lined second", INK)
    out.append(
        f'<path class="{kind}" stroke-dasharray="none" fill="none" stroke="{color}" stroke-width="2" '
        f'd="M{short(lower)} {short(middle)}H{short(upper)}'
        f'M{short(lower)} {short(middle - 5)}v10M{short(upper)} {short(middle - 5)}v10"/>'
    )
    half = 5.5 if primary else 4.0
    dot = "dot" if primary else "dot second"
    out.append(
        f'<rect class="{dot}" x="{short(value - half)}" y="{short(middle - half)}" '
        f'width="{short(2 * half)}" height="{short(2 * half)}" fill="{color}"/>'
    )
    limits = interval(100 * estimate.lower, 100 * estimate.upper, 1, language)
    out.append(
        label(
            _WIDTH,
            middle + 4,
            f"{number(100 * estimate.estimate, 1)} ({limits})",
            anchor="end",
            bold=primary,
        )
    )
    return "".join(out)
