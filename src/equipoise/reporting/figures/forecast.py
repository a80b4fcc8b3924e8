"""Recruitment as it was and as it is forecast: the number randomized with its band, against the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from equipoise.design import Forecast

from ..words import say
from .svg import ACCENT, INK, SOFT, frame, label, rule, short, width_of

_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 760.0, 52.0, 20.0, 16.0, 260.0
_Axis = Callable[[float], float]


def forecast_figure(
    forecast: Forecast,
    language: str,
    *,
    randomized_on: Sequence[date] = (),
    extra: Forecast | None = None,
    name: str = "forecast",
) -> str:
    """The figure as SVG. `randomized_on` are the days of randomization so far, one for each participant; `extra` is
    the forecast with one more site, of which the median is drawn."""
    past = sorted(randomized_on)
    first = min([forecast.days[0], *past[:1]])
    last = forecast.days[-1]
    if forecast.deadline is not None:
        last = max(last, min(forecast.deadline, last + timedelta(days=120)))
    span = max((last - first).days, 1)
    most = forecast.target * 1.06

    def x(day: date) -> float:
        return _LEFT + (day - first).days / span * (_WIDTH - _LEFT - _RIGHT)

    def y(count: float) -> float:
        # recruitment ends with the target: what more would have come is not drawn
        return _TOP + (1 - min(count, forecast.target) / most) * _PLOT

    body = [*_counts(forecast.target, y), *_months(first, last, x, y)]
    band = list(zip(forecast.days, forecast.expected, strict=True))
    upper = [f"{short(x(day))} {short(y(high))}" for day, (_, _, high) in band]
    lower = [f"{short(x(day))} {short(y(low))}" for day, (_, low, _) in reversed(band)]
    body.append(f'<path class="area" fill="#dcebea" d="M{"L".join((*upper, *lower))}Z"/>')
    body.append(_line([(day, middle) for day, (middle, _, _) in band], x, y, ACCENT, "lined"))
    if extra is not None:
        points = [(day, m) for day, (m, _, _) in zip(extra.days, extra.expected, strict=True)]
        body.append(_line(points, x, y, "#855400", "", dashes="2 3"))
    if past:
        body.append(_steps(past, forecast.days[0], x, y))
    target = y(forecast.target)
    body.append(
        f'<path stroke="{SOFT}" stroke-dasharray="6 3" fill="none" '
        f'd="M{short(_LEFT)} {short(target)}H{short(_WIDTH - _RIGHT)}"/>'
    )
    if forecast.deadline is not None and first <= forecast.deadline <= last:
        at = x(forecast.deadline)
        body.append(rule(at, _TOP, at, y(0), kind="axis"))
        side = "end" if at > _WIDTH / 2 else "start"
        words = say("forecast_deadline", language)
        place = at - 6 if side == "end" else at + 6
        body.append(label(place, y(0) - 10, words, anchor=side, soft=True))
    keys = [(ACCENT, "", "forecast_median"), (SOFT, "6 3", "forecast_target")]
    keys += [("#855400", "2 3", "forecast_extra")] if extra is not None else []
    keys += [(INK, "", "forecast_past")] if past else []
    below = _TOP + _PLOT + 46
    at = _LEFT
    for color, dashes, key in keys:
        words = say(key, language, level=f"{100 * forecast.confidence:g}")
        body.append(
            f'<path stroke="{color}" stroke-width="2" stroke-dasharray="{dashes or "none"}" '
            f'd="M{short(at)} {short(below - 4)}h24"/>'
        )
        body.append(label(at + 30, below, words, soft=True))
        at += 52 + width_of(words, 11)
    description = say("forecast_desc", language, **_days(forecast, language))
    return frame(name, _WIDTH, below + 12, say("forecast", language), description, body)


def _days(forecast: Forecast, language: str) -> dict[str, str]:
    def shown(day: date | None) -> str:
        return day.isoformat() if day else say("forecast_beyond", language)

    reached = forecast.reached
    return {
        "target": str(forecast.target),
        "median": shown(reached.median),
        "lower": shown(reached.lower),
        "upper": shown(reached.upper),
    }


def _counts(target: int, y: _Axis) -> list[str]:
    body = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        count = round(target * share)
        kind = "axis" if share == 0 else "rule"
        body.append(rule(_LEFT, y(count), _WIDTH - _RIGHT, y(count), kind=kind))
        body.append(label(_LEFT - 8, y(count) + 4, str(count), anchor="end", soft=True))
    return body


def _months(first: date, last: date, x: Callable[[date], float], y: _Axis) -> list[str]:
    body: list[str] = []
    every = max(1, round((last - first).days / 30 / 8))
    month, number = first.replace(day=1), 0
    while month <= last:
        if month >= first:
            if number % every == 0:
                at = min(max(x(month), _LEFT + 20), _WIDTH - _RIGHT - 20)
                body.append(label(at, y(0) + 18, f"{month:%Y-%m}", anchor="middle", soft=True))
            body.append(rule(x(month), y(0), x(month), y(0) + 4, kind="axis"))
            number += 1
        month = (month + timedelta(days=32)).replace(day=1)
    return body


def _line(
    points: Sequence[tuple[date, float]],
    x: Callable[[date], float],
    y: _Axis,
    color: str,
    style: str,
    *,
    dashes: str = "",
) -> str:
    path = "L".join(f"{short(x(day))} {short(y(count))}" for day, count in points)
    kind = f' class="{style}"' if style else ""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path{kind} stroke="{color}" stroke-width="2" fill="none"{dashed} d="M{path}"/>'


def _steps(past: Sequence[date], until: date, x: Callable[[date], float], y: _Axis) -> str:
    path = [f"M{short(x(past[0]))} {short(y(0))}"]
    for count, day in enumerate(past, start=1):
        path.append(f"H{short(x(day))}V{short(y(count))}")
    path.append(f"H{short(x(until))}")
    return f'<path stroke="{INK}" stroke-width="1.5" fill="none" d="{"".join(path)}"/>'
