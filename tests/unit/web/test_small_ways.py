"""Small ways out: error pages keep the menu, lists can be turned, nothing is offered that would be refused."""

from __future__ import annotations

import re

import pytest

from support.crowd import crowd
from support.web_home import client_id, stage


@pytest.mark.parametrize(("address", "status"), [("/results/", 403), ("/no/such/page/", 404)])
def test_a_page_that_refuses_keeps_the_menu_for_who_is_signed_in(address: str, status: int) -> None:
    """And shows a visitor none."""
    played = stage()
    answer = played.client("coordinator").get(address)
    assert answer.status_code == status
    body = answer.content.decode()
    assert 'id="menu"' in body
    assert 'href="/today/"' in body
    anonymous = played.client().get("/no/such/page/")
    assert anonymous.status_code == 404
    assert 'id="menu"' not in anonymous.content.decode()


def test_todays_lists_are_turned_a_page_at_a_time_and_the_others_stay_where_they_are() -> None:
    """Every task is on exactly one page, in the order of harm; the answer counts them all."""
    played = stage()
    client = played.client("coordinator")
    for step in ("randomized", "screened"):
        played.participant(step)
    with crowd(played, 400):
        first = client.get("/today/").content.decode()
        answer = re.search(r'class="answer[^>]*>([^<]+)<', first)[1]  # type: ignore[index]
        seen: list[tuple[str, ...]] = []
        address = "/today/?due=2"
        for _page in range(3):
            body = client.get(address).content.decode()
            late = body.split('<section id="late">')[1].split("</section>")[0]
            rows = re.findall(r'<th scope="row"><a href="([^"]+)">.*?<td[^>]*>(.*?)</td>', late)
            assert 0 < len(rows) <= 25
            seen += rows
            assert re.search(r'class="answer[^>]*>([^<]+)<', body)[1] == answer  # type: ignore[index]
            address = re.search(r'href="([^"#]+)#late" rel="next"', late)[1]  # type: ignore[index]
            address = address.replace("&amp;", "&")
            assert "due=2" in address
        assert len(seen) == len(set(seen)) == 75
    for wrong in ("0", "-1", "x", "41", "999999", "²"):
        assert client.get(f"/today/?late={wrong}").status_code == 200


def test_eligibility_is_offered_for_signature_only_once_it_is_met() -> None:
    """What is sent all the same is refused, and never taken without the password."""
    played = stage()
    client = played.client("investigator", "02")
    undecided = played.participant("consented", "02")
    address = f"/participants/{undecided.id}/eligibility/sign/"
    body = client.get(address).content.decode()
    assert "nothing to sign yet" in body
    assert 'name="password"' not in body
    typed = {"client_id": client_id(), "password": played.passwords["investigator-liuzhou"]}
    assert client.post(address, typed).status_code == 422
    ready = played.participant("assessed", "02")
    address = f"/participants/{ready.id}/eligibility/sign/"
    assert 'name="password"' in client.get(address).content.decode()
    assert client.post(address, {"client_id": client_id()}).status_code == 422
    assert client.post(address, {**typed, "client_id": client_id()}).status_code == 302
    assert "signed already" in client.get(address).content.decode()


@pytest.mark.parametrize("address", ["/operation/", "/trust/"])
def test_why_a_checkpoint_was_taken_is_said_in_the_readers_language(address: str) -> None:
    """Not by the word the ledger keeps."""
    played = stage()
    played.participant("screened")  # no checkpoint is taken where nothing is new
    assert played.trial.checkpoint("export") is not None
    client = played.client("administrator")
    assert "at an export" in client.get(address).content.decode()
    client.cookies["equipoise_language"] = "zh-hans"
    assert "导出时" in client.get(address).content.decode()
