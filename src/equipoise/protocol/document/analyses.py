"""What is done with an endpoint: the methods a protocol may name, what each applies to, and an analysis' settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Id, Number, Part, Text

Method = Literal[
    "risk_difference_mn",
    "risk_difference_newcombe",
    "risk_ratio_mn",
    "odds_ratio_mn",
    "non_inferiority_fm",
    "exact_fisher",
    "exact_boschloo",
    "standardized_risks",
    "cmh",
    "kaplan_meier",
    "log_rank",
    "cox",
    "restricted_mean",
    "fine_gray",
    "mean_difference_welch",
    "linear_model",
    "wilcoxon",
    "proportional_odds",
    "ordinal_mixed",
    "mmrm",
    "multiple_imputation",
    "tipping_point",
]

_NUMBERS = ("worst", "value_at", "change_at", "days_at_least", "average_over_time")

NO_TEST = frozenset({"kaplan_meier", "risk_difference_newcombe"})
"""Methods that describe and give no p-value."""

METHOD_KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "risk_difference_mn",
            "risk_difference_newcombe",
            "risk_ratio_mn",
            "odds_ratio_mn",
            "non_inferiority_fm",
            "exact_fisher",
            "exact_boschloo",
            "standardized_risks",
            "cmh",
        ),
        ("occurs",),
    ),
    **dict.fromkeys(
        ("kaplan_meier", "log_rank", "cox", "restricted_mean", "fine_gray"), ("time_to",)
    ),
    **dict.fromkeys(("mean_difference_welch", "linear_model", "wilcoxon"), _NUMBERS),
    "proportional_odds": ("worst", "value_at", "repeated"),
    **dict.fromkeys(("ordinal_mixed", "mmrm", "multiple_imputation"), ("repeated",)),
    "tipping_point": ("occurs", "repeated"),
}
"""The kinds of variable each method can be applied to."""

SUBGROUP_METHODS = frozenset(
    {"risk_difference_mn", "mean_difference_welch", "linear_model", "log_rank", "cox"}
)
"""Methods whose effect is also given by level of a factor, with a test of interaction."""

_OWN_KEYS = {
    "margin": ("non_inferiority_fm",),
    "event_wanted": ("non_inferiority_fm",),
    "horizon": ("restricted_mean",),
    "imputation": ("multiple_imputation", "tipping_point"),
    "subgroups": tuple(sorted(SUBGROUP_METHODS)),
}
_NEEDED_KEYS = {"non_inferiority_fm": "margin", "restricted_mean": "horizon"}


class Imputation(Part):
    """How missing visits are imputed: what they are taken to be, how often, and in steps of how much they are shifted.

    `strategy` speaks of visits after the last one seen: missing at random (`MAR`), jump to reference, copy reference, copy
    increments in reference, last mean carried forward; the reference is the control of the comparison. `step` is for
    a tipping point: the imputed values of the treatment arm are shifted by one step more until the conclusion turns.
    """

    strategy: Literal["MAR", "J2R", "CR", "CIR", "LMCF"] = "MAR"
    imputations: int = Field(default=50, ge=2, le=1000)
    step: Number | None = None


class Analysis(Part):
    """A method applied to an endpoint. `comparisons` are pairs [treatment arm, control arm].

    `stratified_by` names stratum factors; `subgroups` those by whose levels the effect is given too, with a test of
    interaction. `operating` analyses are also computed by the simulator. `margin` is that of non-inferiority, in
    terms of the difference in risk, of an event that is `event_wanted` or not; `horizon` the days over which a mean time is restricted.
    """

    id: Id
    endpoint: Id
    method: Method
    comparisons: list[Annotated[list[Id], Field(min_length=2, max_length=2)]]
    label: Text | None = None
    stratified_by: list[Id] = []
    population: Id | None = None
    confidence: Number | None = None
    role: Literal["primary", "secondary", "sensitivity", "exploratory"] = "secondary"
    operating: bool = False
    subgroups: list[Id] = []
    margin: Number | None = None
    event_wanted: bool = False
    horizon: Number | None = None
    imputation: Imputation | None = None

    @model_validator(mode="after")
    def _keys_of_the_method(self) -> Analysis:
        for key, methods in _OWN_KEYS.items():
            if getattr(self, key) and self.method not in methods:
                raise ValueError(f"`{key}` belongs to {' or '.join(methods)}: leave it out")
        needed = _NEEDED_KEYS.get(self.method)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"{self.method} needs `{needed}`")
        return self


class Multiplicity(Part):
    """Analyses tested together at one two-sided level: the chance that any true hypothesis is rejected is at most `alpha`.

    An analysis with several comparisons stands for each of them, in its order. `hierarchical` goes on while it rejects, in
    the order given; `holm` begins with the smallest p. In `graphical`, `weights` share the level and `transitions`
    say to whom an analysis passes its share on once it is rejected.
    """

    id: Id
    label: Text | None = None
    procedure: Literal["hierarchical", "holm", "graphical"]
    alpha: Number
    analyses: list[Id] = Field(min_length=2)
    weights: dict[Id, Number] = {}
    transitions: dict[Id, dict[Id, Number]] = {}

    @model_validator(mode="after")
    def _graph(self) -> Multiplicity:
        if len(set(self.analyses)) < len(self.analyses):
            raise ValueError("an analysis is named twice; name each once")
        if self.procedure != "graphical":
            if self.weights or self.transitions:
                raise ValueError(
                    f"{self.procedure} has no weights and transitions; leave them out, or use graphical"
                )
            return self
        if set(self.weights) != set(self.analyses):
            raise ValueError("give each of the analyses its weight, and nothing else")
        rows = [self.weights, *self.transitions.values()]
        if any(share < 0 for row in rows for share in row.values()):
            raise ValueError("weights and transitions are shares; none is negative")
        if any(sum(row.values()) > 1 for row in rows):
            raise ValueError("weights, and what one analysis passes on, add up to at most 1")
        for source, row in self.transitions.items():
            if source in row or not {source, *row} <= set(self.analyses):
                raise ValueError(
                    f"transitions of {source}: pass on from and to other analyses of this family only"
                )
        return self
