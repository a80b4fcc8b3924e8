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
from .estimand_results import Estimands, Intercurrent, KeptOut, SetCount
from .methods import Estimate, Interaction, Shifted
from .provenance import Run, what_was_run
from .safety_results import (
    AdverseEvents,
    Deaths,
    Exposure,
    GradeShift,
    RateRow,
    SeriousEvent,
    Shift,
)

RATIOS = frozenset(
    {
        "odds_ratio",
        "risk_ratio",
        "hazard_ratio",
        "adjusted_hazard_ratio",
        "subdistribution_hazard_ratio",
        "proportional_odds_ratio",
    }
)
"""Measures whose value of no effect is 1."""

ADJUSTED = frozenset(
    {
        "linear_model",
        "standardized_risks",
        "proportional_odds",
        "ordinal_mixed",
        "mmrm",
        "multiple_imputation",
        "tipping_point",
    }
)
"""Methods whose factors are covariates of a model; those of the others are strata."""


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
    conditional: bool = False
    """Whether it is asked of some participants only, so that `missing` holds those it was not asked of."""


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
class EffectAt:
    """The effect at a visit, or at a level of a factor: [treatment, control] with an outcome, events, mean values."""

    id: str
    label: Text
    analyzed: tuple[int, int]
    estimate: Estimate
    events: tuple[int, int] | None = None
    means: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Subgroups:
    """The effect at every level of a factor, as each participant truly was, and whether it is the same at all of them.

    `test` names the interaction test: `likelihood_ratio` (logistic or proportional-hazards model) or `f` (linear).
    """

    factor: str
    label: Text
    levels: tuple[EffectAt, ...]
    test: str
    interaction: Interaction


@dataclass(frozen=True, slots=True)
class Imputed:
    """What was imputed: under which strategy, how often, of how many participants [treatment, control] how many values
    at the last visit."""

    strategy: str
    imputations: int
    participants: tuple[int, int]
    values: tuple[int, int]


@dataclass(frozen=True, slots=True)
class TippingGrid:
    """The difference in risk and its p, [with how many events among those not seen in the treatment arm][… control].

    `seen` are events and participants seen in both arms; `unseen` those not seen, or seen by a rule only.
    """

    seen: tuple[int, int, int, int]
    unseen: tuple[int, int]
    treatment: tuple[int, ...]
    control: tuple[int, ...]
    difference: tuple[tuple[float, ...], ...]
    p: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A treatment arm against a control arm.

    `measure` says what `estimate` is: `risk_difference`, `risk_ratio`, `odds_ratio`, `hazard_ratio` (one-step),
    `adjusted_hazard_ratio`, `subdistribution_hazard_ratio`, `restricted_mean_difference`, `proportional_odds_ratio`,
    `mean_difference`, `adjusted_mean_difference`, `location_shift`, or `none` for curves alone.
    """

    treatment: str
    control: str
    measure: str
    estimate: Estimate
    strata_used: int | None = None
    strata_empty: int | None = None
    further: tuple[Named, ...] = ()
    visits: tuple[EffectAt, ...] = ()
    """The effect at each visit of a repeated outcome."""
    subgroups: tuple[Subgroups, ...] = ()
    imputed: Imputed | None = None
    shifts: tuple[Shifted, ...] = ()
    """Of a tipping point: the effect under each shift of the imputed values, until the conclusion turns."""
    turns_at: float | None = None
    """The first shift at which it does; `nan` where none of them gets there."""
    grid: TippingGrid | None = None


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
    margin: float | None = None
    """That of non-inferiority, and whether the event is wanted."""
    event_wanted: bool = False
    horizon: float | None = None
    """Days over which a mean time is restricted."""

    def comparison_id(self, comparison: Comparison) -> str:
        """The analysis' id, with the pair of arms where it makes several comparisons."""
        pair = (comparison.treatment, comparison.control)
        return comparison_name(self.id, len(self.comparisons), *pair)


def comparison_name(analysis: str, comparisons: int, treatment: str, control: str) -> str:
    """What a comparison is called: its analysis, with the pair of arms where that makes several."""
    return analysis if comparisons == 1 else f"{analysis}/{treatment}-{control}"


@dataclass(frozen=True, slots=True)
class Assumed:
    """A decision of the protocol that nobody with authority has confirmed yet."""

    finding: str
    choice: Text


@dataclass(frozen=True, slots=True)
class Course:
    """When people came and left: days of the first screening, the first and last randomization, the last leaving
    or completing (None where nobody did yet)."""

    first_screened_on: date | None
    first_randomized_on: date | None
    last_randomized_on: date | None
    last_ended_on: date | None


@dataclass(frozen=True, slots=True)
class DeviationKind:
    """Protocol deviations of a kind among those randomized, by arm: participants with any, deviations, important ones."""

    kind: str
    participants: tuple[int, ...]
    deviations: tuple[int, ...]
    important: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A comparison of an analysis in a family: its p-value, the adjusted one, and whether it is rejected.

    Without a p-value (`nan`) nothing is rejected, and the adjusted one is 1.
    """

    analysis: str
    label: Text
    treatment: str
    control: str
    p: float
    adjusted: float
    rejected: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Analyses tested together at one level, by the procedure the protocol declares."""

    id: str
    label: Text | None
    procedure: str
    alpha: float
    hypotheses: tuple[Hypothesis, ...]


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
    deaths: Deaths
    rates: tuple[RateRow, ...]
    shifts: tuple[Shift, ...]
    course: Course
    assumed: tuple[Assumed, ...]
    sets: tuple[SetCount, ...] = ()
    kept_out: tuple[KeptOut, ...] = ()
    deviations: tuple[DeviationKind, ...] = ()
    intercurrent: tuple[Intercurrent, ...] = ()
    estimands: tuple[Estimands, ...] = ()
    families: tuple[Family, ...] = ()
    grades: tuple[GradeShift, ...] = ()

    @property
    def run(self) -> Run:
        """What they come from, where this process made them."""
        return what_was_run(
            self.trial, self.protocol_version, self.position, dummy_arms=self.dummy_arms
        )

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
