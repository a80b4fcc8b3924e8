"""A participant's copy of their own data can be had whatever became of the trial, and is recorded as given."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial import Trial
from support.story import COORDINATOR, INVESTIGATOR, MONITOR, Person, at_site, expect, new_trial

WHOM = "Canary Receiver-Zzyzx"


@pytest.fixture
def person() -> Person:
    return Person(new_trial()).screen(person_name="Virtual Qwertzuiop").consent()


def give(person: Person, **changes: object) -> c.GiveCopy:
    wanted = c.GiveCopy(
        participant=person.id, given_to=WHOM, reason="asked for in writing", language="en",
        file_format="html", upto=person.state.version,
    )  # fmt: skip
    return replace(wanted, **changes)  # type: ignore[arg-type]


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refusal), outcome
    return {reason.code for reason in outcome.reasons}


def test_it_is_kept_to_whom_a_copy_was_given_when_and_why(person: Person) -> None:
    entries = person.state.version
    expect(person.do(give(person), INVESTIGATOR))
    (given,) = person.state.copies
    assert (given.given_to, given.reason, given.upto) == (WHOM, "asked for in writing", entries)
    assert given.stamp.actor == INVESTIGATOR.id


def test_who_received_it_is_sealed_and_can_be_redacted(person: Person) -> None:
    expect(person.do(give(person), INVESTIGATOR))
    stream = f"participant/{person.id}"
    (stored,) = person.trial.ledger.events(stream=stream, types=["CopyGiven"])
    assert WHOM not in str(stored.payload)
    place = next(o.place for o in person.trial.sealed_values(person.id) if o.text == WHOM)
    asked = c.RequestRedaction(participant=person.id, value=place, reason="not needed")
    expect(person.do(asked, INVESTIGATOR))
    expect(person.do(c.ApproveRedaction(participant=person.id, redaction=1), MONITOR))
    kept = next(
        happening for _event, happening in person.trial.events(stream=stream, types=["CopyGiven"])
    )
    assert isinstance(kept, e.CopyGiven)
    assert WHOM not in kept.given_to
    assert kept.reason == "asked for in writing"


def test_it_says_for_whom_why_and_in_which_form(person: Person) -> None:
    assert codes(person.do(give(person, given_to=" "), INVESTIGATOR)) == {"copy-for-nobody"}
    assert codes(person.do(give(person, reason=""), INVESTIGATOR)) == {"no-reason"}
    for strange in ({"language": "fr"}, {"file_format": "pdf"}):
        assert codes(person.do(give(person, **strange), INVESTIGATOR)) == {"copy-cannot-be-made"}
    assert not person.state.copies


def test_a_copy_made_before_the_record_changed_is_not_recorded_as_given(person: Person) -> None:
    before = give(person)
    person.enter_screening()
    assert codes(person.do(before, INVESTIGATOR)) == {"copy-out-of-date"}


@pytest.mark.parametrize(
    "actor", [COORDINATOR, MONITOR, at_site("pharmacist")], ids=lambda actor: actor.role
)
def test_nobody_else_hands_it_over(person: Person, actor: Actor) -> None:
    assert codes(person.do(give(person), actor)) == {"not-permitted"}


def test_the_investigator_of_another_site_does_not_know_the_person(person: Person) -> None:
    outcome = person.do(give(person), at_site("investigator", "02"))
    assert codes(outcome) == {"unknown-participant"}


def test_the_right_to_a_copy_outlives_withdrawal_erasure_and_the_lock(person: Person) -> None:
    on = person.at.date()
    left = c.Withdraw(participant=person.id, scope="data_use", reason="moves", on=on)
    expect(person.do(left))
    erased = c.EraseIdentity(participant=person.id, reason="asked for")
    expect(person.do(erased, INVESTIGATOR))
    expect(person.do(c.LockForm(participant=person.id, reason="closed"), MONITOR))
    expect(person.do(give(person), INVESTIGATOR))
    expect(person.do(give(person), ADMINISTRATOR))
    assert len(person.state.copies) == 2


def test_handing_over_changes_nothing_that_is_due(person: Person) -> None:
    trial: Trial = person.trial
    before = list(trial.ledger.rows("task", where={"participant": person.id}))
    expect(person.do(give(person), INVESTIGATOR))
    assert list(trial.ledger.rows("task", where={"participant": person.id})) == before
