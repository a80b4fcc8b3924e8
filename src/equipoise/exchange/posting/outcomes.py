"""Outcome measures: for each endpoint its data by group, and every analysis that was declared of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.analysis import Results
from equipoise.analysis.methods import Estimate
from equipoise.analysis.results import (
    ADJUSTED,
    RATIOS,
    AnalysisResult,
    Comparison,
    Curve,
    GroupSummary,
)
from equipoise.protocol.document import (
    ChangeAt,
    DaysAtLeast,
    Endpoint,
    Protocol,
    Repeated,
    TimeTo,
    Worst,
)
from equipoise.quantity.readable import readable_unit
from equipoise.reporting.format import level, p_value
from equipoise.reporting.words import known_or, method_name, reason_in
from equipoise.reporting.words import say as reported

from .groups import NOT_AVAILABLE, Groups, denominator, figure, words
from .registered import given
from .words import known, listed, say

ROLES = {
    "primary": "PRIMARY", "secondary": "SECONDARY", "safety": "SECONDARY",
    "exploratory": "OTHER_PRE_SPECIFIED",
}  # fmt: skip
"""The registry's kinds of outcome measures. It knows none for safety: those are secondary."""

METHODS = {
    "cmh": "Cochran-Mantel-Haenszel", "log_rank": "Log Rank", "kaplan_meier": "Kaplan-Meier",
    "mean_difference_welch": "t-test, 2 sided", "linear_model": "ANCOVA",
    "wilcoxon": "Wilcoxon (Mann-Whitney)", "risk_difference_mn": "Miettinen-Nurminen score test",
    "exact_fisher": "Fisher Exact", "cox": "Regression, Cox", "standardized_risks": "Regression, Logistic",
    "mmrm": "Mixed Models Analysis",
}  # fmt: skip
"""Methods by the registry's names; one it has no name for goes by its own."""

_RANKED = frozenset({"wilcoxon", "proportional_odds"})


def outcomes_module(results: Results, protocol: Protocol, language: str) -> dict[str, Any]:
    """`outcomeMeasuresModule`: the endpoints in the protocol's order."""
    by_endpoint: dict[str, list[AnalysisResult]] = {}
    for one in results.analyses:
        by_endpoint.setdefault(one.endpoint, []).append(one)
    return {
        "outcomeMeasures": [
            _Measure(
                results, protocol, endpoint, by_endpoint.get(endpoint.id, []), language
            ).written()
            for endpoint in protocol.endpoints
        ]
    }


class _Measure:
    """One endpoint. Its data are those of the first analysis declared of it."""

    def __init__(
        self,
        results: Results,
        protocol: Protocol,
        endpoint: Endpoint,
        analyses: Sequence[AnalysisResult],
        language: str,
    ) -> None:
        self.results, self.endpoint, self.analyses = results, endpoint, analyses
        self.language = language
        self.labels = {arm.id: words(arm.label, language) for arm in results.arms}
        shown = dict.fromkeys(group.arm for one in analyses for group in one.groups)
        arms = [arm.id for arm in results.arms if not shown or arm.id in shown]
        self.groups = Groups(results, protocol, "OG", language, arms)
        self.factors = {row.id: words(row.label, language) for row in results.baseline.rows}

    def say(self, key: str, **values: object) -> str:
        return say(key, self.language, **values)

    def written(self) -> dict[str, Any]:
        endpoint = self.endpoint
        head = given(
            ("type", ROLES[endpoint.role]),
            ("title", words(endpoint.label, self.language)),
            ("description", words(endpoint.description, self.language)),
        )
        frame = words(endpoint.time_frame, self.language)
        if not self.analyses:
            return {
                **head,
                "populationDescription": self.say("not_analyzed"),
                "reportingStatus": "NOT_POSTED",
                "timeFrame": frame,
                "groups": self.groups.listed,
            }
        first = self.analyses[0]
        known_groups = {group.arm: group for group in first.groups}
        arms = [arm for arm in self.groups.ids if arm in known_groups]
        names = [self.groups.ids[arm] for arm in arms]
        return {
            **head,
            "populationDescription": self.population(first),
            "reportingStatus": "POSTED",
            **self.kind(first),
            "timeFrame": frame,
            "groups": [one for one in self.groups.listed if one["id"] in names],
            "denoms": denominator(names, [_told(known_groups[arm]) for arm in arms], self.language),
            "classes": [
                {
                    "categories": [
                        {"measurements": [self.cell(first, known_groups[arm]) for arm in arms]}
                    ]
                }
            ],
            **given(("analyses", [one for each in self.analyses for one in self.analysis(each)])),
        }

    def population(self, first: AnalysisResult) -> str:
        parts = [self.say("set", label=words(first.population_label, self.language))]
        for group in first.groups:
            if group.missing:
                reasons = [
                    f"{reported(one.id, self.language)} {one.count}" for one in group.missing
                ]
                parts.append(
                    self.say(
                        "missing",
                        arm=self.labels[group.arm],
                        n=group.population - group.analyzed,
                        of=group.population,
                        reasons=listed(reasons, self.language),
                    )
                )
        if first.handling:
            rules = [
                f"{reported(rule, self.language)} – {reported(f'counted_{counted}', self.language)}"
                for rule, counted in first.handling.items()
            ]
            parts.append(self.say("counted", rules=listed(rules, self.language)))
        if first.curves:
            parts.append(self.say("median_time"))
        if isinstance(self.endpoint.variable, Repeated):
            parts.append(self.say("last_visit"))
        return (" " if self.language == "en" else "").join(parts)

    # the data -----------------------------------------------------------------------------------

    def ranked(self) -> bool:
        """Whether medians and quartiles tell the outcome, rather than means."""
        return isinstance(self.endpoint.variable, DaysAtLeast | Worst) or all(
            one.method in _RANKED for one in self.analyses
        )

    def kind(self, first: AnalysisResult) -> dict[str, Any]:
        if isinstance(self.endpoint.variable, TimeTo):
            return {
                "paramType": "MEDIAN",
                "dispersionType": f"{level(first.confidence)}% Confidence Interval",
                "unitOfMeasure": self.say("days"),
            }
        if first.groups and first.groups[0].events is not None:
            return {
                "paramType": "COUNT_OF_PARTICIPANTS",
                "unitOfMeasure": self.say("participants"),
            }
        unit = readable_unit(first.unit, self.language) or self.say("score")
        spread = (
            ("MEDIAN", "Inter-Quartile Range") if self.ranked() else ("MEAN", "Standard Deviation")
        )
        return {"paramType": spread[0], "dispersionType": spread[1], "unitOfMeasure": unit}

    def cell(self, first: AnalysisResult, group: GroupSummary) -> dict[str, Any]:
        name = self.groups.ids[group.arm]
        if isinstance(self.endpoint.variable, TimeTo):
            return self.median_time(name, group.arm)
        if group.events is not None:
            return {"groupId": name, "value": str(group.events)}
        one = group.distribution
        assert one is not None
        if self.ranked():
            places = max(first.decimals, 1)
            cell = {
                "groupId": name,
                "value": figure(one.median, places),
                "lowerLimit": figure(one.q1, places),
                "upperLimit": figure(one.q3, places),
            }
        else:
            cell = {
                "groupId": name,
                "value": figure(one.mean, first.decimals + 1),
                "spread": figure(one.sd, first.decimals + 2),
            }
        if NOT_AVAILABLE in cell.values():
            cell["comment"] = self.say("undefined")
        return cell

    def median_time(self, name: str, arm: str) -> dict[str, Any]:
        curves: Mapping[str, Curve] = {
            curve.arm: curve for one in self.analyses for curve in one.curves
        }
        curve = curves.get(arm)
        values = (
            (curve.median, curve.median_lower, curve.median_upper)
            if curve is not None
            else (float("nan"),) * 3
        )
        shown = [figure(value, 0) for value in values]
        cell = {
            "groupId": name, "value": shown[0], "lowerLimit": shown[1], "upperLimit": shown[2],
        }  # fmt: skip
        if NOT_AVAILABLE in shown:
            cell["comment"] = self.say("not_reached")
        return cell

    # the analyses -------------------------------------------------------------------------------

    def analysis(self, one: AnalysisResult) -> list[dict[str, Any]]:
        found = []
        for comparison in one.comparisons:
            found.append(self.comparison(one, comparison, comparison.measure, comparison.estimate))
            found += [
                self.comparison(one, comparison, further.measure, further.estimate)
                for further in comparison.further
            ]
        return [entry for entry in found if entry]

    def comparison(
        self, one: AnalysisResult, comparison: Comparison, measure: str, estimate: Estimate
    ) -> dict[str, Any]:
        groups = [self.groups.ids[comparison.treatment], self.groups.ids[comparison.control]]
        described = self.described(one, comparison)
        if estimate.estimate != estimate.estimate:
            if not estimate.reason:
                return {}
            reason = reason_in(estimate.reason, self.language)
            return given(
                ("otherAnalysisDescription", self.say("not_estimable", reason=reason)),
                ("groupDescription", described),
                ("groupIds", groups),
            )
        shown = self.estimated(one, measure, estimate)
        # a further estimate of the same test says its p-value a second time, or none
        p = p_value(estimate.p) if estimate.p == estimate.p else None
        margin = one.method == "non_inferiority_fm"
        method = METHODS.get(one.method) or method_name(one.method, self.language)
        return given(
            ("paramType", self.parameter(measure)),
            ("paramValue", shown[0]),
            ("statisticalMethod", method if p else None),
            ("statisticalComment", self.comment(one)),
            ("pValue", p),
            ("ciNumSides", "TWO_SIDED"),
            ("ciPctValue", level(one.confidence)),
            ("ciLowerLimit", shown[1]),
            ("ciUpperLimit", shown[2]),
            ("ciLowerLimitComment", self.open_limit(shown[1])),
            ("ciUpperLimitComment", self.open_limit(shown[2])),
            ("estimateComment", self.direction(comparison, measure)),
            ("nonInferiorityType", "NON_INFERIORITY" if margin else "SUPERIORITY"),
            ("groupDescription", described),
            ("groupIds", groups),
        )

    def open_limit(self, shown: str) -> str:
        return self.say("limit_open") if shown == NOT_AVAILABLE else ""

    def estimated(self, one: AnalysisResult, measure: str, estimate: Estimate) -> list[str]:
        values = (estimate.estimate, estimate.lower, estimate.upper)
        if measure == "risk_difference":
            return [figure(100 * value, 2) for value in values]
        places = 3 if measure in RATIOS else one.decimals + 2
        return [figure(value, places) for value in values]

    def parameter(self, measure: str) -> str:
        if measure in ("mean_difference", "adjusted_mean_difference"):
            change = isinstance(self.endpoint.variable, ChangeAt)
            return self.say("mean_change" if change else "mean_difference")
        return self.say(measure) if known(measure) else known_or(measure, self.language)

    def direction(self, comparison: Comparison, measure: str) -> str:
        key = (
            "points_of" if measure == "risk_difference"
            else "ratio_of" if measure in RATIOS else "difference_of"
        )  # fmt: skip
        return self.say(
            key,
            treatment=self.labels[comparison.treatment],
            control=self.labels[comparison.control],
        )

    def comment(self, one: AnalysisResult) -> str:
        parts = [words(one.label, self.language)]
        if one.stratified_by:
            factors = listed([self.factors.get(f, f) for f in one.stratified_by], self.language)
            key = "adjusted" if one.method in ADJUSTED else "stratified"
            parts.append(self.say(key, factors=factors))
        return (". " if self.language == "en" else "。").join(parts)

    def described(self, one: AnalysisResult, comparison: Comparison) -> str:
        """Whom an analysis takes in, where that is not what the data above show."""
        if one.population == self.analyses[0].population:
            return ""
        counts = []
        for group in one.groups:
            if group.arm not in (comparison.treatment, comparison.control):
                continue
            key = "analyzed_of" if group.events is None else "with_event_of"
            arm = self.labels[group.arm]
            counts.append(self.say(key, arm=arm, n=group.analyzed, events=group.events))
        return self.say(
            "other_set",
            label=words(one.population_label, self.language),
            counts=listed(counts, self.language),
        )


def _told(group: GroupSummary) -> int:
    """Of how many participants a group's data tell: those analyzed, or with a value where values are described."""
    return group.distribution.count if group.distribution is not None else group.analyzed
