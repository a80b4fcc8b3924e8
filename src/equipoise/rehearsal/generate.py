"""`generate(protocol, seed, replicate)`: one replicate of a trial as arrays.

Every array has the person on an axis; what depends on the arm is given for every arm (potential
outcomes), since the arm is only known once the trial has allocated it. Days are ordinals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from equipoise.protocol.document import Item, Protocol
from equipoise.quantity.units import convert

from .accrual import Arrivals, arrivals
from .assumptions import (
    AssumptionError,
    Attrition,
    CourseEffect,
    Drift,
    Given,
    HazardAbove,
    LaboratoryItem,
    RehearsalAssumptions,
    VirtualEvent,
    read_assumptions,
)
from .columns import Column, Days, Kind, Sampler, choices, decimals_of
from .histories import Course, Series, Setting, Still, follow_history
from .lean import UNIT, LeanStreams, waiting_levels
from .staff import StaffArrays
from .streams import Floats, Streams

Truths = npt.NDArray[np.bool_]
Indexes = npt.NDArray[np.int64]
NEVER = 10_000_000
"""The ordinal that stands for a day that does not come."""


@dataclass(frozen=True, slots=True)
class EventArrays:
    """One adverse event term: who has it, from which day, how long, how bad, with what cause."""

    spec: VirtualEvent
    arms: tuple[int, ...]
    occurs: Truths
    started: Days
    duration: Indexes
    grade: Indexes
    serious: Truths
    causality: Indexes
    lasting: Truths

    def has(self, person: int, arm: int) -> bool:
        """Whether this person has the event when allocated to this arm."""
        return bool(self.occurs[person]) and (not self.arms or arm in self.arms)


@dataclass(frozen=True, slots=True)
class AttritionArrays:
    """When a person leaves, by arm (`NEVER` where not), in which scope, by which category, why."""

    day: Days
    scope: npt.NDArray[np.str_]
    category: npt.NDArray[np.str_]
    reason: npt.NDArray[np.str_]


@dataclass(frozen=True)
class Replicate:
    """Everything one replicate of the rehearsal rests on."""

    protocol: Protocol
    assumptions: RehearsalAssumptions
    seed: int
    replicate: int
    arms: tuple[str, ...]
    sites: tuple[str, ...]
    starts: date
    site_opens: Days
    site: Indexes
    subjects: npt.NDArray[np.uint64]
    screened: Days
    refuses: Truths
    refusal: Indexes
    randomized: Days
    """The day on which randomization is planned."""
    failure: Indexes
    """Index of the screening failure assumed, or -1."""
    rescreened: Days
    columns: Mapping[str, Column]
    failing: Mapping[int, Mapping[str, Column]]
    course: Course
    series: Mapping[str, Series]
    attrition: AttritionArrays
    events: tuple[EventArrays, ...]
    staff: StaffArrays
    log_rows: Mapping[str, Indexes]
    log_columns: Mapping[str, Mapping[str, tuple[Column, ...]]]
    still: Mapping[str, Still] = field(default_factory=dict)

    @property
    def persons(self) -> int:
        """How many candidates there are: more than can be randomized."""
        return int(self.site.size)

    def typed(
        self, item: str, person: int, arm: int | None, day: int, *, cured: bool = False
    ) -> str | None:
        """What a coordinator types for an item on a day, in the item's own unit; None: not known yet.

        `arm` is None before allocation, when every arm's value is the same. `cured` ignores the
        values that were made to violate a criterion (a rescreened person).
        """
        return self.typed_on(person, arm, day, cured=cured)(item)

    def typed_on(
        self, person: int, arm: int | None, day: int, *, cured: bool = False
    ) -> Callable[[str], str | None]:
        """As `typed`, for any number of items of one person and day."""
        failure = self.failure.item(person)
        forced = self.failing[failure] if failure >= 0 and not cured else {}
        allocated, place = arm or 0, self.course.index(person, day)

        def typed(item: str) -> str | None:
            violating = forced.get(item)
            if violating is not None:
                return violating.typed(person)
            dates = self.course.dates.get(item)
            if dates is not None:
                return dates.typed(person, day)
            series = self.series.get(item)
            if series is not None:
                return series.typed(allocated, person, place)
            still = self.still.get(item)
            if still is not None:
                return still.typed(person)
            column = self.columns.get(item)
            return None if column is None else column.typed(person)

        return typed

    def kind(self, item: str) -> Kind | None:
        """How the item's values are held, where it is given by a column."""
        column = self.columns.get(item)
        return column.kind if column else None


def generate(
    protocol: Protocol,
    seed: int,
    replicate: int = 0,
    *,
    assumptions: RehearsalAssumptions | None = None,
    candidates: int | None = None,
    items: frozenset[str] | None = None,
    doses: bool = True,
    compiled: bool = False,
    numbers: int = 1,
) -> Replicate:
    """One replicate: equal arguments give equal arrays, whatever else is generated.

    `items` names the items whose course over the days is wanted (default: every one); numbers are addressed, so
    what is left out changes nothing else. Without `doses` the doses taken are known only where they act on these. `compiled` uses kernels that give the same bits, for many replicates.
    `numbers` is the scheme of addresses: 1, or 2 (see `lean`), by which another trial comes of the same seed.

    `candidates` bounds the persons (default: enough to fill the target twice over in expectation of
    refusals and failures). Raises `AssumptionError` where the assumptions do not fit the protocol.
    """
    given = assumptions or read_assumptions(protocol)
    streams = streams_of(seed, replicate, numbers, compiled=compiled)
    came = arrivals(protocol, given, streams, candidates)
    u = streams.uniforms("candidate", came.subjects, 6)
    low, high = given.accrual.days_to_randomization
    wait = low + np.floor(u[:, 1] * (high - low + 1)).astype(np.int64)
    failure = _failing_persons(given, streams, came)
    rescreened = _rescreened(given, came, failure, u[:, 2], u[:, 3])
    screened = np.where(rescreened < NEVER, rescreened, came.screened)
    randomized = _work_days(screened, wait)
    events = {"screening": screened, "randomization": randomized}
    sampler = Sampler(protocol, streams, came.subjects, events)
    _baseline(protocol, given, sampler)
    if items is None:
        sampler.columns.draw_all()
    occasions = max((len(diary.dose_items) for diary in protocol.schedule.diaries), default=1)
    setting = Setting(
        protocol=protocol,
        streams=streams,
        subjects=came.subjects,
        columns=sampler.columns,
        screened=screened,
        planned=came.screened,
        randomized=randomized,
        adherence=given.adherence,
        occasions=max(occasions, 1),
        wanted=None if items is None else items | _looked_at(given, items),
        every_dose=doses or items is None,
    )
    course = follow_history(given.history, given.history_parameters, setting)
    series = {**_drifting(given, setting, course), **course.series}
    rows, log_columns = (
        _logs(protocol, given, sampler, streams, came) if items is None else ({}, {})
    )
    return Replicate(
        protocol=protocol,
        assumptions=given,
        seed=seed,
        replicate=replicate,
        arms=tuple(setting.arms),
        sites=came.sites,
        starts=came.starts,
        site_opens=came.site_opens,
        site=came.site,
        subjects=came.subjects,
        screened=came.screened,
        refuses=u[:, 0] < given.accrual.consent_refusal,
        refusal=np.floor(u[:, 4] * len(given.accrual.refusal_reasons)).astype(np.int64),
        randomized=randomized,
        failure=failure,
        rescreened=rescreened,
        columns=sampler.columns,
        failing=_failing_values(given, sampler),
        course=course,
        series=series,
        attrition=_attrition(given, setting, course, series),
        events=_events(given, setting, course, fatal=items is not None),
        staff=StaffArrays(len(protocol.schedule.visits), given.staff, streams, came.subjects),
        log_rows=rows,
        log_columns=log_columns,
        still=_still(given, setting),
    )


def streams_of(seed: int, replicate: int, numbers: int, *, compiled: bool = False) -> Streams:
    """The random numbers of a replicate by scheme 1 or 2."""
    if numbers == 2:
        return LeanStreams(seed, replicate)
    return Streams(seed, replicate, compiled=compiled)


def _looked_at(given: RehearsalAssumptions, items: frozenset[str]) -> frozenset[str]:
    """Items whose course decides something else: leaving, doses, other items of the laboratory."""
    above = (given.attrition.while_above, given.adherence.while_above)
    followed = (one.follows for name, one in given.laboratory.items.items() if name in items)
    return frozenset(one.item for one in above if one is not None) | {*filter(None, followed)}


def _work_days(start: Days, count: Indexes) -> Days:
    """`count` working days after `start`, itself first moved to a working day."""
    weekday = (start - 1) % 7
    monday = np.where(weekday >= 5, start + 7 - weekday, start)
    weekday = (monday - 1) % 7
    return np.asarray(monday + count + 2 * ((weekday + count) // 5), dtype=np.int64)


def _baseline(protocol: Protocol, given: RehearsalAssumptions, sampler: Sampler) -> None:
    """Columns of the items given, in the order given, then defaults for the rest."""
    for name, way in given.participants.items.items():
        sampler.columns.promise(name, partial(sampler.draw, name, way))
    for item in protocol.items:
        if item.id not in sampler.columns and item.derived is None and item.type != "identity":
            sampler.columns.promise(item.id, partial(sampler.default, item))


def _where(columns: Mapping[str, Column], conditions: Mapping[str, str], size: int) -> Truths:
    truth = np.ones(size, dtype=np.bool_)
    for item, level in conditions.items():
        if item not in columns:
            raise AssumptionError([f"assumptions: {item!r} is not given for the participants"])
        truth &= columns[item].equals(level)
    return truth


def _drifting(given: RehearsalAssumptions, setting: Setting, course: Course) -> dict[str, Series]:
    """Items that move around the person's baseline, and laboratory items over the course."""
    arms = len(setting.arms)
    series: dict[str, Series] = {}
    for name, drift in given.participants.series.items():
        if not setting.wants(name):
            continue
        values = _drift(name, drift, setting, course)
        series[name] = _as_series(setting.protocol.item_by_id[name], values, arms)
    offsets = np.arange(course.length) - course.days_before
    span = (course.last - course.first)[:, None]
    for name, laboratory in given.laboratory.items.items():
        if not setting.wants(name):
            continue
        item = setting.protocol.item_by_id[name]
        base = setting.column(name, f"laboratory.items.{name}").values.astype(np.float64)[:, None]
        values = 1 + laboratory.day_sd * setting.normals(f"series/{name}", course.length)
        for index, effect in enumerate(laboratory.course):
            values = values * (1 + _course_shape(index, effect, name, setting, offsets, span))
        values = values * _level(laboratory.follows, name, base, setting, series)
        # the day of screening gives the baseline itself: criteria are decided on it
        values = np.where(
            np.arange(course.length)
            <= (setting.screened - course.first)[:, None] + course.days_before,
            base,
            values,
        )
        series[name] = _as_series(item, _held(laboratory, item, values), arms)
    return series


def _held(laboratory: LaboratoryItem, item: Item, values: Floats) -> Floats:
    """Values within what the laboratory item, or else the item itself, can be."""
    low = laboratory.minimum if laboratory.minimum is not None else item.minimum
    high = laboratory.maximum if laboratory.maximum is not None else item.maximum
    return np.clip(
        values, None if low is None else float(low), None if high is None else float(high)
    )


def _still(given: RehearsalAssumptions, setting: Setting) -> dict[str, Still]:
    """The laboratory items whose course is not asked for, as they are before allocation."""
    found = {}
    for name, laboratory in given.laboratory.items.items():
        if not setting.wants(name):
            item = setting.protocol.item_by_id[name]
            base = setting.column(name, f"laboratory.items.{name}").values.astype(np.float64)
            decimals = decimals_of(item)
            held = np.round(_held(laboratory, item, base), decimals) + 0.0
            found[name] = Still(held, decimals)
    return found


def _level(
    follows: str | None, name: str, base: Floats, setting: Setting, series: Mapping[str, Series]
) -> Floats:
    """What the day's variation applies to: the person's baseline, or its share of another item."""
    if follows is None:
        return base
    if follows not in series:
        raise AssumptionError(
            [f"assumptions.laboratory.items.{name}.follows: {follows!r} must be given before it"]
        )
    whole = setting.column(follows, f"laboratory.items.{name}.follows").values[:, None]
    return np.asarray(base / np.maximum(whole, 1e-9) * series[follows].values[0])


def _drift(name: str, drift: Drift, setting: Setting, course: Course) -> Floats:
    base = setting.column(name, f"participants.series.{name}").values.astype(np.float64)[:, None]
    weeks = (np.arange(course.length) - course.days_before) / 7
    moves = drift.per_week * np.maximum(weeks, 0.0)
    moves = moves + drift.sd * setting.normals(f"series/{name}", course.length)
    values = base * (1 + moves) if drift.relative else base + moves
    item = setting.protocol.item_by_id[name]
    low = drift.minimum if drift.minimum is not None else item.minimum
    high = drift.maximum if drift.maximum is not None else item.maximum
    return np.clip(
        values, None if low is None else float(low), None if high is None else float(high)
    )


def _course_shape(
    index: int,
    effect: CourseEffect,
    name: str,
    setting: Setting,
    offsets: Indexes,
    span: Indexes,
) -> Floats:
    """The relative change on each day: growing to the course's end, then halving its way back."""
    own = 1 + effect.person_sd * setting.normals(f"series/{name}/effect/{index}", 1)
    through = np.clip(offsets / np.maximum(span, 1), 0.0, 1.0)
    after = np.maximum(offsets - span, 0) / effect.recovery_days
    concerned = _where(setting.columns, effect.only_when, setting.subjects.size)[:, None]
    return np.asarray(
        effect.change * np.clip(own, 0.0, None) * through * np.maximum(1 - after, 0.0) * concerned
    )


def _as_series(item: Item, values: Floats, arms: int) -> Series:
    decimals = decimals_of(item)
    rounded = np.round(values, decimals) + 0.0
    return Series(np.broadcast_to(rounded, (arms, *rounded.shape)), decimals)


def _failing_persons(given: RehearsalAssumptions, streams: Streams, came: Arrivals) -> Indexes:
    """Index of the criterion's entry that each person is made to violate, or -1."""
    specs = given.participants.screening_failures
    shares = {index: spec.probability for index, spec in enumerate(specs)}
    total = sum(shares.values())
    if total > 1:
        raise AssumptionError(["assumptions.participants.screening_failures: more than everyone"])
    u = streams.uniforms("failure", came.subjects, 1)[:, 0]
    picked = choices({**shares, -1: 1 - total}, u)
    return np.where(picked < len(specs), picked, -1)


def _rescreened(
    given: RehearsalAssumptions, came: Arrivals, failure: Indexes, u: Floats, v: Floats
) -> Days:
    """The day on which a person who failed is screened once more, or `NEVER`."""
    first, last = given.accrual.rescreening_after_days
    back = came.screened + first + np.floor(v * (last - first + 1)).astype(np.int64)
    returns = (failure >= 0) & (u < given.accrual.rescreening)
    return np.where(returns, _work_days(back, np.zeros_like(back)), NEVER)


def _failing_values(given: RehearsalAssumptions, sampler: Sampler) -> dict[int, dict[str, Column]]:
    """The values that violate each entry's criterion."""
    return {
        index: {
            name: sampler.draw(name, way, f"failure/{index}/{name}")
            for name, way in spec.values.items()
        }
        for index, spec in enumerate(given.participants.screening_failures)
    }


def leaving_hazards(plan: Attrition, arms: Sequence[str]) -> Floats:
    """The chance of leaving in a week, `[arm, whether the item that raises it stands high]`."""
    weekly = np.full((len(arms), 2), plan.weekly_hazard)
    weekly *= np.array([plan.arm_factors.get(arm, 1.0) for arm in arms])[:, None]
    if plan.while_above is not None:
        weekly[:, 1] *= plan.while_above.factor
    return weekly


def hazard_units(weekly: Floats) -> Indexes:
    """A day's hazard in whole numbers of 1 / UNIT, from the chance of leaving in a week."""
    kept = np.maximum(1 - np.minimum(weekly, 1.0), 1e-9)
    return np.asarray(np.rint(-np.log(kept) / 7 * UNIT), dtype=np.int64)


def _leaving_days(
    given: RehearsalAssumptions, setting: Setting, course: Course, series: Mapping[str, Series]
) -> Days:
    """The first day on which each person leaves in each arm."""
    plan = given.attrition
    arms, persons = len(setting.arms), setting.subjects.size
    begins = np.maximum(setting.randomized - course.first, plan.from_day) + 1
    weekly = leaving_hazards(plan, setting.arms)
    daily = 1 - (1 - np.minimum(weekly, 1.0)) ** (1 / 7)
    high = np.zeros((arms, persons, course.length), dtype=np.bool_)
    if plan.while_above is not None:
        high |= _stands_high(plan.while_above, series)
    if isinstance(setting.streams, LeanStreams):
        level = setting.streams.levels("attrition/day", setting.subjects)[:, 0]
        offsets = np.arange(course.length) - course.days_before
        at_risk = (offsets >= begins[:, None]) & (offsets <= plan.until_day)
        daily_hazards = hazard_units(weekly)[np.arange(arms)[:, None, None], high.astype(np.int8)]
        reached = np.cumsum(daily_hazards * at_risk, axis=2) >= waiting_levels()[level][:, None]
        first = np.argmax(reached, axis=2)
        return np.where(reached.any(axis=2), course.first + first - course.days_before, NEVER)
    if setting.streams.compiled:
        from .bulk.kernels.arrays import leaving

        first = np.empty((arms, persons), dtype=np.int64)
        address = setting.address("attrition/day")
        leaving(high, daily, begins, plan.until_day, course.days_before, *address, first)
        return np.where(first >= 0, course.first + first - course.days_before, NEVER)
    offsets = np.arange(course.length) - course.days_before
    at_risk = (offsets >= begins[:, None]) & (offsets <= plan.until_day)
    u = setting.uniforms("attrition/day", course.length)
    leaves = (u < daily[np.arange(arms)[:, None, None], high.astype(np.int8)]) & at_risk
    first = np.argmax(leaves, axis=2)
    return np.where(leaves.any(axis=2), course.first + first - course.days_before, NEVER)


def _attrition(
    given: RehearsalAssumptions, setting: Setting, course: Course, series: Mapping[str, Series]
) -> AttritionArrays:
    """The first day on which a person leaves: daily hazard by arm, raised while an item is high."""
    plan = given.attrition
    persons = setting.subjects.size
    day = _leaving_days(given, setting, course, series)
    v = setting.uniforms("attrition/kind", 3)
    scopes = np.array(list(plan.scopes))[choices(plan.scopes, v[:, 0])]
    categories = list(plan.reasons)
    picked = np.floor(v[:, 1] * len(categories)).astype(np.int64)
    lost = (v[:, 2] < plan.lost_to_follow_up) & (scopes == "follow_up")
    reasons = np.empty(persons, dtype="U200")
    names = np.empty(persons, dtype="U40")
    for person in range(persons):
        category = categories[picked[person]]
        texts = plan.reasons[category]
        names[person] = "lost_to_follow_up" if lost[person] else category
        turn = int(v[person, 2] * 1_000_003) % len(texts)
        reasons[person] = "could no longer be reached" if lost[person] else texts[turn]
    return AttritionArrays(day, scopes, names, reasons)


def _stands_high(above: HazardAbove, series: Mapping[str, Series]) -> Truths:
    if above.item not in series:
        raise AssumptionError(
            [f"assumptions.attrition.while_above: {above.item!r} has no daily course"]
        )
    return np.asarray(series[above.item].values >= above.at_least)


def _events(
    given: RehearsalAssumptions, setting: Setting, course: Course, *, fatal: bool
) -> tuple[EventArrays, ...]:
    """One entry an assumption, or (`fatal`) one of which somebody may die.

    A term named again has streams of its own (`…/1`).
    """
    seen: dict[str, int] = {}
    arrays = []
    for spec in given.adverse_events:
        turn = seen.get(spec.term, 0)
        seen[spec.term] = turn + 1
        if fatal and 5 not in spec.grades and not (spec.serious and spec.serious_grade >= 5):
            continue
        stream = f"event/{spec.term}" + (f"/{turn}" if turn else "")
        arrays.append(_event(spec, stream, setting, course))
    return tuple(arrays)


def _event(spec: VirtualEvent, stream: str, setting: Setting, course: Course) -> EventArrays:
    u = setting.uniforms(stream, 7)
    span = spec.until_day - spec.from_day + 1
    low, high = spec.duration
    grades = np.array(list(spec.grades))[choices(spec.grades, u[:, 3])]
    serious = u[:, 4] < spec.serious
    return EventArrays(
        spec=spec,
        arms=tuple(setting.arms.index(arm) for arm in spec.arms),
        occurs=(u[:, 0] < spec.probability)
        & _where(setting.columns, spec.only_when, setting.subjects.size),
        started=course.first + spec.from_day + np.floor(u[:, 1] * span).astype(np.int64),
        duration=low + np.floor(u[:, 2] * (high - low + 1)).astype(np.int64),
        grade=np.where(serious, np.maximum(grades, spec.serious_grade), grades),
        serious=serious,
        causality=choices(spec.causality, u[:, 5]),
        lasting=u[:, 6] < spec.lasting,
    )


def _logs(
    protocol: Protocol,
    given: RehearsalAssumptions,
    sampler: Sampler,
    streams: Streams,
    came: Arrivals,
) -> tuple[dict[str, Indexes], dict[str, dict[str, tuple[Column, ...]]]]:
    """Rows of the log forms: how many (binomial in three times the mean), and what is on each."""
    rows, columns = {}, {}
    for form, spec in given.participants.logs.items():
        most = max(int(np.ceil(3 * spec.mean)), 1)
        u = streams.uniforms(f"log/{form}", came.subjects, most)
        rows[form] = (u < min(spec.mean / most, 1.0)).sum(axis=1)
        columns[form] = {
            name: tuple(sampler.draw(name, way, f"log/{form}/{row}/{name}") for row in range(most))
            for name, way in spec.items.items()
        }
        for entry in protocol.form_by_id[form].items:
            if entry.item not in columns[form]:
                column = sampler.columns.get(entry.item)
                if column is not None:
                    columns[form][entry.item] = (column,) * most
    return rows, columns


def in_site_unit(replicate: Replicate, site: str, item: str, text: str) -> str:
    """The value as the site's laboratory reports it: with its unit, where that is another one.

    As many decimals are kept as it takes for the entry to convert back to the very same value.
    """
    laboratory = replicate.assumptions.laboratory.sites.get(site)
    unit = laboratory.units.get(item) if laboratory else None
    definition = replicate.protocol.item_by_id[item]
    if unit is None or definition.unit is None or unit == definition.unit:
        return text
    return _converted(text, definition.unit, unit, decimals_of(definition))


@lru_cache(maxsize=16_384)
def _converted(text: str, own: str, unit: str, decimals: int) -> str:
    """A value in `own` unit as one in `unit` with its unit written out; unconverted where none leads back.

    Kept, since the same few results of a laboratory come again and again.
    """
    value = Decimal(text)
    exact = convert(value, own, unit)
    step = Decimal(1).scaleb(-decimals)
    for shown_decimals in range(7):
        shown = exact.quantize(Decimal(1).scaleb(-shown_decimals))
        if convert(shown, unit, own).quantize(step) == value:
            return f"{shown:f} {unit}"
    return text


__all__ = [
    "NEVER", "AttritionArrays", "EventArrays", "Given", "Replicate", "StaffArrays", "generate",
    "in_site_unit",
]  # fmt: skip
