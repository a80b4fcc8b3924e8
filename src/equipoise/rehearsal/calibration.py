"""Does a natural history give back what trials have published? Populations, measures, and intervals to fall in.

A calibration file names populations (the protocol's assumptions with some of them changed) and, for each, published
results: the model's figure must lie within the interval stated there. The file says where each number was read; for a
share the interval is by default the exact binomial one of the trial that published it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from scipy.stats import beta

from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import ProtocolError, read_protocol

from .bulk import SettingError, with_settings
from .generate import Replicate, generate

Measure = Literal["share", "share_on_day", "median_onset", "median_days"]
_LEVEL = 0.95
_NEVER = math.inf


class CalibrationError(ValueError):
    """A calibration file that cannot be used: one message a fault, with its place."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Number = Annotated[float, BeforeValidator(float)]


class Population(_Part):
    """Who is looked at: the protocol's assumptions, with values replaced at dotted paths."""

    id: str
    label: str
    set: dict[str, Any] = {}
    visits: list[int] = [4]
    """Days of each week of the course on which the item is graded, 0 for the weekday of its first day."""


class Target(_Part):
    """A published figure. `persons` are those of the trial arm that it was seen in; `within` the interval to fall in.

    `share`: ever at least so high at a visit of the course. `share_on_day`: so high `day` days after the course's first
    (or, with `after`, its last) day. `median_onset`: of the first day of the course (1 for its first) at a visit so
    high, those who never are counted as latest. `median_days`: of the days spent so high, zeros counted.
    """

    population: str
    arm: str
    item: str
    at_least: int
    measure: Measure = "share"
    day: int | None = None
    after: bool = False
    published: Number
    persons: int | None = Field(default=None, ge=1)
    within: tuple[Number, Number] | None = None
    source: str
    outside: str = ""
    """Why the model is known not to give this figure back; empty where it must."""

    @model_validator(mode="after")
    def _complete(self) -> Target:
        share = self.measure in ("share", "share_on_day")
        if self.within is None and (self.persons is None or not share):
            raise ValueError(
                "give the interval to fall in (`within`), or for a share the `persons` it was seen in"
            )
        if share and not 0 <= self.published <= 1:
            raise ValueError("a published share lies between 0 and 1")
        if (self.measure == "share_on_day") != (self.day is not None):
            raise ValueError("`day` belongs to the measure share_on_day, and is needed there")
        return self

    @property
    def interval(self) -> tuple[float, float]:
        """The interval to fall in: as stated, or the exact binomial one (Clopper and Pearson, 1934)."""
        if self.within is not None:
            return self.within
        n = self.persons or 1
        seen = round(self.published * n)
        tail = (1 - _LEVEL) / 2
        lower = 0.0 if seen == 0 else float(beta.ppf(tail, seen, n - seen + 1))
        upper = 1.0 if seen == n else float(beta.ppf(1 - tail, seen + 1, n - seen))
        return lower, upper


class Calibration(_Part):
    """A calibration file."""

    persons: int = Field(default=4000, ge=100)
    seed: int = Field(default=20261201, ge=0)
    populations: list[Population]
    targets: list[Target]


@dataclass(frozen=True, slots=True)
class Answer:
    """A target with what the model gives, and its Monte Carlo standard error (None for a median)."""

    target: Target
    found: float
    error: float | None

    @property
    def inside(self) -> bool:
        """Whether it lies within the interval."""
        lower, upper = self.target.interval
        return lower <= self.found <= upper

    @property
    def holds(self) -> bool:
        """Whether it lies where the file says: within the interval, or outside of it for the reason given."""
        return self.inside != bool(self.target.outside)


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file. Raises `CalibrationError` with every fault and its place, and OSError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        given = Calibration.model_validate(content)
    except ValidationError as error:
        raise CalibrationError(
            [
                f"{path}: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_context=False)
            ]
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CalibrationError([f"{path}: is no YAML in UTF-8: {error}"]) from error
    known = {one.id for one in given.populations}
    unknown = [
        f"{path}: targets.{index}.population: {one.population!r} is none of {', '.join(sorted(known))}"
        for index, one in enumerate(given.targets)
        if one.population not in known
    ]
    if unknown:
        raise CalibrationError(unknown)
    return given


def calibrate(path: Path, calibration: Calibration) -> Iterator[Answer]:
    """Each target with what the natural history of the protocol in `path` gives.

    Raises `ProtocolError`, `CalibrationError` for names the protocol does not know and settings that do not fit it,
    and what `generate` raises.
    """
    reading = read_protocol(path)
    if reading.protocol is None:
        raise ProtocolError(reading.faults)
    for population in calibration.populations:
        try:
            content = with_settings(reading.content(), list(population.set.items()))
            protocol = Protocol.model_validate(content)
        except (SettingError, ValidationError) as error:
            raise CalibrationError([f"populations.{population.id}.set: {error}"]) from error
        people = _People(
            population, generate(protocol, calibration.seed, candidates=calibration.persons)
        )
        for target in calibration.targets:
            if target.population == population.id:
                yield people.answer(target)


class _People:
    """The virtual persons of a population, graded at its visits."""

    def __init__(self, population: Population, replicate: Replicate) -> None:
        self._population = population
        self._replicate = replicate

    @cached_property
    def _length(self) -> npt.NDArray[np.int64]:
        course = self._replicate.course
        return np.asarray(course.last - course.first, dtype=np.int64)

    @cached_property
    def _visits(self) -> npt.NDArray[np.int64]:
        """Days of the course on which each person is seen, the last one always among them: `[person, visit]`."""
        weeks = int(self._length.max()) // 7 + 1
        days = np.array(
            [7 * week + day for week in range(weeks) for day in sorted(self._population.visits)]
        )
        seen = np.minimum(np.append(days, days[-1] + 7)[None, :], self._length[:, None])
        return np.asarray(seen, dtype=np.int64)

    def answer(self, target: Target) -> Answer:
        """What is found of a target."""
        if target.measure in ("share", "share_on_day"):
            high = self._ever(target) if target.measure == "share" else self._on_day(target)
            share = float(high.mean())
            return Answer(target, share, math.sqrt(share * (1 - share) / high.size))
        if target.measure == "median_onset":
            return Answer(target, float(np.median(self._onset(target))), None)
        high = self._values(target) >= target.at_least
        return Answer(target, float(np.median(high.sum(axis=1))), None)

    def _values(self, target: Target) -> npt.NDArray[np.int64]:
        """The item from the course's first day on: `[person, day]`."""
        replicate = self._replicate
        series: Mapping[str, Any] = replicate.series
        if target.item not in series or target.arm not in replicate.arms:
            raise CalibrationError(
                [
                    f"targets: item {target.item!r}, arm {target.arm!r}: the natural history gives "
                    f"{', '.join(sorted(series))} for {', '.join(replicate.arms)}"
                ]
            )
        arm = replicate.arms.index(target.arm)
        values = series[target.item].values[arm][:, replicate.course.days_before :]
        return np.asarray(values, dtype=np.int64)

    def _seen(self, target: Target) -> npt.NDArray[np.bool_]:
        values = self._values(target)
        at = np.minimum(self._visits, values.shape[1] - 1)
        return np.take_along_axis(values, at, axis=1) >= target.at_least

    def _ever(self, target: Target) -> npt.NDArray[np.bool_]:
        return np.asarray(self._seen(target).any(axis=1))

    def _onset(self, target: Target) -> npt.NDArray[np.float64]:
        seen = self._seen(target)
        first = np.take_along_axis(self._visits, seen.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.where(seen.any(axis=1), first + 1.0, _NEVER)

    def _on_day(self, target: Target) -> npt.NDArray[np.bool_]:
        values = self._values(target)
        day = np.full(values.shape[0], target.day or 0, dtype=np.int64)
        day = self._length + day if target.after else np.minimum(day, self._length)
        at = np.minimum(day, values.shape[1] - 1)
        return np.asarray(values[np.arange(values.shape[0]), at] >= target.at_least)
