"""An amendment takes force site by site, each with its ethics committee's approval."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import fold_participants
from equipoise.home.home import ADMINISTRATOR
from equipoise.protocol.document import Protocol
from equipoise.trial import Trial
from support.story import SEED_PROTOCOL, START, Person, expect, new_trial, seed_protocol


@lru_cache(maxsize=1)
def amended() -> Protocol:
    """A wider window of week 5, and a new consent form that tells of it."""
    content = seed_protocol().model_dump(mode="json", by_alias=True)
    visit = next(one for one in content["schedule"]["visits"] if one["id"] == "w5")
    visit["after"] += 3
    content["consents"].append({**content["consents"][-1], "version": "2.0"})
    return Protocol.model_validate_json(json.dumps(content), strict=False)


def changed(**sections: Any) -> Protocol:
    content = seed_protocol().model_dump(mode="json", by_alias=True)
    for name, change in sections.items():
        change(content[name])
    return Protocol.model_validate_json(json.dumps(content), strict=False)


def amend(trial: Trial, document: Protocol) -> Any:
    trial.add_document(document)
    return trial.do(c.AmendProtocol(version=document.version), ADMINISTRATOR, at=START)


def adopt(trial: Trial, site: str, document: Protocol, **changes: Any) -> Any:
    given: dict[str, Any] = {"ethics_approval": "2027-014", "approved_on": START.date(), **changes}
    command = c.AdoptProtocol(site=site, version=document.version, **given)
    return trial.do(command, ADMINISTRATOR, at=START)


def codes(outcome: Any) -> set[str]:
    assert isinstance(outcome, Refusal)
    return {one.code for one in outcome.reasons}


def week_five(trial: Trial, person: Person) -> int:
    """Days the window of week 5 stays open after its target."""
    planned = next(one for one in trial.plan(person.id) if one.visit.id == "w5")
    assert planned.closes is not None
    assert planned.target is not None
    return (planned.closes - planned.target).days


def consent_tasks(trial: Trial) -> list[tuple[str, str]]:
    rows = trial.ledger.rows("task", where={"kind": "consent"})
    return sorted((str(row["participant"]), str(row["ref"])) for row in rows)


def test_it_holds_where_it_was_adopted_and_nowhere_else():
    trial = new_trial()
    here, there = Person(trial, "01").enroll(), Person(trial, "02").enroll()
    before = week_five(trial, here)
    expect(amend(trial, amended()))
    assert week_five(trial, here) == before
    assert trial.protocol.version == seed_protocol().version
    expect(adopt(trial, "01", amended()))
    assert week_five(trial, here) == before + 3
    assert week_five(trial, there) == before
    assert trial.protocol.version == amended().version
    assert consent_tasks(trial) == [(here.id, "2.0")]


def test_consent_to_the_new_version_settles_what_it_asks():
    trial = new_trial()
    here = Person(trial, "01").enroll()
    expect(amend(trial, amended()))
    expect(adopt(trial, "01", amended()))
    signed = c.RecordConsent(participant=here.id, version="2.0", signed_on=START.date())
    expect(here.do(signed))
    assert consent_tasks(trial) == []


def test_every_event_cites_the_version_it_was_brought_under():
    trial = new_trial()
    here, there = Person(trial, "01").enroll(), Person(trial, "02").enroll()
    expect(amend(trial, amended()))
    expect(adopt(trial, "01", amended()))
    mark = trial.ledger.head().seq
    for person in (here, there):
        expect(
            person.do(
                c.LogDeviation(
                    participant=person.id, kind="other", severity="minor",
                    text="a form was filed late", occurred_on=START.date(),
                )
            )
        )  # fmt: skip
    cited = {event.stream: event.protocol for event, _ in trial.events(after=mark)}
    assert cited[f"participant/{here.id}"] == amended().version
    assert cited[f"participant/{there.id}"] == seed_protocol().version


def test_a_site_opened_later_opens_under_the_newest_version_and_a_new_participant_signs_it():
    trial = new_trial()
    expect(amend(trial, amended()))
    expect(adopt(trial, "01", amended()))
    new = Person(trial, "01").screen()
    state = trial.participant(new.id)
    assert state is not None
    assert state.protocol.version == amended().version


def test_states_are_the_same_read_again_from_the_ledger():
    trial = new_trial()
    here = Person(trial, "01").enroll()
    Person(trial, "02").enroll()
    expect(amend(trial, amended()))
    expect(adopt(trial, "01", amended()))
    expect(here.do(c.TransferParticipant(participant=here.id, to_site="02", reason="moved house")))
    again = Trial(
        trial.ledger, seed_protocol(), trial.keeper, trial.codec._sealer, trial.clock, [amended()]
    )
    assert again.state == trial.state
    folded = fold_participants(trial.documents, trial.events())
    for participant in trial.participants():
        assert again.participant(participant.id) == participant
        assert folded[participant.id] == participant
    moved = trial.participant(here.id)
    assert moved is not None
    assert moved.protocol.version == seed_protocol().version


def test_a_substantial_change_needs_the_sites_approval_and_its_day():
    trial = new_trial()
    expect(amend(trial, amended()))
    refused = adopt(trial, "01", amended(), ethics_approval=" ", approved_on=None)
    assert codes(refused) == {"no-ethics-approval", "no-approval-day"}
    assert codes(adopt(trial, "01", amended(), approved_on=date(2099, 1, 1))) == {
        "approval-in-future"
    }
    expect(adopt(trial, "01", amended()))
    assert codes(adopt(trial, "01", amended())) == {"version-not-newer"}


def test_a_new_telephone_number_needs_no_approval():
    def ring(identity: dict[str, Any]) -> None:
        identity["contacts"][0]["phone"] = "0000 000 000"

    trial = new_trial()
    document = changed(identity=ring)
    expect(amend(trial, document))
    expect(adopt(trial, "01", document, ethics_approval="", approved_on=None))


def _another_ratio(randomization: dict[str, Any]) -> None:
    randomization["ratio"]["spray"] = 2


def _another_unit(items: list[dict[str, Any]]) -> None:
    next(one for one in items if one["id"] == "weight")["unit"] = "g"


def _one_site_less(identity: dict[str, Any]) -> None:
    del identity["sites"][2]


@pytest.mark.parametrize(
    ("sections", "code"),
    [
        ({"randomization": _another_ratio}, "randomization-amended"),
        ({"items": _another_unit}, "item-redefined"),
        ({"identity": _one_site_less}, "site-left-out"),
    ],
)
def test_what_would_break_a_running_trial_is_refused(sections, code):
    assert codes(amend(new_trial(), changed(**sections))) == {code}


def test_a_version_is_amended_once_and_only_from_a_document_kept_here():
    trial = new_trial()
    unknown = trial.do(c.AmendProtocol(version="0" * 64), ADMINISTRATOR, at=START)
    assert codes(unknown) == {"unknown-protocol-version"}
    assert codes(adopt(trial, "01", amended())) == {"version-not-known"}
    expect(amend(trial, amended()))
    assert codes(amend(trial, amended())) == {"version-already-known"}


def test_the_command_amends_a_home_and_what_it_wrote_is_read_again(tmp_path):
    text = SEED_PROTOCOL.read_text(encoding="utf-8")
    text = text.replace(
        "consents:\n", 'consents:\n  - {version: "0.9", label: {en: Old, zh-Hans: 旧}}\n', 1
    )
    new = tmp_path / "amended.yaml"
    new.write_text(text, encoding="utf-8")
    home = tmp_path / "home"
    run = CliRunner()
    made = run.invoke(
        main,
        ["rehearse", str(SEED_PROTOCOL), "--home", str(home), "--until", "randomized=2",
         "--format", "json"],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    amended_home = ["amend", str(new), "--home", str(home), "--format", "json"]
    known = json.loads(run.invoke(main, amended_home).output)
    assert known["version"] not in known["in_force"].values()
    without = run.invoke(main, [*amended_home, "--site", "01"])
    assert without.exit_code == 2
    assert "the ethics approval is not named" in without.output
    approval = ["--ethics-approval", "2027-014", "--approved-on", "2026-12-01"]
    told = run.invoke(main, [*amended_home, "--site", "01", *approval])
    assert told.exit_code == 0, told.output
    in_force = json.loads(told.output)["in_force"]
    assert [site for site, version in in_force.items() if version == known["version"]] == ["01"]
    assert run.invoke(main, ["verify", str(home)]).exit_code == 0
    analyzed = run.invoke(main, ["analyze", "--home", str(home)])
    assert analyzed.exit_code == 0, analyzed.output
