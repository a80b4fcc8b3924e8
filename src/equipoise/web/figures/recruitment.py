"""Recruitment: how many were randomized by each day, against the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .svg import Say, escaped, short

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 240, 44, 26


@dataclass(frozen=True, slots=True)
class Recruitment:
    """`randomized` are the days of randomization, one for each participant."""

    randomized: Sequence[date]
    target: int
    start: date
    today: date


def recruitment_chart(recruitment: Recruitment, say: Say = str) -> str:
    """Cumulative randomizations as a line, the target as a dashed one."""
    end = recruitment.today
    days = max((end - recruitment.start).days, 1)
    highest = max(recruitment.target, len(recruitment.randomized), 1)

    def x(day: date) -> float:
        return LEFT + (day - recruitment.start).days / days * (WIDTH - LEFT - 8)

    def y(count: float) -> float:
        return HEIGHT - BOTTOM - count / highest * (HEIGHT - BOTTOM - 14)

    out = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        count = round(highest * share)
        out.append(f'<path class="rule" d="M{LEFT} {short(y(count))}H{WIDTH}"/>')
        out.append(
            f'<text class="t-soft t-end" x="{LEFT - 6}" y="{short(y(count) + 4)}">{count}</text>'
        )
    month = recruitment.start.replace(day=1)
    every = max(1, round(days / 30 / 8))
    number = 0
    while month <= end:
        if month >= recruitment.start and number % every == 0:
            out.append(
                f'<text class="t-soft t-mid" x="{short(max(x(month), LEFT + 20))}" y="{HEIGHT - 8}">{month:%Y-%m}</text>'
            )
        number += 1
        month = (month + timedelta(days=32)).replace(day=1)
    out.append(
        f'<path class="lined second" d="M{LEFT} {short(y(recruitment.target))}H{WIDTH - 8}"/>'
    )
    path = [f"M{short(x(recruitment.start))} {short(y(0))}"]
    for count, day in enumerate(sorted(recruitment.randomized), start=1):
        path.append(f"H{short(x(day))}V{short(y(count))}")
    path.append(f"H{short(x(recruitment.today))}")
    out.append(f'<path class="lined" d="{"".join(path)}"/>')
    words = say("Randomized, cumulative; dashed: the target")
    return (
        f'<svg class="figure" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escaped(words)}">{"".join(out)}</svg><p class="small soft">{escaped(words)}</p>'
    )
