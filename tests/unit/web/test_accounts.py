"""Invitations, passwords and sessions: what opens once opens once, and what is left alone closes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from equipoise.home import HomeError
from equipoise.web.policy import SignInPolicy, read_policy
from support.web_home import client_id, stage

GOOD = {"password": "plum rain on stone", "again": "plum rain on stone"}


def _invited(name: str) -> str:
    stage()
    from equipoise.web.invitations import invite

    return invite(name)


def _signs_in(name: str, password: str) -> bool:
    answer = stage().client().post("/sign-in/", {"username": name, "password": password})
    return bool(answer.status_code == 302)


def test_an_invitation_sets_a_password_once() -> None:
    """After that the link does not exist."""
    link = _invited("invited-once")
    client = stage().client()
    assert client.get(link).status_code == 200
    assert client.post(link, GOOD)["location"] == "/sign-in/"
    assert _signs_in("invited-once", GOOD["password"])
    assert client.get(link).status_code == 404
    assert (
        client.post(link, {"password": "another one here", "again": "another one here"}).status_code
        == 404
    )
    assert _signs_in("invited-once", GOOD["password"])


def test_an_invitation_ends_by_time_by_another_one_and_with_its_account() -> None:
    """A link in an old mail opens nothing."""
    stage()
    from equipoise.web.models import Account, Invitation

    first, second = _invited("invited-twice"), _invited("invited-twice")
    client = stage().client()
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    Account.objects.filter(username="invited-twice").update(is_active=False)
    assert client.post(second, GOOD).status_code == 404
    Account.objects.filter(username="invited-twice").update(is_active=True)
    late = Invitation.objects.get(account__username="invited-twice")
    late.expires_at -= timedelta(days=8)
    late.save()
    assert client.post(second, GOOD).status_code == 404
    assert client.get("/invitation/" + "A" * 43 + "/").status_code == 404
    assert not _signs_in("invited-twice", GOOD["password"])


def test_the_database_keeps_no_link_that_could_be_used() -> None:
    """Only the hash of the token."""
    stage()
    from equipoise.web.models import Invitation

    link = _invited("invited-hashed")
    token = link.rstrip("/").rpartition("/")[2]
    assert token not in str(list(Invitation.objects.values()))


def test_an_account_without_a_password_lets_nobody_in() -> None:
    """Neither an empty one nor the link's token."""
    link = _invited("invited-waiting")
    for typed in ("", "!", link.rstrip("/").rpartition("/")[2]):
        assert not _signs_in("invited-waiting", typed)


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short", "short", "12 characters"),
        ("plum rain on stone", "plum rain on stones", "differ"),
        ("invited-weak-1", "invited-weak-1", "similar"),
        ("918273645546372819", "918273645546372819", "numeric"),
        ("x" * 201, "x" * 201, "at most 200"),
    ],
)
def test_weak_passwords_are_refused_and_the_invitation_stays(
    password: str, again: str, words: str
) -> None:
    """What is wrong is said."""
    link = _invited("invited-weak")
    client = stage().client()
    answer = client.post(link, {"password": password, "again": again})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert client.get(link).status_code == 200


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions() -> None:
    """This session goes on under a new key."""
    played = stage()
    from equipoise.web.accounts import create_account

    create_account("sponsor", "the old password")
    here, there = played.client("sponsor"), played.client("sponsor")
    assert here.post("/password/", {"old": "wrong", **GOOD}).status_code == 400
    before = here.cookies["equipoise_session"].value
    assert here.post("/password/", {"old": "the old password", **GOOD}).status_code == 302
    assert here.cookies["equipoise_session"].value != before
    assert here.get("/safety/").status_code == 200
    assert there.get("/safety/").status_code == 302
    assert played.client().get("/password/")["location"] == "/sign-in/"
    create_account("sponsor", played.passwords["sponsor"])


def test_guessing_the_password_in_an_open_session_is_limited_as_at_the_sign_in() -> None:
    """Signatures are no place to try passwords."""
    played = stage()
    person = played.participant("assessed", "02")
    client = played.client("investigator", "02")
    address = f"/participants/{person.id}/eligibility/sign/"
    statuses = [
        client.post(address, {"client_id": client_id(), "password": f"guess {n}"}).status_code
        for n in range(9)
    ]
    assert statuses[0] == 422
    assert statuses[-1] == 429
    right = {"client_id": client_id(), "password": played.passwords["investigator-liuzhou"]}
    assert client.post(address, right).status_code != 302
    assert person.state.assessments[-1].signed_by is None
    from axes.utils import reset

    reset(username="investigator-liuzhou")
    assert client.post(address, right).status_code == 302


def _seen(client: Any, seconds_ago: float) -> None:
    session = client.session
    session["seen"] -= seconds_ago
    session.save()


def test_a_session_left_alone_for_a_quarter_of_an_hour_is_over() -> None:
    """On the server, too: the cookie is worth nothing any more."""
    client = stage().client("coordinator")
    assert client.get("/today/").status_code == 200
    _seen(client, 14 * 60)
    assert client.get("/today/").status_code == 200
    _seen(client, 16 * 60)
    assert client.get("/today/")["location"].startswith("/sign-in/")
    assert client.get("/today/").status_code == 302


def test_a_page_that_asks_by_itself_keeps_no_session_awake() -> None:
    """Polling is not somebody at the desk; working is."""
    client = stage().client("coordinator")
    client.get("/today/")
    _seen(client, 10 * 60)
    client.get("/rehearsal/", headers={"HX-Request": "true"})
    _seen(client, 6 * 60)
    assert client.get("/today/").status_code == 302


def test_signing_in_and_choosing_a_role_change_the_sessions_key() -> None:
    """A key planted before is worth nothing after."""
    played = stage()
    client = played.client()
    client.cookies["equipoise_session"] = "planted0planted0planted0planted0"
    fields = {"username": "dsmb", "password": played.passwords["dsmb"]}
    assert client.post("/sign-in/", fields).status_code == 302
    first = client.cookies["equipoise_session"].value
    assert first != "planted0planted0planted0planted0"
    assert client.post("/role/", {"grant": "dsmb/"}).status_code == 302
    assert client.cookies["equipoise_session"].value != first


def test_the_policy_is_read_from_the_home_and_faults_are_named(tmp_path: Path) -> None:
    """Fifteen minutes unless the file says otherwise."""
    assert read_policy(tmp_path) == SignInPolicy(15)
    (tmp_path / "web.json").write_text('{"idle_minutes": 5}')
    assert read_policy(tmp_path).idle_seconds == 300
    for wrong in ('{"idle_minutes": 0}', '{"idle_minutes": true}', '{"idle": 5}', "[]", "{"):
        (tmp_path / "web.json").write_text(wrong)
        with pytest.raises(HomeError, match=r"web\.json"):
            read_policy(tmp_path)
