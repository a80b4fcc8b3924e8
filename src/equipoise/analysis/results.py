"""What an analysis answers: plain frozen data, in full precision, ready for JSON.

Numbers are rounded where they are shown (`equipoise.reporting`), never here. Texts of the protocol
stay language maps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from typing import Any

from equipoise.conduct.events import Mode
from equipoise.quantity.text import Text

from .cut import Position
from .methods import Estimate


@dataclass(frozen=True, slots=True)
class ArmSize:
    """An arm and how many were allocated to it (without those whose data may not be used)."""

    id: str
    label: Text
    randomized: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A reason or category and how many it holds for. `label` is given where the protocol has one."""

    id: str
    count: int
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class ArmFlow:
    """What became of the participants allocated to an arm.

    allocated = completed + left follow-up + on study; received + not received = allocated;
    analyzed + not analyzed (primary endpoint) = allocated.
    """

    arm: str
    allocated: int
    has_product: bool
    received: int
    not_received: int
    left_treatment: tuple[Counted, ...]
    left_follow_up: tuple[Counted, ...]
    completed: int
    on_study: int
    analyzed: int
    not_analyzed: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """The CONSORT flow. screened = Σ not randomized + in screening + randomized.

    `criteria` counts, among the not eligible, the criteria each failed; a person may fail several.
    `randomized` = Σ allocated + data use withdrawn after randomization, who are counted and nothing more.
    """

    screened: int
    rescreened: int
    not_eligible: int
    criteria: tuple[Counted, ...]
    consent_refused: int
    other_reason: int
    withdrawn_before: int
    in_screening: int
    data_use_withdrawn_before: int
    randomized: int
    data_use_withdrawn_after: int
    primary_endpoint: str | None
    arms: tuple[ArmFlow, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Numbers of a group: count, mean, standard deviation, quartiles, extremes (`nan` where undefined).

    Quartiles interpolate linearly between order statistics (R's type 7).
    """

    count: int
    mean: float
    sd: float
    minimum: float
    q1: float
    median: float
    q3: float
    maximum: float


@dataclass(frozen=True, slots=True)
class BaselineLevel:
    """A level of a categorical row with its count by arm, and over all arms last."""

    id: str
    label: Text
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """An item at randomization. Either `levels` or `distributions` is filled; by arm, then overall."""

    id: str
    label: Text
    unit: str | None
    decimals: int
    levels: tuple[BaselineLevel, ...]
    distributions: tuple[Distribution, ...]
    known: tuple[int, ...]
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline table. `constant` names items that were the same in everyone and are left out."""

    rows: tuple[BaselineRow, ...]
    constant: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """An arm in an analysis. `events` is for yes/no and time endpoints, `distribution` for the others.

    `counted` are those among the analyzed whose outcome was not seen but counted, by the rule that
    counted them; the analysis' `handling` says as what.
    """

    arm: str
    population: int
    analyzed: int
    missing: tuple[Counted, ...]
    counted: tuple[Counted, ...] = ()
    events: int | None = None
    proportion: Estimate | None = None
    distribution: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan–Meier curve of an arm, at its distinct times, with the numbers at risk on a grid."""

    arm: str
    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]
    survival: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    median: float
    median_lower: float
    median_upper: float
    grid: tuple[int, ...]
    grid_at_risk: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A further estimate of a comparison: the common risk ratio beside the common odds ratio."""

    measure: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """A treatment arm against a control arm.

    `measure` says what `estimate` is: `risk_difference`, `odds_ratio`, `hazard_ratio`,
    `mean_difference`, `adjusted_mean_difference`, `location_shift`, or `none` for curves alone.
    """

    treatment: str
    control: str
    measure: str
    estimate: Estimate
    strata_used: int | None = None
    strata_empty: int | None = None
    further: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """A declared analysis with everything it rests on."""

    id: str
    label: Text
    role: str
    method: str
    endpoint: str
    endpoint_label: Text
    time_frame: Text
    unit: str | None
    decimals: int
    population: str
    population_label: Text
    stratified_by: tuple[str, ...]
    confidence: float
    groups: tuple[GroupSummary, ...]
    comparisons: tuple[Comparison, ...]
    curves: tuple[Curve, ...] = ()
    handling: Mapping[str, str] = field(default_factory=dict)
    """What an outcome that could not be seen counts as, by rule, as the protocol declares it."""

    def comparison_id(self, comparison: Comparison) -> str:
        """The analysis' id, with the pair of arms where it makes several comparisons."""
        if len(self.comparisons) == 1:
            return self.id
        return f"{self.id}/{comparison.treatment}-{comparison.control}"


@dataclass(frozen=True, slots=True)
class TermArm:
    """An adverse event term in an arm: participants by worst grade (1 to 5), and events in all."""

    participants: int
    worst: tuple[int, int, int, int, int]
    serious: int
    events: int

    @property
    def severe(self) -> int:
        """Participants with a worst grade of 3 or more."""
        return sum(self.worst[2:])


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term, or (`id` empty) everything under a system organ class, or any event at all."""

    id: str
    label: Text
    system_organ_class: Text | None
    arms: tuple[TermArm, ...]


@dataclass(frozen=True, slots=True)
class AdverseEvents:
    """Participants with at least one event, by term and worst grade. Denominators are `totals`.

    Counted are events that started on or after the day of randomization in participants of the set;
    `before` counts those that started earlier.
    """

    population: str
    population_label: Text
    grading: str
    totals: tuple[int, ...]
    any_event: TermRow
    terms: tuple[TermRow, ...]
    before: int
    coded: int = 0
    """Events among those counted that are coded: they stand by class and preferred term, first."""
    counted: int = 0


@dataclass(frozen=True, slots=True)
class SeriousEvent:
    """A serious adverse event in the list. `words` are the reporter's, for a term not in the list."""

    participant: str
    arm: str
    number: int
    term: str
    label: Text
    words: str
    grade: int
    started_on: date
    ended_on: date | None
    seriousness: tuple[str, ...]
    causality: Mapping[str, str]
    outcome: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """Doses in an arm: participants with a record, administrations recorded and taken."""

    arm: str
    intervention: str
    label: Text
    participants: int
    recorded: int
    taken: int
    per_participant: Distribution
    """Of the share taken, by participant (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """A decision of the protocol that nobody with authority has confirmed yet."""

    finding: str
    choice: Text


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one data cut."""

    trial: str
    title: Text
    protocol_version: str
    mode: Mode
    dummy_arms: bool
    position: Position
    arms: tuple[ArmSize, ...]
    flow: Flow
    baseline: Baseline
    analyses: tuple[AnalysisResult, ...]
    exposure: tuple[Exposure, ...]
    adverse_events: AdverseEvents
    serious: tuple[SeriousEvent, ...]
    assumed: tuple[Assumed, ...]

    @property
    def primary(self) -> AnalysisResult | None:
        """The first analysis with the role primary, if any is declared."""
        return next((one for one in self.analyses if one.role == "primary"), None)

    def analysis(self, name: str) -> AnalysisResult:
        """The analysis of this id; KeyError where there is none."""
        for one in self.analyses:
            if one.id == name:
                return one
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values: texts by language, dates ISO, undefined numbers `null`."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        plain["position"]["code"] = self.position.code
        return plain


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Text):
        return value.as_mapping()
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    raise TypeError(f"{type(value).__name__} has no JSON form here")
