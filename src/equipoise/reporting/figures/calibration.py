"""A natural history beside what was published: each figure with its interval, and the model's answer in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise.rehearsal.calibration import Answer, Calibration, Target

from ..words import say
from .svg import ACCENT, INK, SOFT, frame, label, rule, short, wrapped

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760.0, 390.0, 70.0, 22.0, 30.0


def calibration_figure(
    calibration: Calibration, answers: Sequence[Answer], language: str, name: str = "calibration"
) -> str:
    """The figure as SVG: shares on a scale of per cent, days on one of days, population by population."""
    body: list[str] = []
    y = _TOP
    for population in calibration.populations:
        rows = [one for one in answers if one.target.population == population.id]
        if not rows:
            continue
        for line in wrapped(population.label, _WIDTH - 20, 12, 2):
            body.append(label(4, y, line, bold=True))
            y += 18
        longest = max(
            (one.target.interval[1] for one in rows if not _is_share(one.target)), default=1.0
        )
        for one in rows:
            body += _row(one, y, 1.0 if _is_share(one.target) else longest * 1.25, language)
            y += _ROW
        y += 12
    for at, kind, color, key in (
        (4.0, "published", SOFT, "calibration_published"),
        (250.0, "model", ACCENT, "calibration_model"),
    ):
        body.append(_mark(at + 8, y, color, hollow=kind == "published"))
        body.append(label(at + 20, y + 4, say(key, language), soft=True))
    inside = sum(one.inside for one in answers)
    description = say("calibration_desc", language, inside=inside, total=len(answers))
    return frame(name, _WIDTH, y + 20, say("calibration", language), description, body)


def _is_share(target: Target) -> bool:
    return target.measure in ("share", "share_on_day")


def _row(one: Answer, y: float, longest: float, language: str) -> list[str]:
    target = one.target

    def x(value: float) -> float:
        return _LEFT + min(value / longest, 1.0) * (_WIDTH - _LEFT - _RIGHT)

    lower, upper = target.interval
    words = say(f"calibration_{target.measure}", language, high=target.at_least, day=target.day)
    text = f"{words}: {target.source}"
    found = one.found if math.isfinite(one.found) else longest
    value = f"{100 * one.found:.0f}%" if _is_share(target) else f"{one.found:g} d"
    return [
        label(14, y + 4, wrapped(text, _LEFT - 30, 11, 1)[0], soft=True),
        rule(x(0), y, _WIDTH - _RIGHT, y),
        f'<path stroke="{SOFT}" stroke-width="2" fill="none" d="M{short(x(lower))} {short(y)}H{short(x(upper))}"/>',
        _mark(x(target.published), y, SOFT, hollow=True),
        _mark(x(found), y, ACCENT if one.inside else "#ad241b"),
        label(_WIDTH - _RIGHT + 10, y + 4, value, fill=INK if one.inside else "#ad241b"),
    ]


def _mark(x: float, y: float, color: str, *, hollow: bool = False) -> str:
    if hollow:
        return (
            f'<circle cx="{short(x)}" cy="{short(y)}" r="4" fill="none" stroke="{color}" '
            'stroke-width="1.5"/>'
        )
    return f'<path fill="{color}" d="M{short(x)} {short(y - 5)}l5 5l-5 5l-5 -5Z"/>'
