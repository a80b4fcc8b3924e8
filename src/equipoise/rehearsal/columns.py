"""Values of an item for every virtual person, at the precision they are recorded with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from equipoise.protocol.document import Item, Protocol

from .assumptions import AssumptionError, Bell, Given
from .streams import Floats, Streams

Days = npt.NDArray[np.int64]
"""Proleptic ordinals (`date.toordinal`)."""
Kind = Literal["number", "code", "boolean", "date", "text"]

DEFAULT_DECIMALS = 1
"""Decimals typed for a decimal item that does not say how many it has."""


def decimals_of(item: Item) -> int:
    """The decimals an item's values are recorded with."""
    if item.type == "integer":
        return 0
    return DEFAULT_DECIMALS if item.decimals is None else item.decimals


def kind_of(item: Item) -> Kind:
    """How an item's values are held in arrays."""
    if item.type in ("integer", "decimal"):
        return "number"
    if item.type in ("date", "partial_date"):
        return "date"
    if item.type in ("code", "boolean"):
        return item.type
    return "text"


def number_text(value: float, decimals: int) -> str:
    """A number as it is typed: fixed decimals, never a negative zero."""
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


@dataclass(frozen=True, slots=True)
class Column:
    """One value a person: floats rounded to `decimals`, code strings, truths, or day ordinals."""

    kind: Kind
    values: npt.NDArray[Any]
    decimals: int = 0

    def typed(self, person: int) -> str:
        """The value as a coordinator types it."""
        value = self.values.item(person)
        if self.kind == "number":
            return number_text(float(value), self.decimals)
        if self.kind == "boolean":
            return "true" if value else "false"
        if self.kind == "date":
            return date.fromordinal(int(value)).isoformat()
        return str(value)

    def equals(self, level: str) -> npt.NDArray[np.bool_]:
        """Whose value is this level (`true`/`false` for yes/no items)."""
        if self.kind == "boolean":
            return np.asarray(self.values == (level == "true"), dtype=np.bool_)
        if self.kind == "number":
            return np.asarray(self.values == float(level), dtype=np.bool_)
        return np.asarray(self.values == level, dtype=np.bool_)


def bell(spec: Bell, uniforms: Floats, *, logarithmic: bool = False) -> Floats:
    """A normal (lognormal about `mean`) variable, truncated to its bounds, by inversion."""
    if spec.sd == 0:
        return np.full_like(uniforms, spec.mean)
    center = np.log(spec.mean) if logarithmic else spec.mean
    edges = [
        default
        if bound is None
        else float(ndtr(((np.log(bound) if logarithmic else bound) - center) / spec.sd))
        for bound, default in ((spec.minimum, 0.0), (spec.maximum, 1.0))
    ]
    values = center + spec.sd * ndtri(edges[0] + uniforms * (edges[1] - edges[0]))
    values = np.exp(values) if logarithmic else values
    return np.clip(values, spec.minimum, spec.maximum)


def weekday_of(days: Days) -> Days:
    """0 for Monday to 6 for Sunday."""
    return (days - 1) % 7


def to_weekday(days: Days) -> Days:
    """The day itself, or the Monday after a weekend day."""
    weekday = weekday_of(days)
    return days + np.where(weekday >= 5, 7 - weekday, 0)


def choices(weights: Mapping[Any, float], uniforms: Floats) -> npt.NDArray[np.int64]:
    """Index of the level chosen for each uniform."""
    cumulative = np.cumsum(np.array(list(weights.values()), dtype=np.float64))
    picked = np.searchsorted(cumulative / cumulative[-1], uniforms, side="right")
    return np.minimum(picked, len(weights) - 1)


class Columns(dict[str, Column]):
    """Columns by item, drawn when they are first looked at.

    Iterating gives those drawn so far; `in` and `[]` know all that were promised.
    """

    def __init__(self) -> None:
        super().__init__()
        self._promised: dict[str, Callable[[], Column]] = {}

    def promise(self, name: str, draw: Callable[[], Column]) -> None:
        """Say how a column will be drawn."""
        self._promised[name] = draw

    def promised_before(self, name: str, other: str) -> bool:
        """Whether `other` was given before `name` (which may be none of them)."""
        order = list(self._promised)
        return other in order[: order.index(name)] if name in order else other in self

    def draw_all(self) -> None:
        """Draw what was promised, in its order."""
        for name in list(self._promised):
            self[name]

    def __missing__(self, name: str) -> Column:
        if name not in self._promised:
            raise KeyError(name)
        found = self[name] = self._promised[name]()
        return found

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._promised

    def get(self, name: str, default: Any = None) -> Any:
        """The column, drawn now if need be."""
        return self[name] if name in self else default  # noqa: SIM401  (it would call itself)


class Sampler:
    """Draws columns for the persons of one replicate; each item has a stream of its own."""

    def __init__(
        self,
        protocol: Protocol,
        streams: Streams,
        subjects: npt.NDArray[np.uint64],
        events: Mapping[str, Days],
    ) -> None:
        self._protocol = protocol
        self._streams = streams
        self._subjects = subjects
        self._events = events
        self.columns = Columns()

    def draw(self, name: str, given: Given, stream: str | None = None) -> Column:
        """The item's column, drawn on `item/<name>` unless another stream is named."""
        item = self._protocol.item_by_id[name]
        uniforms = self._streams.uniforms(stream or f"item/{name}", self._subjects, 1)[:, 0]
        return self._column(item, given, uniforms)

    def _column(self, item: Item, given: Given, u: Floats) -> Column:
        kind, decimals = kind_of(item), decimals_of(item)
        if given.same_as is not None:
            return self._earlier(item.id, given.same_as)
        if given.by is not None:
            return self._split(item, given, u)
        if given.constant is not None:
            return self._constant(kind, decimals, given.constant, u.size)
        if given.choose is not None:
            names = np.array(list(given.choose))[choices(given.choose, u)]
            if kind == "number":
                return Column(kind, names.astype(np.float64), decimals)
            return Column(kind, names == "true" if kind == "boolean" else names, decimals)
        if given.probability is not None:
            hit = u < given.probability
            if kind == "boolean":
                return Column(kind, hit)
            return Column(kind, np.where(hit, "1", "0"), decimals)
        if given.day is not None:
            span = given.day.maximum - given.day.minimum + 1
            offset = given.day.minimum + np.floor(u * span).astype(np.int64)
            days = self._origin(item.id, given.day.origin) + offset
            return Column("date", to_weekday(days) if given.day.weekdays else days)
        if given.born is not None:
            return self._birth_dates(item, given, u)
        values = _numbers(given, u)
        if given.share is not None:
            values = values * self._earlier(item.id, given.share.item).values
        return Column(kind, np.round(values, decimals) + 0.0, decimals)

    def _birth_dates(self, item: Item, given: Given, u: Floats) -> Column:
        born = given.born
        assert born is not None
        # half a year inside the bounds, so that a completed age never leaves them by a few days
        spec = Bell(
            mean=born.mean, sd=born.sd, minimum=born.minimum + 0.5, maximum=born.maximum + 0.5
        )
        days = self._origin(item.id, "screening") - np.floor(bell(spec, u) * 365.25).astype(
            np.int64
        )
        return Column("date", days)

    def _constant(self, kind: Kind, decimals: int, text: str, size: int) -> Column:
        if kind == "number":
            return Column(kind, np.full(size, float(text)), decimals)
        if kind == "boolean":
            return Column(kind, np.full(size, text == "true"))
        if kind == "date":
            return Column(kind, np.full(size, date.fromisoformat(text).toordinal()))
        return Column(kind, np.full(size, text))

    def _split(self, item: Item, given: Given, u: Floats) -> Column:
        split = given.by
        assert split is not None
        other = self._earlier(item.id, split.item)
        otherwise = split.otherwise or next(iter(split.levels.values()))
        column = self._column(item, otherwise, u)
        values = column.values
        for level, branch in split.levels.items():
            values = np.where(other.equals(level), self._column(item, branch, u).values, values)
        return Column(column.kind, values, column.decimals)

    def _earlier(self, name: str, other: str) -> Column:
        if not self.columns.promised_before(name, other):
            raise AssumptionError(
                [f"assumptions.participants.items.{name}: {other!r} must be given before it"]
            )
        return self.columns[other]

    def _origin(self, name: str, origin: str) -> Days:
        if origin in self._events:
            return self._events[origin]
        return np.asarray(self._earlier(name, origin).values, dtype=np.int64)

    def default(self, item: Item) -> Column:
        """A plausible value where the assumptions are silent: the middle of the expected range."""
        u = self._streams.uniforms(f"default/{item.id}", self._subjects, 1)[:, 0]
        kind, decimals = kind_of(item), decimals_of(item)
        if kind == "number":
            low, high = _expected(item)
            middle = low + (high - low) * (0.3 + 0.4 * u)
            return Column(kind, np.round(middle, decimals) + 0.0, decimals)
        if kind == "boolean":
            return Column(kind, np.zeros(u.size, dtype=np.bool_))
        if kind == "code":
            codelist = self._protocol.codelist_by_id[item.codelist or ""]
            return Column(kind, np.full(u.size, codelist.codes[0].code))
        if kind == "date":
            return Column(kind, self._events["screening"])
        text = "08:00" if item.type == "time" else "none"
        return Column(kind, np.full(u.size, text))


def _numbers(given: Given, u: Floats) -> Floats:
    if given.normal is not None:
        return bell(given.normal, u)
    if given.lognormal is not None:
        return bell(given.lognormal, u, logarithmic=True)
    if given.share is not None:
        return bell(given.share.fraction, u)
    span = given.uniform
    assert span is not None
    return span.minimum + (span.maximum - span.minimum) * u


def _expected(item: Item) -> tuple[float, float]:
    lows = [bound for bound in (item.expected_minimum, item.minimum) if bound is not None]
    highs = [bound for bound in (item.expected_maximum, item.maximum) if bound is not None]
    low = float(lows[0]) if lows else min(0.0, float(highs[0])) if highs else 0.0
    high = float(highs[0]) if highs else max(low + 1.0, low * 2)
    return low, high
