"""What a natural-history model is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from scipy.special import betaincinv

from equipoise.protocol.document import Protocol

from ..assumptions import Adherence, AssumptionError, Model
from ..columns import Column, Days, number_text
from ..streams import Floats, Streams

Truths = npt.NDArray[np.bool_]
_Parameters = TypeVar("_Parameters", bound=Model)


@dataclass(frozen=True)
class Setting:
    """The persons a model acts on. `occasions` is how many doses a day the diary asks for.

    `screened` is the screening that may lead to randomization; `planned` the day from which plans are
    known (the first screening of a person screened twice).
    """

    protocol: Protocol
    streams: Streams
    subjects: npt.NDArray[np.uint64]
    columns: Mapping[str, Column]
    screened: Days
    planned: Days
    randomized: Days
    adherence: Adherence
    occasions: int
    wanted: frozenset[str] | None = None
    """The items whose course is asked for; None for all."""
    every_dose: bool = True
    """Whether every dose is asked for, or those alone that act on the items."""

    def address(
        self, stream: str
    ) -> tuple[npt.NDArray[np.uint64], np.uint64, np.uint64, np.uint64]:
        """Where a kernel finds a stream's numbers: subjects, the stream's number, the key."""
        key_a, key_b = self.streams.key
        return (
            self.subjects,
            np.uint64(self.streams.number(stream)),
            np.uint64(key_a),
            np.uint64(key_b),
        )

    def wants(self, item: str | None) -> bool:
        """Whether an item's course over the days is asked for."""
        return item is not None and (self.wanted is None or item in self.wanted)

    @property
    def arms(self) -> list[str]:
        """The arms in the protocol's order: the first axis of every series."""
        return [arm.id for arm in self.protocol.arms]

    def column(self, item: str, path: str) -> Column:
        """A person's baseline item; `AssumptionError` where it is not given."""
        if item not in self.columns:
            raise AssumptionError(
                [f"assumptions.{path}: {item!r} is not among assumptions.participants.items"]
            )
        return self.columns[item]

    def uniforms(self, stream: str, count: int) -> Floats:
        """`[person, count]`."""
        return self.streams.uniforms(stream, self.subjects, count)

    def normals(self, stream: str, count: int) -> Floats:
        """`[person, count]`."""
        return self.streams.normals(stream, self.subjects, count)


@dataclass(frozen=True, slots=True)
class Series:
    """An item's value on every day of the course, `[arm, person, day]`, as potential outcomes.

    `codes` turns whole numbers into codes (or `false`/`true`); otherwise values are numbers with
    `decimals`.
    """

    values: npt.NDArray[Any]
    decimals: int = 0
    codes: tuple[str, ...] | None = None

    def typed(self, arm: int, person: int, day: int) -> str:
        """The value as typed."""
        value = self.values.item(arm, person, day)
        if self.codes is not None:
            return self.codes[int(value)]
        return number_text(float(value), self.decimals)


@dataclass(frozen=True, slots=True)
class Still:
    """An item known only as it is before allocation, `[person]`: its course over the days was not asked for."""

    values: Floats
    decimals: int

    def typed(self, person: int) -> str:
        """The value as typed before allocation."""
        return number_text(float(self.values[person]), self.decimals)


@dataclass(frozen=True, slots=True)
class DateHistory:
    """A date as it becomes known: `values[person, k]` holds from day `known_on[person, k]` on."""

    known_on: Days
    values: Days

    def at(self, person: int, day: int) -> int | None:
        """The day known on `day` (both ordinals), or None while it is not known at all."""
        found = None
        for known_on, value in zip(self.known_on[person], self.values[person], strict=True):
            if known_on <= day:
                found = int(value)
        return found

    def typed(self, person: int, day: int) -> str | None:
        """As `at`, in ISO 8601."""
        found = self.at(person, day)
        return None if found is None else date.fromordinal(found).isoformat()


@dataclass(frozen=True)
class Course:
    """Every person's course in every arm.

    Day `index` of a series is the calendar day `first[person] - days_before + index`. `first` and
    `last` are the course's own first and last day (ordinals). `taken[arm, person, day, occasion]` are
    the doses taken if the arm is treated.
    """

    first: Days
    last: Days
    days_before: int
    length: int
    taken: Truths
    series: Mapping[str, Series] = field(default_factory=dict)
    dates: Mapping[str, DateHistory] = field(default_factory=dict)

    def index(self, person: int, day: int) -> int:
        """The series' index of a calendar day, held within the course."""
        at = day - self.first.item(person) + self.days_before
        return min(max(at, 0), self.length - 1)


def read_parameters(model: type[_Parameters], given: Mapping[str, Any]) -> _Parameters:
    """A model's parameters, typed; `AssumptionError` names every fault."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        path = "assumptions.natural_history.parameters"
        raise AssumptionError(
            f"{path}.{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ) from error


def known_arms(setting: Setting, by_arm: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse parameters, by their path, that name an arm the protocol does not have."""
    faults = [
        f"assumptions.natural_history.parameters.{path}: {arm!r} is no arm of this protocol"
        for path, given in by_arm.items()
        for arm in given
        if arm not in setting.arms
    ]
    if faults:
        raise AssumptionError(faults)


def adherence_levels(setting: Setting, days_from_first: npt.NDArray[np.int64]) -> Floats:
    """Each person's chance of taking a dose, `[person, day]`, before any effect of severity."""
    plan = setting.adherence
    u = setting.uniforms("adherence/level", 1)
    level = np.asarray(betaincinv(plan.alpha, plan.beta, u), dtype=np.float64)
    span = max(plan.decline_until - plan.decline_from, 1)
    through = np.clip((days_from_first - plan.decline_from) / span, 0.0, 1.0)
    decline = 1.0 - (1.0 - plan.declines_to) * through
    decline = np.where(days_from_first > plan.decline_until, plan.afterwards, decline)
    return np.clip(level * decline, 0.0, 1.0)
