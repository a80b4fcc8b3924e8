"""What the first protocol asks of participants and staff: days, doses, visits, forms, questions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

import pytest
from scipy.stats import norm

from equipoise.conduct import commands
from equipoise.conduct.decide.permission import rights_of
from equipoise.conduct.schedule import AnchorDay, anchor_days, offset_day, visit_window
from equipoise.protocol.document import Offset, Protocol, Visit

MONDAY = date(2027, 3, 1)


def _last_fraction(first_fraction: date, fractions: int) -> date:
    """The day of the last of so many fractions, five a week."""
    day, given = first_fraction, 1
    while given < fractions:
        day += timedelta(days=1)
        given += day.weekday() < 5
    return day


def _anchors(protocol: Protocol, first_fraction: date, fractions: int) -> dict[str, AnchorDay]:
    dates = {
        "rt_first_date": first_fraction,
        "rt_last_date": _last_fraction(first_fraction, fractions),
    }
    events: dict[str, date | None] = {
        "screening": first_fraction - timedelta(days=21),
        "consent": first_fraction - timedelta(days=21),
        "randomization": first_fraction - timedelta(days=10),
    }
    return anchor_days(protocol, events, dates.get)


def _due(protocol: Protocol, anchors: dict[str, AnchorDay]) -> list[tuple[Visit, date]]:
    due = []
    for visit in protocol.schedule.visits:
        target, _, _ = visit_window(visit, anchors[visit.anchor].day)
        if visit.until is None or target < anchors[visit.until].day:
            due.append((visit, target))
    return due


def _days(anchors: dict[str, AnchorDay], start: Offset, stop: Offset) -> int:
    first, last = offset_day(start, anchors), offset_day(stop, anchors)
    assert first is not None
    assert last is not None
    return (last - first).days + 1


# -- the regimen ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weekday", "fractions", "as_intervention_text", "as_arm_text"),
    [(0, 33, 66, 45), (3, 33, 68, 47), (4, 33, 68, 47), (0, 30, 61, 40), (0, 35, 68, 47)],
)
def test_either_reading_of_the_dosing_window_is_a_configuration(
    first: Protocol, weekday: int, fractions: int, as_intervention_text: int, as_arm_text: int
) -> None:
    """Seven days before to fourteen after, or first to last fraction: only two offsets differ."""
    regimen = first.interventions[0].regimen
    assert regimen is not None
    anchors = _anchors(first, MONDAY + timedelta(days=weekday), fractions)
    assert _days(anchors, regimen.start, regimen.stop) == as_intervention_text
    other = regimen.model_copy(
        update={"start": Offset(anchor="rt_first"), "stop": Offset(anchor="rt_last")}
    )
    assert _days(anchors, other.start, other.stop) == as_arm_text


def test_a_33_fraction_course_takes_198_applications_and_297_ml(first: Protocol) -> None:
    """Three applications of 1.5 mL a day over 66 days; 135 and 202.5 mL in the shorter window."""
    regimen = first.interventions[0].regimen
    assert regimen is not None
    days = _days(_anchors(first, MONDAY, 33), regimen.start, regimen.stop)
    assert days * regimen.times_a_day == 198
    assert days * regimen.times_a_day * regimen.dose == 297
    assert 45 * regimen.times_a_day * regimen.dose == Decimal("202.5")


def test_the_spray_is_given_after_meals_and_left_to_act(first: Protocol) -> None:
    """30 minutes after each of three meals, then 20 minutes without food or rinsing."""
    regimen = first.interventions[0].regimen
    assert regimen is not None
    assert (regimen.dose, regimen.dose_unit, regimen.times_a_day) == (Decimal("1.5"), "mL", 3)
    assert (regimen.minutes_after_meal, regimen.fasting_minutes_after) == (30, 20)
    assert len(regimen.occasions) == regimen.times_a_day
    assert regimen.preparation is not None
    assert (regimen.preparation.volume, regimen.preparation.unit) == (Decimal(5), "mL")


def test_one_vial_covers_a_day_and_the_supply_the_regimen(first: Protocol) -> None:
    """4.5 mL of the 5 mL; and no two dispensing visits are so far apart that vials would run out."""
    (supply,) = first.supply
    regimen = first.interventions[0].regimen
    assert regimen is not None
    assert supply.usable_volume is not None
    needed = regimen.dose * regimen.times_a_day
    assert supply.units_per_day * supply.usable_volume >= needed == Decimal("4.5")
    anchors = _anchors(first, MONDAY, 33)
    handed_out = [target for visit, target in _due(first, anchors)
                  if visit.id in supply.dispensing_visits]  # fmt: skip
    assert handed_out[0] == offset_day(regimen.start, anchors)
    last = offset_day(regimen.stop, anchors)
    assert last is not None
    gaps = [(b - a).days for a, b in zip(handed_out, [*handed_out[1:], last], strict=True)]
    assert max(gaps) <= 11


# -- the schedule ---------------------------------------------------------------------------------


def test_33_fractions_begun_on_a_monday_ask_for_19_visits(first: Protocol) -> None:
    """Weekly to week 6, graded twice weekly from week 3, then five visits after the last fraction."""
    due = [visit.id for visit, _ in _due(first, _anchors(first, MONDAY, 33))]
    assert due == [
        "screening", "baseline", "w1", "w2", "w3b", "w3", "w4b", "w4", "w5b", "w5", "w6b", "w6",
        "w7b", "eot", "fu7", "fu14", "fu28", "fu56", "fu84",
    ]  # fmt: skip


@pytest.mark.parametrize("weekday", range(5))
@pytest.mark.parametrize("fractions", [30, 33, 35])
def test_from_week_three_the_mouth_is_graded_every_three_or_four_days(
    first: Protocol, weekday: int, fractions: int
) -> None:
    """A weekly grading would miss about one severe mucositis in eight."""
    anchors = _anchors(first, MONDAY + timedelta(days=weekday), fractions)
    graded = [
        target
        for visit, target in _due(first, anchors)
        if "mucositis_assessment" in visit.forms
        and anchors["rt_first"].day + timedelta(days=14) <= target <= anchors["rt_last"].day
    ]
    gaps = {(later - earlier).days for earlier, later in itertools.pairwise(graded)}
    assert gaps - {(graded[-1] - graded[-2]).days} <= {3, 4}
    assert (graded[-1] - graded[-2]).days <= 4


@pytest.mark.parametrize("weekday", range(5))
def test_no_two_windows_of_the_same_anchor_overlap(first: Protocol, weekday: int) -> None:
    """A form filled on a given day belongs to one visit only."""
    anchors = _anchors(first, MONDAY + timedelta(days=weekday), 35)
    for anchor in ("rt_first", "rt_last"):
        windows = sorted(
            visit_window(visit, anchors[anchor].day)[1:]
            for visit, _ in _due(first, anchors)
            if visit.anchor == anchor
        )
        for (_, closes), (opens, _) in itertools.pairwise(windows):
            assert closes < opens


@pytest.mark.parametrize("weekday", range(5))
def test_every_window_during_radiotherapy_holds_a_working_day(
    first: Protocol, weekday: int
) -> None:
    """Visits that fall on a weekend can be moved within their window."""
    anchors = _anchors(first, MONDAY + timedelta(days=weekday), 33)
    for visit, _ in _due(first, anchors):
        if visit.epoch == "radiotherapy":
            _, opens, closes = visit_window(visit, anchors[visit.anchor].day)
            days = [opens + timedelta(days=n) for n in range((closes - opens).days + 1)]
            assert any(day.weekday() < 5 for day in days), visit.id


def test_a_start_that_shifts_moves_every_visit_that_counts_from_it(first: Protocol) -> None:
    """Until the first fraction is recorded the planned day stands in, and says so."""
    planned = {"rt_planned_start": MONDAY, "rt_planned_end": _last_fraction(MONDAY, 33)}
    before = anchor_days(first, {}, planned.get)
    assert before["rt_first"] == AnchorDay(MONDAY, True)
    shifted = planned | {"rt_first_date": MONDAY + timedelta(days=3)}
    after = anchor_days(first, {}, shifted.get)
    assert after["rt_first"] == AnchorDay(MONDAY + timedelta(days=3), False)
    assert after["rt_last"].provisional


def test_the_trial_asks_for_a_sensible_number_of_entries(first: Protocol) -> None:
    """Forms and diary days: well over 20,000 in 200 participants, and at most 45,000."""
    anchors = _anchors(first, MONDAY, 33)
    forms = sum(len(visit.forms) for visit, _ in _due(first, anchors))
    regimen = first.interventions[0].regimen
    assert regimen is not None
    diary = _days(anchors, regimen.start, regimen.stop)
    assert 50 <= forms <= 70
    assert 17_000 < 200 * forms + 100 * diary < 45_000


# -- randomization --------------------------------------------------------------------------------


def test_blocks_of_four_and_six_within_twelve_strata(first: Protocol) -> None:
    """1:1 within site × concurrent chemotherapy × primary site."""
    randomization = first.randomization
    assert randomization is not None
    assert randomization.ratio == {"spray": 1, "control": 1}
    assert randomization.scheme.type == "permuted_blocks"
    assert randomization.scheme.sizes == [4, 6]
    strata = 1
    for factor in randomization.strata:
        strata *= len(factor.levels)
    assert strata == 12
    assert [factor.id for factor in randomization.strata] == [
        "site", "concurrent_chemo", "diagnosis_site",
    ]  # fmt: skip


def test_allocation_leaves_time_for_the_first_dose(first: Protocol) -> None:
    """At the latest the day before the spray starts."""
    regimen = first.interventions[0].regimen
    assert first.randomization is not None
    assert first.randomization.latest is not None
    assert regimen is not None
    assert first.randomization.latest.anchor == regimen.start.anchor
    assert first.randomization.latest.day < regimen.start.day


def test_a_screening_older_than_28_days_before_radiotherapy_does_not_count(
    first: Protocol, decide: Callable[..., Any]
) -> None:
    """The condition checked at the moment of randomization."""
    assert first.randomization is not None
    (condition,) = first.randomization.requires
    screened = {"screening": MONDAY - timedelta(days=28), "rt_planned_start": MONDAY}
    assert decide(first, condition, screened) is True
    assert decide(first, condition, screened | {"screening": MONDAY - timedelta(days=29)}) is False
    assert decide(first, condition, {"screening": MONDAY}) is None


def test_the_sample_size_follows_from_its_own_figures(first: Protocol) -> None:
    """46 % against 26 %, two-sided 5 %, power 80 %, 10 % lost: 100 a group, 200 in all."""
    size = first.design.sample_size
    assert size is not None
    assert size.control_rate is not None
    assert size.treatment_rate is not None
    p0, p1 = float(size.control_rate), float(size.treatment_rate)
    z = norm.isf(float(size.alpha or 0) / size.sided) + norm.ppf(float(size.power or 0))
    per_group = z**2 * (p0 * (1 - p0) + p1 * (1 - p1)) / (p0 - p1) ** 2
    assert per_group == pytest.approx(86.3, abs=0.5)
    pooled = (p0 + p1) / 2
    za, zb = norm.isf(float(size.alpha or 0) / 2), norm.ppf(float(size.power or 0))
    root = (
        za * (2 * pooled * (1 - pooled)) ** 0.5 + zb * (p0 * (1 - p0) + p1 * (1 - p1)) ** 0.5
    ) / (p0 - p1)
    evaluable = root**2
    assert evaluable == pytest.approx(89.2, abs=0.1)
    assert 2 * ceil(evaluable / (1 - float(size.attrition or 0))) == size.target == 200


# -- what is asked when something looks mistyped --------------------------------------------------

SLIPS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("birth_date_past", {"birth_date": date(2026, 12, 9), "consent": date(2026, 12, 1)},
     {"birth_date": date(1971, 2, 9), "consent": date(2026, 12, 1)}),
    ("surgery_before_consent",
     {"last_hn_surgery": date(2027, 10, 1), "consent": date(2026, 12, 1)},
     {"last_hn_surgery": date(2026, 10, 1), "consent": date(2026, 12, 1)}),
    ("infarction_before_consent", {"last_mi": date(2027, 1, 1), "consent": date(2026, 12, 1)},
     {"last_mi": date(2020, 1, 1), "consent": date(2026, 12, 1)}),
    ("dose_per_fraction_usual", {"rt_dose_per_fraction": Decimal("23.3")},
     {"rt_dose_per_fraction": Decimal("2.12")}),
    ("plan_in_order", {"rt_planned_start": MONDAY, "rt_planned_end": MONDAY - timedelta(days=3)},
     {"rt_planned_start": MONDAY, "rt_planned_end": MONDAY + timedelta(days=44)}),
    ("plan_long_enough",
     {"rt_planned_start": MONDAY, "rt_planned_end": MONDAY + timedelta(days=20),
      "rt_planned_fractions": 33},
     {"rt_planned_start": MONDAY, "rt_planned_end": MONDAY + timedelta(days=44),
      "rt_planned_fractions": 33}),
    ("plan_not_too_long",
     {"rt_planned_start": MONDAY, "rt_planned_end": MONDAY + timedelta(days=400),
      "rt_planned_fractions": 33},
     {"rt_planned_start": MONDAY, "rt_planned_end": MONDAY + timedelta(days=44),
      "rt_planned_fractions": 33}),
    ("pressure_in_order", {"systolic_bp": 78, "diastolic_bp": 124},
     {"systolic_bp": 124, "diastolic_bp": 78}),
    ("height_and_weight_exchanged", {"height": Decimal(110), "weight": Decimal(168)},
     {"height": Decimal(168), "weight": Decimal(61)}),
    ("hemoglobin_unit", {"hemoglobin": Decimal("12.4")}, {"hemoglobin": Decimal(124)}),
    ("neutrophils_within_leukocytes", {"anc": Decimal("36.0"), "wbc": Decimal("5.2")},
     {"anc": Decimal("3.6"), "wbc": Decimal("5.2")}),
    ("who_severe_ctcae_not", {"who_grade": "3", "ctcae_om_grade": "1"},
     {"who_grade": "3", "ctcae_om_grade": "3"}),
    ("ctcae_severe_who_none", {"who_grade": "0", "ctcae_om_grade": "2"},
     {"who_grade": "1", "ctcae_om_grade": "2"}),
    ("rtog_severe_who_none", {"who_grade": "0", "rtog_grade": "3"},
     {"who_grade": "2", "rtog_grade": "3"}),
    ("ulcers_have_a_score", {"who_grade": "2", "omas_ulceration": 0},
     {"who_grade": "2", "omas_ulceration": 4}),
    ("ctcae_five_is_death", {"ctcae_om_grade": "5"}, {"ctcae_om_grade": "4"}),
    ("weight_change", {"weight": Decimal("52.0"), "weight_at_simulation": Decimal("61.0")},
     {"weight": Decimal("56.0"), "weight_at_simulation": Decimal("61.0")}),
    ("nothing_by_mouth_is_fed", {"diet_texture": "none", "tube_feeding": False},
     {"diet_texture": "none", "tube_feeding": True}),
    ("first_fraction_near_plan",
     {"rt_planned_start": MONDAY, "rt_first_date": MONDAY + timedelta(days=365)},
     {"rt_planned_start": MONDAY, "rt_first_date": MONDAY + timedelta(days=2)}),
    ("dose_is_fractions_times_dose",
     {"rt_dose_done": Decimal("21.2"), "rt_fractions_done": 15,
      "rt_dose_per_fraction": Decimal("2.12")},
     {"rt_dose_done": Decimal("31.8"), "rt_fractions_done": 15,
      "rt_dose_per_fraction": Decimal("2.12")}),
    ("no_more_than_planned", {"rt_fractions_done": 51, "rt_planned_fractions": 33},
     {"rt_fractions_done": 15, "rt_planned_fractions": 33}),
    ("last_after_first", {"rt_last_date": MONDAY - timedelta(days=1), "rt_first": MONDAY},
     {"rt_last_date": MONDAY + timedelta(days=44), "rt_first": MONDAY}),
    ("final_dose_is_fractions_times_dose",
     {"rt_dose_done": Decimal("96.96"), "rt_fractions_done": 33,
      "rt_dose_per_fraction": Decimal("2.12")},
     {"rt_dose_done": Decimal("69.96"), "rt_fractions_done": 33,
      "rt_dose_per_fraction": Decimal("2.12")}),
    ("completed_means_all_fractions",
     {"rt_end_reason": "completed", "rt_fractions_done": 23, "rt_planned_fractions": 33},
     {"rt_end_reason": "completed", "rt_fractions_done": 33, "rt_planned_fractions": 33}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "slip", "right"), SLIPS, ids=[slip[0] for slip in SLIPS])
def test_a_typing_slip_is_asked_about_and_a_right_value_is_not(
    first: Protocol,
    decide: Callable[..., Any],
    check: str,
    slip: dict[str, Any],
    right: dict[str, Any],
) -> None:
    """Each edit check fails on a slip that happens, and holds on what was meant."""
    checks = {one.id: one.expression for form in first.forms for one in form.checks}
    assert decide(first, checks[check], slip) is False
    assert decide(first, checks[check], right) is True


def test_every_edit_check_has_its_slip(first: Protocol) -> None:
    """The table above leaves no check untried."""
    assert {one.id for form in first.forms for one in form.checks} == {slip[0] for slip in SLIPS}


# -- grades, safety, roles ------------------------------------------------------------------------


def test_every_grade_carries_its_scale_and_version(first: Protocol) -> None:
    """Three scales that agree in 57 % of ratings are three items, and none is derived from another."""
    expected = {
        "who_grade": ("WHO", "1979", 5),
        "rtog_grade": ("RTOG", "1995", 5),
        "ctcae_om_grade": ("CTCAE", "v5.0", 6),
    }
    for name, (scale, version, grades) in expected.items():
        item = first.item_by_id[name]
        codelist = first.codelist_by_id[item.codelist or ""]
        assert (codelist.scale, codelist.version) == (scale, version)
        assert [code.code for code in codelist.codes] == [str(grade) for grade in range(grades)]
        assert all(code.description is not None for code in codelist.codes)
        assert item.derived is None


def test_the_mucous_membrane_scale_is_not_the_skin_scale(first: Protocol) -> None:
    """A published table prints the skin text under the mucosal heading; it is not repeated here."""
    words = " ".join(
        code.description.en.lower()
        for code in first.codelist_by_id["rtog_om"].codes
        if code.description
    )
    assert "mucositis" in words
    for skin in ("epilation", "sweating", "desquamation", "skin"):
        assert skin not in words


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        (date(2026, 1, 31), "sae_to_sponsor_gcp_2020"),
        (date(2026, 8, 31), "sae_to_sponsor_gcp_2020"),
        (date(2026, 9, 1), "sae_to_sponsor_gcp_2026"),
        (date(2028, 2, 29), "sae_to_sponsor_gcp_2026"),
    ],
)
def test_one_rule_set_is_in_force_on_any_day(first: Protocol, day: date, clock: str) -> None:
    """The rules changed during the trial: each serious event runs on the clock of its own day."""
    in_force = [
        one
        for one in first.safety.clocks
        if one.applies_when == "serious"
        and one.in_force_from.earliest <= day
        and (one.in_force_until is None or day <= one.in_force_until.latest)
    ]
    assert [one.id for one in in_force] == [clock]
    assert in_force[0].hours == 24


def test_suspected_unexpected_reactions_have_seven_and_fifteen_days(first: Protocol) -> None:
    """Calendar days (ICH E2A)."""
    hours = {clock.id: clock.hours for clock in first.safety.clocks}
    assert hours["susar_fatal"] == 7 * 24
    assert hours["susar_other"] == 15 * 24


@pytest.mark.parametrize("trial", ["first", "second"])
def test_roles_may_do_what_commands_there_are(trial: str, request: pytest.FixtureRequest) -> None:
    """A misspelled command would be a right nobody has; a command nobody may give would be dead."""
    protocol: Protocol = request.getfixturevalue(trial)
    known = {one.__name__ for one in commands.Command.__subclasses__()}
    masking = protocol.design.masking
    if masking is None or masking.level == "none":
        known -= {"UnblindParticipant", "UnblindTrial"}
    granted = {name for role in protocol.roles for name in rights_of(role)}
    assert granted == known


@pytest.mark.parametrize("trial", ["first", "second"])
def test_only_the_investigator_signs(trial: str, request: pytest.FixtureRequest) -> None:
    """Eligibility and forms are signed by one who answers for the participant's care."""
    protocol: Protocol = request.getfixturevalue(trial)
    for command in ("SignEligibility", "SignForm"):
        assert [role.role for role in protocol.roles if command in role.may] == ["investigator"]


def test_who_analyzes_monitors_or_pays_does_not_see_the_groups(first: Protocol) -> None:
    """Open label at the bedside, masked behind it."""
    sees = {role.role: role.sees_allocation for role in first.roles}
    assert [role for role in sees if not sees[role]] == [
        "monitor", "statistician", "sponsor", "administrator",
    ]  # fmt: skip
    names = {role.role for role in first.roles if role.sees_identity}
    assert names == {"coordinator", "investigator"}


def test_the_primary_question_is_severe_mucositis_on_the_who_scale(first: Protocol) -> None:
    """Grade 3 or more at any assessment from the first to the last fraction, in all randomized."""
    (primary,) = [endpoint for endpoint in first.endpoints if endpoint.role == "primary"]
    assert primary.variable.kind == "occurs"
    assert (primary.variable.item, primary.variable.at_least) == ("who_grade", Decimal(3))
    assert primary.variable.window.start == Offset(anchor="rt_first", day=0)
    assert primary.variable.window.end == Offset(anchor="rt_last", day=0)
    operating = {one.method for one in first.analyses if one.operating}
    assert operating == {"risk_difference_mn", "cmh"}
    assert all(one.endpoint == primary.id for one in first.analyses if one.operating)
    assert {tuple(pair) for one in first.analyses for pair in one.comparisons} == {
        ("spray", "control")
    }
