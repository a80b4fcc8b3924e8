"""Texts about no participant can be redacted too; a synonym goes with the words it was copied from."""

from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.coding import Dictionary
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.sealed import REDACTED
from equipoise.exchange.dictionaries import read_dictionary
from equipoise.home import Home
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial import Trial
from support.dictionaries import meddra
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

SPONSOR = central("sponsor")
SECRET = "The mother of patient Zzyzx telephoned the office"


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refusal), outcome
    return {reason.code for reason in outcome.reasons}


@pytest.fixture
def trial() -> Trial:
    return new_trial()


def halt(trial: Trial, site: str = "") -> str:
    """Recruitment is halted with a reason that should never have been written; where that stands."""
    halted = c.HaltRecruitment(
        site=site, ordered_by="sponsor", ordered_on=START.date(), reason=SECRET
    )
    expect(trial.do(halted, SPONSOR, at=START))
    (text,) = [one for one in trial.texts(site) if one.text == SECRET]
    assert text.event == "RecruitmentHalted"
    return text.place


def ask(value: str, site: str = "", reason: str = "names somebody") -> c.RequestTrialRedaction:
    return c.RequestTrialRedaction(site=site, value=value, reason=reason)


@pytest.mark.parametrize("site", ["", "02"])
def test_a_text_of_the_trial_or_a_site_goes_when_one_asks_and_another_approves(
    trial: Trial, site: str
) -> None:
    asked = expect(trial.do(ask(halt(trial, site), site), SPONSOR))
    (before,) = trial.state.oversight.halts
    assert before.reason == SECRET, "asking changes nothing"
    approve = c.ApproveTrialRedaction(site=site, redaction=asked.answer["redaction"])
    assert codes(trial.do(approve, SPONSOR)) == {"redaction-needs-another"}
    expect(trial.do(approve, MONITOR))
    (after,) = trial.state.oversight.halts
    assert after.reason == REDACTED
    assert SECRET not in repr(list(trial.events()))
    assert trial.ledger.verify().problems == []
    one = trial.state.redactions[site, 1]
    assert (one.status, one.requested_by, one.decided_by) == ("done", SPONSOR.id, MONITOR.id)
    assert codes(trial.do(approve, MONITOR)) == {"redaction-not-open"}


def test_a_request_about_the_trial_can_be_declined(trial: Trial) -> None:
    place = halt(trial)
    expect(trial.do(ask(place), MONITOR))
    assert codes(trial.do(ask(place), MONITOR)) == {"redaction-asked-already"}
    decline = c.DeclineTrialRedaction(redaction=1, reason="names nobody")
    assert codes(trial.do(c.DeclineTrialRedaction(redaction=1, reason=" "), SPONSOR)) == {
        "no-reason"
    }
    expect(trial.do(decline, SPONSOR))
    assert trial.state.redactions["", 1].answer == "names nobody"
    assert next(iter(trial.state.oversight.halts)).reason == SECRET


def test_who_works_at_a_site_redacts_nothing_of_the_trial(trial: Trial) -> None:
    place = halt(trial)
    for actor in (INVESTIGATOR, Person(trial).coordinator, ADMINISTRATOR):
        assert codes(trial.do(ask(place), actor)) == {"not-permitted"}
    assert codes(trial.do(ask(place, reason=f"it says {SECRET}"), MONITOR)) == {
        "reason-repeats-text"
    }
    assert codes(trial.do(ask("99/reason"), MONITOR)) == {"no-such-text"}
    assert codes(trial.do(ask(place, "99"), MONITOR)) == {"unknown-site"}


def test_the_key_is_gone_from_the_home_and_stays_so_when_it_is_opened_again(
    tmp_path: Path,
) -> None:
    with Home.create(tmp_path / "home", SEED_PROTOCOL) as home:
        trial = open_trial(home.trial())
        expect(trial.do(ask(halt(trial)), SPONSOR))
        expect(trial.do(c.ApproveTrialRedaction(redaction=1), MONITOR))
    with Home.open(tmp_path / "home") as home:
        trial = home.trial()
        assert next(iter(trial.state.oversight.halts)).reason == REDACTED
        assert SECRET not in repr(list(trial.events()))
        assert trial.ledger.verify().problems == []


# -- synonyms -------------------------------------------------------------------------------------


def in_use(trial: Trial, folder: Path) -> Dictionary:
    sources = {"en": meddra(folder / "en"), "zh-Hans": meddra(folder / "zh", "zh-Hans")}
    found = read_dictionary("events", "Invented", "1", sources)
    trial.dictionary = {found.sha256: found}.get
    registered = c.RegisterDictionary(
        purpose="events", name="Invented", version="1", sha256=found.sha256
    )
    expect(trial.do(registered, ADMINISTRATOR, at=START))
    return found


def synonym(trial: Trial, found: Dictionary, text: str) -> c.AddSynonym:
    return c.AddSynonym(purpose="events", text=text, sha256=found.sha256, code="10002")


def offered(trial: Trial) -> list[str]:
    return [one.text for one in trial.state.coding.synonyms_for("events")]


def test_a_synonym_goes_with_the_words_it_was_copied_from(trial: Trial, tmp_path: Path) -> None:
    found = in_use(trial, tmp_path)
    person = Person(trial).enroll()
    person.wait(1)
    words = "Sore tongue of Ms. Zzyzx"
    event = c.ReportAdverseEvent(
        participant=person.id, term=words, grade=2, started_on=person.at.date()
    )
    expect(person.do(event))
    for text in ("sore  tongue, of ms zzyzx", "another synonym"):
        expect(trial.do(synonym(trial, found, text), MONITOR))
    place = next(one.place for one in trial.sealed_values(person.id) if one.text == words)
    asked = c.RequestRedaction(participant=person.id, value=place, reason="names the person")
    expect(person.do(asked))
    done = expect(person.do(c.ApproveRedaction(participant=person.id, redaction=1), INVESTIGATOR))
    assert done.answer["keys"] == 2
    assert offered(trial) == ["another synonym"]
    assert "zzyzx" not in repr(list(trial.events())).lower()
    assert codes(trial.do(synonym(trial, found, REDACTED), MONITOR)) == {"means-gone"}
    code = c.CodeTerm(participant=person.id, target="ae/1", sha256=found.sha256, code="10002")
    assert codes(person.do(code, MONITOR)) == {"nothing-to-code"}


@pytest.mark.parametrize(
    ("name", "naming", "kept"),
    [
        ("Zhang Wei", "fever of ZHANG  WEI", "fever of zhang weiwei"),
        ("张伟", "张伟口腔疼痛", "口腔疼痛"),
    ],
)
def test_a_synonym_that_names_a_person_goes_when_the_person_is_forgotten(
    trial: Trial, tmp_path: Path, name: str, naming: str, kept: str
) -> None:
    found = in_use(trial, tmp_path)
    person = Person(trial)
    person.screen(person_name=name).consent()
    left = c.Withdraw(
        participant=person.id, scope="data_use", reason="moves away", on=person.at.date()
    )
    expect(person.do(left))
    for text in (naming, kept):
        expect(trial.do(synonym(trial, found, text), MONITOR))
    erase = c.EraseIdentity(participant=person.id, reason="asked for in writing")
    assert expect(person.do(erase, INVESTIGATOR)).answer["keys"] == 2
    assert offered(trial) == [kept]


def test_why_a_synonym_is_retired_is_sealed(trial: Trial, tmp_path: Path) -> None:
    found = in_use(trial, tmp_path)
    expect(trial.do(synonym(trial, found, "sore tonge"), MONITOR))
    done = expect(trial.do(c.RetireSynonym(number=1, reason=SECRET), MONITOR))
    assert "sealed" in done.events[0].payload["reason"]
    place = next(one.place for one in trial.texts() if one.text == SECRET)
    expect(trial.do(ask(place), SPONSOR))
    expect(trial.do(c.ApproveTrialRedaction(redaction=1), MONITOR))
    assert trial.state.coding.synonyms[0].retired == REDACTED
