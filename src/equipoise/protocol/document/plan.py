"""What will be concluded and how: endpoints, analyses, safety, assumptions, decisions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .base import Chance, Expression, Id, Number, Offset, Part, PartialDate, Text
from .occurrences import AnalysisSet, CountedEvents, DetectedEvent, IntercurrentEvent


class Window(Part):
    """From one offset to another, both days included."""

    start: Offset
    end: Offset


Counting = Literal["missing", "no_event", "event"]
"""What somebody counts as in whom the event was not seen, and could not have been for all of the window."""


class Occurs(Part):
    """Binary: the item reached `at_least` at any assessment in the window.

    `never_assessed` says what a participant counts as who has no assessment in the window, and
    `left_without_event` one who was assessed, and died or left follow-up before the window's end
    without the event (ICH E9(R1): the handling is part of the estimand).
    """

    kind: Literal["occurs"]
    item: Id
    at_least: Number
    window: Window
    never_assessed: Counting = "missing"
    left_without_event: Counting = "no_event"


class TimeTo(Part):
    """Days from `origin` to the first assessment with the item at or above `at_least`.

    Censored at the last assessment in the window.
    """

    kind: Literal["time_to"]
    item: Id
    at_least: Number
    origin: Offset
    window: Window


class Worst(Part):
    """The highest value of the item in the window."""

    kind: Literal["worst"]
    item: Id
    window: Window


class ValueAt(Part):
    """The item's value at a visit."""

    kind: Literal["value_at"]
    item: Id
    visit: Id


class ChangeAt(Part):
    """The item's value at a visit less its value at the baseline visit."""

    kind: Literal["change_at"]
    item: Id
    visit: Id
    baseline: Id


class DaysAtLeast(Part):
    """Days between the first and last assessment at or above `at_least`; zero where never."""

    kind: Literal["days_at_least"]
    item: Id
    at_least: Number
    window: Window


class Repeated(Part):
    """The item's values at several visits together, in their order; `baseline` is a visit before them.

    What was not seen at a visit stays missing: the method says what that means.
    """

    kind: Literal["repeated"]
    item: Id
    visits: Annotated[list[Id], Field(min_length=2)]
    baseline: Id | None = None


class AverageOverTime(Part):
    """The area under the item's values, by trapezoids over the days from the first to the last assessment in the
    window, divided by those days.

    A visit not seen is bridged by the straight line between its neighbors; nothing is carried before the first
    assessment or beyond the last. One day alone makes no area.
    """

    kind: Literal["average_over_time"]
    item: Id
    window: Window


Variable = Annotated[
    Occurs | TimeTo | Worst | ValueAt | ChangeAt | DaysAtLeast | Repeated | AverageOverTime,
    Field(discriminator="kind"),
]


class Endpoint(Part):
    """An outcome as an estimand: population, variable, intercurrent events, summary."""

    id: Id
    label: Text
    role: Literal["primary", "secondary", "exploratory", "safety"]
    time_frame: Text
    description: Text | None = None
    variable: Variable
    population: Id = "itt"
    intercurrent_events: list[IntercurrentEvent] = []
    summary: Text | None = None
    subjective: bool = False


class ReportingClock(Part):
    """A reporting deadline, in force from a date: rules change while a trial runs."""

    id: Id
    label: Text
    applies_when: Literal["serious", "fatal_or_life_threatening", "susar"]
    hours: int = Field(ge=1)
    to: Text
    in_force_from: PartialDate
    in_force_until: PartialDate | None = None
    source: Text | None = None

    def in_force(self, day: date) -> bool:
        """Whether the rule holds on a day; a date given in part counts in favor of the rule."""
        return self.in_force_from.earliest <= day and (
            self.in_force_until is None or day <= self.in_force_until.latest
        )


class AdverseEventTerm(Part):
    """A term offered when an adverse event is reported."""

    id: Id
    term: Text
    system_organ_class: Text


class TooProbable(Part):
    """Whether a rate is too probable to lie above a limit: the posterior probability, from a beta prior, exceeds
    `probability` (Thall and Simon, Biometrics 1994;50:337). `prior` is worth its sum of participants, of whom the
    first had the event."""

    rate: Chance
    probability: Chance
    prior: Annotated[list[Number], Field(min_length=2, max_length=2)] = [Decimal(1), Decimal(1)]


class StoppingRule(Part):
    """A condition the monitoring board must look at.

    With `events` it is evaluated as data arrive: over the participants randomized (to one of `arms`, where given), of
    whom each counts once. It is reached at `at_least` of them, or when their rate is `too_probable` to be too high.
    Without `events` it is the board's to judge, as its text says.
    """

    id: Id
    text: Text
    events: CountedEvents | None = None
    arms: list[Id] = []
    at_least: int | None = Field(default=None, ge=1)
    too_probable: TooProbable | None = None

    @model_validator(mode="after")
    def _whole(self) -> StoppingRule:
        conditions = (self.at_least is not None) + (self.too_probable is not None)
        if self.events is not None and conditions != 1:
            raise ValueError(
                "a rule over events needs `at_least` or `too_probable`, one of the two"
            )
        if self.events is None and (conditions or self.arms):
            raise ValueError("say which `events` are counted")
        return self


class Safety(Part):
    """Dictionaries, collection period, clocks and stopping rules."""

    grading: str = "CTCAE v5.0"
    dictionary: str | None = None
    collect_from: Offset | None = None
    collect_until: Offset | None = None
    terms: list[AdverseEventTerm] = []
    clocks: list[ReportingClock] = []
    stopping_rules: list[StoppingRule] = []
    pregnancy: Text | None = None
    monitoring_board: Text | None = None


class SourceVerification(Part):
    """Captured values that a monitor holds against the source documents (ICH E6(R3) 3.11.4).

    Every value on the named forms, and the named items wherever they are captured, for `share` of the
    participants: the same ones whenever it is asked, chosen by their number and the rule's id.
    """

    id: Id
    label: Text
    forms: list[Id] = []
    items: list[Id] = []
    share: Chance = "1"


class EssentialDocument(Part):
    """A record that has to be on file before, during or after the trial (ICH E6(R3), appendix C).

    One for the trial, or one for every site. `before_opening`: no site of a live trial opens without it.
    `expires`: it is filed with the day until which it holds, and asked for anew `remind_days` before.
    """

    id: Id
    label: Text
    level: Literal["trial", "site"] = "site"
    before_opening: bool = False
    expires: bool = False
    remind_days: int = Field(default=30, ge=0, le=365)


class ContinuingReview(Part):
    """How long an ethics committee's approval holds at most, and how many days before its end reminders begin."""

    months: int = Field(ge=1, le=60)
    remind_days: int = Field(default=60, ge=1, le=365)


class QueryDeadlines(Part):
    """Calendar days within which a query is answered, and within which its answer is judged (no rule if absent)."""

    answer_days: int = Field(ge=1, le=365)
    close_days: int | None = Field(default=None, ge=1, le=365)


class TrailReview(Part):
    """How often the audit trail of each site is reviewed, and how many days before reminders begin."""

    months: int = Field(ge=1, le=60)
    remind_days: int = Field(default=14, ge=0, le=365)


class Monitoring(Part):
    """How the conduct of the trial is overseen."""

    essential_documents: list[EssentialDocument] = []
    continuing_review: ContinuingReview | None = None
    trail_review: TrailReview | None = None
    source_verification: list[SourceVerification] = []
    queries: QueryDeadlines | None = None
    lock_needs: list[Literal["signed", "verified"]] = []
    """What a saved form needs, besides being complete and without a query, before it can be locked."""


class RoleGrant(Part):
    """What a role may do, by name of command (`SaveForm`, `Randomize`, …), and what it may see."""

    role: Id
    may: list[str] = []
    sees_allocation: bool = False
    sees_identity: bool = False


class Decision(Part):
    """How a finding was settled without mending the record's text.

    `finding` is the finding's id (`timing-conflict/start`); what is `assumed` is shown as such
    wherever it matters until someone with authority confirms it.
    """

    finding: str
    choice: Text
    reason: Text
    by: str
    on: PartialDate
    status: Literal["confirmed", "assumed"]
    confirm_with: Text | None = None


class NaturalHistory(Part):
    """The model virtual participants follow: a model's name and its parameters by name."""

    model: str
    parameters: dict[str, Any] = {}


class Assumptions(Part):
    """What design and rehearsal assume. Each is an assumption, not a fact of the record."""

    accrual: dict[str, Any] = {}
    participants: dict[str, Any] = {}
    natural_history: NaturalHistory | None = None
    attrition: dict[str, Any] = {}
    adherence: dict[str, Any] = {}
    adverse_events: list[dict[str, Any]] = []
    laboratory: dict[str, Any] = {}
    staff: dict[str, Any] = {}
    notes: list[Text] = []


__all__ = [
    "AdverseEventTerm",
    "AnalysisSet",
    "Assumptions",
    "AverageOverTime",
    "ChangeAt",
    "CountedEvents",
    "DaysAtLeast",
    "Decision",
    "DetectedEvent",
    "Endpoint",
    "Expression",
    "IntercurrentEvent",
    "NaturalHistory",
    "Occurs",
    "Repeated",
    "ReportingClock",
    "RoleGrant",
    "Safety",
    "StoppingRule",
    "TimeTo",
    "TooProbable",
    "ValueAt",
    "Variable",
    "Window",
    "Worst",
]  # fmt: skip
