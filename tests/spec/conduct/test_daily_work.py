"""What daily work brings: visits, doses, errors, safety, leaving."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.schedule import diary_window, plan_visits
from equipoise.conduct.values import Address
from support.story import MONITOR, RT_START, Person, expect, new_trial

MOUTH = {
    "who_grade": "1", "rtog_grade": "1", "ctcae_om_grade": "1", "omas_ulceration": "0",
    "omas_erythema": "2", "photo_taken": "yes",
}  # fmt: skip


@pytest.fixture
def trial():
    return new_trial()


def refused(outcome: object) -> Refusal:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome


def spray_participant(trial) -> Person:
    for _ in range(12):
        person = Person(trial).enroll()
        if person.state.arm == "spray":
            return person
    raise AssertionError("twelve allocations without a spray participant")


def planned(person: Person, visit: str):
    return next(p for p in plan_visits(person.trial.protocol, person.state) if p.visit.id == visit)


def test_windows_follow_the_real_first_fraction(trial):
    person = Person(trial).enroll()
    before = planned(person, "w2")
    assert (before.target, before.provisional) == (RT_START + timedelta(days=11), True)
    real = RT_START + timedelta(days=3)
    person.wait_until(real + timedelta(days=4))
    expect(person.save("w1", "radiotherapy_start", rt_first_date=str(real)))
    after = planned(person, "w2")
    assert (after.target, after.provisional) == (real + timedelta(days=11), False)
    scheduled = [event for event in trial.ledger.events() if event.type == "VisitsScheduled"]
    assert len(scheduled) == 2


def test_a_grade_carries_its_scale_and_version(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    form = person.state.forms[Address("baseline", "mucositis_assessment")]
    assert form.values["who_grade"].value.code == "WHO 1979"


def test_a_typing_error_raises_a_query_that_the_correction_closes(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    values = {"wbc": "5.2", "anc": "9.9", "hemoglobin": "121", "platelets": "201", "alt": "20",
              "ast": "21", "bilirubin_total": "9", "creatinine": "70"}  # fmt: skip
    done = expect(person.save("baseline", "laboratory", **values))
    assert done.answer["queries"] == [1]
    assert person.state.queries[1].check == "neutrophils_within_leukocytes"
    answered = c.AnswerQuery(participant=person.id, query=1, text="typed twice")
    expect(person.do(answered))
    expect(person.save("baseline", "laboratory", reason="typing error", anc="2.9"))
    assert person.state.queries[1].status == "closed"


def test_a_change_needs_a_reason_and_a_stale_save_shows_the_other_persons_change(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    unexplained = refused(person.save("baseline", "mucositis_assessment", who_grade="2"))
    assert unexplained.codes == ("reason-needed",)
    label = trial.protocol.item_by_id["who_grade"].label
    for language in ("en", "zh-Hans"):
        assert label.in_language(language) in unexplained.reasons[0].message.in_language(language)
    stale = c.SaveForm(
        participant=person.id,
        address=Address("baseline", "mucositis_assessment"),
        values={"who_grade": "2"},
        reason="seen again",
        based_on=0,
    )
    outcome = refused(person.do(stale))
    assert outcome.codes == ("stale",)
    assert "coordinator-nanning" in outcome.reasons[0].message.en


@pytest.mark.parametrize(
    ("item", "raw", "code"),
    [
        ("hemoglobin", "abc", "not-a-number"),
        ("hemoglobin", "-4", "out-of-range"),
        ("hemoglobin", "121 mmol/L", "wrong-unit"),
        ("hemoglobin", "9" * 500, "too-long"),
        ("hemoglobin", "NaN", "not-a-number"),
        ("hemoglobin", "1e3", "wrong-unit"),
        ("hemoglobin", "121,5", "not-a-number"),
        ("hemoglobin", "121，5", "not-a-number"),
        ("hemoglobin", "1 21", "not-a-number"),
        ("hemoglobin", "１２１．５", "not-a-number"),
        ("hemoglobin", "12\x00", "control-character"),
        ("nonsense", "1", "unknown-item"),
    ],
)
def test_an_impossible_value_is_refused_with_its_field_and_nothing_is_half_saved(
    trial, item, raw, code
):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    seq = trial.ledger.head().seq
    outcome = refused(person.save("baseline", "laboratory", wbc="5.2", **{item: raw}))
    assert (code, item) in [(reason.code, reason.field) for reason in outcome.reasons]
    assert trial.ledger.head().seq == seq


def test_a_value_in_another_unit_is_converted_and_kept_as_typed(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "laboratory", hemoglobin="12.1 g/dL"))
    value = person.state.latest["hemoglobin"].value
    assert (value.raw, Decimal(value.value), value.unit) == ("12.1 g/dL", 121, "g/dL")


def test_a_unit_that_begins_with_a_digit_is_a_unit(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "laboratory", wbc="5.2 10*9/L"))
    assert Decimal(person.state.latest["wbc"].value.value) == Decimal("5.2")


def test_the_diary_is_kept_from_seven_days_before_to_fourteen_after_radiotherapy(trial):
    person = spray_participant(trial)
    protocol = trial.protocol
    window = diary_window(protocol, protocol.schedule.diaries[0], person.state)
    planned_end = RT_START + timedelta(days=44)
    assert window == (RT_START - timedelta(days=7), planned_end + timedelta(days=14))
    person.wait_until(RT_START)
    doses = {"dose_breakfast": "yes", "dose_lunch": "no", "dose_dinner": "yes"}
    day = c.RecordDiaryDay(participant=person.id, diary="spray_diary", day=window[0], values=doses)
    expect(person.do(day))
    early = c.RecordDiaryDay(
        participant=person.id, diary="spray_diary", day=window[0] - timedelta(days=1), values=doses
    )
    assert "not-a-diary-day" in refused(person.do(early)).codes


def test_a_serious_event_starts_the_clock_of_the_rules_in_force_that_day(trial):
    person = Person(trial).enroll()
    report = c.ReportAdverseEvent(
        participant=person.id, term="fatigue", grade=3, started_on=person.at.date(),
        seriousness=("hospitalization",), outcome="not_recovered",
    )  # fmt: skip
    done = expect(person.do(report))
    event = person.state.adverse_events[done.answer["number"]]
    assert len(event.clocks) == 1
    rule = next(k for k in trial.protocol.safety.clocks if k.id == event.clocks[0].clock)
    assert rule.hours == 24
    assert rule.in_force_from.earliest == date(2026, 9, 1)


def test_what_was_learned_of_an_event_needs_a_reason_that_is_asked_for_in_words(trial):
    """In either language as an enumeration of that language; where nothing is new, none is asked for."""
    person = Person(trial).enroll()
    report = c.ReportAdverseEvent(
        participant=person.id, term="fatigue", grade=1, started_on=person.at.date(),
        outcome="recovering",
    )  # fmt: skip
    expect(person.do(report))
    worse = c.UpdateAdverseEvent(participant=person.id, number=1, grade=2, outcome="not_recovered")
    (asked,) = refused(person.do(worse)).reasons
    assert asked.code == "reason-needed"
    assert asked.message.en.endswith("grade, outcome")
    assert asked.message.in_language("zh-Hans").endswith("分级、转归")
    nothing = c.UpdateAdverseEvent(participant=person.id, number=1)
    assert refused(person.do(nothing)).codes == ("nothing-to-save",)


def test_what_was_there_before_consent_is_no_adverse_event(trial):
    """It becomes one on the day on which it grows worse."""
    person = Person(trial).enroll()
    signed_on = person.state.consents[0].signed_on
    for began, codes in (
        (signed_on - timedelta(days=1), ("event-before-consent",)),
        (signed_on, ()),
    ):
        report = c.ReportAdverseEvent(
            participant=person.id, term="fatigue", grade=1, started_on=began, outcome="recovering"
        )
        outcome = person.do(report)
        assert (outcome.codes if isinstance(outcome, Refusal) else ()) == codes


def test_a_missed_visit_is_a_deviation_and_takes_no_more_data(trial):
    person = Person(trial).enroll().wait_until(RT_START + timedelta(days=20))
    expect(person.do(c.MissVisit(participant=person.id, visit="w2", reason="had fever")))
    assert [d.kind for d in person.state.deviations] == ["visit_missed"]
    assert "visit-missed" in refused(person.save("w2", "mucositis_assessment", **MOUTH)).codes


def test_the_visit_that_tells_the_first_fraction_is_judged_by_it(trial):
    """Week 1 states when radiotherapy began and hangs on that day: whichever form is saved first."""
    for first in ("radiotherapy_start", "mucositis_assessment"):
        person = Person(trial).enroll()
        person.wait_until(RT_START + timedelta(days=7))
        saves = [
            ("mucositis_assessment", MOUTH),
            ("radiotherapy_start", {"rt_first_date": str(RT_START)}),
        ]
        for form, values in saves if first == "mucositis_assessment" else reversed(saves):
            expect(person.save("w1", form, **values))
        assert [d.kind for d in person.state.deviations] == ["visit_out_of_window"], first


def test_a_first_fraction_that_came_later_puts_its_visit_inside_the_window(trial):
    person = Person(trial).enroll().wait_until(RT_START + timedelta(days=7))
    expect(person.save("w1", "radiotherapy_start", rt_first_date=str(RT_START + timedelta(days=2))))
    expect(person.save("w1", "mucositis_assessment", **MOUTH))
    assert person.state.deviations == ()


def test_a_visit_outside_its_window_is_logged_once(trial):
    person = Person(trial).enroll().wait_until(RT_START + timedelta(days=4))
    expect(person.save("w1", "radiotherapy_start", rt_first_date=str(RT_START)))
    person.wait_until(RT_START + timedelta(days=17))
    expect(person.save("w2", "mucositis_assessment", **MOUTH))
    expect(person.save("w2", "radiotherapy_record", rt_fractions_done="10", rt_dose_done="21.2",
                       rt_break_days="0", chemo_given="yes"))  # fmt: skip
    assert [d.kind for d in person.state.deviations] == ["visit_out_of_window"]


def test_values_entered_for_the_wrong_participant_move_and_both_trails_stay(trial):
    wrong, right = Person(trial).enroll(), Person(trial).enroll()
    for person in (wrong, right):
        person.wait_until(RT_START - timedelta(days=7))
    expect(wrong.save("baseline", "mucositis_assessment", **MOUTH))
    address = Address("baseline", "mucositis_assessment")
    move = c.MoveValues(
        participant=wrong.id, address=address, to_participant=right.id, reason="wrong chart"
    )
    expect(wrong.do(move))
    assert address not in wrong.state.forms
    assert "who_grade" not in wrong.state.latest
    assert right.state.forms[address].values["who_grade"].value.value == "1"
    trail = [h for _, h in trial.events(stream=f"participant/{wrong.id}")]
    assert [type(h).__name__ for h in trail][-2:] == ["FormSaved", "ValuesMovedAway"]


def test_leaving_treatment_keeps_visits_and_leaving_follow_up_ends_them(trial):
    person = Person(trial).enroll().wait_until(RT_START + timedelta(days=10))
    stop = c.Withdraw(
        participant=person.id, scope="treatment", reason="dislikes it", on=person.at.date()
    )
    expect(person.do(stop))
    assert planned(person, "eot").status == "due"
    leave = c.Withdraw(
        participant=person.id, scope="follow_up", reason="moves away", on=person.at.date()
    )
    expect(person.do(leave))
    assert planned(person, "eot").status == "not_applicable"
    assert "already-withdrawn" in refused(person.do(stop)).codes


def test_after_data_use_is_withdrawn_nothing_is_recorded(trial):
    person = Person(trial).enroll()
    expect(
        person.do(
            c.Withdraw(participant=person.id, scope="data_use", reason="", on=person.at.date())
        )
    )
    assert (
        "data-use-withdrawn"
        in refused(person.save("screening", "vital_signs", reason="x", weight="60")).codes
    )


def test_a_transferred_participant_keeps_the_number_and_changes_hands(trial):
    person = Person(trial).enroll()
    move = c.TransferParticipant(participant=person.id, to_site="02", reason="moved to Liuzhou")
    expect(person.do(move))
    assert person.state.site == "02"
    assert refused(person.save("baseline", "symptoms", weight="61")).codes == (
        "unknown-participant",
    )
    person.site, person.coordinator = (
        "02",
        person.coordinator.__class__("coordinator-liuzhou", "coordinator", "02"),
    )
    person.wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))


def test_a_corrected_stratum_is_kept_beside_the_one_that_was_used(trial):
    person = Person(trial).enroll()
    expect(
        person.save(
            "screening", "medical_history", reason="chart says no chemo", concurrent_chemo="no"
        )
    )
    assert person.state.strata_used["concurrent_chemo"] == "true"
    assert person.state.strata_true["concurrent_chemo"] == "false"


def test_vials_go_out_and_come_back_no_more_than_there_were(trial):
    person = spray_participant(trial).wait_until(RT_START - timedelta(days=7))
    out = c.DispenseSupply(participant=person.id, intervention="exosome_spray", units=13)
    expect(person.do(out, person.pharmacist))
    back = c.ReturnSupply(participant=person.id, intervention="exosome_spray", unused=10, used=4)
    assert refused(person.do(back, person.pharmacist)).codes == ("impossible-count",)


def test_a_manual_query_is_answered_by_the_site_and_closed_by_the_monitor(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    address = Address("baseline", "mucositis_assessment")
    ask = c.RaiseQuery(
        participant=person.id, address=address, item="who_grade", text="Source says grade 0?"
    )
    number = expect(person.do(ask, MONITOR)).answer["queries"][0]
    expect(person.do(c.AnswerQuery(participant=person.id, query=number, text="grade 1 seen")))
    close = c.CloseQuery(participant=person.id, query=number)
    assert refused(person.do(close)).codes == ("not-permitted",)
    expect(person.do(close, MONITOR))
    assert person.state.open_queries == 0


def test_a_signature_is_void_after_a_change(trial):
    person = Person(trial).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    address = Address("baseline", "mucositis_assessment")
    expect(person.do(c.SignForm(participant=person.id, address=address), person.investigator))
    assert person.state.forms[address].signed
    expect(person.save("baseline", "mucositis_assessment", reason="seen again", who_grade="0"))
    assert not person.state.forms[address].signed
