"""The distribution of an estimate over replicates: a dot each, those that stopped early filled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from ..format import number
from ..words import say
from .svg import ACCENT, INK, PAPER, frame, label, rule, short, width_of

_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 760.0, 24.0, 24.0, 46.0, 220.0
_BINS = 60
_WIDEST = 4.0


def replicates_figure(
    estimates: Sequence[float],
    stopped: Sequence[bool],
    marked: Mapping[str, float],
    title: str,
    language: str,
    *,
    decimals: int = 2,
    name: str = "replicates",
) -> str:
    """The figure as SVG. `stopped` goes with `estimates`; `marked` are estimates to be named above their place."""
    known = [
        (value, early)
        for value, early in zip(estimates, stopped, strict=True)
        if math.isfinite(value)
    ]
    values = [value for value, _ in known] or [0.0]
    low, high = min(*values, 0.0), max(*values, 0.0)
    room = (high - low) * 0.03 or 1.0
    low, high = low - room, high + room
    inner = _WIDTH - _LEFT - _RIGHT

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * inner

    bins: dict[int, list[bool]] = {}
    for value, early in sorted(known):
        bins.setdefault(min(int((value - low) / (high - low) * _BINS), _BINS - 1), []).append(early)
    tallest = max((len(one) for one in bins.values()), default=1)
    step = min(_PLOT / tallest, inner / _BINS)
    radius = min(step / 2 * 0.9, _WIDEST)
    ground = _TOP + _PLOT
    body = [
        rule(_LEFT, ground + 4, _WIDTH - _RIGHT, ground + 4, kind="axis"),
        rule(x(0), _TOP, x(0), ground + 4),
    ]
    for place, dots in sorted(bins.items()):
        center = _LEFT + (place + 0.5) / _BINS * inner
        for row, early in enumerate(sorted(dots, reverse=True)):
            style, fill = ("dot", ACCENT) if early else ("dot open", PAPER)
            body.append(
                f'<circle class="{style}" cx="{short(center)}" cy="{short(ground - (row + 0.5) * step)}" '
                f'r="{short(radius)}" fill="{fill}" stroke="{ACCENT}"/>'
            )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = low + room + share * (high - low - 2 * room)
        body.append(label(x(at), ground + 22, number(at, decimals), anchor="middle", soft=True))
    body += _marks(marked, x, ground)
    body.append(label(_WIDTH / 2, ground + 44, title, anchor="middle"))
    description = say(
        "replicates_desc", language, count=len(known), early=sum(early for _, early in known),
        low=number(min(values), decimals), high=number(max(values), decimals),
    )  # fmt: skip
    return frame(name, _WIDTH, ground + 58, say("replicates", language), description, body)


def _marks(marked: Mapping[str, float], x: Callable[[float], float], ground: float) -> list[str]:
    body: list[str] = []
    ends = [0.0, 0.0]
    for text, value in sorted(marked.items(), key=lambda one: one[1]):
        if not math.isfinite(value):
            continue
        wide = width_of(text, 11)
        left = min(max(x(value) - wide / 2, 2.0), _WIDTH - wide - 2)
        row = 0 if left >= ends[0] + 8 else 1
        ends[row] = left + wide
        top = 14.0 + 14 * row
        body.append(label(left, top, text, soft=True))
        body.append(
            f'<path stroke="{INK}" stroke-dasharray="1 3" fill="none" class="flow" '
            f'd="M{short(x(value))} {short(top + 4)}V{short(ground + 4)}"/>'
        )
    return body
