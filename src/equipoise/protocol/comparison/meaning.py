"""What a difference between two protocol versions means for the trial.

A modification is *substantial* when it can touch participants' safety or rights, or the reliability of
the results (ICH E6(R3) 2.4 and appendix B; Regulation (EU) 536/2014, article 2(2)(13)): the ethics
committee of each site approves it before it takes force there. When in doubt, a section counts as
substantial; what is listed as not substantial names, plans or translates.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..document import Protocol
from .changes import Difference, differences


class Area(StrEnum):
    """Which part of the trial a change belongs to."""

    identity = "identity"
    design = "design"
    treatment = "treatment"
    eligibility = "eligibility"
    consent = "consent"
    data = "data"
    schedule = "schedule"
    randomization = "randomization"
    analysis = "analysis"
    safety = "safety"
    supply = "supply"
    conduct = "conduct"
    planning = "planning"


class _Rule(NamedTuple):
    """The first rule whose path begins the difference's holds. `*` stands for any one step."""

    path: tuple[str, ...]
    area: Area
    substantial: bool


_RULES = (
    _Rule(("schema",), Area.planning, False),
    _Rule(("readiness",), Area.planning, False),
    _Rule(("identity", "sites"), Area.conduct, True),
    _Rule(("identity", "sponsors"), Area.identity, True),
    _Rule(("identity", "responsible_party"), Area.identity, True),
    _Rule(("identity",), Area.identity, False),
    _Rule(("design", "sample_size"), Area.analysis, True),
    _Rule(("design", "interim_looks"), Area.analysis, True),
    _Rule(("multiplicity",), Area.analysis, True),
    _Rule(("design",), Area.design, True),
    _Rule(("arms", "*", "label"), Area.treatment, False),
    _Rule(("arms",), Area.treatment, True),
    _Rule(("interventions",), Area.treatment, True),
    _Rule(("eligibility",), Area.eligibility, True),
    _Rule(("consents",), Area.consent, True),
    _Rule(("codelists", "*", "label"), Area.data, False),
    _Rule(("codelists",), Area.data, True),
    _Rule(("items", "*", "label"), Area.data, False),
    _Rule(("items", "*", "help"), Area.data, False),
    _Rule(("items", "*", "standards"), Area.data, False),
    _Rule(("items", "*", "expected_minimum"), Area.data, False),
    _Rule(("items", "*", "expected_maximum"), Area.data, False),
    _Rule(("items",), Area.data, True),
    _Rule(("forms", "*", "title"), Area.data, False),
    _Rule(("forms", "*", "note"), Area.data, False),
    _Rule(("forms", "*", "checks"), Area.data, False),
    _Rule(("forms",), Area.data, True),
    _Rule(("schedule", "*", "*", "label"), Area.schedule, False),
    _Rule(("schedule",), Area.schedule, True),
    _Rule(("randomization",), Area.randomization, True),
    _Rule(("analysis_sets",), Area.analysis, True),
    _Rule(("intercurrent_events",), Area.analysis, True),
    _Rule(("endpoints",), Area.analysis, True),
    _Rule(("analyses",), Area.analysis, True),
    _Rule(("safety",), Area.safety, True),
    _Rule(("supply",), Area.supply, False),
    _Rule(("monitoring",), Area.conduct, False),
    _Rule(("roles",), Area.conduct, False),
    _Rule(("assumptions",), Area.planning, False),
    _Rule(("decisions",), Area.planning, False),
    _Rule(("record",), Area.planning, False),
    _Rule(("id",), Area.identity, True),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A difference with its meaning. `translation` marks a text that changed in its translation only."""

    difference: Difference
    area: Area
    substantial: bool
    translation: bool

    def as_json(self) -> dict[str, object]:
        """For programs."""
        found = self.difference
        return {
            "place": found.place,
            "kind": found.kind,
            "area": str(self.area),
            "substantial": self.substantial,
            "translation": self.translation,
            "before": found.before,
            "after": found.after,
        }


def compare_protocols(old: Protocol, new: Protocol) -> list[Change]:
    """Every change from one version to the next, with its area and whether it is substantial."""
    return [_change(found) for found in differences(old, new)]


def _change(found: Difference) -> Change:
    steps = [step[0] if isinstance(step, tuple) else step for step in found.path]
    rule = next(
        rule
        for rule in _RULES
        if len(rule.path) <= len(steps)
        and all(
            wanted in ("*", step)
            for wanted, step in zip(rule.path, steps[: len(rule.path)], strict=True)
        )
    )
    translation = bool(found.languages) and "en" not in found.languages
    return Change(found, rule.area, rule.substantial and not translation, translation)
