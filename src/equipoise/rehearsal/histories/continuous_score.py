"""A score that moves from its baseline toward an arm's plateau, with a person's own response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from ..assumptions import Model, Real, Weight
from ..columns import decimals_of
from .course import Course, Series, Setting, adherence_levels, known_arms, read_parameters


class _Score(Model):
    """One item. `change` is by arm, in the item's unit, reached `weeks_to_plateau` weeks after
    randomization (in a straight line), in proportion to the doses taken where `needs_doses` says
    what share of the change rests on them."""

    change: dict[str, Real]
    weeks_to_plateau: float = Field(default=4.0, gt=0)
    person_sd: Weight = 0.0
    day_sd: Weight = 0.0
    needs_doses: dict[str, Weight] = Field(default={})
    minimum: Real | None = None
    maximum: Real | None = None


class _Parameters(Model):
    scores: dict[str, _Score]
    days_before: int = 42
    days_after: int = 365


def continuous_score(parameters: Mapping[str, Any], setting: Setting) -> Course:
    """Baseline + change(arm) × min(1, weeks / weeks to plateau) × response + day's noise.

    The person's response is 1 + N(0, person_sd); the baseline is the item among
    `assumptions.participants.items`. Values are rounded to the item's decimals and held in bounds.
    """
    p = read_parameters(_Parameters, parameters)
    for name, score in p.scores.items():
        by_arm = {"change": score.change, "needs_doses": score.needs_doses}
        known_arms(setting, {f"scores.{name}.{part}": given for part, given in by_arm.items()})
    length = p.days_before + p.days_after
    offsets = np.arange(length) - p.days_before
    levels = adherence_levels(setting, offsets[None, :])
    doses = setting.uniforms("adherence/doses", length * setting.occasions)
    taken = doses.reshape(*levels.shape, setting.occasions) < levels[:, :, None]
    daily = taken.mean(axis=2) * (offsets >= 0)
    share = np.cumsum(daily, axis=1) / np.maximum(np.cumsum(offsets >= 0), 1)
    arms = setting.arms
    series = {}
    for name, score in p.scores.items():
        if not setting.wants(name):
            continue
        item = setting.protocol.item_by_id[name]
        baseline = setting.column(name, f"natural_history.parameters.scores.{name}").values
        response = 1.0 + score.person_sd * setting.normals(f"history/response/{name}", 1)
        noise = score.day_sd * setting.normals(f"history/noise/{name}", length)
        # up to the day of randomization the score is the baseline itself
        noise[:, : p.days_before + 1] = 0.0
        toward = np.clip(offsets / (7.0 * score.weeks_to_plateau), 0.0, 1.0)
        decimals = decimals_of(item)
        values = np.empty((len(arms), len(baseline), length))
        for index, arm in enumerate(arms):
            rests = score.needs_doses.get(arm, 0.0)
            change = score.change.get(arm, 0.0) * (1.0 - rests + rests * share)
            values[index] = (
                baseline[:, None].astype(np.float64) + change * toward * response + noise
            )
        low = score.minimum if score.minimum is not None else item.minimum
        high = score.maximum if score.maximum is not None else item.maximum
        held = np.clip(
            values, None if low is None else float(low), None if high is None else float(high)
        )
        series[name] = Series(np.round(held, decimals) + 0.0, decimals)
    return Course(
        first=setting.randomized,
        last=setting.randomized + p.days_after - 1,
        days_before=p.days_before,
        length=length,
        taken=np.broadcast_to(taken, (len(arms), *taken.shape)),
        series=series,
    )


def continuous_score_null(
    parameters: Mapping[str, Any], arms: Sequence[str], control: str
) -> dict[str, Any]:
    """The parameters with the control's change, and its dependence on doses, in every arm."""
    given = read_parameters(_Parameters, parameters)
    scores = {
        name: {
            **parameters["scores"][name],
            "change": dict.fromkeys(arms, score.change.get(control, 0.0)),
            "needs_doses": dict.fromkeys(arms, score.needs_doses.get(control, 0.0)),
        }
        for name, score in given.scores.items()
    }
    return {**parameters, "scores": scores}
