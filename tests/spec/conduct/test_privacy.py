"""What identifies a person can be erased for ever, and a text redacted by two people; the chain stays whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.sealed import REDACTED
from equipoise.conduct.values import Address
from equipoise.home import Home, RehearsalSettings
from equipoise.ledger.errors import LedgerError
from equipoise.trial import Trial
from support.story import (
    INVESTIGATOR,
    MONITOR,
    SEED_PROTOCOL,
    START,
    Person,
    central,
    expect,
    new_trial,
    open_trial,
)

NAME = "Canary Wang-Zzyzx"
PHONE = "13800013800"
NARRATIVE = "The patient, head of the Zzyzx school, fell on the stairs."
WHY = "The person asked for it in writing."


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refusal), outcome
    return {reason.code for reason in outcome.reasons}


def erase(participant: str, reason: str = WHY) -> c.EraseIdentity:
    return c.EraseIdentity(participant=participant, reason=reason)


@pytest.fixture
def trial() -> Trial:
    return new_trial()


def left(trial: Trial) -> Person:
    """Somebody who consented, told a name, and withdrew."""
    person = Person(trial)
    person.screen(person_name=NAME, phone=PHONE).consent()
    on = person.at.date()
    withdrawal = c.Withdraw(participant=person.id, scope="data_use", reason="moves away", on=on)
    expect(person.do(withdrawal))
    return person


def with_narrative(trial: Trial) -> Person:
    """An adverse event with a narrative, which its update repeats."""
    person = Person(trial).enroll()
    person.wait(1)
    reported = c.ReportAdverseEvent(
        participant=person.id, term="nausea", grade=2, started_on=person.at.date(),
        causality={}, narrative=NARRATIVE,
    )  # fmt: skip
    number = expect(person.do(reported)).answer["number"]
    updated = c.UpdateAdverseEvent(
        participant=person.id, number=number, grade=3, narrative=NARRATIVE, reason="worse today"
    )
    expect(person.do(updated))
    return person


def place_of(trial: Trial, person: Person, text: str) -> str:
    return next(one.place for one in trial.sealed_values(person.id) if one.own and one.text == text)


def test_what_identifies_a_person_is_gone_and_the_rest_of_the_record_stays(trial: Trial) -> None:
    person = left(trial)
    assert person.state.identity == {"person_name": NAME, "phone": PHONE}
    before = trial.ledger.head()
    done = expect(person.do(erase(person.id), INVESTIGATOR))
    state = person.state
    assert (dict(state.identity), state.erased.actor) == ({}, INVESTIGATOR.id)
    assert (state.status, state.consent is not None) == ("withdrawn", True)
    assert NAME not in repr(list(trial.events()))
    (event,) = done.events
    assert event.payload["keys"] == [f"identity/participant/{person.id}"]
    assert trial.ledger.head().seq == before.seq + 1
    assert trial.ledger.verify().problems == []
    assert codes(person.do(erase(person.id), INVESTIGATOR)) == {"already-erased"}


def test_whoever_takes_part_must_stay_reachable(trial: Trial) -> None:
    person = Person(trial).screen(person_name=NAME)
    assert codes(person.do(erase(person.id), INVESTIGATOR)) == {"still-takes-part"}
    assert codes(person.do(erase(person.id, " "), INVESTIGATOR)) == {
        "still-takes-part",
        "no-reason",
    }
    assert person.state.identity == {"person_name": NAME}
    nameless = Person(trial).screen()
    assert "no-identity" in codes(nameless.do(erase(nameless.id), INVESTIGATOR))


def test_only_the_investigator_erases(trial: Trial) -> None:
    person = left(trial)
    for actor in (person.coordinator, MONITOR, central("sponsor"), person.pharmacist):
        assert codes(person.do(erase(person.id), actor)) == {"not-permitted"}
    elsewhere = Person(trial, "02").investigator
    assert codes(person.do(erase(person.id), elsewhere)) == {"unknown-participant"}


def test_a_text_goes_when_one_asks_and_another_approves(trial: Trial) -> None:
    person = with_narrative(trial)
    value = place_of(trial, person, NARRATIVE)
    asked = expect(person.do(ask(person, value)))
    approve = c.ApproveRedaction(participant=person.id, redaction=asked.answer["redaction"])
    assert person.state.adverse_events[1].narrative == NARRATIVE, "asking changes nothing"
    done = expect(person.do(approve, INVESTIGATOR))
    assert person.state.adverse_events[1].narrative == REDACTED
    assert done.answer["keys"] == 2, "the update of the event repeated the narrative"
    assert NARRATIVE not in repr(list(trial.events()))
    assert person.state.adverse_events[1].grade == 3
    one = person.state.redactions[1]
    assert (one.status, one.requested.actor, one.decided.actor) == (
        "done", person.coordinator.id, INVESTIGATOR.id,
    )  # fmt: skip
    assert trial.ledger.verify().problems == []
    assert codes(person.do(approve, INVESTIGATOR)) == {"redaction-not-open"}
    assert codes(person.do(ask(person, value))) == {"no-such-text"}


def ask(person: Person, value: str, reason: str = "names the person") -> c.RequestRedaction:
    return c.RequestRedaction(participant=person.id, value=value, reason=reason)


def test_nobody_approves_what_they_asked_for(trial: Trial) -> None:
    person = with_narrative(trial)
    value = place_of(trial, person, NARRATIVE)
    expect(person.do(ask(person, value), INVESTIGATOR))
    approve = c.ApproveRedaction(participant=person.id, redaction=1)
    assert codes(person.do(approve, INVESTIGATOR)) == {"redaction-needs-another"}
    assert codes(person.do(approve)) == {"not-permitted"}, (
        "a coordinator asks, and approves nothing"
    )
    assert codes(person.do(ask(person, value))) == {"redaction-asked-already"}
    expect(person.do(approve, MONITOR))
    assert person.state.adverse_events[1].narrative == REDACTED


def test_a_request_can_be_declined_and_the_text_stays(trial: Trial) -> None:
    person = with_narrative(trial)
    value = place_of(trial, person, NARRATIVE)
    expect(person.do(ask(person, value)))
    decline = c.DeclineRedaction(participant=person.id, redaction=1, reason="needed for the report")
    assert codes(person.do(replace(decline, reason=""), INVESTIGATOR)) == {"no-reason"}
    expect(person.do(decline, INVESTIGATOR))
    assert person.state.adverse_events[1].narrative == NARRATIVE
    assert person.state.redactions[1].answer == "needed for the report"
    expect(person.do(ask(person, value)))
    assert set(person.state.redactions) == {1, 2}


def test_the_reason_must_not_repeat_the_text(trial: Trial) -> None:
    person = with_narrative(trial)
    value = place_of(trial, person, NARRATIVE)
    assert codes(person.do(ask(person, value, f"it says: {NARRATIVE}"))) == {"reason-repeats-text"}
    assert codes(person.do(ask(person, "1/identity"))) == {"no-such-text"}
    assert codes(person.do(ask(person, "99/nothing"))) == {"no-such-text"}


def test_a_text_moved_from_another_participant_goes_there_too(trial: Trial) -> None:
    wrong, right = Person(trial).enroll(), Person(trial).enroll()
    wrong.wait(1), right.wait(1)
    expect(wrong.save("log", "concomitant", drug_name="Zzyzx drops"))
    address = Address("log", "concomitant")
    move = c.MoveValues(
        participant=wrong.id, address=address, to_participant=right.id, reason="mixed up"
    )
    expect(right.do(move))
    value = place_of(trial, right, "Zzyzx drops")
    expect(right.do(ask(right, value)))
    done = expect(right.do(c.ApproveRedaction(participant=right.id, redaction=1), INVESTIGATOR))
    assert done.answer["keys"] == 2
    assert "Zzyzx drops" not in repr(list(trial.events()))


@pytest.mark.parametrize("chosen", ["Zzyzx was ill", "w1: Zzyzx was ill"])
def test_the_deviation_that_quotes_a_reason_goes_with_it(trial: Trial, chosen: str) -> None:
    person = Person(trial).enroll()
    person.wait(40)
    missed = c.MissVisit(participant=person.id, visit="w1", reason="Zzyzx was ill")
    expect(person.do(missed))
    assert chosen in {one.text for one in trial.sealed_values(person.id)}
    expect(person.do(ask(person, place_of(trial, person, chosen))))
    done = expect(person.do(c.ApproveRedaction(participant=person.id, redaction=1), INVESTIGATOR))
    assert done.answer["keys"] == 2
    assert "Zzyzx was ill" not in repr(list(trial.events()))


def test_a_lock_does_not_keep_a_person_from_being_forgotten(trial: Trial) -> None:
    person = left(trial)
    held = c.FreezeForm(participant=person.id, reason="end")
    person.do(held, MONITOR)
    expect(person.do(erase(person.id), INVESTIGATOR))


def test_in_a_batch_keys_go_after_the_commit_and_stay_when_it_is_undone(trial: Trial) -> None:
    person = left(trial)

    def undone() -> None:
        with trial.batch():
            expect(person.do(erase(person.id), INVESTIGATOR))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert person.state.identity["person_name"] == NAME
    with trial.batch():
        expect(person.do(erase(person.id), INVESTIGATOR))
    assert not person.state.identity
    assert NAME not in repr(list(trial.events()))


def test_a_batch_within_another_is_a_part_of_it(trial: Trial) -> None:
    """Where the outer one goes on after an error in the inner one, what was erased before stays erased."""
    person = left(trial)
    with trial.batch():
        expect(person.do(erase(person.id), INVESTIGATOR))
        with pytest.raises(ZeroDivisionError), trial.batch():
            raise ZeroDivisionError
    assert not person.state.identity
    assert NAME not in repr(list(trial.events()))


# -- on disk --------------------------------------------------------------------------------------


REHEARSAL = RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})


def history(trial: Trial) -> str:
    open_trial(trial)
    person = left(trial)
    expect(person.do(erase(person.id), INVESTIGATOR))
    person = with_narrative(trial)
    expect(person.do(ask(person, place_of(trial, person, NARRATIVE))))
    expect(person.do(c.ApproveRedaction(participant=person.id, redaction=1), INVESTIGATOR))
    return trial.ledger.root()


def test_in_a_rehearsal_what_was_erased_stays_so_and_the_root_is_the_seeds(tmp_path: Path) -> None:
    roots = set()
    for name in ("one", "two"):
        with Home.create(tmp_path / name, SEED_PROTOCOL, rehearsal=REHEARSAL) as home:
            roots.add(history(home.trial()))
    assert len(roots) == 1
    path = tmp_path / "one"
    for lost in ("nothing", "erasures.jsonl"):
        if lost != "nothing":
            (path / lost).unlink()
        with Home.open(path) as home:
            archived = repr([happening for _, happening in home.archive().events()])
        with Home.open(path) as home:
            opened = repr(list(home.trial().events()))
        for told in (archived, opened):
            assert NAME not in told, lost
            assert NARRATIVE not in told, lost
            assert REDACTED in told


def test_an_erasure_cut_short_is_carried_out_when_the_trial_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "home"
    with Home.create(path, SEED_PROTOCOL) as home:
        trial = open_trial(home.trial())
        person = left(trial)

        def broken(*_keys: str) -> int:
            raise LedgerError("the disk failed")

        with monkeypatch.context() as patch:
            patch.setattr(trial.codec, "destroy", broken)
            expect(person.do(erase(person.id), INVESTIGATOR))
        assert trial.erasure_problem == "the disk failed"
    with Home.open(path) as home:
        trial = home.trial()
        assert trial.erasure_problem is None
        assert not trial.participant(person.id).identity
        assert NAME not in repr(list(trial.events()))


def rows_of(trial: Trial, table: str) -> list[dict[str, object]]:
    """The table's rows; a count of nobody is no row of a table built anew."""
    return [dict(row) for row in trial.ledger.rows(table) if row.get("n") != 0]


def test_rebuilt_projections_are_those_that_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "home"
    with Home.create(path, SEED_PROTOCOL, rehearsal=REHEARSAL) as home:
        history(home.trial())
        tables = home.trial().ledger.store.tables
        kept = {name: rows_of(home.trial(), name) for name in tables}
        states = {one.id: one for one in home.trial().participants()}
    with Home.open(path) as home:
        ledger = home.trial().ledger
        with ledger.write() as writing:
            writing.rebuild_tables("another version")
    with Home.open(path) as home:
        trial = home.trial()
        assert {name: rows_of(trial, name) for name in tables} == kept
        assert {one.id: one for one in trial.participants()} == states
