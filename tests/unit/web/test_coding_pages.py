"""Coding in the browser: the worklist, a person's choice, a new version, synonyms."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.coding import Dictionary
from equipoise.exchange.dictionaries import read_dictionary
from equipoise.home.home import ADMINISTRATOR
from support.dictionaries import meddra
from support.story import Person, expect
from support.web_home import Stage, client_id, stage


def use(played: Stage, folder: Path, version: str, **moved: str) -> Dictionary:
    sources = {
        "en": meddra(folder / f"en-{version}", **moved),
        "zh-Hans": meddra(folder / f"zh-{version}", "zh-Hans", **moved),
    }
    read = read_dictionary("events", "Invented", version, sources)
    played.home.shelf.keep(read)
    registered = c.RegisterDictionary(
        purpose="events", name="Invented", version=version, sha256=read.sha256
    )
    expect(played.trial.do(registered, ADMINISTRATOR))
    return read


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    played = stage()
    use(played, tmp_path, str(tmp_path))
    someone = played.participant("randomized")
    someone.wait(1)
    for _ in range(2):
        reported = c.ReportAdverseEvent(
            participant=someone.id, term=f"sore tounge of {someone.id}", grade=2,
            started_on=someone.at.date(),
        )  # fmt: skip
        expect(someone.do(reported))
    return someone


def told(client: Any, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return html.unescape(response.content.decode())


def post(client: Any, address: str, **fields: Any) -> Any:
    return client.post(address, {"client_id": client_id(), **fields})


def test_the_worklist_leads_to_what_the_dictionary_offers_in_both_languages(
    person: Person,
) -> None:
    monitor = stage().client("monitor")
    after = f"/coding/?after={person.id}+a"
    assert f"sore tounge of {person.id}" in told(monitor, after)
    page = f"/participants/{person.id}/coding/ae~1/"
    offered = told(monitor, page)
    assert "Sore tongue → Sore of mouth, Mouth things (10002; similar)" in offered
    assert "(10001; the same words)" in told(monitor, page + "?q=口腔疼痛")
    assert "nothing like it" in told(monitor, page + "?q=xqzwvk")
    monitor.post("/language/", {"language": "zh-hans", "next": "/"})
    assert "舌痛 → 口腔疼痛, 口腔之事" in told(monitor, page)


def test_one_choice_codes_what_says_the_same_and_remembers_the_words(person: Person) -> None:
    played = stage()
    monitor = played.client("monitor")
    page = f"/participants/{person.id}/coding/ae~1/"
    assert f'value="{person.id} ae/2"' in told(monitor, page)
    assert post(monitor, page).status_code == 422, "nothing is chosen by itself"
    fields = {"code": "10002", "others": [f"{person.id} ae/2"], "remember": "yes"}
    assert post(monitor, page, **fields).status_code == 302
    codings = played.trial.participant(person.id).codings
    assert {key: one.code for key, one in codings.items()} == {"ae/1": "10002", "ae/2": "10002"}
    assert f"sore tounge of {person.id}" in told(monitor, "/coding/synonyms/")
    number = len(played.trial.state.coding.synonyms)
    retire = f"/coding/synonyms/{number}/retire/"
    assert post(monitor, retire, reason="too narrow").status_code == 302
    assert "too narrow" in told(monitor, "/coding/synonyms/")


def test_a_corrected_name_shows_the_coding_as_void(person: Person) -> None:
    played = stage()
    monitor, coordinator = played.client("monitor"), played.client("coordinator")
    page = f"/participants/{person.id}/coding/ae~1/"
    assert post(monitor, page, code="10002").status_code == 302
    event = f"/participants/{person.id}/adverse-events/1/"
    assert "Coded as" in told(coordinator, event)
    assert "void since" not in told(coordinator, event)
    fields = {"term": "other", "verbatim": "dry mouth", "reason": "misread"}
    assert post(coordinator, event + "reword/", **fields).status_code == 302
    assert "void since" in told(coordinator, event)
    assert "void: the words have changed" in told(monitor, f"/coding/?after={person.id}+a")
    trail = told(coordinator, f"/participants/{person.id}/")
    assert "coded as Mouth things / Sore of mouth / Sore tongue (10002)" in trail
    assert "is called otherwise: dry mouth" in trail


def test_a_new_version_is_taken_over_line_by_line(person: Person, tmp_path: Path) -> None:
    played = stage()
    monitor = played.client("monitor")
    for number, code, words in ((1, "10002", "Sore tongue"), (2, "10003", "Mouth-dryness")):
        page = f"/participants/{person.id}/coding/ae~{number}/"
        assert post(monitor, f"{page}?q={words}", code=code).status_code == 302
    second = use(played, tmp_path, f"{tmp_path} 2", p50002="90002")
    after = f"?purpose=events&after={person.id}+a"
    page = told(monitor, f"/coding/recode/{after}")
    assert "another preferred term or class" in page
    assert "Skin things / Dryness of mouth / Mouth-dryness" in page
    chosen = [f"{person.id} ae/1", f"{person.id} ae/2", "nobody ae/1"]
    assert post(monitor, f"/coding/recode/{after}", keep=chosen).status_code == 302
    codings = played.trial.participant(person.id).codings
    assert {one.sha256 for one in codings.values()} == {second.sha256}
    assert codings["ae/2"].group_code == "90002"
    assert "2 were done" in told(monitor, "/coding/")
