"""Source data verification: marks on values, by plan, void after a change."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import fold_participants
from equipoise.conduct.values import Address
from equipoise.conduct.verification import (
    form_marks,
    form_verification,
    planned_items,
    progress,
    sampled,
)
from equipoise.protocol.reading import load_protocol
from support.story import MONITOR, ROOT, RT_START, Person, expect, new_trial

MOUTH = {
    "who_grade": "1", "rtog_grade": "1", "ctcae_om_grade": "1", "omas_ulceration": "0",
    "omas_erythema": "2", "photo_taken": "yes",
}  # fmt: skip
BASELINE = Address("baseline", "mucositis_assessment")


def at_baseline(**changes: str) -> Person:
    person = Person(new_trial()).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **{**MOUTH, **changes}))
    return person


def verify(person: Person, based_on: int = 1, items: tuple[str, ...] = (), **options):
    command = c.VerifySource(
        participant=person.id, address=BASELINE, based_on=based_on, items=items
    )
    return person.do(command, options.get("actor", MONITOR))


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def test_the_plan_asks_for_the_grade_of_the_primary_outcome_of_everybody():
    person = at_baseline()
    form = person.trial.protocol.form_by_id["mucositis_assessment"]
    assert planned_items(person.trial.protocol, person.id, form) == ("who_grade",)
    before = progress(person.state)
    assert "verified" not in form_marks(person.state, BASELINE)
    expect(verify(person, items=("who_grade",)))
    after = progress(person.state)
    assert (after.planned, after.verified) == (before.planned, before.verified + 1)
    assert form_marks(person.state, BASELINE) == ("verified", "done")


def test_a_change_after_verification_voids_the_mark_of_that_value_and_no_other():
    person = at_baseline()
    expect(verify(person))
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))
    instance = person.state.forms[BASELINE]
    found = form_verification(person.trial.protocol, person.state, instance)
    assert found.void == ("who_grade",)
    assert found.outstanding == ("who_grade",)
    assert instance.verified["who_grade"].void == instance.last
    assert instance.verified["who_grade"].save == 1
    assert instance.verified["rtog_grade"].void is None
    assert form_marks(person.state, BASELINE)[0] == "void"
    assert progress(person.state).void == 1


def test_a_value_changed_and_changed_back_is_not_verified_again_by_itself():
    person = at_baseline()
    expect(verify(person))
    for grade in ("2", "1"):
        expect(person.save("baseline", "mucositis_assessment", reason="again", who_grade=grade))
    assert person.state.forms[BASELINE].verified["who_grade"].void is not None
    expect(verify(person, based_on=3, items=("who_grade",)))
    assert person.state.forms[BASELINE].verified["who_grade"].void is None


def test_a_corrected_day_of_the_visit_voids_every_mark_of_the_form():
    person = at_baseline()
    expect(verify(person))
    command = c.SaveForm(
        participant=person.id,
        address=BASELINE,
        values={},
        performed_on=person.at.date() - timedelta(days=1),
        reason="visit was the day before",
    )
    expect(person.do(command))
    marks = person.state.forms[BASELINE].verified
    assert marks
    assert all(mark.void is not None for mark in marks.values())


def test_the_monitor_marks_only_what_was_seen():
    person = at_baseline()
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))
    seq = person.trial.ledger.head().seq
    assert codes(verify(person, based_on=1)) == ("stale",)
    assert person.trial.ledger.head().seq == seq


def test_what_was_not_captured_cannot_be_verified_and_nothing_twice():
    person = at_baseline()
    assert codes(verify(person, items=("who_grade", "hemoglobin"))) == ("not-verifiable",)
    expect(verify(person))
    assert codes(verify(person)) == ("already-verified",)
    elsewhere = c.VerifySource(
        participant=person.id, address=Address("w1", "laboratory"), based_on=1
    )
    assert codes(person.do(elsewhere, MONITOR)) == ("nothing-to-verify",)


def test_who_enters_data_does_not_verify_it():
    person = at_baseline()
    for actor in (person.coordinator, person.investigator):
        assert codes(verify(person, actor=actor)) == ("not-permitted",)


def test_values_moved_to_another_participant_are_no_longer_verified():
    person = at_baseline()
    other = Person(person.trial).enroll()
    other.wait_until(RT_START - timedelta(days=7))
    expect(verify(person))
    moved = c.MoveValues(
        participant=person.id, address=BASELINE, to_participant=other.id, reason="wrong chart"
    )
    expect(other.do(moved))
    assert BASELINE not in person.state.forms
    assert not other.state.forms[BASELINE].verified


def test_marks_are_a_fold_of_the_ledger():
    person = at_baseline()
    expect(verify(person))
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))
    trial = person.trial
    folded = fold_participants(trial.documents, trial.events())[person.id]
    assert folded.forms[BASELINE].verified == person.state.forms[BASELINE].verified


@pytest.mark.parametrize("name", ["nct07312656", "example-hypertension"])
def test_a_sampled_rule_covers_its_share_of_participants_and_always_the_same(name):
    protocol = load_protocol(ROOT / "trials" / name / "protocol.yaml")
    everybody = [f"{site.id}-{n:03}" for site in protocol.identity.sites for n in range(1, 801)]
    for rule in protocol.monitoring.source_verification:
        covered = [one for one in everybody if sampled(rule, one)]
        assert covered == [one for one in everybody if sampled(rule, one)]
        share = len(covered) / len(everybody)
        numerator, _, denominator = rule.share.partition("/")
        wanted = float(numerator) / float(denominator or 1)
        assert abs(share - wanted) < 0.05, (rule.id, share)


def test_the_second_trial_plans_blood_pressure_of_everybody():
    protocol = load_protocol(ROOT / "trials" / "example-hypertension" / "protocol.yaml")
    form = protocol.form_by_id["blood_pressure"]
    assert {"sbp", "dbp"} <= set(planned_items(protocol, "11-001", form))
    monitor = next(grant for grant in protocol.roles if grant.role == "monitor")
    assert "VerifySource" in monitor.may


def test_the_list_counts_what_is_planned_verified_and_void():
    person = at_baseline()
    expect(verify(person))
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))
    [row] = person.trial.ledger.rows("participant", where={"id": person.id})
    found = progress(person.state)
    assert found.void == 1
    assert found.planned > 0
    counted = (row["source_planned"], row["source_verified"], row["source_void"])
    assert counted == (found.planned, found.verified, found.void)


def test_a_protocol_that_says_nothing_of_monitoring_keeps_the_version_it_always_had():
    document = load_protocol(ROOT / "trials" / "nct07312656" / "protocol.yaml")
    without = document.model_copy(update={"monitoring": type(document.monitoring)()})
    content = without.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert "monitoring" not in content
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert without.version == hashlib.sha256(text.encode()).hexdigest()
    assert document.version != without.version
