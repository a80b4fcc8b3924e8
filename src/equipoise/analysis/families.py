"""Analyses tested together at one level: what their procedure makes of their p-values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise.protocol.document import Multiplicity, Protocol

from .methods import Adjusted, graphical, hierarchical, holm
from .results import AnalysisResult, Comparison, Family, Hypothesis


def families(protocol: Protocol, analyses: Sequence[AnalysisResult]) -> tuple[Family, ...]:
    """Every family the protocol declares, with the results of its analyses."""
    by_id = {one.id: one for one in analyses}
    found = []
    for declared in protocol.multiplicity:
        tested = [
            (by_id[name], comparison)
            for name in declared.analyses
            for comparison in by_id[name].comparisons
        ]
        found.append(
            Family(
                declared.id,
                declared.label,
                declared.procedure,
                float(declared.alpha),
                _hypotheses(declared, tested),
            )
        )
    return tuple(found)


def _hypotheses(
    declared: Multiplicity, tested: Sequence[tuple[AnalysisResult, Comparison]]
) -> tuple[Hypothesis, ...]:
    # what could not be tested is never rejected, and stops what comes after it in a fixed order
    p = {
        f"{at}": 1.0 if math.isnan(comparison.estimate.p) else comparison.estimate.p
        for at, (_, comparison) in enumerate(tested)
    }
    return tuple(
        Hypothesis(
            analysis=analysis.id,
            label=analysis.label,
            treatment=comparison.treatment,
            control=comparison.control,
            p=comparison.estimate.p,
            adjusted=one.adjusted,
            rejected=one.rejected,
        )
        for (analysis, comparison), one in zip(tested, _adjusted(declared, p), strict=True)
    )


def _adjusted(declared: Multiplicity, p: dict[str, float]) -> tuple[Adjusted, ...]:
    alpha = float(declared.alpha)
    if declared.procedure == "hierarchical":
        return hierarchical(p, alpha)
    if declared.procedure == "holm":
        return holm(p, alpha)
    names = declared.analyses
    weights = [float(declared.weights[name]) for name in names]
    passed = [
        [float(declared.transitions.get(source, {}).get(name, 0)) for name in names]
        for source in names
    ]
    return graphical(p, weights, passed, alpha)
