"""An amendment: every change with its weight, and what follows for each enrolled participant."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct.amendment import ParticipantEffect, amendment_effect
from equipoise.conduct.state import ParticipantState
from equipoise.protocol.comparison import Change, compare_protocols
from equipoise.protocol.document import Protocol
from support.played import rehearsed, small_protocol
from support.story import SEED_PROTOCOL

DAY = date(2027, 1, 20)
RUN = CliRunner()


@lru_cache(maxsize=1)
def half_way() -> dict[str, ParticipantState]:
    """The first trial with sixteen participants, as it stands on a day in its middle."""
    trial, _, _ = rehearsed(small_protocol(), until=DAY)
    return {state.id: state for state in trial.participants()}


def amended(old: Protocol, **sections: Any) -> Protocol:
    """The protocol with sections replaced by what these functions make of their plain content."""
    content = old.model_dump(mode="json", by_alias=True)
    for name, change in sections.items():
        change(content[name])
    return Protocol.model_validate_json(json.dumps(content), strict=False)


def effects(new: Protocol) -> dict[str, ParticipantEffect]:
    old = small_protocol()
    return {name: amendment_effect(old, new, state, DAY) for name, state in half_way().items()}


def changes(new: Protocol) -> list[Change]:
    return compare_protocols(small_protocol(), new)


def member(members: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in members if one["id"] == name)


def test_the_trial_has_people_in_every_stage_on_that_day():
    statuses = {state.status for state in half_way().values()}
    assert {"randomized", "screen_failed"} <= statuses
    arms = {state.arm for state in half_way().values() if state.arm}
    assert arms == {"spray", "control"}


def test_a_protocol_does_not_differ_from_itself():
    assert changes(small_protocol()) == []
    assert not any(effect.touched for effect in effects(small_protocol()).values())


def test_a_wider_window_touches_those_whose_visit_is_still_to_come():
    def widen(schedule: dict[str, Any]) -> None:
        visit = member(schedule["visits"], "w5")
        visit["after"] += 3

    new = amended(small_protocol(), schedule=widen)
    (change,) = changes(new)
    assert change.difference.place == "schedule.visits[w5].after"
    assert change.substantial
    for name, effect in effects(new).items():
        state = half_way()[name]
        complete = [one for at, one in state.forms.items() if at.visit == "w5" and one.complete]
        asked = small_protocol().visit_by_id["w5"].forms
        done = len(complete) == len(asked) or "w5" in state.missed
        still_in = state.status in ("consented", "eligible", "randomized")
        moved = [one for one in effect.visits if one.kind == "moved"]
        if still_in and not done and moved:
            (visit,) = moved
            assert visit.before is not None
            assert visit.after is not None
            assert visit.after[1] - visit.before[1] == timedelta(days=3)
        else:
            assert not effect.touched
    assert any(effect.touched for effect in effects(new).values())


def test_a_new_consent_version_is_signed_by_everyone_still_in_the_trial():
    def add(consents: list[dict[str, Any]]) -> None:
        consents.append({**consents[-1], "version": "9.0"})

    new = amended(small_protocol(), consents=add)
    assert [change.area for change in changes(new)] == ["consent"]
    for name, effect in effects(new).items():
        state = half_way()[name]
        still_in = state.status in ("consented", "eligible", "randomized")
        assert effect.reconsent == (("9.0",) if still_in else ())


def test_a_shorter_regimen_ends_dosing_diary_and_supply_of_the_treated_arm_alone():
    def shorten(interventions: list[dict[str, Any]]) -> None:
        interventions[0]["regimen"]["stop"]["day"] = 0

    new = amended(small_protocol(), interventions=shorten)
    spared = 0
    for name, effect in effects(new).items():
        state = half_way()[name]
        if state.arm != "spray" or state.status != "randomized":
            assert not effect.treatment
            assert not effect.supply
            assert not effect.diaries
            continue
        for supply in effect.supply:
            (diary,) = effect.diaries
            assert diary.before is not None
            assert diary.after is not None
            assert diary.before[1] - diary.after[1] == timedelta(days=14)
            left = (diary.before[1] - max(diary.before[0], DAY)).days + 1
            kept = max((diary.after[1] - max(diary.after[0], DAY)).days + 1, 0)
            assert (supply.before, supply.after) == (math.ceil(left), math.ceil(kept))
            spared += 1
    assert spared


def test_an_item_no_longer_asked_keeps_its_data_under_their_version():
    def drop(forms: list[dict[str, Any]]) -> None:
        for form in forms:
            form["items"] = [one for one in form["items"] if one["item"] != "pain_nrs"] or form[
                "items"
            ]

    asked = {entry.item for form in small_protocol().forms for entry in form.items}
    assert "pain_nrs" in asked
    new = amended(small_protocol(), forms=drop)
    for name, effect in effects(new).items():
        state = half_way()[name]
        recorded = any("pain_nrs" in form.values for form in state.forms.values())
        assert ("pain_nrs" in effect.kept) == recorded


def test_changed_criteria_are_decided_anew_before_randomization_and_never_after():
    def tighten(eligibility: dict[str, Any]) -> None:
        member(eligibility["criteria"], "inc_02")["met_when"] = "age >= 18 and age <= 70"

    new = amended(small_protocol(), eligibility=tighten)
    for name, effect in effects(new).items():
        state = half_way()[name]
        waiting = state.status in ("consented", "eligible") and bool(state.assessments)
        assert effect.reassess == waiting
    assert not any(
        effect.touched for name, effect in effects(new).items() if half_way()[name].randomized
    )


def test_those_who_left_are_not_touched_by_what_lies_ahead():
    def add(consents: list[dict[str, Any]]) -> None:
        consents.append({**consents[-1], "version": "9.0"})

    for name, effect in effects(amended(small_protocol(), consents=add)).items():
        if half_way()[name].status in ("screen_failed", "consent_refused", "withdrawn"):
            assert not effect.touched


@pytest.mark.parametrize(
    ("section", "place", "substantial"),
    [
        ("identity", "identity.contacts", False),
        ("arms", "arms[control].label", False),
        ("endpoints", "endpoints[severe_om].variable.at_least", True),
        ("randomization", "randomization.ratio.spray", True),
    ],
)
def test_the_weight_of_a_change_follows_its_place(section, place, substantial):
    def change(content: Any) -> None:
        match section:
            case "identity":
                content["contacts"] = []
            case "arms":
                member(content, "control")["label"] = {"en": "Usual care"}
            case "endpoints":
                member(content, "severe_om")["variable"]["at_least"] = "4"
            case "randomization":
                content["ratio"]["spray"] = 2

    (found, *_) = changes(amended(small_protocol(), **{section: change}))
    assert found.difference.place == place
    assert found.substantial is substantial


def test_a_new_translation_is_no_substantial_change():
    def translate(eligibility: dict[str, Any]) -> None:
        member(eligibility["criteria"], "inc_02")["text"]["zh-Hans"] = "年满 18 岁且不超过 75 岁"

    (found,) = changes(amended(small_protocol(), eligibility=translate))
    assert found.translation
    assert not found.substantial


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The first trial's protocol, and one with a wider window and a new consent version."""
    folder = tmp_path_factory.mktemp("amendment")
    text = SEED_PROTOCOL.read_text(encoding="utf-8")
    visit, rest = text.split("    - id: w5\n", 1)
    text = f"{visit}    - id: w5\n{rest.replace('after: 1', 'after: 3', 1)}"
    text = text.replace(
        "consents:\n", 'consents:\n  - {version: "9.0", label: {en: New, zh-Hans: 新版}}\n', 1
    )
    (folder / "amended.yaml").write_text(text, encoding="utf-8")
    return SEED_PROTOCOL, folder / "amended.yaml"


def test_the_command_shows_changes_and_touched_participants(files, tmp_path):
    old, new = files
    home = tmp_path / "home"
    made = RUN.invoke(
        main,
        ["rehearse", str(old), "--home", str(home), "--until", "randomized=3", "--format", "json"],
    )
    assert made.exit_code == 0, made.output
    told = RUN.invoke(main, ["diff", str(old), str(new), "--trial", str(home)])
    assert told.exit_code == 0, told.output
    assert "schedule.visits[w5].after" in told.output
    assert "2 changes, 2 substantial" in told.output
    assert "consent version 9.0 is to be signed" in told.output
    answer = RUN.invoke(
        main, ["diff", str(old), str(new), "--trial", str(home), "--format", "json"]
    )
    shown = json.loads(answer.output)
    assert shown["substantial"] is True
    assert len(shown["changes"]) == 2
    assert sum(one["status"] == "randomized" for one in shown["participants"]) >= 3
    swapped = RUN.invoke(main, ["diff", str(new), str(old), "--trial", str(home)])
    assert swapped.exit_code == 2
    assert "runs protocol version" in swapped.output


def test_two_different_trials_are_not_versions_of_each_other(files):
    other = SEED_PROTOCOL.parents[1] / "example-hypertension" / "protocol.yaml"
    told = RUN.invoke(main, ["diff", str(SEED_PROTOCOL), str(other)])
    assert told.exit_code == 2
    assert "not of nct07312656" in told.output
