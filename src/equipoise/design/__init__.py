"""Before the trial: sample size, group-sequential boundaries, exact operating characteristics.

Every argument is checked: what makes no design raises `DesignError`, naming the argument, what was given and
what would do. The rules of randomization and what they cost in balance and predictability are those of
`equipoise.allocation`, named here as well. `docs/reference/methods.md` says which function gives which published value.
"""

from equipoise.allocation.balance import Imbalance, block_sequences, imbalance_after
from equipoise.allocation.guessing import Guessing, guessing_probability
from equipoise.allocation.rules import (
    BiasedCoin,
    Minimization,
    PermutedBlocks,
    Simple,
    Urn,
    by_rank,
    imbalance,
    marginal_sums,
)
from equipoise.allocation.scheme import Scheme

from .bayes import BetaPrior, RuleCharacteristics, StoppingRule, toxicity_rule
from .errors import DesignError
from .exact import ExactCharacteristics, exact_two_proportions, worst_level
from .forecast import Forecast, Interval, SiteAccrual, forecast
from .futility import (
    beta_spending_boundaries,
    conditional_power_bound,
    futility_bounds,
    futility_crossing,
    power_boundaries,
    predictive_power_bound,
)
from .inference import (
    FinalInference,
    conditional_power_proportions,
    final_inference,
    predictive_power,
    repeated_difference,
    stagewise_p,
)
from .plan import DesignReport, design_protocol
from .reestimation import (
    Reestimated,
    blinded_means,
    blinded_proportions,
    inverse_normal,
    promising_zone,
)
from .sequential import (
    Boundaries,
    Crossing,
    boundaries_reached,
    conditional_power,
    crossing,
    drift_for_power,
    expected_fraction,
    inflation,
    spending_boundaries,
    wang_tsiatis_boundaries,
)
from .size import (
    GroupSizes,
    event_probability,
    non_inferiority_proportions,
    power_two_means,
    power_two_proportions,
    proportional_odds,
    schoenfeld_events,
    two_means,
    two_proportions,
    two_survival_curves,
)
from .spending import (
    Spending,
    hwang_shih_decani,
    obrien_fleming,
    pocock,
    power_family,
    user_spending,
)

__all__ = [
    "BetaPrior",
    "BiasedCoin",
    "Boundaries",
    "Crossing",
    "DesignError",
    "DesignReport",
    "ExactCharacteristics",
    "FinalInference",
    "Forecast",
    "GroupSizes",
    "Guessing",
    "Imbalance",
    "Interval",
    "Minimization",
    "PermutedBlocks",
    "Reestimated",
    "RuleCharacteristics",
    "Scheme",
    "Simple",
    "SiteAccrual",
    "Spending",
    "StoppingRule",
    "Urn",
    "beta_spending_boundaries",
    "blinded_means",
    "blinded_proportions",
    "block_sequences",
    "boundaries_reached",
    "by_rank",
    "conditional_power",
    "conditional_power_bound",
    "conditional_power_proportions",
    "crossing",
    "design_protocol",
    "drift_for_power",
    "event_probability",
    "exact_two_proportions",
    "expected_fraction",
    "final_inference",
    "forecast",
    "futility_bounds",
    "futility_crossing",
    "guessing_probability",
    "hwang_shih_decani",
    "imbalance",
    "imbalance_after",
    "inflation",
    "inverse_normal",
    "marginal_sums",
    "non_inferiority_proportions",
    "obrien_fleming",
    "pocock",
    "power_boundaries",
    "power_family",
    "power_two_means",
    "power_two_proportions",
    "predictive_power",
    "predictive_power_bound",
    "promising_zone",
    "proportional_odds",
    "repeated_difference",
    "schoenfeld_events",
    "spending_boundaries",
    "stagewise_p",
    "toxicity_rule",
    "two_means",
    "two_proportions",
    "two_survival_curves",
    "user_spending",
    "wang_tsiatis_boundaries",
    "worst_level",
]
