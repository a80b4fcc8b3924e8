"""What was redacted or erased stays so: the sign that stands for it is never written as though somebody had said it."""

from __future__ import annotations

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.sealed import ERASED, REDACTED
from equipoise.conduct.values import Address
from support.story import INVESTIGATOR, Person, expect, new_trial

DROPS = "Zzyzx drops"
LOG = Address("log", "concomitant")


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refusal), outcome
    return {reason.code for reason in outcome.reasons}


def redacted(person: Person, text: str) -> None:
    """One asks, another approves."""
    place = next(one.place for one in person.trial.sealed_values(person.id) if one.text == text)
    asked = c.RequestRedaction(participant=person.id, value=place, reason="names a person")
    number = expect(person.do(asked)).answer["redaction"]
    expect(person.do(c.ApproveRedaction(participant=person.id, redaction=number), INVESTIGATOR))


def signs_kept_as_text(person: Person) -> list[str]:
    return [
        one.place for one in person.trial.sealed_values(person.id) if one.text in (REDACTED, ERASED)
    ]


@pytest.fixture
def person() -> Person:
    """Somebody with a drug on a log form whose name was redacted."""
    person = Person(new_trial()).enroll()
    person.wait(1)
    expect(person.save("log", "concomitant", drug_name=DROPS, drug_indication="pain"))
    redacted(person, DROPS)
    return person


@pytest.fixture
def event() -> Person:
    """Somebody with an adverse event whose narrative was redacted."""
    person = Person(new_trial()).enroll()
    person.wait(1)
    reported = c.ReportAdverseEvent(
        participant=person.id, term="nausea", grade=2, started_on=person.at.date(), narrative=DROPS
    )
    expect(person.do(reported))
    redacted(person, DROPS)
    return person


@pytest.mark.parametrize("sent", ["", " ", REDACTED])
def test_a_form_saved_with_the_field_as_it_was_shown_changes_nothing_there(
    person: Person, sent: str
) -> None:
    saved = expect(
        person.save("log", "concomitant", "why", drug_name=sent, drug_indication="fever")
    )
    assert [one.item for one in saved.happenings[0].values] == ["drug_indication"]
    assert person.state.forms[LOG].values["drug_name"].value.raw == REDACTED
    assert signs_kept_as_text(person) == []


def test_a_new_text_takes_its_place_with_a_reason(person: Person) -> None:
    assert codes(person.save("log", "concomitant", drug_name="aspirin")) == {"reason-needed"}
    expect(person.save("log", "concomitant", "the right name", drug_name="aspirin"))
    assert person.state.forms[LOG].values["drug_name"].value.value == "aspirin"


def test_nobody_can_write_the_sign_itself(person: Person) -> None:
    other = Person(person.trial).enroll()
    other.wait(1)
    assert codes(other.save("log", "concomitant", drug_name=REDACTED)) == {"means-gone"}
    assert codes(person.save("log", "concomitant", REDACTED, drug_indication="fever")) == {
        "means-gone"
    }
    screened = c.ScreenParticipant(site="01", identity={"person_name": ERASED})
    assert codes(person.do(screened)) == {"means-gone"}


def test_an_update_carries_the_sign_along_and_not_a_text(event: Person) -> None:
    for narrative in ("", "[redacted]"):
        updated = c.UpdateAdverseEvent(
            participant=event.id, number=1, grade=3, narrative=narrative, reason="worse"
        )
        if narrative:
            assert codes(event.do(updated)) == {"means-gone"}
        else:
            expect(event.do(updated))
    assert event.state.adverse_events[1].narrative == REDACTED
    assert event.state.adverse_events[1].grade == 3
    assert signs_kept_as_text(event) == []
    assert event.trial.ledger.verify().problems == []


def test_a_form_that_is_moved_takes_the_sign_along_and_not_a_text(person: Person) -> None:
    other = Person(person.trial).enroll()
    other.wait(1)
    moved = c.MoveValues(
        participant=person.id, address=LOG, to_participant=other.id, reason="mixed up"
    )
    expect(person.do(moved))
    assert other.state.forms[LOG].values["drug_name"].value.raw == REDACTED
    assert signs_kept_as_text(other) == []
