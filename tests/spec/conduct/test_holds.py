"""Freezing and locking: what is held does not change, and is held only when it is clean."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import fields

from equipoise.conduct import commands as c
from equipoise.conduct.decide import COMMANDS
from equipoise.conduct.decide.holds import (
    NEVER_STOPPED,
    STOPPED_WHEN_FROZEN,
    STOPPED_WHEN_LOCKED,
)
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import fold_participants
from equipoise.conduct.values import Address
from equipoise.conduct.verification import form_marks
from equipoise.protocol.reading import load_protocol
from support.story import MONITOR, ROOT, RT_START, Person, central, expect, new_trial

MOUTH = {
    "who_grade": "1", "rtog_grade": "1", "ctcae_om_grade": "1", "omas_ulceration": "0",
    "omas_erythema": "2", "photo_taken": "yes",
}  # fmt: skip
BASELINE = Address("baseline", "mucositis_assessment")
SPONSOR = central("sponsor")


@pytest.fixture
def person() -> Person:
    person = Person(new_trial()).enroll().wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    return person


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def hold(person: Person, kind=c.FreezeForm, actor=MONITOR, reason="clean", **where):
    where = where or {"participant": person.id, "address": BASELINE}
    return person.do(kind(reason=reason, **where), actor)


def verify(person: Person) -> None:
    command = c.VerifySource(
        participant=person.id, address=BASELINE, based_on=1, items=("who_grade",)
    )
    expect(person.do(command, MONITOR))


def ask(person: Person):
    return person.do(
        c.RaiseQuery(participant=person.id, address=BASELINE, item="who_grade", text="Sure?"),
        MONITOR,
    )


def change(person: Person):
    return person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2")


def sign(person: Person):
    return person.do(c.SignForm(participant=person.id, address=BASELINE), person.investigator)


def refuse_consent(trial) -> Person:
    """Somebody whose participation has ended with nothing to be held against."""
    person = Person(trial).screen()
    version = trial.protocol.consents[-1].version
    declined = c.RecordConsent(
        participant=person.id, version=version, signed_on=person.at.date(), given=False, reason="no"
    )
    expect(person.do(declined))
    return person


def test_a_frozen_form_takes_no_value_and_is_still_queried_verified_and_signed(person):
    expect(hold(person))
    assert form_marks(person.state, BASELINE) == ("frozen", "done")
    assert codes(change(person)) == ("form-held",)
    other = Person(person.trial).enroll()
    moved = c.MoveValues(
        participant=person.id, address=BASELINE, to_participant=other.id, reason="wrong chart"
    )
    assert codes(person.do(moved)) == ("form-held",)
    verify(person)
    expect(sign(person))
    expect(ask(person))
    expect(person.save("baseline", "laboratory", hemoglobin="131"))


def test_a_locked_form_takes_nothing_until_it_is_unlocked_with_a_reason(person):
    verify(person)
    expect(hold(person, c.LockForm))
    for outcome in (change(person), sign(person), ask(person)):
        assert codes(outcome) == ("form-held",)
    assert codes(hold(person, c.UnlockForm, reason=" ")) == ("no-reason",)
    expect(hold(person, c.UnlockForm, reason="the site found the chart"))
    expect(change(person))


def test_a_form_with_an_open_query_and_without_verification_is_not_locked_and_says_all_of_it(
    person,
):
    expect(ask(person))
    assert codes(hold(person, c.LockForm)) == ("query-not-closed", "verification-missing")
    assert codes(hold(person, c.FreezeForm)) == ("query-not-closed",)


def test_a_part_filled_form_is_not_frozen(person):
    expect(person.save("baseline", "laboratory", hemoglobin="131"))
    where = {"participant": person.id, "address": Address("baseline", "laboratory")}
    assert codes(hold(person, **where)) == ("form-incomplete",)
    where["address"] = Address("w1", "laboratory")
    assert codes(hold(person, **where)) == ("form-incomplete",)


def test_a_hold_is_set_once_and_only_what_is_held_is_opened(person):
    assert codes(hold(person, c.UnlockForm)) == ("not-held",)
    expect(hold(person))
    assert codes(hold(person)) == ("already-held",)
    verify(person)
    expect(hold(person, c.LockForm))
    assert codes(hold(person, c.FreezeForm)) == ("already-held",)


def test_a_participant_under_way_is_not_held_and_every_reason_is_told(person):
    outcome = hold(person, participant=person.id)
    assert {"participant-under-way", "visit-unsettled"} <= set(codes(outcome))
    assert all(person.id in one.message.en for one in outcome.reasons)


def test_a_held_participant_takes_no_data_of_any_kind():
    person = refuse_consent(new_trial())
    expect(hold(person, c.LockForm, participant=person.id))
    late = c.ReportAdverseEvent(
        participant=person.id, term="fatigue", grade=1, started_on=person.at.date()
    )
    assert codes(person.do(late)) == ("participant-held",)
    deviation = c.LogDeviation(
        participant=person.id,
        kind="other",
        severity="minor",
        text="x",
        occurred_on=person.at.date(),
    )
    assert codes(person.do(deviation)) == ("participant-held",)
    expect(hold(person, c.UnlockForm, participant=person.id))
    expect(person.do(deviation))


def test_a_site_is_held_when_it_no_longer_recruits_and_nobody_is_under_way(person):
    assert "site-recruits" in codes(hold(person, site="01"))
    quiet = refuse_consent(person.trial)
    assert quiet.state.site == "01"
    other = Person(person.trial, site="02")
    expect(person.do(c.CloseSite(site="02", reason="done"), SPONSOR))
    expect(hold(person, c.LockForm, site="02"))
    screened = other.do(c.ScreenParticipant(site="02"))
    assert codes(screened) == ("site-held",)
    expect(change(person))


def test_the_database_lock_lists_everybody_under_way_and_stops_every_change_of_data(person):
    refused = codes(person.do(c.LockTrial(reason="end"), SPONSOR))
    assert {"recruitment-still-open", "participant-under-way"} <= set(refused)
    trial = new_trial()
    quiet = refuse_consent(trial)
    expect(quiet.do(c.CloseRecruitment(reason="target reached"), SPONSOR))
    expect(quiet.do(c.LockTrial(reason="database lock"), SPONSOR))
    assert trial.state.locked
    deviation = c.LogDeviation(
        participant=quiet.id, kind="other", severity="minor", text="x", occurred_on=quiet.at.date()
    )
    assert codes(quiet.do(deviation)) == ("trial-locked",)
    assert codes(hold(quiet, c.LockForm, participant=quiet.id)) == ("trial-locked",)
    expect(quiet.do(c.UnlockTrial(reason="an error was found"), SPONSOR))
    expect(quiet.do(deviation))


def test_who_enters_data_neither_locks_nor_unlocks_it(person):
    for kind in (c.FreezeForm, c.LockForm, c.UnlockForm):
        assert codes(hold(person, kind, actor=person.coordinator)) == ("not-permitted",)
    assert codes(person.do(c.LockTrial(reason="x"), MONITOR)) == ("not-permitted",)


def test_holds_are_a_fold_of_the_ledger(person):
    expect(hold(person))
    trial = person.trial
    folded = fold_participants(trial.documents, trial.events())[person.id]
    assert folded.forms[BASELINE].hold == person.state.forms[BASELINE].hold


def test_every_command_about_a_participant_says_whether_a_hold_stops_it():
    about = {
        kind
        for kind in COMMANDS.values()
        if "participant" in {one.name for one in fields(kind)} or kind is c.ScreenParticipant
    }
    told = (*STOPPED_WHEN_FROZEN, *STOPPED_WHEN_LOCKED, *NEVER_STOPPED)
    assert len(told) == len(set(told))
    assert set(told) == about


@pytest.mark.parametrize("name", ["nct07312656", "example-hypertension"])
def test_both_trials_say_who_freezes_and_locks(name):
    protocol = load_protocol(ROOT / "trials" / name / "protocol.yaml")
    may = {grant.role: set(grant.may) for grant in protocol.roles}
    assert {"FreezeForm", "LockForm", "UnlockForm"} <= may["monitor"]
    assert {"LockTrial", "UnlockTrial"} <= may["sponsor"]
    assert "verified" in protocol.monitoring.lock_needs
