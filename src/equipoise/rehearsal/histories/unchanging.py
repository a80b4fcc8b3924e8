"""Nothing happens: every item stays as it is at baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..assumptions import Model
from .course import Course, Setting, adherence_levels, read_parameters


class _Parameters(Model):
    days: int = 365


def unchanging(parameters: Mapping[str, Any], setting: Setting) -> Course:
    """The course begins on the day of randomization and lasts `days`; doses follow adherence only."""
    days = read_parameters(_Parameters, parameters).days
    levels = adherence_levels(setting, np.arange(days)[None, :])
    doses = setting.uniforms("adherence/doses", days * setting.occasions)
    taken = doses.reshape(*levels.shape, setting.occasions) < levels[:, :, None]
    arms = len(setting.arms)
    return Course(
        first=setting.randomized,
        last=setting.randomized + days - 1,
        days_before=0,
        length=days,
        taken=np.broadcast_to(taken, (arms, *taken.shape)),
    )
