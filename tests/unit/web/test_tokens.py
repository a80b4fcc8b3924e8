"""Tokens: issued on a page with the password, shown once, kept as a hash, ended at once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.home.home import ADMINISTRATOR
from equipoise.web.policy import SignInPolicy
from support.machines import machine
from support.story import COORDINATOR, expect
from support.web_home import client_id, stage


def test_a_token_is_issued_with_the_password_shown_once_and_kept_nowhere() -> None:
    """To a name that holds a role and that nobody signs in with; the trail tells who issued it."""
    played = stage()
    trial = played.trial
    expect(
        trial.do(c.GrantRole(person="lab-interface", role="coordinator", site="01"), ADMINISTRATOR)
    )
    client = played.client("administrator")
    page = client.get("/tokens/new/").content.decode()
    assert 'value="coordinator/01/lab-interface"' in page
    assert "coordinator-nanning" not in page.split('id="menu"')[-1].split("<main")[-1]
    until = str(trial.today("01") + timedelta(days=90))
    typed = {"client_id": client_id(), "machine": "coordinator/01/lab-interface", "until": until}
    assert client.post("/tokens/new/", {**typed, "password": "guessed"}).status_code == 422
    assert not [one for one in trial.state.tokens.values() if one.person == "lab-interface"]
    right = {**typed, "password": played.passwords["administrator"]}
    made = client.post("/tokens/new/", right)
    assert made.status_code == 200
    assert made["cache-control"] == "no-store"
    secret = re.search(r"eqp_[\w-]{40,}", made.content.decode())[0]  # type: ignore[index]
    token = next(one for one in trial.state.tokens.values() if one.person == "lab-interface")
    assert (token.issued_by, str(token.until)) == ("administrator", until)
    asked = played.client().get(
        "/api/v1/participants", headers={"authorization": f"Bearer {secret}"}
    )
    assert asked.status_code == 200
    again = client.post("/tokens/new/", right, follow=True)
    assert secret not in again.content.decode()
    assert secret not in client.get("/tokens/").content.decode()
    held = b"".join(one.read_bytes() for one in Path(played.home.path).iterdir() if one.is_file())
    assert secret.encode() not in held


def test_a_revoked_token_a_last_day_gone_by_and_a_role_taken_back_open_nothing() -> None:
    """At the next request, whatever is cached."""
    played = stage()
    client, trial = played.client("administrator"), played.trial
    asker = machine(played.home, "monitor")
    assert asker.ask("GET", "trial").status_code == 200
    typed = {
        "client_id": client_id(), "reason": "lost", "password": played.passwords["administrator"],
    }  # fmt: skip
    assert client.post(f"/tokens/{asker.token}/revoke/", typed).status_code == 302
    assert asker.ask("GET", "trial").status_code == 401
    assert trial.state.tokens[asker.token].revoked_by == "administrator"
    assert f"/tokens/{asker.token}/revoke/" not in client.get("/tokens/").content.decode()
    other = machine(played.home, "sponsor")
    assert other.ask("GET", "trial").status_code == 200
    expect(trial.do(c.RevokeRole(person=other.name, role="sponsor"), ADMINISTRATOR))
    assert other.ask("GET", "trial").status_code == 401
    last = trial.state.tokens[other.token].until
    assert trial.state.tokens[other.token].holds(last)
    assert not trial.state.tokens[other.token].holds(last + timedelta(days=1))


def test_what_makes_no_sense_is_refused_by_the_trial() -> None:
    """For a role not held, longer than a year, in the past, twice, or by who grants no roles."""
    trial = stage().trial
    today = trial.today("01")
    held = {"person": "coordinator-nanning", "role": "coordinator", "site": "01"}
    sound = {"token": "t-sound", "until": today, **held}
    assert trial.do(c.IssueToken(**sound), COORDINATOR).codes == ("not-permitted",)
    for changes, code in (
        ({"role": "sponsor"}, "not-granted"), ({"until": today + timedelta(days=367)}, "token-days"),
        ({"until": today - timedelta(days=1)}, "token-days"), ({"token": " "}, "token-name-taken"),
    ):  # fmt: skip
        assert trial.do(c.IssueToken(**{**sound, **changes}), ADMINISTRATOR).codes == (code,)
    expect(trial.do(c.IssueToken(**sound), ADMINISTRATOR))
    assert trial.do(c.IssueToken(**sound), ADMINISTRATOR).codes == ("token-name-taken",)
    blank = c.RevokeToken(token="t-sound", reason=" ")
    assert trial.do(blank, ADMINISTRATOR).codes == ("no-reason-for-revoking",)
    expect(trial.do(c.RevokeToken(token="t-sound", reason="done"), ADMINISTRATOR))
    assert trial.do(c.RevokeToken(token="t-sound", reason="x"), ADMINISTRATOR).codes == (
        "no-such-token",
    )


def test_where_a_role_needs_a_second_factor_a_token_for_it_needs_one_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has none issues tokens only for roles that may be used without."""
    played = stage()
    from equipoise.web.flows import tokens

    for name, role in (("ecg-machine", "monitor"), ("scales", "coordinator")):
        expect(played.trial.do(c.GrantRole(person=name, role=role), ADMINISTRATOR))
    client = played.client("administrator")
    offered = client.get("/tokens/new/").content.decode()
    assert 'value="monitor//ecg-machine"' in offered
    policy = SignInPolicy(second_factor="signing")
    monkeypatch.setattr(tokens, "sign_in_policy", lambda: policy)
    page = client.get("/tokens/new/").content.decode()
    assert 'value="monitor//ecg-machine"' not in page
    assert "set up one of your own" in page
    assert 'value="coordinator//scales"' in page
    typed = {
        "client_id": client_id(), "password": played.passwords["administrator"],
        "machine": "monitor//ecg-machine", "until": str(played.trial.today("01")),
    }  # fmt: skip
    assert client.post("/tokens/new/", typed).status_code == 422
    monkeypatch.setattr(tokens, "has_factor", lambda account: True)
    assert 'value="monitor//ecg-machine"' in client.get("/tokens/new/").content.decode()
