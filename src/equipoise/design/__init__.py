"""Before the trial: sample size, group-sequential boundaries, exact operating characteristics.

Every argument is checked: what makes no design raises `DesignError`, naming the argument, what was given and
what would do. `docs/reference/methods.md` says which function gives which published value.
"""

from .errors import DesignError
from .exact import ExactCharacteristics, exact_two_proportions, worst_level
from .plan import DesignReport, design_protocol
from .sequential import (
    Boundaries,
    Crossing,
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
    "Boundaries",
    "Crossing",
    "DesignError",
    "DesignReport",
    "ExactCharacteristics",
    "GroupSizes",
    "Spending",
    "conditional_power",
    "crossing",
    "design_protocol",
    "drift_for_power",
    "event_probability",
    "exact_two_proportions",
    "expected_fraction",
    "hwang_shih_decani",
    "inflation",
    "non_inferiority_proportions",
    "obrien_fleming",
    "pocock",
    "power_family",
    "power_two_means",
    "power_two_proportions",
    "schoenfeld_events",
    "spending_boundaries",
    "two_means",
    "two_proportions",
    "two_survival_curves",
    "user_spending",
    "wang_tsiatis_boundaries",
    "worst_level",
]
