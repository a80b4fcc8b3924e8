"""Methods applied to arms: what each method that a protocol may name makes of a comparison."""

from __future__ import annotations

from collections.abc import Callable

from ..results import Comparison
from . import numbers, proportions, repeated, times
from .case import Case, Rows, stratum
from .subgroups import subgroups

APPLIED: dict[str, Callable[[Case], Comparison]] = {
    "risk_difference_mn": proportions.risk_difference,
    "risk_difference_newcombe": proportions.newcombe,
    "risk_ratio_mn": proportions.risk_ratio,
    "odds_ratio_mn": proportions.odds_ratio,
    "non_inferiority_fm": proportions.non_inferiority,
    "exact_fisher": proportions.exact_fisher,
    "exact_boschloo": proportions.exact_boschloo,
    "standardized_risks": proportions.standardized,
    "cmh": proportions.cmh,
    "kaplan_meier": times.curves_alone,
    "log_rank": times.log_rank_test,
    "cox": times.cox,
    "restricted_mean": times.restricted_means,
    "fine_gray": times.subdistribution,
    "mean_difference_welch": numbers.mean_difference,
    "linear_model": numbers.adjusted_difference,
    "wilcoxon": numbers.rank_sum,
    "proportional_odds": repeated.odds,
    "ordinal_mixed": repeated.mixed_odds,
    "mmrm": repeated.mmrm,
    "multiple_imputation": repeated.multiple_imputation,
    "tipping_point": repeated.tipping,
}
"""Each method of `protocol.document.Method`; which endpoints it fits says `METHOD_KINDS` there."""

NEEDS = {"occurs": "a yes-or-no", "time_to": "a time-to-event", "repeated": "a repeated"}
"""What a method needs, by the first kind of endpoint it fits."""

__all__ = ["APPLIED", "NEEDS", "Case", "Rows", "stratum", "subgroups"]
