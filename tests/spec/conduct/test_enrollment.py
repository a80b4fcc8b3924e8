"""From the screening log to the allocation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.home.home import ADMINISTRATOR
from support.story import (
    COORDINATOR,
    RT_START,
    Person,
    at_site,
    expect,
    new_trial,
)


@pytest.fixture
def trial():
    return new_trial()


def refused(outcome: object) -> Refusal:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome


def test_a_participant_gets_the_next_number_of_the_site_and_never_initials(trial):
    first, second = Person(trial).screen(), Person(trial).screen()
    elsewhere = Person(trial, "03").screen()
    assert (first.id, second.id, elsewhere.id) == ("01-0001", "01-0002", "03-0001")


def test_an_eligible_person_is_allocated_scheduled_and_supplied_in_one_decision(trial):
    person = Person(trial).screen().consent().enter_screening()
    expect(person.assess())
    done = person.sign().randomize()
    kinds = [type(happening).__name__ for happening in done.happenings]
    assert kinds[:2] == ["ParticipantRandomized", "VisitsScheduled"]
    assert ("SupplyOrdered" in kinds) == (done.answer["arm"] == "spray")
    assert person.state.arm == done.answer["arm"]
    assert person.state.strata_used == {
        "site": "01", "concurrent_chemo": "true", "diagnosis_site": "npc",
    }  # fmt: skip


def test_the_arm_stands_nowhere_in_the_ledger_in_clear(trial):
    Person(trial).enroll()
    for event in trial.ledger.events():
        if event.type == "ParticipantRandomized":
            assert set(event.payload["arm"]) == {"sealed", "context", "nonce", "text"}


def test_randomizing_twice_gives_a_refusal_and_the_same_request_twice_the_same_answer(trial):
    person = Person(trial).screen().consent().enter_screening()
    expect(person.assess())
    person.sign()
    command = c.Randomize(participant=person.id)
    first = expect(trial.do(command, COORDINATOR, at=person.at, client_id="once"))
    again = expect(trial.do(command, COORDINATOR, at=person.at, client_id="once"))
    assert again.repeated
    assert again.answer["arm"] == first.answer["arm"]
    assert again.answer["number"] == first.answer["number"]
    assert "already-randomized" in refused(person.do(command)).codes
    assert trial.state.randomized == 1


def test_without_consent_no_data_are_entered(trial):
    person = Person(trial).screen()
    assert refused(person.save("screening", "demography", sex="male")).codes == ("no-consent",)


def test_every_reason_against_randomization_is_named_at_once(trial):
    person = Person(trial).screen().consent()
    codes = refused(person.do(c.Randomize(participant=person.id))).codes
    assert {"not-assessed", "stratum-unknown", "anchor-unknown"} <= set(codes)


@pytest.mark.parametrize(
    ("changes", "criterion"),
    [
        ({"birth_date": "1950-01-01"}, "inc_02"),
        ({"birth_date": "2009-12-02"}, "inc_02"),
        ({"rt_planned_dose": "59.9"}, "inc_03"),
        ({"ecog": "3"}, "inc_04"),
        ({"platelets": "99"}, "inc_05"),
        ({"hemoglobin": "8.9 g/dL"}, "inc_05"),
        ({"alt": "101"}, "inc_06"),
        ({"creatinine": "160", "creatinine_clearance": "49"}, "inc_07"),
        ({"mucosa_intact": "no"}, "inc_09"),
        ({"prednisone_equivalent": "12.5"}, "exc_09"),
        ({"creatinine_clearance": "29"}, "exc_05"),
    ],
)
def test_a_person_who_fails_a_criterion_is_not_eligible_and_nobody_can_override_it(
    trial, changes, criterion
):
    person = Person(trial).screen().consent().enter_screening(**changes)
    done = expect(person.assess())
    assert done.answer["eligible"] is False
    assert done.answer["failed"] == [criterion]
    outcome = refused(person.do(c.SignEligibility(participant=person.id), person.investigator))
    assert criterion in [reason.field for reason in outcome.reasons]
    administrator = trial.do(c.Randomize(participant=person.id), ADMINISTRATOR, at=person.at)
    assert refused(administrator).codes == ("not-permitted",)


def test_a_missing_value_leaves_eligibility_undecided_and_says_what_is_missing(trial):
    person = Person(trial).screen().consent().enter_screening(ast="ND")
    done = expect(person.assess())
    assert done.answer["eligible"] is None
    assert done.answer["undecided"] == ["inc_06"]
    criteria = {entry["id"]: entry for entry in person.state.assessments[-1].criteria}
    assert criteria["inc_06"]["missing"][0] == "ast"


def test_the_limits_of_the_sites_own_laboratory_decide(trial):
    limits = c.SetLaboratoryRange(
        site="01",
        item="alt",
        lower=None,
        upper="50",
        unit="U/L",
        valid_from=RT_START.replace(day=1),
    )
    person = Person(trial).screen().consent().enter_screening(alt="110")
    assert expect(person.assess()).answer["eligible"] is False
    expect(trial.do(limits, ADMINISTRATOR, at=person.at))
    assert expect(person.assess()).answer["eligible"] is True


def test_a_signature_lapses_when_the_data_change(trial):
    person = Person(trial).screen().consent().enter_screening()
    expect(person.assess())
    person.sign()
    expect(person.save("screening", "laboratory", reason="typing error", hemoglobin="128"))
    codes = refused(person.do(c.Randomize(participant=person.id))).codes
    assert codes == ("assessment-outdated",)


def test_only_the_investigator_signs(trial):
    person = Person(trial).screen().consent().enter_screening()
    expect(person.assess())
    outcome = person.do(c.SignEligibility(participant=person.id), person.coordinator)
    assert refused(outcome).codes == ("not-permitted",)


def test_staff_of_another_site_are_told_of_no_such_participant(trial):
    person = Person(trial).screen().consent()
    stranger = at_site("coordinator", "02")
    outcome = trial.do(c.Randomize(participant=person.id), stranger, at=person.at)
    unknown = trial.do(c.Randomize(participant="01-9999"), stranger, at=person.at)
    assert refused(outcome).codes == refused(unknown).codes == ("unknown-participant",)


def test_randomization_comes_at_least_eight_days_before_the_first_fraction(trial):
    person = Person(trial).screen().consent().enter_screening()
    expect(person.assess())
    person.sign().wait_until(RT_START - timedelta(days=7))
    assert "too-late" in refused(person.do(c.Randomize(participant=person.id))).codes


def test_a_failed_screening_can_be_repeated_under_a_new_number(trial):
    first = Person(trial).screen().consent().enter_screening(platelets="88")
    expect(first.assess())
    expect(first.do(c.FailScreening(participant=first.id, reason="platelets")))
    assert first.state.failed == ("inc_05",)
    again = first.do(c.ScreenParticipant(site="01", previous=first.id))
    number = expect(again).answer["participant"]
    assert trial.participant(number).previous == first.id


def test_a_running_screening_is_not_repeated(trial):
    person = Person(trial).screen().consent()
    outcome = person.do(c.ScreenParticipant(site="01", previous=person.id))
    assert refused(outcome).codes == ("screening-not-ended",)


def test_who_declines_consent_is_not_entered_further(trial):
    person = Person(trial).screen()
    version = trial.protocol.consents[-1].version
    expect(
        person.do(
            c.RecordConsent(
                participant=person.id, version=version, signed_on=person.at.date(), given=False
            )
        )
    )
    assert person.state.status == "consent_refused"


def test_nobody_is_screened_at_a_closed_site(trial):
    expect(trial.do(c.CloseSite(site="02", reason="audit"), ADMINISTRATOR))
    outcome = trial.do(c.ScreenParticipant(site="02"), at_site("coordinator", "02"))
    assert refused(outcome).codes == ("site-not-open",)


def test_a_person_without_the_role_is_refused_whatever_they_claim(trial):
    impostor = COORDINATOR.__class__("nobody", "investigator", "01")
    outcome = trial.do(c.ScreenParticipant(site="01"), impostor)
    assert refused(outcome).codes == ("not-granted",)


def test_the_identity_is_sealed_and_read_back_only_through_the_trial(trial):
    person = Person(trial).screen(person_name="Virtual Person 7", phone="000-7")
    assert person.state.identity == {"person_name": "Virtual Person 7", "phone": "000-7"}
    stored = str([event.payload for event in trial.ledger.events()])
    assert "Virtual Person 7" not in stored
    assert "000-7" not in stored


def test_who_was_enrolled_in_a_batch_that_was_lost_is_told_of_nowhere(trial):
    Person(trial).screen()
    before = trial.ledger.head()

    def lost() -> None:
        with trial.batch():
            Person(trial).enroll()
            assert (trial.state.screened, trial.state.randomized) == (2, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lost()
    assert trial.ledger.head() == before
    assert (trial.state.screened, trial.state.randomized, trial.state.seq) == (1, 0, before.seq)
    assert [state.id for state in trial.participants()] == ["01-0001"]
