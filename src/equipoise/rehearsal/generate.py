"""`generate(protocol, seed, replicate)`: one replicate of a trial as arrays.

Every array has the person on an axis; what depends on the arm is given for every arm (potential
outcomes), since the arm is only known once the trial has allocated it. Days are ordinals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from equipoise.protocol.document import Item, Protocol
from equipoise.quantity.units import convert

from .accrual import Arrivals, arrivals
from .assumptions import (
    AssumptionError,
    CourseEffect,
    Drift,
    Given,
    HazardAbove,
    RehearsalAssumptions,
    VirtualEvent,
    read_assumptions,
)
from .columns import Column, Days, Kind, Sampler, choices, decimals_of
from .histories import Course, Series, Setting, follow_history
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


@dataclass(frozen=True, slots=True)
class StaffArrays:
    """What staff do, as uniform numbers and days; `[person, visit]` in the schedule's order."""

    missed: Truths
    late: Indexes
    typing: Floats
    typing_item: Floats
    typing_kind: Floats
    found: Floats
    swap: Floats
    deviation: Floats
    wrong_stratum: Floats
    transfer: Floats
    query: Floats
    diary: Floats


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
        failure = int(self.failure[person])
        if failure >= 0 and not cured:
            forced = self.failing[failure].get(item)
            if forced is not None:
                return forced.typed(person)
        dates = self.course.dates.get(item)
        if dates is not None:
            return dates.typed(person, day)
        series = self.series.get(item)
        if series is not None:
            return series.typed(arm or 0, person, self.course.index(person, day))
        column = self.columns.get(item)
        return None if column is None else column.typed(person)

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
) -> Replicate:
    """One replicate: equal arguments give equal arrays, whatever else is generated.

    `candidates` bounds the persons (default: enough to fill the target twice over in expectation of
    refusals and failures). Raises `AssumptionError` where the assumptions do not fit the protocol.
    """
    given = assumptions or read_assumptions(protocol)
    streams = Streams(seed, replicate)
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
    )
    course = follow_history(given.history, given.history_parameters, setting)
    series = {**_drifting(given, setting, course), **course.series}
    rows, log_columns = _logs(protocol, given, sampler, streams, came)
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
        events=_events(given, setting, course),
        staff=_staff(protocol, given, streams, came.subjects),
        log_rows=rows,
        log_columns=log_columns,
    )


def _work_days(start: Days, count: Indexes) -> Days:
    """`count` working days after `start`, itself first moved to a working day."""
    weekday = (start - 1) % 7
    monday = np.where(weekday >= 5, start + 7 - weekday, start)
    weekday = (monday - 1) % 7
    return np.asarray(monday + count + 2 * ((weekday + count) // 5), dtype=np.int64)


def _baseline(protocol: Protocol, given: RehearsalAssumptions, sampler: Sampler) -> None:
    """Columns of the items given, in the order given, then defaults for the rest."""
    for name, way in given.participants.items.items():
        sampler.columns[name] = sampler.draw(name, way)
    for item in protocol.items:
        if item.id not in sampler.columns and item.derived is None and item.type != "identity":
            sampler.columns[item.id] = sampler.default(item)


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
        values = _drift(name, drift, setting, course)
        series[name] = _as_series(setting.protocol.item_by_id[name], values, arms)
    offsets = np.arange(course.length) - course.days_before
    span = (course.last - course.first)[:, None]
    for name, laboratory in given.laboratory.items.items():
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
        low = laboratory.minimum if laboratory.minimum is not None else item.minimum
        high = laboratory.maximum if laboratory.maximum is not None else item.maximum
        held = np.clip(
            values, None if low is None else float(low), None if high is None else float(high)
        )
        series[name] = _as_series(item, held, arms)
    return series


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


def _attrition(
    given: RehearsalAssumptions, setting: Setting, course: Course, series: Mapping[str, Series]
) -> AttritionArrays:
    """The first day on which a person leaves: daily hazard by arm, raised while an item is high."""
    plan = given.attrition
    persons = setting.subjects.size
    weekly = np.full((len(setting.arms), persons, course.length), plan.weekly_hazard)
    for index, arm in enumerate(setting.arms):
        weekly[index] *= plan.arm_factors.get(arm, 1.0)
    if plan.while_above is not None:
        weekly = weekly * _factors(plan.while_above, series)
    daily = 1 - (1 - np.minimum(weekly, 1.0)) ** (1 / 7)
    offsets = np.arange(course.length) - course.days_before
    begins = np.maximum(setting.randomized - course.first, plan.from_day) + 1
    at_risk = (offsets >= begins[:, None]) & (offsets <= plan.until_day)
    u = setting.uniforms("attrition/day", course.length)
    leaves = (u < daily) & at_risk
    first = np.argmax(leaves, axis=2)
    day = np.where(leaves.any(axis=2), course.first + first - course.days_before, NEVER)
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


def _factors(above: HazardAbove, series: Mapping[str, Series]) -> Floats:
    if above.item not in series:
        raise AssumptionError(
            [f"assumptions.attrition.while_above: {above.item!r} has no daily course"]
        )
    return np.where(series[above.item].values >= above.at_least, above.factor, 1.0)


def _events(
    given: RehearsalAssumptions, setting: Setting, course: Course
) -> tuple[EventArrays, ...]:
    """One entry an assumption; a term named again has streams of its own (`…/1`)."""
    seen: dict[str, int] = {}
    arrays = []
    for spec in given.adverse_events:
        turn = seen.get(spec.term, 0)
        seen[spec.term] = turn + 1
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


def _staff(
    protocol: Protocol,
    given: RehearsalAssumptions,
    streams: Streams,
    subjects: npt.NDArray[np.uint64],
) -> StaffArrays:
    visits = max(len(protocol.schedule.visits), 1)
    plan = given.staff

    def per_visit(what: str) -> Floats:
        return streams.uniforms(f"staff/{what}", subjects, visits)

    u = per_visit("late")
    low, high = plan.late_days
    spread = np.floor(u / max(plan.visit_late, 1e-12) * (high - low + 1)).astype(np.int64)
    return StaffArrays(
        missed=per_visit("missed") < plan.visit_missed,
        late=np.where(u < plan.visit_late, low + np.minimum(spread, high - low), 0),
        typing=per_visit("typing"),
        typing_item=per_visit("typing-item"),
        typing_kind=per_visit("typing-kind"),
        found=per_visit("found"),
        swap=per_visit("swap"),
        deviation=per_visit("deviation"),
        wrong_stratum=streams.uniforms("staff/stratum", subjects, 3),
        transfer=streams.uniforms("staff/transfer", subjects, 3),
        query=streams.uniforms("staff/query", subjects, 64),
        diary=streams.uniforms("staff/diary", subjects, 400),
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
    from decimal import Decimal

    laboratory = replicate.assumptions.laboratory.sites.get(site)
    unit = laboratory.units.get(item) if laboratory else None
    definition = replicate.protocol.item_by_id[item]
    if unit is None or definition.unit is None or unit == definition.unit:
        return text
    value = Decimal(text)
    exact = convert(value, definition.unit, unit)
    step = Decimal(1).scaleb(-decimals_of(definition))
    for decimals in range(7):
        shown = exact.quantize(Decimal(1).scaleb(-decimals))
        if convert(shown, unit, definition.unit).quantize(step) == value:
            return f"{shown:f} {unit}"
    return text


__all__ = [
    "NEVER", "AttritionArrays", "EventArrays", "Given", "Replicate", "StaffArrays", "generate",
    "in_site_unit",
]  # fmt: skip
