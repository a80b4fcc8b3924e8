"""The second trial is quite different, and keeps its groups hidden."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from scipy.stats import nct, t

from equipoise.protocol.checks import check_protocol
from equipoise.protocol.document import Criterion, Protocol

CONSENT = date(2027, 4, 1)
LIMITS = {
    ("potassium", "upper"): Decimal("5.1"),
    ("potassium", "lower"): Decimal("3.5"),
    ("alt", "upper"): Decimal(40),
}


def test_nothing_in_it_speaks_of_radiotherapy(second: Protocol) -> None:
    """Its anchors are screening, consent and randomization only."""
    words = json.dumps(second.model_dump(mode="json"), ensure_ascii=False).lower()
    for word in ("radio", "fraction", "mucositis", "spray", "exosome", "放疗"):
        assert word not in words
    assert [anchor.event for anchor in second.schedule.anchors] == [
        "screening", "consent", "randomization",
    ]  # fmt: skip


def test_three_arms_are_minimized_on_four_factors(second: Protocol) -> None:
    """Site, sex, diabetes and stage; the stage weighs double."""
    randomization = second.randomization
    assert randomization is not None
    assert randomization.ratio == {"high": 1, "low": 1, "placebo": 1}
    assert randomization.scheme.type == "minimization"
    assert randomization.scheme.probability == "0.8"
    factors = [factor.id for factor in randomization.strata]
    assert factors == list(randomization.scheme.weights) == ["site", "sex", "diabetes", "stage"]


def test_the_two_sites_do_not_share_a_day(second: Protocol) -> None:
    """Singapore is hours ahead of Lisbon: what is today at one site may be yesterday at the other."""
    zones = [ZoneInfo(site.timezone) for site in second.identity.sites]
    from datetime import UTC, datetime

    evening = datetime(2027, 5, 3, 18, 0, tzinfo=UTC)
    days = [evening.astimezone(zone).date() for zone in zones]
    assert days == [date(2027, 5, 4), date(2027, 5, 3)]


def test_visits_are_weekly_and_then_monthly(second: Protocol) -> None:
    """Days counted from randomization."""
    days = [visit.day for visit in second.schedule.visits if visit.anchor == "randomization"]
    assert days == [7, 14, 21, 28, 56, 84, 112]


def test_what_a_participant_takes_and_records_is_the_same_in_all_groups(second: Protocol) -> None:
    """Regimen, supply and diary rest on one product: none of them tells the group."""
    taken = {
        tuple(name for name in arm.interventions if second.intervention_by_id[name].regimen)
        for arm in second.arms
    }
    assert taken == {("study_tablet",)}
    assert {supply.intervention for supply in second.supply} == {"study_tablet"}
    assert {diary.intervention for diary in second.schedule.diaries} == {"study_tablet"}
    assert all(diary.arms == [] for diary in second.schedule.diaries)
    assert all(visit.only_when is None for visit in second.schedule.visits)


def test_only_pharmacist_and_board_see_the_groups(second: Protocol) -> None:
    """Double-blind: participants, coordinators and investigators do not."""
    assert second.design.masking is not None
    assert second.design.masking.level == "double"
    assert [role.role for role in second.roles if role.sees_allocation] == ["pharmacist", "dsmb"]
    assert [role.role for role in second.roles if "DispenseSupply" in role.may] == ["pharmacist"]


def test_two_doses_are_each_compared_with_placebo(second: Protocol) -> None:
    """The primary outcome is a change on a continuous scale."""
    (primary,) = [endpoint for endpoint in second.endpoints if endpoint.role == "primary"]
    assert primary.variable.kind == "change_at"
    assert (primary.variable.baseline, primary.variable.visit) == ("baseline", "w12")
    for analysis in second.analyses:
        assert analysis.comparisons == [["high", "placebo"], ["low", "placebo"]]
    assert {one.method for one in second.analyses if one.operating} == {
        "linear_model", "mean_difference_welch",
    }  # fmt: skip


def test_ninety_participants_follow_from_the_figures_given(second: Protocol) -> None:
    """9 mmHg with a standard deviation of 11, two-sided 5 %, power 80 %, 15 % lost: 30 a group."""
    size = second.design.sample_size
    assert size is not None
    effect = abs(float(size.difference or 0)) / float(size.standard_deviation or 1)

    def power(group: int) -> float:
        freedom, shift = 2 * group - 2, effect * (group / 2) ** 0.5
        limit = t.isf(float(size.alpha or 0) / 2, freedom)
        return float(nct.sf(limit, freedom, shift) + nct.cdf(-limit, freedom, shift))

    group = next(n for n in range(2, 200) if power(n) >= float(size.power or 1))
    assert group == 25
    assert 3 * ceil(group / (1 - float(size.attrition or 0))) == size.target == 90


def test_every_factor_and_criterion_is_known_before_allocation(second: Protocol) -> None:
    """Collected at screening or at the end of run-in."""
    from equipoise.protocol.expression import compile_expression

    collected = {
        entry.item
        for visit in second.schedule.visits
        if visit.phase in ("screening", "baseline")
        for form in visit.forms
        for entry in second.form_by_id[form].items
    }
    anchors = {anchor.id for anchor in second.schedule.anchors}
    assert second.randomization is not None
    assert {f.item for f in second.randomization.strata if f.item} <= collected
    for criterion in second.eligibility.criteria:
        if criterion.met_when:
            assert compile_expression(criterion.met_when, second).names <= collected | anchors


CASES: list[tuple[str, dict[str, Any], bool | None]] = [
    ("inc_age", {"age": 30}, True),
    ("inc_age", {"age": 76}, False),
    ("inc_pressure", {"sbp": Decimal(140), "dbp": Decimal(95)}, True),
    ("inc_pressure", {"sbp": Decimal("179.5"), "dbp": Decimal(95)}, False),
    ("inc_pressure", {"sbp": Decimal(150), "dbp": Decimal(110)}, False),
    ("inc_pressure", {"sbp": Decimal(150)}, None),
    ("inc_washout", {"prior_drug": False}, True),
    ("inc_washout",
     {"prior_drug": True, "last_prior_drug": date(2027, 3, 31), "baseline_day": date(2027, 4, 14)},
     True),
    ("inc_washout",
     {"prior_drug": True, "last_prior_drug": date(2027, 4, 1), "baseline_day": date(2027, 4, 14)},
     False),
    ("inc_consent", {"consent": CONSENT}, True),
    ("inc_consent", {}, False),
    ("exc_event", {"vascular_event": False}, False),
    ("exc_event",
     {"vascular_event": True, "last_vascular_event": date(2026, 10, 2), "consent": CONSENT}, True),
    ("exc_kidney", {"egfr": Decimal(44)}, True),
    ("exc_kidney", {"egfr": Decimal(45)}, False),
    ("exc_potassium", {"potassium": Decimal("5.2")}, True),
    ("exc_potassium", {"potassium": Decimal("3.4")}, True),
    ("exc_potassium", {"potassium": Decimal("4.2")}, False),
    ("exc_liver", {"alt": Decimal(121)}, True),
    ("exc_liver", {"alt": Decimal(120)}, False),
    ("exc_pregnancy", {"sex": "male"}, False),
    ("exc_pregnancy", {"sex": "female", "pregnancy_test": "positive"}, True),
    ("exc_allergy", {"product_allergy": True}, True),
    ("exc_allergy", {"product_allergy": False}, False),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "values", "met"), CASES)
def test_the_criterion_is_met_not_met_or_unknown(
    second: Protocol,
    decide: Callable[..., Any],
    criterion: str,
    values: dict[str, Any],
    met: bool | None,
) -> None:
    """The same language decides quite different criteria."""
    found: Criterion = next(c for c in second.eligibility.criteria if c.id == criterion)
    assert decide(second, found.met_when, values, LIMITS) is met


def test_no_error_is_left_unsettled(second: Protocol) -> None:
    """Nor any warning."""
    findings = check_protocol(second, date(2026, 11, 24))
    assert [f.id for f in findings if not f.settled and f.severity != "note"] == []
