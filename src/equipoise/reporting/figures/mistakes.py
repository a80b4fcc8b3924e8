"""The same replicates with each kind of staff: an estimate each, joined where the replicate is the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..format import number
from ..words import say
from .svg import ACCENT, SOFT, frame, label, rule, short

_WIDTH, _LEFT, _RIGHT, _PLOT = 560.0, 70.0, 40.0, 190.0


def mistakes_figure(
    points: Mapping[str, Sequence[Mapping[str, float]]], language: str, name: str = "mistakes"
) -> str:
    """The figure as SVG: for each comparison one panel; `points` are a replicate's estimates by kind of staff."""
    body: list[str] = []
    top = 34.0
    for comparison, replicates in points.items():
        body.append(label(4, top - 16, comparison, bold=True))
        body += _panel(replicates, top, language)
        top += _PLOT + 74
    count = max((len(one) for one in points.values()), default=0)
    description = say("mistakes_desc", language, count=count)
    return frame(name, _WIDTH, top - 20, say("mistakes", language), description, body)


def _panel(replicates: Sequence[Mapping[str, float]], top: float, language: str) -> list[str]:
    kinds = tuple(replicates[0])
    known = [value for one in replicates for value in one.values() if math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.08 or 1.0
    low, high = low - room, high + room

    def x(kind: int) -> float:
        return _LEFT + (kind + 0.5) / len(kinds) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return top + (high - value) / (high - low) * _PLOT

    body = [rule(_LEFT, y(0), _WIDTH - _RIGHT, y(0), kind="axis")]
    for share in (0.0, 0.5, 1.0):
        at = low + room + share * (high - low - 2 * room)
        body.append(rule(_LEFT, y(at), _WIDTH - _RIGHT, y(at)))
        body.append(label(_LEFT - 8, y(at) + 4, number(at, 2), anchor="end", soft=True))
    for one in replicates:
        places = [
            (x(at), y(one[kind])) for at, kind in enumerate(kinds) if math.isfinite(one[kind])
        ]
        path = "L".join(f"{short(a)} {short(b)}" for a, b in places)
        body.append(f'<path stroke="{SOFT}" stroke-width="1" fill="none" d="M{path}"/>')
        body += [
            f'<circle cx="{short(a)}" cy="{short(b)}" r="3.5" fill="{ACCENT}"/>' for a, b in places
        ]
    for at, kind in enumerate(kinds):
        body.append(
            label(
                x(at), top + _PLOT + 20, say(f"staff_{kind}", language), anchor="middle", soft=True
            )
        )
    return body
