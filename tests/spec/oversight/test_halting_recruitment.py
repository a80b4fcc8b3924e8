"""A halt stops whoever is not yet enrolled, says why, and is lifted only by whom it was ordered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import overall_status, site_status
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import TrialState
from equipoise.conduct.values import Actor
from equipoise.rehearsal import play
from support.masked_story import ALLOCATED, actor, live
from support.played import second_protocol, small_protocol, stage
from support.story import START, Person, at_site, central, expect, new_trial

SPONSOR = central("sponsor")
TODAY = START.date()


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def halt(trial, site="", ordered_by="dsmb", actor=SPONSOR, at=START, **changes):
    said = {"ordered_on": at.date(), "reason": "two deaths to be looked at", **changes}
    return trial.do(c.HaltRecruitment(site=site, ordered_by=ordered_by, **said), actor, at=at)


def restart(trial, number=1, authorized_by="dsmb", actor=SPONSOR, at=START, **changes):
    said = {
        "authorized_on": at.date(),
        "reference": "DSMB minutes 4",
        "reason": "unrelated to the spray",
        **changes,
    }
    return trial.do(
        c.RestartRecruitment(halt=number, authorized_by=authorized_by, **said), actor, at=at
    )


@pytest.fixture
def trial():
    return new_trial()


def test_under_a_halt_nobody_is_screened_consents_or_is_randomized_and_each_is_told_why(trial):
    screened, ready = Person(trial).screen(), Person(trial).screen().consent().enter_screening()
    expect(ready.assess())
    ready.sign()
    expect(halt(trial))
    refused = trial.do(c.ScreenParticipant(site="01"), at_site("coordinator"), at=START)
    assert codes(refused) == ("recruitment-halted",)
    told = refused.reasons[0]
    assert "in the whole trial is halted since 2026-12-01" in told.message.en
    assert "数据与安全监查委员会" in told.message.in_language("zh-Hans")
    assert "restart" in told.remedy.en
    version = trial.protocol.consents[-1].version
    consent = c.RecordConsent(participant=screened.id, version=version, signed_on=TODAY)
    assert codes(screened.do(consent)) == ("recruitment-halted",)
    assert codes(ready.do(c.Randomize(participant=ready.id))) == ("recruitment-halted",)
    expect(restart(trial))
    ready.randomize()


def test_a_halt_at_one_site_leaves_the_others_recruiting(trial):
    expect(halt(trial, "01", "ethics_committee"))
    assert codes(
        trial.do(c.ScreenParticipant(site="01"), at_site("coordinator"), at=START)
    ) == ("recruitment-halted",)  # fmt: skip
    Person(trial, "02").enroll()


def test_who_is_enrolled_goes_on_and_consents_again_where_that_is_asked(trial):
    person = Person(trial).enroll()
    expect(halt(trial))
    expect(person.save("screening", "vital_signs", reason="misread", weight="61.5"))
    report = c.ReportAdverseEvent(
        participant=person.id, term="fatigue", grade=1, started_on=TODAY, seriousness=(),
        causality={}, outcome="unknown",
    )  # fmt: skip
    expect(person.do(report))
    expect(person.do(c.CompleteParticipant(participant=person.id, on=TODAY)))


def test_consent_signed_before_the_halt_and_a_refusal_of_consent_are_facts_and_are_recorded(trial):
    before, after = Person(trial).screen(), Person(trial).screen()
    later = START + timedelta(days=1)
    expect(halt(trial, at=later))
    version = trial.protocol.consents[-1].version
    signed = c.RecordConsent(participant=before.id, version=version, signed_on=TODAY)
    expect(trial.do(signed, before.coordinator, at=later))
    declined = c.RecordConsent(
        participant=after.id, version=version, signed_on=later.date(), given=False, reason="no"
    )
    expect(trial.do(declined, after.coordinator, at=later))


def test_each_halt_is_lifted_on_its_own_by_the_authority_that_ordered_it(trial):
    expect(halt(trial, ordered_by="dsmb"))
    expect(halt(trial, ordered_by="regulator"))
    assert codes(halt(trial, ordered_by="dsmb")) == ("already-halted",)
    assert codes(restart(trial, 2, "dsmb")) == ("restart-not-authorized",)
    assert codes(restart(trial, 1, reference=" ")) == ("no-authorization",)
    assert codes(
        restart(trial, 1, authorized_on=TODAY - timedelta(days=1))
    ) == ("authorized-before-halt",)  # fmt: skip
    assert codes(
        restart(trial, 1, authorized_on=TODAY + timedelta(days=1))
    ) == ("date-in-future",)  # fmt: skip
    assert codes(restart(trial, 1, reason="")) == ("no-reason",)
    assert codes(restart(trial, 3)) == ("no-such-halt",)
    expect(restart(trial, 1))
    assert codes(restart(trial, 1)) == ("no-such-halt",)
    assert codes(
        trial.do(c.ScreenParticipant(site="03"), at_site("coordinator", "03"), at=START)
    ) == ("recruitment-halted",)  # fmt: skip
    expect(restart(trial, 2, "regulator"))
    Person(trial, "03").screen()


def test_an_investigator_halts_the_own_site_only_and_restarts_none(trial):
    investigator = at_site("investigator")
    assert codes(halt(trial, "02", "investigator", investigator)) == ("not-granted",)
    assert codes(halt(trial, "", "investigator", investigator)) == ("not-granted",)
    expect(halt(trial, "01", "investigator", investigator))
    assert codes(restart(trial, 1, "investigator", investigator)) == ("not-permitted",)
    assert codes(halt(trial, "01", actor=at_site("coordinator"))) == ("not-permitted",)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"site": "99"}, "unknown-site"),
        ({"ordered_by": "somebody"}, "unknown-authority"),
        ({"ordered_on": TODAY + timedelta(days=1)}, "date-in-future"),
        ({"reason": "  "}, "no-reason"),
    ],
)
def test_a_halt_that_says_too_little_is_refused(trial, changes, code):
    before = trial.ledger.head().seq
    assert codes(halt(trial, **changes)) == (code,)
    assert trial.ledger.head().seq == before


def test_recruitment_that_is_closed_or_never_opened_is_not_halted(trial):
    close = c.CloseSite(site="02", reason="enough")
    expect(trial.do(close, SPONSOR, at=START))
    assert codes(halt(trial, "02")) == ("not-open",)
    expect(trial.do(c.CloseRecruitment(reason="enough"), SPONSOR, at=START))
    assert codes(halt(trial)) == ("recruitment-closed",)


def test_the_public_record_says_suspended_as_long_as_the_halt_stands(trial):
    protocol = trial.protocol

    def said(site="01"):
        return (
            site_status(protocol, trial.state, site, TODAY),
            overall_status(protocol, trial.state, TODAY),
        )

    assert said() == ("recruiting", "recruiting")
    expect(halt(trial, "01"))
    assert said() == ("suspended", "recruiting")
    expect(halt(trial, ordered_by="regulator"))
    assert said("02") == ("suspended", "suspended")
    expect(restart(trial, 2, "regulator"))
    assert said("02") == ("recruiting", "recruiting")
    expect(trial.do(c.CloseRecruitment(reason="enough"), SPONSOR, at=START))
    assert said() == ("active_not_recruiting", "active_not_recruiting")


def test_halts_are_read_again_from_the_ledger_as_they_were_folded(trial):
    expect(halt(trial, "01"))
    expect(halt(trial, ordered_by="sponsor"))
    expect(restart(trial, 1))
    again = TrialState(trial.protocol.id, trial.protocol)
    for event, happening in trial.events():
        again.apply(happening, event.site, event.server_time, event.actor)
    assert again.oversight == trial.state.oversight
    assert [one.restart is None for one in again.oversight.halts] == [False, True]


def test_the_masked_trial_is_halted_by_the_same_rules():
    trial, _arrays = stage(second_protocol())
    live(trial)
    at = ALLOCATED
    order = c.HaltRecruitment(ordered_by="regulator", ordered_on=at.date(), reason="inspection")
    expect(trial.do(order, actor("sponsor"), at=at))
    refused = trial.do(c.ScreenParticipant(site="11"), actor("coordinator"), at=at)
    assert codes(refused) == ("recruitment-halted",)


def test_a_halted_rehearsal_goes_on_with_those_who_are_enrolled():
    trial, arrays = stage(small_protocol())
    play(trial, arrays, randomized=6)
    enrolled = trial.state.randomized
    now = trial.clock_peek()
    sponsor = next(p for p, role, _site in trial.state.grants if role == "sponsor")
    order = c.HaltRecruitment(ordered_by="dsmb", ordered_on=now.date(), reason="a death")
    expect(trial.do(order, Actor(sponsor, "sponsor"), at=now))
    saved = sum(1 for _ in trial.events(types=["FormSaved"]))
    play(trial, arrays, until=now.date() + timedelta(days=60))
    assert trial.state.randomized == enrolled
    assert sum(1 for _ in trial.events(types=["FormSaved"])) > saved
