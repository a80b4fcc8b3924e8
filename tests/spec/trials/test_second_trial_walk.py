"""One participant walks through the second trial, by the same door and without a line of its own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import ParticipantState
from equipoise.conduct.values import Actor, Address
from equipoise.home.home import ADMINISTRATOR, RehearsalSettings, memory_trial
from equipoise.protocol.document import Protocol
from equipoise.trial import Done, Trial

START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
COORDINATOR = Actor("coordinator-singapore", "coordinator", "11")
INVESTIGATOR = Actor("investigator-singapore", "investigator", "11")
PHARMACIST = Actor("pharmacist-singapore", "pharmacist", "11")

SCREENING = {
    "demography": {"sex": "female", "birth_date": "1969-03-05"},
    "medical_history": {
        "diabetes": "no", "prior_drug": "no", "vascular_event": "no", "product_allergy": "no",
    },
    "safety_laboratory": {"potassium": "4.2", "creatinine": "70", "egfr": "88", "alt": "21"},
    "pregnancy": {"pregnancy_test": "not_applicable", "breast_feeding": "no"},
}  # fmt: skip
BASELINE = {
    "blood_pressure": {"sbp": "162.3", "dbp": "98.0", "heart_rate": "72", "weight": "70.5"},
    "allocation_factors": {"baseline_day": "2027-03-15", "stage": "stage2"},
}


def _done(outcome: Done | Refusal) -> Done:
    assert isinstance(outcome, Done), f"refused: {outcome}"
    return outcome


def _state(trial: Trial, participant: str) -> ParticipantState:
    state = trial.participant(participant)
    assert state is not None
    return state


def _trial(protocol: Protocol) -> Trial:
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    trial = memory_trial(protocol, settings)
    for actor in (COORDINATOR, INVESTIGATOR, PHARMACIST):
        grant = c.GrantRole(person=actor.id, role=actor.role, site="11")
        _done(trial.do(grant, ADMINISTRATOR, at=START))
    opened = c.OpenSite(site="11", ethics_approval="EX-1", approved_on=date(2027, 2, 1))
    _done(trial.do(opened, ADMINISTRATOR, at=START))
    for item, lower, upper, unit in (
        ("potassium", "3.5", "5.1", "mmol/L"),
        ("alt", None, "40", "U/L"),
    ):
        limits = c.SetLaboratoryRange(
            site="11", item=item, lower=lower, upper=upper, unit=unit, valid_from=date(2026, 1, 1)
        )
        _done(trial.do(limits, ADMINISTRATOR, at=START))
    return trial


def _save(
    trial: Trial, participant: str, visit: str, forms: dict[str, dict[str, str]], at: datetime
) -> None:
    for form, values in forms.items():
        save = c.SaveForm(participant=participant, address=Address(visit, form), values=values)
        _done(trial.do(save, COORDINATOR, at=at))


def _randomized(trial: Trial) -> tuple[str, Done]:
    screened = _done(trial.do(c.ScreenParticipant(site="11"), COORDINATOR, at=START))
    participant: str = screened.answer["participant"]
    consent = c.RecordConsent(participant=participant, version="1.0", signed_on=START.date())
    _done(trial.do(consent, COORDINATOR, at=START))
    _save(trial, participant, "screening", SCREENING, START)
    later = START + timedelta(days=14)
    _save(trial, participant, "baseline", BASELINE, later)
    judged = {
        one.id: one.kind == "inclusion"
        for one in trial.protocol.eligibility.criteria
        if one.judgement
    }
    assess = c.AssessEligibility(participant=participant, judgements=judged)
    _done(trial.do(assess, INVESTIGATOR, at=later))
    _done(trial.do(c.SignEligibility(participant=participant), INVESTIGATOR, at=later))
    return participant, _done(trial.do(c.Randomize(participant=participant), COORDINATOR, at=later))


def test_a_participant_is_screened_randomized_seen_and_diarized(second: Protocol) -> None:
    """Minimization allocates, visits count from that day, the diary runs for twelve weeks."""
    trial = _trial(second)
    participant, _ = _randomized(trial)
    assert participant == "11-0001"
    state = _state(trial, participant)
    assert state.arm in {"high", "low", "placebo"}
    assert dict(state.strata_used) == {
        "site": "11", "sex": "female", "diabetes": "false", "stage": "stage2",
    }  # fmt: skip
    assert state.targets["w12"] == date(2027, 3, 15) + timedelta(days=84)
    visit = START + timedelta(days=14 + 84)
    pressure = {"sbp": "149.0", "dbp": "91.0", "heart_rate": "70", "weight": "70.0"}
    _save(trial, participant, "w12", {"blood_pressure": pressure}, visit)
    assert [str(one.value.value) for one in _state(trial, participant).series("sbp")] == [
        "162.3", "149.0",
    ]  # fmt: skip
    day = c.RecordDiaryDay(
        participant=participant, diary="tablet_diary", day=date(2027, 3, 16),
        values={"tablet_taken": "yes"},
    )  # fmt: skip
    _done(trial.do(day, COORDINATOR, at=visit))
    assert len(_state(trial, participant).diary) == 1


def test_the_supply_ordered_at_allocation_tells_nobody_the_group(second: Protocol) -> None:
    """The same product and the same number of tablets, whatever the arm."""
    trial = _trial(second)
    ordered: dict[str | None, set[tuple[tuple[str, int], ...]]] = {}
    for _ in range(9):
        participant, _ = _randomized(trial)
        state = _state(trial, participant)
        ordered.setdefault(state.arm, set()).add(
            tuple((name, balance.ordered) for name, balance in state.supply.items())
        )
    assert set(ordered) == {"high", "low", "placebo"}
    assert len(set().union(*ordered.values())) == 1
    assert {name for orders in ordered.values() for order in orders for name, _ in order} == {
        "study_tablet"
    }


def test_the_ledger_does_not_name_the_arm(second: Protocol) -> None:
    """The allocation is sealed and padded: who reads the database learns the number only."""
    trial = _trial(second)
    participant, _ = _randomized(trial)
    stored = [
        json.dumps(dict(event.payload))
        for event in trial.ledger.events(stream=f"participant/{participant}")
    ]
    assert any('"number": 1' in payload for payload in stored)
    assert _state(trial, participant).arm is not None
    for arm in second.arms:
        assert not any(f'"{arm.id}"' in payload for payload in stored)
