"""Statistical methods: pure functions from counts and arrays to numbers, in float64.

Nothing here knows a trial, a protocol or a format. Undefined numbers are `nan` and the result says
in `reason` why; a call that cannot mean anything (negative counts) is a ValueError. Every method is
tested against values of R, with package and version in the test; `docs/reference/methods.md` lists them.
"""

from __future__ import annotations

from .area import average_over_time
from .competing import CumulativeIncidence, cumulative_incidence
from .estimate import Estimate
from .exact import boschloo, fisher
from .hazards import proportional_hazards, restricted_mean, restricted_mean_difference
from .imputation import Conditional, Pooled, pool, reference_based
from .imputing import Completed, Draws, Shifted, impute, tipping_shifts
from .interaction import (
    Interaction,
    interaction_of_hazards,
    interaction_of_means,
    interaction_of_odds,
)
from .mantel_haenszel import MantelHaenszel, cochran_mantel_haenszel
from .means import LinearModel, linear_model, welch
from .multiplicity import Adjusted, graphical, hierarchical, holm
from .newcombe import newcombe_difference, stratified_newcombe_difference
from .odds import farrington_manning, miettinen_nurminen_odds_ratio
from .ordinal_mixed import MixedOrdinal, ordinal_mixed
from .proportions import clopper_pearson, wilson
from .ranks import wilcoxon
from .regression import (
    Regression,
    Standardized,
    logistic_regression,
    ordinal_regression,
    standardized_risks,
)
from .repeated import RepeatedMeasures, repeated_measures
from .score import (
    mee_difference,
    miettinen_nurminen_difference,
    miettinen_nurminen_ratio,
    stratified_miettinen_nurminen_difference,
)
from .subdistribution import fine_gray
from .survival import KaplanMeier, LogRank, kaplan_meier, log_rank
from .tipping import tipping_grid

__all__ = [
    "Adjusted",
    "Completed",
    "Conditional",
    "CumulativeIncidence",
    "Draws",
    "Estimate",
    "Interaction",
    "KaplanMeier",
    "LinearModel",
    "LogRank",
    "MantelHaenszel",
    "MixedOrdinal",
    "Pooled",
    "Regression",
    "RepeatedMeasures",
    "Shifted",
    "Standardized",
    "average_over_time",
    "boschloo",
    "clopper_pearson",
    "cochran_mantel_haenszel",
    "cumulative_incidence",
    "farrington_manning",
    "fine_gray",
    "fisher",
    "graphical",
    "hierarchical",
    "holm",
    "impute",
    "interaction_of_hazards",
    "interaction_of_means",
    "interaction_of_odds",
    "kaplan_meier",
    "linear_model",
    "log_rank",
    "logistic_regression",
    "mee_difference",
    "miettinen_nurminen_difference",
    "miettinen_nurminen_odds_ratio",
    "miettinen_nurminen_ratio",
    "newcombe_difference",
    "ordinal_mixed",
    "ordinal_regression",
    "pool",
    "proportional_hazards",
    "reference_based",
    "repeated_measures",
    "restricted_mean",
    "restricted_mean_difference",
    "standardized_risks",
    "stratified_miettinen_nurminen_difference",
    "stratified_newcombe_difference",
    "tipping_grid",
    "tipping_shifts",
    "welch",
    "wilcoxon",
    "wilson",
]  # fmt: skip
