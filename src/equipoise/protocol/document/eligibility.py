"""Who may take part: criteria as text, and as expressions where data can decide them."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from .base import Expression, Id, Part, Text


class Criterion(Part):
    """One criterion of the record.

    `met_when` decides it from data: for an inclusion criterion true lets the participant in, for
    an exclusion criterion true keeps the participant out. A criterion without an expression is
    the investigator's judgement, answered yes or no with the same meaning.
    """

    id: Id
    kind: Literal["inclusion", "exclusion"]
    number: str | None = None
    text: Text
    met_when: Expression | None = None
    judgement: bool = False
    """The investigator is asked as well; the criterion is met only if both agree."""
    needs: list[Id] = []
    note: Text | None = None

    @model_validator(mode="after")
    def _decidable(self) -> Criterion:
        if self.met_when is None and not self.judgement:
            raise ValueError(
                f"criterion {self.id!r} can be decided by nobody: give `met_when`, or `judgement: true`"
            )
        return self


class Eligibility(Part):
    """Sex, ages and criteria. Ages are the registry's strings (`18 Years`)."""

    sex: Literal["all", "female", "male"] | None = None
    minimum_age: str | None = None
    maximum_age: str | None = None
    healthy_volunteers: bool | None = None
    population: Text | None = None
    sampling_method: str | None = None
    text: Text | None = None
    """The whole criteria text, where it could not be split into criteria."""
    criteria: list[Criterion] = []
