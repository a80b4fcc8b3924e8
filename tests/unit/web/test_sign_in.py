"""Signing in: passwords hashed, guesses limited, headers strict, pages not stored."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from support.web_home import stage


@pytest.fixture
def client() -> Any:
    """An anonymous visitor."""
    return stage().client()


def test_passwords_are_kept_as_argon2_hashes_only() -> None:
    """The database holds no password; who has not followed an invitation yet has none."""
    stage()
    from equipoise.web.models import Account

    kept = Account.objects.values_list("password", flat=True)
    hashes = [one for one in kept if not one.startswith("!")]
    assert hashes
    assert all(kept.startswith("argon2$argon2id$") for kept in hashes)


def test_a_guess_at_a_hash_costs_what_argon2_should_cost() -> None:
    """In a process of the product's own: the tests' processes hash cheaply (OWASP asks 19 MiB and two passes)."""
    made = (
        "import sys; from pathlib import Path; from equipoise.home import Home;"
        "from equipoise.web import configure; configure(Home.open(Path(sys.argv[1])));"
        "from equipoise.web.accounts import create_account; create_account('hashed-elsewhere')"
    )
    subprocess.run([sys.executable, "-c", made, str(stage().home.path)], check=True)
    from equipoise.web.models import Account

    kept = Account.objects.get(username="hashed-elsewhere").password
    costs = re.match(r"argon2\$argon2id\$v=19\$m=(\d+),t=(\d+),p=", kept)
    assert costs is not None, kept
    assert int(costs[1]) >= 19 * 1024
    assert int(costs[2]) >= 2


def test_the_right_password_leads_to_the_first_page_of_the_role(client: Any) -> None:
    """A person with one grant needs no choice."""
    password = stage().passwords["coordinator-nanning"]
    fields = {"username": "coordinator-nanning", "password": password}
    response = client.post("/sign-in/", fields)
    assert response.status_code == 302
    assert response["location"] == "/today/"
    assert client.get("/today/").status_code == 200


def test_a_wrong_password_says_so_and_keeps_the_name(client: Any) -> None:
    """Nothing tells whether the name exists."""
    answers = []
    for name in ("coordinator-nanning", "nobody-at-all"):
        response = client.post("/sign-in/", {"username": name, "password": "wrong"})
        assert response.status_code == 400
        assert f'value="{name}"' in response.content.decode()
        answers.append(response.content.decode().replace(name, "NAME"))
    stripped = [re.sub(r'(value|content|hx-headers)=(".*?"|\'.*?\')', "", one) for one in answers]
    assert stripped[0] == stripped[1]


def test_after_eight_wrong_passwords_the_right_one_is_refused_too(client: Any) -> None:
    """Guessing is limited by name and address; other names are not locked out."""
    fields = {"username": "coordinator-yulin", "password": "wrong"}
    statuses = [client.post("/sign-in/", fields).status_code for _attempt in range(9)]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    right = {"username": "coordinator-yulin", "password": stage().passwords["coordinator-yulin"]}
    assert client.post("/sign-in/", right).status_code == 429
    other = {"username": "monitor", "password": stage().passwords["monitor"]}
    assert client.post("/sign-in/", other).status_code == 302


def test_a_person_with_several_grants_chooses_one(client: Any) -> None:
    """What is done is recorded with the role and site chosen."""
    from equipoise.conduct import commands as c
    from equipoise.home.home import ADMINISTRATOR
    from equipoise.web.accounts import create_account
    from support.story import expect

    played = stage()
    create_account("several-roles", "several-password")
    for role, site in (("coordinator", "01"), ("investigator", "02")):
        grant = c.GrantRole(person="several-roles", role=role, site=site)
        if ("several-roles", role, site) not in played.trial.state.grants:
            expect(played.trial.do(grant, ADMINISTRATOR))
    fields = {"username": "several-roles", "password": "several-password"}
    response = client.post("/sign-in/", fields, follow=True)
    assert "Choose your role" in response.content.decode()
    assert client.get("/today/").status_code == 302
    refused = client.post("/role/", {"grant": "sponsor/"})
    assert refused.status_code == 400
    chosen = client.post("/role/", {"grant": "investigator/02"})
    assert chosen.status_code == 302
    body = client.get("/today/").content.decode()
    assert "Investigator" in body
    assert "Liuzhou" in body


def test_signing_out_ends_the_session_on_the_server(client: Any) -> None:
    """The old cookie opens nothing any more."""
    inside = stage().client("coordinator")
    cookie = inside.cookies["equipoise_session"].value
    assert inside.post("/sign-out/").status_code == 302
    client.cookies["equipoise_session"] = cookie
    assert client.get("/today/").status_code == 302


def test_a_new_password_ends_the_sessions_that_were_opened_with_the_old_one() -> None:
    """Also when this process had just seen the session."""
    from equipoise.web.accounts import create_account

    inside = stage().client("statistician")
    assert inside.get("/results/").status_code == 200
    create_account("statistician", "a-new-password-1")
    assert inside.get("/results/").status_code == 302


@pytest.mark.parametrize("address", ["/sign-in/", "/today/", "/nowhere/", "/static/equipoise.css"])
def test_every_answer_carries_the_strict_headers(address: str) -> None:
    """No inline script, no other host, no frame, no sniffing."""
    response = stage().client("coordinator").get(address)
    response.close()  # a static file's answer holds the file open
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("address", ["/today/", "/participants/", "/sign-in/", "/nowhere/"])
def test_pages_are_stored_by_nobody(address: str) -> None:
    """A shared computer's cache keeps no participant."""
    assert stage().client("coordinator").get(address)["Cache-Control"] == "no-store"


def test_no_page_names_another_host() -> None:
    """Pages work where there is no internet, and tell nobody who reads them."""
    played = stage()
    person = played.participant("randomized")
    client = played.client("coordinator")
    for address in ("/today/", "/participants/", f"/participants/{person.id}/", "/protocol/"):
        body = client.get(address).content.decode()
        for found in re.findall(r'(?:src|href|action|hx-\w+)="([^"]*)"', body):
            assert not found.startswith(("http:", "https:", "//")), (address, found)
        assert "<style" not in body
        assert not re.search(r"<script(?![^>]*\bsrc=)", body)
        assert not re.search(r'\sstyle="', body)
        assert not re.search(r"\son\w+=", body)


def test_a_form_without_the_token_is_refused() -> None:
    """Another page cannot act in the person's name."""
    client = stage().client("coordinator", enforce_csrf_checks=True)
    response = client.post("/screening/new/", {"client_id": "x"})
    assert response.status_code == 403
    assert "gone stale" in response.content.decode()


def test_a_foreign_host_name_is_refused() -> None:
    """Requests under a name that is not ours get no page."""
    client = stage().client()
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example/", "javascript:1"])
def test_signing_in_leads_to_no_foreign_address(client: Any, after: str) -> None:
    """`next` is followed only within the application."""
    password = stage().passwords["investigator-nanning"]
    fields = {"username": "investigator-nanning", "password": password, "next": after}
    assert client.post("/sign-in/", fields)["location"] == "/today/"


def test_the_language_switch_keeps_the_page_and_the_choice(client: Any) -> None:
    """English and Simplified Chinese, by a cookie."""
    response = client.post("/language/", {"language": "zh-hans", "next": "/sign-in/"})
    assert response["location"] == "/sign-in/"
    assert 'lang="zh-Hans"' in client.get("/sign-in/").content.decode()
    client.post("/language/", {"language": "xx", "next": "/sign-in/"})
    assert 'lang="zh-Hans"' in client.get("/sign-in/").content.decode()


def test_demo_accounts_are_the_same_again_and_refused_in_a_real_trial() -> None:
    """Nobody's password in a real trial follows from anything."""
    from types import SimpleNamespace

    from equipoise.web.accounts import create_demo_accounts

    played = stage()
    again = {name: word for name, word, _role, _site in create_demo_accounts(played.home)}
    for name in ("coordinator-nanning", "monitor", "administrator"):
        assert again[name] == played.passwords[name]
    with pytest.raises(ValueError, match="real trial"):
        create_demo_accounts(SimpleNamespace(rehearsal=None))  # type: ignore[arg-type]
