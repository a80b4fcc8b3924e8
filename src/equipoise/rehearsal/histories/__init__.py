"""Natural-history models by name: what happens to a person in each arm, day by day.

A model is a function from its parameters and a `Setting` to a `Course`. It knows no trial: the items
it fills, the arms it acts in and the items it looks at are bound by the protocol's assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..assumptions import AssumptionError
from .continuous_score import continuous_score, continuous_score_null
from .course import Course, DateHistory, Series, Setting, Still
from .latent_mucosal_injury import latent_mucosal_injury, latent_mucosal_injury_null
from .unchanging import unchanging

HISTORIES: dict[str, Callable[[Mapping[str, Any], Setting], Course]] = {
    "continuous_score": continuous_score,
    "latent_mucosal_injury": latent_mucosal_injury,
    "unchanging": unchanging,
}
"""The models a protocol may name."""


def follow_history(model: str, parameters: Mapping[str, Any], setting: Setting) -> Course:
    """The course of every person under the named model.

    Raises `AssumptionError` for an unknown model or parameters that do not fit it.
    """
    if model not in HISTORIES:
        known = ", ".join(sorted(HISTORIES))
        raise AssumptionError(
            [f"assumptions.natural_history.model: {model!r} is unknown; use one of {known}"]
        )
    return HISTORIES[model](parameters, setting)


NULLS: dict[str, Callable[[Mapping[str, Any], Sequence[str], str], dict[str, Any]]] = {
    "continuous_score": continuous_score_null,
    "latent_mucosal_injury": latent_mucosal_injury_null,
    "unchanging": lambda parameters, arms, control: dict(parameters),
}
"""By model: its parameters with every arm as the control is."""

GRADER_BIAS = {"latent_mucosal_injury": "assessor_bias"}
"""By model: the parameter, by arm, that lets whoever grades see less of it than there is."""


__all__ = [
    "GRADER_BIAS",
    "HISTORIES",
    "NULLS",
    "Course",
    "DateHistory",
    "Series",
    "Setting",
    "Still",
    "continuous_score",
    "follow_history",
    "latent_mucosal_injury",
    "unchanging",
]  # fmt: skip
