"""How often a design rejects, along values that were scanned: a panel a scenario, a line for each other setting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..format import number
from ..words import say
from .svg import ACCENT, INK, SOFT, frame, label, rule, short, width_of

_WIDTH, _LEFT, _RIGHT, _PLOT, _BELOW, _HEAD = 640.0, 56.0, 24.0, 170.0, 58.0, 34.0
_COLORS = (ACCENT, "#855400", INK, "#7a3d8f", "#a3303f", "#2f5f9e", SOFT)
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_Axis = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Rejecting:
    """A share of replicates that reject, its Monte Carlo error, and the scenario and settings (path, value) it is of."""

    scenario: str
    settings: tuple[tuple[str, str], ...]
    share: float
    error: float


def grid_figure(
    points: Sequence[Rejecting], analysis: str, language: str, name: str = "grid"
) -> str:
    """The figure as SVG. The first path of the settings runs along the panels; the others make lines."""
    scenarios = list(dict.fromkeys(one.scenario for one in points))
    lines = list(dict.fromkeys(one.settings[1:] for one in points))
    path = points[0].settings[0][0] if points and points[0].settings else ""
    values = list(dict.fromkeys(one.settings[0][1] for one in points if one.settings)) or [""]
    x = _along(values)
    body: list[str] = []
    top = _HEAD
    for line, others in enumerate(lines):
        if others:
            body.append(_key(line, top - 20))
            text = ", ".join(f"{place} = {value}" for place, value in others)
            body.append(label(_LEFT + 34, top - 16, text, soft=True))
            top += 18
    for scenario in scenarios:
        body.append(label(_LEFT, top - 8, say(f"scenario_{scenario}", language), bold=True))
        here = [one for one in points if one.scenario == scenario]
        highest = min(max(one.share + 1.96 * one.error for one in here) * 1.1 + 0.01, 1.0)
        body += _panel(here, lines, values, x, top, highest)
        top += _PLOT + _BELOW
    body.append(label(_WIDTH / 2, top - 22, path, anchor="middle", soft=True))
    foot = say("grid_foot", language, analysis=analysis)
    body.append(label(_WIDTH / 2, top - 2, foot, anchor="middle", soft=True))
    shares = [one.share for one in points] or [math.nan]
    description = say(
        "grid_desc", language, analysis=analysis, count=len(points),
        low=number(min(shares), 3), high=number(max(shares), 3),
    )  # fmt: skip
    return frame(name, _WIDTH, top + 12, say("grid", language), description, body)


def _along(values: Sequence[str]) -> dict[str, float]:
    """Where each value stands: by its size where all are numbers, else side by side in the order given."""
    inner = _WIDTH - _LEFT - _RIGHT - 40
    try:
        sizes = [float(value) for value in values]
    except ValueError:
        sizes = []
    if len(set(sizes)) < 2 or not all(map(math.isfinite, sizes)):
        step = inner / max(len(values) - 1, 1)
        start = _LEFT + 20 + (inner / 2 if len(values) == 1 else 0)
        return {value: start + at * step for at, value in enumerate(values)}
    low, high = min(sizes), max(sizes)
    return {
        value: _LEFT + 20 + (size - low) / (high - low) * inner
        for value, size in zip(values, sizes, strict=True)
    }


def _key(line: int, y: float) -> str:
    color, dash = _look(line)
    return (
        f'<path stroke="{color}" stroke-width="2" fill="none"{dash} '
        f'd="M{short(_LEFT)} {short(y)}h26"/>'
    )


def _look(line: int) -> tuple[str, str]:
    dash = _DASHES[line % len(_DASHES)]
    return _COLORS[line % len(_COLORS)], f' stroke-dasharray="{dash}"' if dash else ""


def _panel(
    points: Sequence[Rejecting],
    lines: Sequence[tuple[tuple[str, str], ...]],
    values: Sequence[str],
    x: dict[str, float],
    top: float,
    highest: float,
) -> list[str]:
    def y(share: float) -> float:
        return top + (1 - min(max(share, 0.0), highest) / highest) * _PLOT

    body = [rule(_LEFT, y(0), _WIDTH - _RIGHT, y(0), kind="axis")]
    for quarter in range(5):
        share = highest * quarter / 4
        if quarter:
            body.append(rule(_LEFT, y(share), _WIDTH - _RIGHT, y(share)))
        body.append(label(_LEFT - 8, y(share) + 4, number(share, 2), anchor="end", soft=True))
    end = 0.0
    for value in sorted(values, key=lambda one: x[one]):
        wide = width_of(value, 11)
        if x[value] - wide / 2 >= end + 6 or not end:
            body.append(label(x[value], y(0) + 18, value, anchor="middle", soft=True))
            end = x[value] + wide / 2
    for line, others in enumerate(lines):
        color, dash = _look(line)
        mine = sorted(
            (x[one.settings[0][1] if one.settings else ""], one)
            for one in points
            if one.settings[1:] == others
        )
        track = "L".join(f"{short(at)} {short(y(one.share))}" for at, one in mine)
        body.append(f'<path stroke="{color}" stroke-width="2" fill="none"{dash} d="M{track}"/>')
        for at, one in mine:
            low, high = y(one.share - 1.96 * one.error), y(one.share + 1.96 * one.error)
            body.append(
                f'<path stroke="{color}" fill="none" d="M{short(at)} {short(low)}V{short(high)}"/>'
            )
            body.append(
                f'<circle cx="{short(at)}" cy="{short(y(one.share))}" r="3.5" fill="{color}"/>'
            )
    return body
