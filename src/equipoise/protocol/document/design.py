"""The design: arms, interventions as regimens, randomization, masking, sample size."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Chance, Expression, Id, Number, Offset, Part, Text

StudyType = Literal["interventional", "observational", "expanded_access"]
Masking = Literal["none", "single", "double", "triple", "quadruple"]


class MaskingPlan(Part):
    """Who does not know the allocation, and who judges the outcome."""

    level: Masking
    masked: list[Literal["participant", "care_provider", "investigator", "outcomes_assessor"]] = []
    description: Text | None = None
    outcome_assessment: Text | None = None


class SampleSize(Part):
    """How many, and why: the calculation that `equipoise design` repeats."""

    target: int = Field(ge=1)
    rationale: Text | None = None
    endpoint: Id | None = None
    alpha: Number | None = None
    sided: Literal[1, 2] = 2
    power: Number | None = None
    control_rate: Number | None = None
    treatment_rate: Number | None = None
    difference: Number | None = None
    standard_deviation: Number | None = None
    attrition: Number | None = None


class Futility(Part):
    """When an interim look finds too little to go on for.

    `beta_spending` spends the type II error of the sample size's power by `spending`. The other two stop where less
    power is left than `below`: `conditional_power` given the data, if the `effect` is the trend seen or that of the
    design; `predictive_power` averaged over what the data say of the effect. A `binding` bound lowers the critical
    values that follow, and must then be kept; one that is not binding is advice.
    """

    method: Literal["beta_spending", "conditional_power", "predictive_power"]
    binding: bool = False
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    below: Number | None = None
    effect: Literal["trend", "design"] = "trend"


class InterimLook(Part):
    """An interim analysis at a fraction of the information."""

    id: Id
    fraction: Number
    endpoint: Id
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    futility: Futility | None = None


class Design(Part):
    """Allocation, model, masking, purpose, phase and target, in the registry's terms."""

    study_type: StudyType = "interventional"
    phase: list[str] = []
    allocation: Literal["randomized", "non_randomized", "not_applicable", "unspecified"] = (
        "unspecified"
    )
    model: str | None = None
    observational_model: str | None = None
    time_perspective: str | None = None
    masking: MaskingPlan | None = None
    purpose: str | None = None
    sample_size: SampleSize | None = None
    interim_looks: list[InterimLook] = []


class Preparation(Part):
    """How one unit of product is made ready."""

    steps: Text
    unit_label: Text
    volume: Number | None = None
    unit: str | None = None
    shelf_life_hours: Number | None = None


class Regimen(Part):
    """A dose, how often, relative to what, from when to when.

    `dose` is per administration in `dose_unit` (UCUM). `start` and `stop` are inclusive days.
    """

    dose: Number
    dose_unit: str
    times_a_day: int = Field(ge=1, le=24)
    occasions: list[Text] = []
    timing: Text | None = None
    route: Text | None = None
    start: Offset
    stop: Offset
    preparation: Preparation | None = None
    restrictions: list[Text] = []
    minutes_after_meal: int | None = None
    fasting_minutes_after: int | None = None


class Intervention(Part):
    """A product or procedure under study."""

    id: Id
    name: Text
    type: str | None = None
    description: Text | None = None
    regimen: Regimen | None = None


class Arm(Part):
    """A group participants are allocated to."""

    id: Id
    label: Text
    type: str | None = None
    description: Text | None = None
    interventions: list[Id] = []


class StratumFactor(Part):
    """A factor known before allocation: the site, or a coded or boolean item.

    `levels` are codes of the item's codelist (`true`/`false` for a boolean), or site ids.
    """

    id: Id
    source: Literal["site", "item"] = "item"
    item: Id | None = None
    levels: list[str]
    labels: dict[str, Text] = {}


class PermutedBlocks(Part):
    """Blocks of random size; each size is a multiple of the sum of the ratio."""

    type: Literal["permuted_blocks"]
    sizes: list[int] = Field(min_length=1)


class Minimization(Part):
    """Pocock–Simon minimization (Biometrics 1975;31:103) with a biased coin.

    `coin: best` prefers the arm with the least imbalance with `probability`; `coin: rank` gives the arms
    probabilities by rank of their imbalance, `probability` being the q of the paper.
    """

    type: Literal["minimization"]
    probability: Chance = "0.8"
    measure: Literal["range", "variance"] = "range"
    weights: dict[Id, Number] = {}
    coin: Literal["best", "rank"] = "best"


class BiasedCoin(Part):
    """Efron's biased coin (Biometrika 1971;58:403): two arms, 1:1; `probability` for the arm that is behind."""

    type: Literal["biased_coin"]
    probability: Chance = "2/3"


class Urn(Part):
    """Wei's urn UD(alpha, beta) (JASA 1978;73:559): any number of arms in equal shares.

    It begins with `alpha` balls of each arm; `beta` balls of every other arm are added at each draw.
    """

    type: Literal["urn"]
    alpha: int = Field(default=0, ge=0)
    beta: int = Field(default=1, ge=1)


class SimpleRandomization(Part):
    """Independent draws in the given ratio."""

    type: Literal["simple"]


class Randomization(Part):
    """The scheme. Strata apply to blocks; for minimization they are the factors balanced on."""

    ratio: dict[Id, Annotated[int, Field(ge=1)]]
    scheme: Annotated[
        PermutedBlocks | Minimization | BiasedCoin | Urn | SimpleRandomization,
        Field(discriminator="type"),
    ]
    strata: list[StratumFactor] = []
    latest: Offset | None = None
    """The last day on which allocation still leaves time for the regimen to start."""
    requires: list[Expression] = []
    """Conditions checked at the moment of randomization besides eligibility."""


class Supply(Part):
    """Units dispensed for an intervention.

    `units_per_day` must cover dose × times a day; `overage_days` covers a late visit.
    """

    intervention: Id
    unit_label: Text
    units_per_day: Number
    usable_volume: Number | None = None
    volume_unit: str | None = None
    overage_days: int = 0
    dispensing_visits: list[Id] = []
