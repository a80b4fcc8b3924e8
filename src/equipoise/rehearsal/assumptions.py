"""What a rehearsal assumes, read from the protocol's free `assumptions` maps into typed models.

Nothing here knows a particular trial: items, arms, forms and criteria are named by the protocol, and
every name is checked against it. Probabilities are per person or per occasion as stated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from equipoise.protocol.document import Protocol


class AssumptionError(ValueError):
    """The protocol's assumptions cannot be rehearsed; one fault a line, each with its path."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Model(BaseModel):
    """A part of the assumptions: closed to unknown keys, frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal | dt.date) else value


Real = Annotated[float, BeforeValidator(_as_float)]
Probability = Annotated[float, BeforeValidator(_as_float), Field(ge=0, le=1)]
Weight = Annotated[float, BeforeValidator(_as_float), Field(ge=0)]
Typed = Annotated[str, BeforeValidator(_as_text)]


class Bell(Model):
    """A normal (or, about a median, lognormal) variable, redrawn within its bounds by inversion."""

    mean: Real
    sd: Annotated[float, BeforeValidator(_as_float), Field(ge=0)]
    minimum: Real | None = None
    maximum: Real | None = None


class Span(Model):
    """A uniform variable between two bounds."""

    minimum: Real
    maximum: Real

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.maximum < self.minimum:
            raise ValueError("maximum lies below minimum")
        return self


class DayFrom(Model):
    """A day counted from another: `minimum` to `maximum` days after it (negative: before).

    `origin` is `screening`, `randomization`, or a date item given earlier. `weekdays` moves a Saturday
    or Sunday to the following Monday.
    """

    origin: str = "screening"
    minimum: int = 0
    maximum: int = 0
    weekdays: bool = False


class Share(Model):
    """A fraction of another item's value."""

    item: str
    fraction: Bell


class BornBefore(Model):
    """A birth date that gives an age in completed years at screening."""

    mean: Real
    sd: Real
    minimum: int
    maximum: int


class Given(Model):
    """How an item's value comes about. Exactly one way is named.

    `normal`, `lognormal` (mean is the median, sd the standard deviation of the logarithm), `uniform`
    for numbers; `choose` weights for codes; `probability` for yes/no; `day` and `born` for dates;
    `constant` for anything; `same_as` for another item's value, `share` for a fraction of it; `by` for a choice that depends on
    another item's level (`otherwise` for levels not named).
    """

    normal: Bell | None = None
    lognormal: Bell | None = None
    uniform: Span | None = None
    choose: dict[Typed, Weight] | None = None
    probability: Probability | None = None
    day: DayFrom | None = None
    born: BornBefore | None = None
    constant: Typed | None = None
    same_as: str | None = None
    share: Share | None = None
    by: Split | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Given:
        if len(self.model_fields_set) != 1:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"name exactly one of {names}")
        return self


class Split(Model):
    """Another item's levels, each with its own way."""

    item: str
    levels: dict[Typed, Given] = {}
    otherwise: Given | None = None


Given.model_rebuild()


class SiteAccrual(Model):
    """A site's stream of persons screened: when it opens, and how many a month once in stride."""

    per_month: Annotated[float, BeforeValidator(_as_float), Field(gt=0)]
    opens_after_days: int = Field(default=0, ge=0)
    start_up_days: int = Field(default=0, ge=0)
    """The rate climbs in a straight line from zero over this many days."""


class Accrual(Model):
    """Recruitment: `starts` is the day the first site may open (default: the protocol's start)."""

    starts: dt.date | None = None
    sites: dict[str, SiteAccrual] = {}
    consent_refusal: Probability = 0.0
    refusal_reasons: list[str] = ["does not wish to take part"]
    days_to_randomization: tuple[int, int] = (1, 5)
    rescreening: Probability = 0.0
    """Probability that a person who failed is screened once more, the failing values cured."""
    rescreening_after_days: tuple[int, int] = (14, 28)


class ScreeningFailure(Model):
    """A share of persons made to violate a criterion: by values, or by the judgement asked for."""

    criterion: str
    probability: Probability
    values: dict[str, Given] = {}
    judgement: bool | None = None


class LogRows(Model):
    """Rows of a log form: how many a person has on average, written down at visits."""

    mean: Weight
    items: dict[str, Given] = {}


class Drift(Model):
    """How an item moves around the person's own baseline from day to day.

    `sd` is the day's noise and `per_week` the trend, in the item's unit or, where `relative`, as a
    fraction of the baseline.
    """

    sd: Weight = 0.0
    per_week: Real = 0.0
    relative: bool = False
    minimum: Real | None = None
    maximum: Real | None = None


class Participants(Model):
    """Who the virtual persons are."""

    identity: dict[str, str] = {}
    """Identity items; `{person}` stands for the person's four-digit number."""
    items: dict[str, Given] = {}
    series: dict[str, Drift] = {}
    screening_failures: list[ScreeningFailure] = []
    logs: dict[str, LogRows] = {}


class HazardAbove(Model):
    """The hazard is multiplied while an item stands at or above a value."""

    item: str
    at_least: Real
    factor: Weight


class Attrition(Model):
    """Leaving the trial: base hazard and multipliers apart, so that either can be varied alone."""

    weekly_hazard: Probability = 0.0
    from_day: int = 0
    until_day: int = 100_000
    arm_factors: dict[str, Weight] = {}
    while_above: HazardAbove | None = None
    scopes: dict[Literal["treatment", "follow_up", "data_use"], Weight] = {"follow_up": 1.0}
    reasons: dict[str, list[str]] = {"participant_decision": ["withdrew consent"]}
    """By category of withdrawal, the words typed."""
    lost_to_follow_up: Probability = 0.0
    """Share of those leaving who are lost rather than leaving by their own word."""


class Adherence(Model):
    """Doses taken of those planned: a person's own level (beta), declining over the course.

    From `decline_from` to `decline_until` (days from the course's first day) the level falls in a
    straight line to `declines_to` of itself, and is then `afterwards` of itself. While the item of
    `while_above` stands high it is multiplied by its factor.
    """

    alpha: Annotated[float, BeforeValidator(_as_float), Field(gt=0)] = 8.0
    beta: Annotated[float, BeforeValidator(_as_float), Field(gt=0)] = 2.0
    decline_from: int = 21
    decline_until: int = 47
    declines_to: Probability = 1.0
    afterwards: Probability = 1.0
    while_above: HazardAbove | None = None
    diary_missed: tuple[Probability, Probability] = (0.0, 0.0)
    """Probability that a diary day is never reported, at the start and at the end of the course."""


class VirtualEvent(Model):
    """An adverse event's share of persons, its grades, days and consequences."""

    term: str
    probability: Probability
    grades: dict[int, Weight] = {1: 1.0}
    from_day: int = 0
    until_day: int = 42
    duration: tuple[int, int] = (3, 21)
    arms: list[str] = []
    only_when: dict[str, Typed] = {}
    """Items whose baseline value must be the one given."""
    serious: Probability = 0.0
    seriousness: Literal[
        "death", "life_threatening", "hospitalization", "disability", "congenital_anomaly",
        "important_medical_event",
    ] = "hospitalization"  # fmt: skip
    serious_grade: int = 3
    causality: dict[
        Literal["not_related", "unlikely", "possible", "probable", "definite"], Weight
    ] = {"not_related": 1.0}
    lasting: Probability = 0.0
    """Share not recovered when the person leaves the trial."""


class CourseEffect(Model):
    """A laboratory item's relative change over the course, reached at its end and then recovering."""

    change: Real = 0.0
    only_when: dict[str, Typed] = {}
    recovery_days: int = Field(default=28, ge=1)
    person_sd: Weight = 0.0


class LaboratoryItem(Model):
    """Day-to-day variation (relative) and the course's effects.

    `follows` names an item given before it, of which this one stays the same share as at baseline,
    but for its own variation.
    """

    follows: str | None = None
    day_sd: Weight = 0.05
    course: list[CourseEffect] = []
    minimum: Real | None = None
    maximum: Real | None = None


class Range(Model):
    """A laboratory's reference range, in `unit` (the item's own where not given)."""

    lower: Typed | None = None
    upper: Typed | None = None
    unit: str | None = None
    sex: str | None = None


class SiteLaboratory(Model):
    """What a site's laboratory does its own way: the units it reports in, its ranges."""

    units: dict[str, str] = {}
    ranges: dict[str, list[Range]] = {}


class Laboratory(Model):
    """The laboratories: ranges that hold everywhere, and each site's own."""

    items: dict[str, LaboratoryItem] = {}
    ranges: dict[str, list[Range]] = {}
    sites: dict[str, SiteLaboratory] = {}


class Staff(Model):
    """What staff do: how often visits are missed or late, and what goes wrong in writing down."""

    visit_missed: Probability = 0.0
    visit_late: Probability = 0.0
    late_days: tuple[int, int] = (1, 4)
    missed_reasons: list[str] = ["the participant did not come"]
    typing_error: Probability = 0.0
    """Per visit: one of the numbers written down is mistyped."""
    wrong_stratum: Probability = 0.0
    wrong_participant: Probability = 0.0
    """Per visit: a form typed into another participant's record, then moved."""
    query_answer_days: tuple[int, int] = (1, 7)
    query_close_days: tuple[int, int] = (1, 14)
    source_verification: Probability = 0.0
    """Probability that a monitor finds an error that no edit check caught."""
    report_late: Probability = 0.0
    """Probability that a report on a serious event misses its clock."""
    deviation: Probability = 0.0
    """Per visit done: another departure from the protocol is logged."""
    deviation_texts: list[str] = ["assessment done out of the prescribed order"]
    transfer: Probability = 0.0
    transfer_reasons: list[str] = ["the participant moved"]
    signs: list[str] = []
    """Forms the investigator signs on the day they are complete."""

    def careful(self) -> Staff:
        """Staff that make no mistakes; visits are missed and late as assumed, which the participants do too."""
        return Staff(
            visit_missed=self.visit_missed,
            visit_late=self.visit_late,
            late_days=self.late_days,
            missed_reasons=self.missed_reasons,
            signs=self.signs,
        )

    def faultless(self) -> Staff:
        """Staff that make no mistake and are never late; they sign what they signed."""
        return Staff(signs=self.signs)


class RehearsalAssumptions(Model):
    """Everything a rehearsal assumes about one trial."""

    accrual: Accrual
    participants: Participants
    history: str
    history_parameters: dict[str, Any]
    attrition: Attrition
    adherence: Adherence
    adverse_events: list[VirtualEvent]
    laboratory: Laboratory
    staff: Staff


_PARTS: dict[str, type[Model]] = {
    "accrual": Accrual,
    "participants": Participants,
    "attrition": Attrition,
    "adherence": Adherence,
    "laboratory": Laboratory,
    "staff": Staff,
}


def read_assumptions(protocol: Protocol) -> RehearsalAssumptions:
    """The protocol's assumptions, typed and checked against its names.

    Raises `AssumptionError` with every fault and its path.
    """
    given = protocol.assumptions
    faults: list[str] = []
    parts: dict[str, Any] = {}
    for name, model in _PARTS.items():
        parts[name] = _read(model, getattr(given, name), f"assumptions.{name}", faults)
    events = [
        _read(VirtualEvent, entry, f"assumptions.adverse_events[{index}]", faults)
        for index, entry in enumerate(given.adverse_events)
    ]
    history = given.natural_history
    if faults:
        raise AssumptionError(faults)
    assumptions = RehearsalAssumptions(
        history=history.model if history else "unchanging",
        history_parameters=history.parameters if history else {},
        adverse_events=events,
        **parts,
    )
    faults += _unknown_names(assumptions, protocol)
    if faults:
        raise AssumptionError(faults)
    return assumptions


def _read(model: type[Model], content: Mapping[str, Any], path: str, faults: list[str]) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            place = "".join(
                f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]
            )
            faults.append(f"{path}{place}: {fault['msg'].removeprefix('Value error, ')}")
        return None


def _unknown_names(a: RehearsalAssumptions, protocol: Protocol) -> list[str]:
    """Names the protocol does not have, and codes outside their codelists."""
    faults: list[str] = []

    def known(names: Iterable[str], known_names: Iterable[str], what: str, path: str) -> None:
        allowed = set(known_names)
        faults.extend(
            f"assumptions.{path}: {name!r} is no {what} of this protocol"
            for name in names
            if name not in allowed
        )

    items, arms, sites = protocol.item_by_id, protocol.arm_by_id, protocol.site_by_id
    known(a.accrual.sites, sites, "site", "accrual.sites")
    known(a.participants.identity, items, "item", "participants.identity")
    known(a.participants.items, items, "item", "participants.items")
    known(a.participants.series, items, "item", "participants.series")
    known(a.participants.logs, protocol.form_by_id, "form", "participants.logs")
    known(a.attrition.arm_factors, arms, "arm", "attrition.arm_factors")
    known(a.laboratory.items, items, "item", "laboratory.items")
    known(a.laboratory.ranges, items, "item", "laboratory.ranges")
    known(a.laboratory.sites, sites, "site", "laboratory.sites")
    known(a.staff.signs, protocol.form_by_id, "form", "staff.signs")
    criteria = [criterion.id for criterion in protocol.eligibility.criteria]
    for index, failure in enumerate(a.participants.screening_failures):
        path = f"participants.screening_failures[{index}]"
        known([failure.criterion], criteria, "criterion", path)
        known(failure.values, items, "item", path)
        if not failure.values and failure.judgement is None:
            faults.append(
                f"assumptions.{path}: give `values`, or the `judgement`, that violates it"
            )
    terms = [term.id for term in protocol.safety.terms]
    for index, event in enumerate(a.adverse_events):
        path = f"adverse_events[{index}]"
        known([event.term], terms, "adverse event term", path)
        known(event.arms, arms, "arm", path)
        known(event.only_when, items, "item", path)
    for name, given in a.participants.items.items():
        if name in items:
            faults += _misfits(name, given, protocol, f"participants.items.{name}")
    return faults


def _misfits(name: str, given: Given, protocol: Protocol, path: str) -> list[str]:
    """What of a way of giving values does not fit the item's type."""
    item = protocol.item_by_id[name]
    if given.by is not None:
        faults = (
            []
            if given.by.item in protocol.item_by_id
            else [f"assumptions.{path}.by: {given.by.item!r} is no item of this protocol"]
        )
        branches = [*given.by.levels.values(), given.by.otherwise]
        return faults + [
            fault
            for branch in branches
            if branch is not None
            for fault in _misfits(name, branch, protocol, path)
        ]
    numeric = item.type in ("integer", "decimal")
    if (given.normal or given.lognormal or given.uniform) and not numeric:
        return [f"assumptions.{path}: {name!r} is of type {item.type}, not a number"]
    if given.choose is not None and item.type == "code":
        codelist = protocol.codelist_by_id.get(item.codelist or "")
        codes = {code.code for code in codelist.codes} if codelist else set()
        return [
            f"assumptions.{path}.choose: {code!r} is not in the codelist {item.codelist}"
            for code in given.choose
            if code not in codes
        ]
    if (given.day or given.born) and item.type not in ("date", "partial_date"):
        return [f"assumptions.{path}: {name!r} is of type {item.type}, not a date"]
    return []
