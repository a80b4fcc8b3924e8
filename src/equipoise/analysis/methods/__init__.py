"""Statistical methods: pure functions from counts and arrays to numbers, in float64.

Nothing here knows a trial, a protocol or a format. Undefined numbers are `nan` and the result says
in `reason` why; a call that cannot mean anything (negative counts) is a ValueError. Every method is
tested against values of R, with package and version in the test; `docs/reference/methods.md` lists them.
"""

from __future__ import annotations

from .estimate import Estimate
from .exact import boschloo, fisher
from .hazards import proportional_hazards, restricted_mean, restricted_mean_difference
from .imputation import Conditional, pool, reference_based
from .mantel_haenszel import MantelHaenszel, cochran_mantel_haenszel
from .means import LinearModel, linear_model, welch
from .multiplicity import Adjusted, graphical, hierarchical, holm
from .proportions import clopper_pearson, wilson
from .ranks import wilcoxon
from .regression import (
    Regression,
    Standardized,
    logistic_regression,
    ordinal_regression,
    standardized_risks,
)
from .score import (
    mee_difference,
    miettinen_nurminen_difference,
    miettinen_nurminen_ratio,
    newcombe_difference,
    stratified_miettinen_nurminen_difference,
)
from .survival import KaplanMeier, LogRank, kaplan_meier, log_rank

__all__ = [
    "Adjusted",
    "Conditional",
    "Estimate",
    "KaplanMeier",
    "LinearModel",
    "LogRank",
    "MantelHaenszel",
    "Regression",
    "Standardized",
    "boschloo",
    "clopper_pearson",
    "cochran_mantel_haenszel",
    "fisher",
    "graphical",
    "hierarchical",
    "holm",
    "kaplan_meier",
    "linear_model",
    "log_rank",
    "logistic_regression",
    "mee_difference",
    "miettinen_nurminen_difference",
    "miettinen_nurminen_ratio",
    "newcombe_difference",
    "ordinal_regression",
    "pool",
    "proportional_hazards",
    "reference_based",
    "restricted_mean",
    "restricted_mean_difference",
    "standardized_risks",
    "stratified_miettinen_nurminen_difference",
    "welch",
    "wilcoxon",
    "wilson",
]  # fmt: skip
