"""What may happen to a participant after allocation, as rules of the protocol name it: intercurrent events, and what
keeps somebody out of an analysis set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Chance, Expression, Id, Number, Part, Text


class CountedEvents(Part):
    """Adverse events that a rule counts: of any of the terms (none given: of every term), at least of a
    grade, and where asked only serious ones, or those judged at least possibly related to a study product."""

    terms: list[Id] = []
    grade: int = Field(default=1, ge=1, le=5)
    serious: bool = False
    related: bool = False


Category = Literal[
    "participant_decision", "lost_to_follow_up", "adverse_event", "investigator_decision", "death",
    "other",
]  # fmt: skip


class Leaving(Part):
    """The participant leaves treatment, whether followed on or not, or leaves follow-up.

    With `categories` only for these reasons.
    """

    kind: Literal["leaving"]
    scope: Literal["treatment", "follow_up"]
    categories: list[Category] = []


class Death(Part):
    """The participant dies."""

    kind: Literal["death"]


class DoseGap(Part):
    """At least `days` days in a row of the intervention's regimen without a dose taken; it happens on the first.

    A day whose record is missing is `unknown`, and ends the gap, unless it counts as `not_taken`.
    """

    kind: Literal["dose_gap"]
    intervention: Id
    days: int = Field(ge=1, le=366)
    unrecorded: Literal["unknown", "not_taken"] = "unknown"


class Condition(Part):
    """An expression over items becomes true, on the day of the values that make it so."""

    kind: Literal["condition"]
    when: Expression


class Reported(Part):
    """An adverse event of a kind is reported; it happens on the day of its start."""

    kind: Literal["adverse_event"]
    events: CountedEvents


Detector = Annotated[Leaving | Death | DoseGap | Condition | Reported, Field(discriminator="kind")]


class DetectedEvent(Part):
    """An intercurrent event with the rules that find it in the data (ICH E9(R1), A.3.1).

    It happens on the first day, from randomization on, on which any of `detect` says so. With `arms`, only in them.
    """

    id: Id
    label: Text
    detect: list[Detector] = Field(min_length=1)
    arms: list[Id] = []


Strategy = Literal[
    "treatment_policy", "composite", "while_on_treatment", "hypothetical", "principal_stratum"
]


class IntercurrentEvent(Part):
    """An event after allocation that bears on the endpoint, and the strategy for it (ICH E9(R1)).

    `detected` names one of the protocol's `intercurrent_events`: the strategy is then carried out on the data. With
    `event` alone it is stated in words. A composite of an outcome that is no event `counts_as` a value.
    """

    event: Text | None = None
    strategy: Strategy
    detected: Id | None = None
    counts_as: Number | None = None

    @model_validator(mode="after")
    def _named(self) -> IntercurrentEvent:
        if (self.event is None) == (self.detected is None):
            raise ValueError("say which event: `detected` by its id, or `event` in words")
        if self.counts_as is not None and self.strategy != "composite":
            raise ValueError("`counts_as` belongs to the strategy `composite`")
        return self


class DeviationExclusion(Part):
    """A protocol deviation: one assessed as important, one logged as major, or any; with `kinds` only of these."""

    kind: Literal["deviation"]
    reason: Text
    which: Literal["important", "major", "any"] = "important"
    kinds: list[str] = []


class DosesExclusion(Part):
    """Less than `below` of the doses recorded were taken, in an arm with a product of its own."""

    kind: Literal["doses_below"]
    reason: Text
    below: Chance


class EventExclusion(Part):
    """One of the protocol's `intercurrent_events` happened."""

    kind: Literal["intercurrent"]
    reason: Text
    event: Id


class UnevaluableExclusion(Part):
    """There is no outcome of the endpoint that rests on an assessment."""

    kind: Literal["not_evaluable"]
    reason: Text
    endpoint: Id


class ConditionExclusion(Part):
    """An expression over the participant's items holds, as they stood at randomization."""

    kind: Literal["condition"]
    reason: Text
    when: Expression


Exclusion = Annotated[
    DeviationExclusion
    | DosesExclusion
    | EventExclusion
    | UnevaluableExclusion
    | ConditionExclusion,
    Field(discriminator="kind"),
]


class AnalysisSet(Part):
    """Participants analyzed together. `randomized`, `treated` (took a dose), `evaluable` for an endpoint.

    Whoever meets one of `exclusions` is kept out, for the reason stated (per protocol).
    """

    id: Id
    label: Text
    rule: Literal["randomized", "treated", "evaluable"]
    endpoint: Id | None = None
    exclusions: list[Exclusion] = []
