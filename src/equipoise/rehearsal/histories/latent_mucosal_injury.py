"""Radiation mucositis as a latent injury: fractions feed it, time heals it, thresholds grade it.

Daily steps. Input = dose of the day × susceptibility × frailty × (1 + kappa × chemotherapy) ×
(1 - effect × adherence); two transit compartments delay it; the injury L heals at the rate
1/healing; the observed X = ln L + AR(1) noise; the grade is the number of thresholds below X.
An assumption, calibrated to published incidences, not a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field

from equipoise.protocol.document import Item

from ..assumptions import Model, Probability, Real, Typed, Weight
from ..columns import Days, decimals_of, kind_of, weekday_of
from ..lean import LeanStreams
from ..streams import Floats
from . import cells
from .course import (
    Course,
    DateHistory,
    Series,
    Setting,
    Truths,
    adherence_levels,
    known_arms,
    read_parameters,
)

Positive = Annotated[float, BeforeValidator(lambda value: float(value)), Field(gt=0)]
_PATH = "natural_history.parameters"
FLOOR = 1e-6


class _ByLevel(Model):
    """A number that depends on a baseline item; `otherwise` for levels not named."""

    item: str | None = None
    levels: dict[Typed, Real] = Field(default={})
    otherwise: Real


class _Chemotherapy(Model):
    item: str
    kappa: Weight


class _Insensitive(Model):
    fraction: Probability = 0.0
    shift: Real = 2.5


class _SlowHealing(Model):
    fraction: Probability = 0.0
    factor: Positive = 2.0


class _Shift(Model):
    """The start of radiotherapy moves by working days, and this is known some days before."""

    probability: Probability = 0.0
    days: tuple[int, int] = (1, 5)
    known_before: tuple[int, int] = (1, 3)


class _Interruption(Model):
    probability: Probability = 0.0
    days: tuple[int, int] = (5, 9)


class _Radiotherapy(Model):
    fractions: _ByLevel
    dose: _ByLevel
    start_after_randomization: int = 8
    """The first fraction is planned within the week that begins this many days after."""
    shift: _Shift = _Shift()
    interruption: _Interruption = _Interruption()
    stopped_early: Probability = 0.0


class _Scale(Model):
    """A grade recorded on a scale of its own: how often it equals the model's grade."""

    agreement: Probability = 1.0
    severe_agreement: Probability = 1.0


class _EndReason(Model):
    item: str
    completed: Typed
    stopped: Typed


class _Items(Model):
    """Items of the protocol that the model fills."""

    planned_start: str | None = None
    planned_end: str | None = None
    planned_dose: str | None = None
    planned_fractions: str | None = None
    first: str | None = None
    last: str | None = None
    fractions_done: str | None = None
    dose_done: str | None = None
    break_days: str | None = None
    end_reason: _EndReason | None = None
    grades: dict[str, _Scale] = Field(default={})
    by_grade: dict[str, tuple[Typed, Typed, Typed, Typed, Typed]] = Field(default={})
    """Items whose value goes with the grade seen (0 to 4): diet, ulcer scores."""
    pain: str | None = None
    weight: str | None = None
    opioid: str | None = None
    tube: str | None = None


class _Pain(Model):
    means: tuple[Real, Real, Real, Real, Real] = (0.5, 2.0, 4.0, 6.5, 8.0)
    person_sd: Weight = 1.0
    day_sd: Weight = 1.0


class _Weight(Model):
    """Loss in per cent of the baseline weight per week of the course, by grade 0 to 4."""

    weekly_loss: tuple[Real, Real, Real, Real, Real] = (0.7, 0.7, 1.2, 1.7, 1.7)
    sd: Weight = 0.5


class _Care(Model):
    """Chance per week, by grade 0 to 4, that it is begun; it ends at grade 1 or below."""

    weekly_start: tuple[Probability, Probability, Probability, Probability, Probability]


class LatentMucosalInjury(Model):
    """The model's parameters; defaults are those of the calibration without the binding of items."""

    lag_days: Positive = 10.0
    lag_jitter: Weight = 0.0
    healing_days: Positive = 14.0
    slow_healing: _SlowHealing = _SlowHealing()
    frailty_sd: Weight = 0.30
    noise_autocorrelation: Probability = 0.93
    noise_sd: Weight = 0.10
    thresholds: tuple[Real, Real, Real, Real] = (1.84, 2.95, 3.29, 3.85)
    susceptibility: _ByLevel = _ByLevel(otherwise=1.03)
    chemotherapy: _Chemotherapy | None = None
    insensitive: _Insensitive = _Insensitive()
    effect: dict[str, Probability] = Field(default={})
    """By arm: the share of the day's input taken away when every dose is taken."""
    assessor_bias: dict[str, Real] = Field(default={})
    """By arm: how far the person grading scores below what X says."""
    radiotherapy: _Radiotherapy
    items: _Items = _Items()
    pain: _Pain = _Pain()
    weight: _Weight = _Weight()
    opioid: _Care = _Care(weekly_start=(0.02, 0.05, 0.15, 0.5, 0.8))
    tube: _Care = _Care(weekly_start=(0.0, 0.0, 0.01, 0.10, 0.9))
    days_before: int = 35
    days_after: int = 130


@dataclass(frozen=True)
class _Schedule:
    """Fractions given, `[person, day]`, and the days on which plans were known."""

    planned: Days
    first: Days
    last: Days
    fractions: Truths
    shift_known: Days
    expected_end: Days
    planned_end: Days
    break_known: Days
    stopped: Truths


def latent_mucosal_injury(parameters: Mapping[str, Any], setting: Setting) -> Course:
    """Every person's course in every arm; the random numbers are shared between arms."""
    p = read_parameters(LatentMucosalInjury, parameters)
    known_arms(setting, {"effect": p.effect, "assessor_bias": p.assessor_bias})
    schedule, length = _radiotherapy(p, setting)
    taken, grades, observed = _injury(p, setting, schedule, length)
    in_course = _course_days(schedule, p.days_before, length)
    series = _grade_series(p, setting, observed)
    series.update(_consequences(p, setting, grades, in_course))
    series.update(_delivery(p, setting, schedule, len(setting.arms)))
    return Course(
        first=schedule.first,
        last=schedule.last,
        days_before=p.days_before,
        length=length,
        taken=taken,
        series=series,
        dates=_dates(p, setting, schedule),
    )


def latent_mucosal_injury_null(
    parameters: Mapping[str, Any], arms: Sequence[str], control: str
) -> dict[str, Any]:
    """The parameters with the control's effect in every arm, and an assessor who grades all alike."""
    given = read_parameters(LatentMucosalInjury, parameters)
    same = given.effect.get(control, 0.0)
    return {**parameters, "effect": dict.fromkeys(arms, same), "assessor_bias": {}}


def _by_level(given: _ByLevel, setting: Setting, path: str) -> Floats:
    values = np.full(setting.subjects.size, given.otherwise)
    if given.item is None:
        return values
    column = setting.column(given.item, f"{_PATH}.{path}")
    for level, value in given.levels.items():
        values = np.where(column.equals(level), value, values)
    return values


def _between(span: tuple[int, int], u: Floats) -> npt.NDArray[np.int64]:
    return span[0] + np.floor(u * (span[1] - span[0] + 1)).astype(np.int64)


def _work_days_after(start: Days, count: npt.NDArray[np.int64]) -> Days:
    """The day `count` working days (Monday to Friday) after a working day."""
    weekday = weekday_of(start)
    return start + count + 2 * ((weekday + count) // 5)


def _radiotherapy(p: LatentMucosalInjury, setting: Setting) -> tuple[_Schedule, int]:
    plan = p.radiotherapy
    u = setting.uniforms("history/radiotherapy", 8)
    earliest = setting.randomized + plan.start_after_randomization
    wanted = np.floor(u[:, 0] * 5).astype(np.int64)
    planned = earliest + (wanted - weekday_of(earliest)) % 7
    shifted = u[:, 1] < plan.shift.probability
    moved = _work_days_after(planned, _between(plan.shift.days, u[:, 2]))
    first = np.where(shifted, moved, planned)
    shift_known = np.where(shifted, planned - _between(plan.shift.known_before, u[:, 3]), planned)
    fractions = _by_level(plan.fractions, setting, "radiotherapy.fractions").astype(np.int64)
    planned_end = _work_days_after(planned, fractions - 1)
    expected_end = _work_days_after(first, fractions - 1)
    stopped = u[:, 4] < plan.stopped_early
    given = np.where(
        stopped,
        np.floor(fractions * (0.5 + 0.4 * u[:, 4] / max(plan.stopped_early, FLOOR))).astype(
            np.int64
        ),
        fractions,
    )
    interrupted = u[:, 5] < plan.interruption.probability
    # the break falls into the middle half of the course, where reactions are at their worst
    before = np.floor(given * (0.4 + 0.4 * u[:, 6])).astype(np.int64)
    gap = np.where(interrupted, _between(plan.interruption.days, u[:, 7]), 0)
    longest = int(np.max(_work_days_after(first, given - 1 + gap) - first)) + 1 if first.size else 1
    length = p.days_before + longest + p.days_after
    offsets = np.arange(length) - p.days_before
    working = (offsets >= 0) & ((weekday_of(first)[:, None] + offsets) % 7 < 5)
    ordinal = np.cumsum(working, axis=1)
    ordinal_after: npt.NDArray[np.int64] = ordinal - gap[:, None]
    delivered = working & (
        (ordinal <= np.minimum(before, given)[:, None])
        | ((ordinal_after > before[:, None]) & (ordinal_after <= given[:, None]))
    )
    last_index = length - 1 - np.argmax(delivered[:, ::-1], axis=1)
    last = first + last_index - p.days_before
    break_known = np.where(interrupted, _work_days_after(first, before), last)
    schedule = _Schedule(
        planned,
        first,
        last,
        delivered,
        shift_known,
        expected_end,
        planned_end,
        break_known,
        stopped,
    )
    return schedule, length


def _injury(
    p: LatentMucosalInjury, setting: Setting, schedule: _Schedule, length: int
) -> tuple[Truths, npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Doses taken, the true grade and the grade as the assessor sees it, `[arm, person, day]`."""
    persons, arms = setting.subjects.size, setting.arms
    if isinstance(setting.streams, LeanStreams):
        return _by_cells(p, setting, setting.streams, schedule, length)
    frailty = np.exp(p.frailty_sd * setting.normals("history/frailty", 1)[:, 0])
    lag = p.lag_days * np.exp(p.lag_jitter * setting.normals("history/lag", 1)[:, 0])
    transit = 1 - np.exp(-2 / lag)
    u = setting.uniforms("history/kind", 2)
    shift = np.where(u[:, 0] < p.insensitive.fraction, p.insensitive.shift, 0.0)
    slow = np.where(u[:, 1] < p.slow_healing.fraction, p.slow_healing.factor, 1.0)
    healing = 1 - np.exp(-1 / p.healing_days)
    healing_after = 1 - np.exp(-1 / (p.healing_days * slow))
    strength = _susceptibility(p, setting) * frailty
    noise = _autoregressive(p, setting, length)
    offsets = np.arange(length) - p.days_before
    levels = adherence_levels(setting, offsets[None, :])
    above = setting.adherence.while_above
    effect = np.array([p.effect.get(arm, 0.0) for arm in arms])[:, None]
    bias = np.array([p.assessor_bias.get(arm, 0.0) for arm in arms])[:, None]
    thresholds = np.array(p.thresholds)
    last_index = schedule.last - schedule.first + p.days_before
    shape = (len(arms), persons)
    taken = np.zeros((*shape, length, setting.occasions), dtype=np.bool_)
    grades = np.zeros((*shape, length), dtype=np.int8)
    observed = np.zeros((*shape, length), dtype=np.int8)
    if setting.streams.compiled:
        from ..bulk.kernels.arrays import injury as follow

        sure = follow(
            schedule.fractions, strength, transit, healing, healing_after, last_index, noise, shift,
            levels, setting.occasions, setting.every_dose, *setting.address("adherence/doses"), effect[:, 0], bias[:, 0], thresholds, FLOOR,
            float(above.at_least) if above else np.inf, float(above.factor) if above else 1.0,
            taken, grades, observed,
        )  # fmt: skip
        if sure:
            return taken, grades, observed
    draws = setting.uniforms("adherence/doses", length * setting.occasions)
    draws = draws.reshape(persons, length, setting.occasions)
    one, two, injury = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    severe = np.zeros(shape, dtype=np.bool_)
    for day in range(length):
        level = np.broadcast_to(levels[:, day], shape)
        if above is not None:
            level = np.where(severe, level * above.factor, level)
        doses = draws[None, :, day, :] < level[:, :, None]
        taken[:, :, day] = doses
        dose = schedule.fractions[:, day] * strength * (1 - effect * doses.mean(axis=2))
        out_one, out_two = transit * one, transit * two
        one = one - out_one + dose
        two = two - out_two + out_one
        rate = np.where(day > last_index, healing_after, healing)
        injury = injury - rate * injury + out_two
        x = np.log(np.maximum(injury, FLOOR)) + noise[:, day] - shift
        grades[:, :, day] = (x[:, :, None] > thresholds).sum(axis=2)
        observed[:, :, day] = ((x - bias)[:, :, None] > thresholds).sum(axis=2)
        if above is not None:
            severe = grades[:, :, day] >= above.at_least
    return taken, grades, observed


def _susceptibility(p: LatentMucosalInjury, setting: Setting) -> Floats:
    """What a fraction does to a person of the middle frailty."""
    strength = _by_level(p.radiotherapy.dose, setting, "radiotherapy.dose")
    strength = strength * _by_level(p.susceptibility, setting, "susceptibility")
    if p.chemotherapy is not None:
        chemo = setting.column(p.chemotherapy.item, f"{_PATH}.chemotherapy").equals("true")
        strength = strength * (1 + p.chemotherapy.kappa * chemo)
    return np.asarray(strength, dtype=np.float64)


def tables_of(p: LatentMucosalInjury, alpha: float, beta: float, occasions: int) -> cells.Tables:
    """The tables by which the course is followed under the second scheme of addresses."""
    return cells.tables(
        p.frailty_sd, p.lag_days, p.lag_jitter, p.healing_days, p.slow_healing.factor,
        p.noise_sd, p.noise_autocorrelation, alpha, beta, occasions,
    )  # fmt: skip


def _by_cells(
    p: LatentMucosalInjury,
    setting: Setting,
    streams: LeanStreams,
    schedule: _Schedule,
    length: int,
) -> tuple[Truths, npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """`_injury` under the second scheme of addresses."""
    arms, subjects, plan = setting.arms, setting.subjects, setting.adherence
    known = tables_of(p, plan.alpha, plan.beta, setting.occasions)
    weeks = -(-(length - p.days_before) // cells.WEEK)
    fractions = np.zeros((subjects.size, weeks * cells.WEEK), dtype=np.bool_)
    fractions[:, : length - p.days_before] = schedule.fractions[:, p.days_before :]
    kind = streams.uniforms("history/kind", subjects, 2)
    shift = np.where(kind[:, 0] < p.insensitive.fraction, p.insensitive.shift, 0.0)
    frailty = known.frailty[streams.levels("history/frailty", subjects)[:, 0]]
    transit = (
        known.transit[streams.levels("history/lag", subjects)[:, 0]]
        if p.lag_jitter
        else np.broadcast_to(known.transit, subjects.size)
    )
    persons = cells.Persons(
        strength=_susceptibility(p, setting).astype(np.float32) * frailty,
        transit=transit,
        slow=kind[:, 1] < p.slow_healing.fraction,
        shift=shift.astype(np.float32),
        last=schedule.last - schedule.first,
        fractions=fractions,
    )
    seen = cells.follow(
        known,
        persons,
        streams,
        subjects,
        plan,
        [p.effect.get(arm, 0.0) for arm in arms],
        [p.assessor_bias.get(arm, 0.0) for arm in arms],
        p.thresholds,
        FLOOR,
    )
    if setting.every_dose:
        taken = cells.doses_by_day(
            known, streams, subjects, plan, seen.taken, p.days_before, length, setting.occasions
        )
    else:
        taken = np.zeros((len(arms), subjects.size, length, setting.occasions), dtype=np.bool_)
    grades, observed = (
        cells.daily(one, p.days_before, length) for one in (seen.grades, seen.observed)
    )
    return taken, grades, observed


def _autoregressive(p: LatentMucosalInjury, setting: Setting, length: int) -> Floats:
    """AR(1) noise in its stationary law, `[person, day]`."""
    draws = p.noise_sd * setting.normals("history/noise", length + 1)
    keep = p.noise_autocorrelation
    fresh = np.sqrt(1 - keep**2)
    noise = np.empty((setting.subjects.size, length))
    state = draws[:, 0]
    for day in range(length):
        state = keep * state + fresh * draws[:, day + 1]
        noise[:, day] = state
    return noise


def _course_days(schedule: _Schedule, days_before: int, length: int) -> Truths:
    offsets = np.arange(length) - days_before
    span = schedule.last - schedule.first
    return np.asarray((offsets >= 0) & (offsets <= span[:, None]))


def _codes(setting: Setting, item: Item, levels: int) -> tuple[str, ...] | None:
    if kind_of(item) != "code":
        return None
    codelist = setting.protocol.codelist_by_id[item.codelist or ""]
    codes = tuple(code.code for code in codelist.codes)
    return codes + (codes[-1],) * (levels - len(codes))


def _grade_series(
    p: LatentMucosalInjury, setting: Setting, observed: npt.NDArray[np.int8]
) -> dict[str, Series]:
    series = {}
    length = observed.shape[2]
    for name, scale in p.items.grades.items():
        if not setting.wants(name):
            continue
        item = setting.protocol.item_by_id[name]
        if min(scale.agreement, scale.severe_agreement) >= 1:
            series[name] = Series(observed, 0, _codes(setting, item, 5))
            continue
        u = setting.uniforms(f"history/scale/{name}", length)
        differs = np.where(observed >= 3, u >= scale.severe_agreement, u >= scale.agreement)
        differs &= observed > 0
        # the same number decides the direction: the upper half of those that differ goes up
        up = (u > (1 + scale.agreement) / 2) & (observed < 3)
        values = np.where(differs, observed + np.where(up, 1, -1), observed).astype(np.int8)
        series[name] = Series(values, 0, _codes(setting, item, 5))
    for name, values_by_grade in p.items.by_grade.items():
        series[name] = Series(observed, 0, values_by_grade)
    return series


def _consequences(
    p: LatentMucosalInjury,
    setting: Setting,
    grades: npt.NDArray[np.int8],
    in_course: Truths,
) -> dict[str, Series]:
    """Pain, weight, opioids and tube feeding as they follow from the true grade."""
    series = {}
    length = grades.shape[2]
    items = setting.protocol.item_by_id
    if p.items.pain is not None and setting.wants(p.items.pain):
        own = p.pain.person_sd * setting.normals("history/pain/person", 1)
        daily = p.pain.day_sd * setting.normals("history/pain/day", length)
        pain = np.array(p.pain.means)[grades] + own + daily
        series[p.items.pain] = Series(
            np.clip(np.round(pain), 0, 10).astype(np.int8),
            0,
            _codes(setting, items[p.items.pain], 11),
        )
    if p.items.weight is not None and setting.wants(p.items.weight):
        item = items[p.items.weight]
        start = setting.column(item.id, f"{_PATH}.items.weight").values.astype(np.float64)
        loss = np.array(p.weight.weekly_loss)[grades] / 7
        loss = loss + p.weight.sd / np.sqrt(7) * setting.normals("history/weight", length)
        lost = np.cumsum(np.where(in_course, loss, 0.0), axis=2)
        kilograms = start[:, None] * (1 - lost / 100)
        decimals = decimals_of(item)
        series[item.id] = Series(np.round(kilograms, decimals) + 0.0, decimals)
    for name, care, stream in (
        (p.items.opioid, p.opioid, "opioid"),
        (p.items.tube, p.tube, "tube"),
    ):
        if name is not None and setting.wants(name):
            series[name] = _care_series(items[name], care, setting, grades, f"history/{stream}")
    return series


def _care_series(
    item: Item, care: _Care, setting: Setting, grades: npt.NDArray[np.int8], stream: str
) -> Series:
    weekly = np.array(care.weekly_start)
    daily = 1 - (1 - weekly) ** (1 / 7)
    u = setting.uniforms(stream, grades.shape[2])
    given = np.zeros(grades.shape, dtype=np.int8)
    on = np.zeros(grades.shape[:2], dtype=np.bool_)
    worst = np.zeros(grades.shape[:2], dtype=np.int8)
    for day in range(grades.shape[2]):
        grade = grades[:, :, day]
        worst = np.maximum(worst, grade)
        on = (on & ((grade > 1) | (worst < 2))) | (u[:, day] < daily[grade])
        given[:, :, day] = on
    codes = ("false", "true") if kind_of(item) == "boolean" else _codes(setting, item, 2)
    return Series(given, 0, codes)


def _delivery(
    p: LatentMucosalInjury, setting: Setting, schedule: _Schedule, arms: int
) -> dict[str, Series]:
    """Fractions and dose given up to each day: the same in every arm."""
    series: dict[str, Series] = {}
    done = np.cumsum(schedule.fractions, axis=1)
    dose = _by_level(p.radiotherapy.dose, setting, "radiotherapy.dose")
    planned = _by_level(p.radiotherapy.fractions, setting, "radiotherapy.fractions")
    days = np.ones_like(done)
    reason = p.items.end_reason
    if reason is not None and setting.wants(reason.item):
        ended = np.broadcast_to(schedule.stopped[None, :, None], (arms, *done.shape))
        series[reason.item] = Series(ended.astype(np.int8), 0, (reason.completed, reason.stopped))
    columns: tuple[tuple[str | None, Callable[[], Floats]], ...] = (
        (p.items.fractions_done, lambda: done.astype(np.float64)),
        (p.items.dose_done, lambda: done * dose[:, None]),
        (p.items.planned_fractions, lambda: days * planned[:, None]),
        (p.items.break_days, lambda: _days_missed(schedule, p.days_before)),
        (p.items.planned_dose, lambda: days * (planned * dose)[:, None]),
    )
    for name, values in columns:
        if name is not None and setting.wants(name):
            decimals = decimals_of(setting.protocol.item_by_id[name])
            rounded = np.round(values(), decimals) + 0.0
            series[name] = Series(np.broadcast_to(rounded, (arms, *rounded.shape)), decimals)
    return series


def _days_missed(schedule: _Schedule, days_before: int) -> Floats:
    """Working days without a fraction among the last seven days, within the course."""
    length = schedule.fractions.shape[1]
    offsets = np.arange(length) - days_before
    working = (weekday_of(schedule.first)[:, None] + offsets) % 7 < 5
    within = _course_days(schedule, days_before, length)
    missed = np.cumsum(working & within & ~schedule.fractions, axis=1)
    before = np.zeros_like(missed)
    before[:, 7:] = missed[:, :-7]
    return (missed - before).astype(np.float64)


def _dates(p: LatentMucosalInjury, setting: Setting, schedule: _Schedule) -> dict[str, DateHistory]:
    def history(*steps: tuple[Days, Days]) -> DateHistory:
        known = np.stack([step[0] for step in steps], axis=1)
        return DateHistory(known, np.stack([step[1] for step in steps], axis=1))

    screened = setting.planned
    found = {
        p.items.planned_start: history(
            (screened, schedule.planned), (schedule.shift_known, schedule.first)
        ),
        p.items.planned_end: history(
            (screened, schedule.planned_end),
            (schedule.shift_known, schedule.expected_end),
            (schedule.break_known, schedule.last),
        ),
        p.items.first: history((schedule.first, schedule.first)),
        p.items.last: history((schedule.last, schedule.last)),
    }
    return {name: dates for name, dates in found.items() if name is not None}
