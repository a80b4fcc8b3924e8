"""Nobody acts in a live trial before delegation and training are logged, by whatever way they try."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.decide.people import delegation_hash
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor, Address
from equipoise.home import Home
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial import Done, Trial
from support.story import (
    COORDINATOR,
    INVESTIGATOR,
    SEED_PROTOCOL,
    START,
    at_site,
    central,
    enable,
    expect,
    file_documents,
    log_training,
    new_trial,
    open_trial,
)

SCREEN = c.ScreenParticipant(site="01", identity={"person_name": "Virtual Participant"})
TODAY = START.date()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Trial]:
    """A live trial: roles granted, site 01 open, nobody delegated to and only the administrator trained."""
    with Home.create(tmp_path / "home", SEED_PROTOCOL) as home:
        trial = home.trial()
        log_training(trial, ADMINISTRATOR.id)
        for role in ("coordinator", "investigator", "pharmacist"):
            _grant(trial, at_site(role))
        file_documents(trial, "01")
        opened = c.OpenSite(site="01", ethics_approval="2025-K0439", approved_on=TODAY)
        expect(trial.do(opened, ADMINISTRATOR, at=START))
        yield trial


def _grant(trial: Trial, actor: Actor) -> None:
    grant = c.GrantRole(person=actor.id, role=actor.role, site=actor.site)
    expect(trial.do(grant, ADMINISTRATOR, at=START))


def _codes(outcome: Done | Refusal) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), outcome
    return outcome.codes


def _delegate(trial: Trial, by: Actor = INVESTIGATOR, **changes: object) -> Done | Refusal:
    said = {"site": "01", "person": COORDINATOR.id, "role": "coordinator", **changes}
    return trial.do(c.DelegateTasks(**said), by, at=START)  # type: ignore[arg-type]


def test_a_granted_role_alone_lets_nobody_act(live: Trial) -> None:
    """What is missing is named, all of it at once, and nothing is written."""
    before = live.ledger.head().seq
    assert _codes(live.do(SCREEN, COORDINATOR, at=START)) == ("not-delegated", "not-trained")
    assert _codes(live.do(SCREEN, INVESTIGATOR, at=START)) == ("not-trained",)
    assert _codes(_delegate(live)) == ("not-trained",)
    assert live.ledger.head().seq == before


def test_delegated_and_trained_the_person_acts_and_each_alone_is_not_enough(live: Trial) -> None:
    """Delegation comes from the site's investigator, who is trained too."""
    log_training(live, COORDINATOR.id)
    assert _codes(live.do(SCREEN, COORDINATOR, at=START)) == ("not-delegated",)
    log_training(live, INVESTIGATOR.id)
    expect(_delegate(live))
    expect(live.do(SCREEN, COORDINATOR, at=START))


def test_a_delegation_is_signed_and_bound_to_what_it_says(live: Trial) -> None:
    """The log shows who signed, when, with which meaning, over which content."""
    log_training(live, INVESTIGATOR.id)
    until = TODAY + timedelta(days=30)
    expect(_delegate(live, until=until))
    (line,) = live.state.site("01").delegations
    assert (line.signed_by, line.since, line.until) == (INVESTIGATOR.id, TODAY, until)
    assert line.meaning
    said = ("01", COORDINATOR.id, "coordinator", str(TODAY))
    assert line.content_hash == delegation_hash(*said, str(until))
    assert line.content_hash != delegation_hash(*said, "")


@pytest.mark.parametrize(
    ("since", "until", "day", "allowed"),
    [(0, 5, 0, True), (0, 5, 5, True), (0, 5, 6, False), (3, None, 2, False), (3, None, 3, True)],
)
def test_it_holds_from_its_first_day_to_its_last(
    live: Trial, since: int, until: int | None, day: int, allowed: bool
) -> None:
    """Days are the site's own."""
    for person in (COORDINATOR, INVESTIGATOR):
        log_training(live, person.id)
    first, last = (None if n is None else TODAY + timedelta(days=n) for n in (since, until))
    expect(_delegate(live, since=first, until=last))
    outcome = live.do(SCREEN, COORDINATOR, at=START + timedelta(days=day))
    assert bool(outcome) is allowed
    if not allowed:
        assert _codes(outcome) == ("not-delegated",)


def test_ended_it_holds_no_more_and_cannot_be_ended_twice(live: Trial) -> None:
    """The line stays in the log, with its end."""
    for person in (COORDINATOR, INVESTIGATOR):
        log_training(live, person.id)
    expect(_delegate(live))
    assert _codes(_delegate(live)) == ("already-delegated",)
    end = c.EndDelegation(site="01", number=1, reason="left the hospital")
    assert _codes(live.do(end, COORDINATOR, at=START)) == ("not-permitted",)
    expect(live.do(end, INVESTIGATOR, at=START))
    assert _codes(live.do(SCREEN, COORDINATOR, at=START)) == ("not-delegated",)
    assert _codes(live.do(end, INVESTIGATOR, at=START)) == ("no-such-delegation",)
    (line,) = live.state.site("01").delegations
    assert line.ended_by == INVESTIGATOR.id
    expect(_delegate(live))
    expect(live.do(SCREEN, COORDINATOR, at=START))


def test_a_role_taken_back_takes_the_delegation_along(live: Trial) -> None:
    """Granted anew, the person waits for a new delegation."""
    for person in (COORDINATOR, INVESTIGATOR):
        log_training(live, person.id)
    expect(_delegate(live))
    grant = {"person": COORDINATOR.id, "role": "coordinator", "site": "01"}
    expect(live.do(c.RevokeRole(**grant), ADMINISTRATOR, at=START))
    assert _codes(live.do(SCREEN, COORDINATOR, at=START)) == ("not-granted",)
    _grant(live, COORDINATOR)
    assert _codes(live.do(SCREEN, COORDINATOR, at=START)) == ("not-delegated",)


def test_nobody_delegates_to_himself_backwards_elsewhere_or_to_nobody(live: Trial) -> None:
    """The ways around the investigator's signature."""
    log_training(live, INVESTIGATOR.id)
    log_training(live, COORDINATOR.id)
    other = at_site("investigator", "02")
    _grant(live, other)
    log_training(live, other.id)
    assert _codes(_delegate(live, by=COORDINATOR)) == ("not-permitted",)
    assert _codes(_delegate(live, by=ADMINISTRATOR)) == ("not-permitted",)
    assert _codes(_delegate(live, by=other)) == ("not-granted",)
    assert _codes(_delegate(live, since=TODAY - timedelta(days=1))) == ("delegated-backwards",)
    assert _codes(_delegate(live, until=TODAY - timedelta(days=1))) == ("delegation-ends-early",)
    assert _codes(_delegate(live, person="nobody")) == ("not-granted",)
    assert _codes(_delegate(live, role="monitor", person="nobody")) == ("role-not-delegated",)
    assert _codes(_delegate(live, role="investigator")) == ("role-not-delegated",)
    assert live.state.site("01").delegations == ()


def test_a_grant_for_all_sites_is_no_way_around_the_sites_delegations(live: Trial) -> None:
    """Delegated at one site, a person with a role at every site acts at that one only."""
    file_documents(live, "02")
    expect(live.do(c.OpenSite(site="02", ethics_approval="2025-02", approved_on=TODAY),
                   ADMINISTRATOR, at=START))  # fmt: skip
    roaming = Actor("roaming", "coordinator")
    _grant(live, roaming)
    for person in (roaming, INVESTIGATOR):
        log_training(live, person.id)
    assert _codes(live.do(SCREEN, roaming, at=START)) == ("not-delegated",)
    expect(_delegate(live, person=roaming.id))
    here = expect(live.do(SCREEN, roaming, at=START)).answer["participant"]
    there = c.ScreenParticipant(site="02", identity={"person_name": "Virtual Participant"})
    assert _codes(live.do(there, roaming, at=START)) == ("not-delegated",)
    other = at_site("investigator", "02")
    _grant(live, other)
    log_training(live, other.id)
    abroad = expect(live.do(there, other, at=START)).answer["participant"]
    move = c.MoveValues(
        participant=here, address=Address("screening", "demography"), to_participant=abroad,
        reason="wrong person",
    )  # fmt: skip
    assert _codes(live.do(move, roaming, at=START)) == ("not-delegated",)


def test_trial_wide_roles_need_training_and_no_delegation(live: Trial) -> None:
    """A monitor works for the sponsor."""
    monitor = central("monitor")
    _grant(live, monitor)
    log_training(live, INVESTIGATOR.id)
    number = expect(live.do(SCREEN, INVESTIGATOR, at=START)).answer["participant"]
    deviation = c.LogDeviation(
        participant=number, kind="other", severity="minor", text="late", occurred_on=TODAY
    )
    assert _codes(live.do(deviation, monitor, at=START)) == ("not-trained",)
    log_training(live, monitor.id)
    expect(live.do(deviation, monitor, at=START))


def test_training_is_of_known_people_in_known_subjects_on_days_past(live: Trial) -> None:
    """GCP is recorded, and does not stand for the protocol; nobody records their own but who may."""
    training = {"person": COORDINATOR.id, "subject": "gcp", "trained_on": TODAY}

    def record(by: Actor = ADMINISTRATOR, **changes: object) -> Done | Refusal:
        return live.do(c.RecordTraining(**{**training, **changes}), by, at=START)  # type: ignore[arg-type]

    assert _codes(record(by=COORDINATOR)) == ("not-permitted",)
    assert _codes(record(subject="f" * 64)) == ("unknown-training",)
    assert _codes(record(person="nobody")) == ("person-without-role",)
    assert _codes(record(trained_on=TODAY + timedelta(days=1))) == ("training-day",)
    stranger = at_site("coordinator", "02")
    _grant(live, stranger)
    assert _codes(record(by=INVESTIGATOR, person=stranger.id)) == ("person-without-role",)
    expect(record(by=INVESTIGATOR))
    assert not live.state.trained(COORDINATOR.id, live.protocol.version)
    assert live.state.trained(COORDINATOR.id, "gcp")


def test_what_was_logged_is_read_again_from_the_ledger(tmp_path: Path) -> None:
    """A server that is started anew knows the same people."""
    with Home.create(tmp_path / "home", SEED_PROTOCOL) as home:
        open_trial(home.trial())
        before = home.trial().state
    with Home.open(tmp_path / "home") as again:
        assert again.trial().state.trainings == before.trainings
        assert {s: v.delegations for s, v in again.trial().state.sites.items()} == {
            s: v.delegations for s, v in before.sites.items()
        }
        expect(again.trial().do(SCREEN, COORDINATOR, at=START))


def test_in_a_rehearsal_people_act_without_and_may_log_all_the_same() -> None:
    """The virtual cast stands in for nobody; the log can be tried there."""
    trial = new_trial()
    expect(trial.do(SCREEN, COORDINATOR, at=START))
    enable(trial)
    assert len(trial.state.site("01").delegations) == 2
