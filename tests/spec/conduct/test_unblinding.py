"""Unblinding: to one person, with a reason, on the trail; and everybody at the planned end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.home.home import ADMINISTRATOR, RehearsalSettings, memory_trial
from equipoise.trial import Trial
from support.masked_story import ALLOCATED, START, actor, live, ready
from support.played import second_protocol
from support.story import Person, central, expect, new_trial

LATER = ALLOCATED + timedelta(days=8)
INVESTIGATOR, SPONSOR, COORDINATOR = (
    actor(role) for role in ("investigator", "sponsor", "coordinator")
)


@pytest.fixture
def trial() -> Trial:
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    made = memory_trial(second_protocol(), settings)
    live(made)
    return made


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refusal), outcome
    return {reason.code for reason in outcome.reasons}


def unblind(participant: str = "11-0001", reason: str = "Collapsed.") -> c.UnblindParticipant:
    return c.UnblindParticipant(participant=participant, kind="emergency", reason=reason)


def test_the_one_who_asks_is_told_and_the_event_does_not_name_the_arm(trial: Trial) -> None:
    done = expect(trial.do(unblind(), INVESTIGATOR, at=LATER, client_id="u"))
    state = trial.participant("11-0001")
    assert done.answer["arm"] == state.arm
    (one,) = state.unblindings
    assert (one.kind, one.reason, one.stamp.actor) == ("emergency", "Collapsed.", "investigator")
    stored = [event.payload for event in done.events]
    assert all(arm.id not in str(stored) for arm in trial.protocol.arms)
    assert set(stored[0]) == {"kind", "reason"}
    assert expect(trial.do(unblind(), INVESTIGATOR, at=LATER, client_id="u")).repeated
    assert len(trial.participant("11-0001").unblindings) == 1


def test_only_roles_the_protocol_names_may_unblind(trial: Trial) -> None:
    for role in ("coordinator", "pharmacist", "monitor", "statistician", "dsmb", "sponsor"):
        assert codes(trial.do(unblind(), actor(role), at=LATER)) == {"not-permitted"}
    assert codes(trial.do(c.UnblindTrial(reason="x"), INVESTIGATOR, at=LATER)) == {"not-permitted"}


def test_without_a_reason_or_an_allocation_nobody_is_unblinded(trial: Trial) -> None:
    waiting = ready(trial)
    assert codes(trial.do(unblind(reason=" "), INVESTIGATOR, at=LATER)) == {"no-reason"}
    assert codes(trial.do(unblind(waiting), INVESTIGATOR, at=LATER)) == {"not-randomized"}
    assert codes(trial.do(unblind("11-0099"), INVESTIGATOR, at=LATER)) == {"unknown-participant"}


def test_one_who_has_withdrawn_all_data_can_still_be_unblinded_in_an_emergency(
    trial: Trial,
) -> None:
    leave = c.Withdraw(participant="11-0001", scope="data_use", reason="no", on=LATER.date())
    expect(trial.do(leave, COORDINATOR, at=LATER))
    assert expect(trial.do(unblind(), INVESTIGATOR, at=LATER)).answer["arm"]


def test_the_trial_is_unblinded_when_recruitment_is_closed_and_nobody_is_on_study(
    trial: Trial,
) -> None:
    end = c.UnblindTrial(reason="Database locked.")
    outcome = trial.do(end, SPONSOR, at=LATER)
    assert codes(outcome) == {"recruitment-still-open", "participants-on-study"}
    assert "11-0001" in str(outcome)
    expect(trial.do(c.CloseRecruitment(reason="full"), SPONSOR, at=LATER))
    assert codes(trial.do(end, SPONSOR, at=LATER)) == {"participants-on-study"}
    for participant in trial.participant_ids():
        leave = c.Withdraw(
            participant=participant, scope="follow_up", reason="end", on=LATER.date()
        )
        expect(trial.do(leave, COORDINATOR, at=LATER))
    assert not trial.state.unblinded
    expect(trial.do(end, SPONSOR, at=LATER))
    assert trial.state.unblinded
    assert codes(trial.do(end, SPONSOR, at=LATER)) == {"already-unblinded"}
    assert "already-unblinded" in codes(trial.do(unblind(), INVESTIGATOR, at=LATER))


def test_an_open_trial_has_nothing_to_unblind() -> None:
    """The roles of the first trial grant nobody the command, and its masking level is none."""
    trial = new_trial()
    person = Person(trial).enroll()
    command = c.UnblindParticipant(participant=person.id, kind="planned", reason="x")
    for who in (person.investigator, central("sponsor"), ADMINISTRATOR):
        assert codes(trial.do(command, who, at=person.at)) == {"not-permitted"}
