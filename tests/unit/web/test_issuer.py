"""An identity from outside opens the account it was linked with, and no other; it signs by being shown anew."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from equipoise.conduct import commands as c
from equipoise.home.home import ADMINISTRATOR
from equipoise.web.policy import SignInPolicy
from support.issuer import Issuer, issuing
from support.outside import (
    PASSWORD,
    arrives,
    back_at,
    departs,
    led_to,
    linked,
    person,
    signs_in,
    trusting,
)
from support.story import expect
from support.web_home import client_id, stage


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    """An honest issuer, set at the stage; whoever comes from it gives a password there."""
    with issuing() as made, trusting(made, tmp_path):
        yield made


@pytest.fixture
def stating(tmp_path: Path) -> Iterator[Issuer]:
    """As above, and its word on second factors is taken."""
    with issuing() as made, trusting(made, tmp_path, second_factor_amr=["mfa"], second_factor_acr=["gold"]):  # fmt: skip
        yield made


class Clock:
    """The computer's time, as it is wound."""

    def __init__(self) -> None:
        self.past = 0.0

    def time(self) -> float:
        return time.time() + self.past

    def monotonic(self) -> float:
        return time.monotonic() + self.past

    def wind(self, seconds: float) -> None:
        self.past += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time in the sign-in that a test can wind forward."""
    stage()
    wound = Clock()
    for module in ("issuer.journey", "issuer.pages", "factors.proof"):
        monkeypatch.setattr(f"equipoise.web.{module}.time", wound)
    return wound


def told(client: Any, address: str = "/sign-in/") -> str:
    """A page's text, with what is said on top of it."""
    return re.sub(r"\s+", " ", client.get(address).content.decode())


REFUSED = "did not confirm you just now"


# -- off by default -------------------------------------------------------------------------------------


def test_without_the_setting_there_is_no_button_and_no_way() -> None:
    client = stage().client()
    assert "issuer" not in client.get("/sign-in/").content.decode()
    for answer in (
        client.post("/sign-in/issuer/"), client.get("/sign-in/issuer/return/?code=a&state=b"),
        client.get("/sign-in/issuer/again/"),
    ):  # fmt: skip
        assert answer["location"] == "/sign-in/"
    inside = stage().client("investigator")
    assert inside.get("/identity/link/")["location"] == "/second-factors/"
    assert "Identity from outside" not in inside.get("/second-factors/").content.decode()


# -- signing in -------------------------------------------------------------------------------------------


def test_the_linked_identity_opens_its_account_in_its_role(issuer: Issuer) -> None:
    linked("outside-investigator", issuer, "s-1")
    issuer.subject = "s-1"
    client = stage().client()
    assert "Sign in with Hospital sign-in" in told(client)
    assert signs_in(client)["location"] == "/today/"
    assert "outside-investigator" in client.get("/today/").content.decode()


def test_what_the_issuer_is_asked_is_bound_to_this_browser_and_names_no_secret(
    issuer: Issuer,
) -> None:
    from urllib.parse import parse_qs, urlsplit

    address = led_to(departs(stage().client()))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{issuer.address}/authorize?")
    assert asked["redirect_uri"] == "http://localhost/sign-in/issuer/return/"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid")
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert "secret" not in address
    other = parse_qs(urlsplit(led_to(departs(stage().client()))).query)
    assert all(other[name][0] != asked[name] for name in ("state", "nonce", "code_challenge"))


def test_nobody_is_let_in_by_name_or_mail_only_by_an_identity_linked_here(issuer: Issuer) -> None:
    """No account is made, and none is found by what an issuer says of somebody's address."""
    from equipoise.web.models import Account

    name = person("monitor@hospital.example", role="monitor")
    issuer.subject = "a-stranger"
    issuer.claims = lambda claims: {
        **claims, "email": name, "email_verified": True, "preferred_username": name, "name": name,
    }  # fmt: skip
    before = Account.objects.count()
    client = stage().client()
    assert signs_in(client)["location"] == "/sign-in/"
    assert REFUSED in told(client)
    assert client.get("/today/").status_code == 302
    assert Account.objects.count() == before


def test_the_way_leads_on_to_the_page_that_was_wanted_and_to_no_other_host(issuer: Issuer) -> None:
    linked("outside-onward", issuer, "s-2")
    issuer.subject = "s-2"
    assert signs_in(stage().client(), next="/trust/")["location"] == "/trust/"
    for bad in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1"):
        assert signs_in(stage().client(), next=bad)["location"] == "/today/"
    client = stage().client()
    back = back_at(client, departs(client))
    assert client.get(back + "&next=https://evil.example/")["location"] == "/today/"


def test_a_closed_account_stays_closed(issuer: Issuer) -> None:
    from equipoise.web.models import Account

    linked("outside-closed", issuer, "s-3")
    issuer.subject = "s-3"
    Account.objects.filter(username="outside-closed").update(is_active=False)
    client = stage().client()
    assert signs_in(client)["location"] == "/sign-in/"
    assert client.get("/today/").status_code == 302


def test_while_an_account_is_locked_out_its_identity_does_not_open_it_either(
    issuer: Issuer,
) -> None:
    name = linked("outside-locked", issuer, "s-4")
    issuer.subject = "s-4"
    client = stage().client()
    for _ in range(8):
        client.post("/sign-in/", {"username": name, "password": "wrong"})
    assert signs_in(client).status_code == 429
    assert client.get("/today/").status_code == 302


def test_a_stranger_who_comes_again_and_again_is_locked_out_and_nobody_else(
    issuer: Issuer,
) -> None:
    issuer.subject = "a-stubborn-stranger"
    statuses = [signs_in(stage().client()).status_code for _ in range(9)]
    assert statuses[:7] == [302] * 7
    assert statuses[-1] == 429
    linked("outside-unharmed", issuer, "s-5")
    issuer.subject = "s-5"
    assert signs_in(stage().client())["location"] == "/today/"


def test_one_who_changed_their_mind_at_the_issuer_is_told_and_can_begin_again(
    issuer: Issuer,
) -> None:
    client = stage().client()
    back = back_at(client, departs(client))
    state = re.search(r"state=([\w-]+)", back)[1]  # type: ignore[index]
    address = f"/sign-in/issuer/return/?error=access_denied&state={state}&iss={issuer.address}"
    assert client.get(address)["location"] == "/sign-in/"
    assert REFUSED in told(client)
    linked("outside-second-thoughts", issuer, "s-6")
    issuer.subject = "s-6"
    assert signs_in(client)["location"] == "/today/"


def test_signed_out_is_signed_out_and_the_next_one_has_to_show_the_issuer_who_they_are(
    issuer: Issuer,
) -> None:
    """The issuer may still know the last person: on a shared computer that must not be enough."""
    linked("outside-shared-desk", issuer, "s-7")
    issuer.subject = "s-7"
    client = stage().client()
    signs_in(client)
    was = issuer.signed_in_at
    again = led_to(departs(client))
    assert "prompt=login" not in again
    client.post("/sign-out/")
    assert "At Hospital sign-in you may still be signed in" in told(client)
    assert client.get("/today/").status_code == 302
    assert "prompt=login" in led_to(departs(client))
    issuer.remembers = True
    issuer.signed_in_at = was and was - 30
    assert signs_in(client)["location"] == "/sign-in/"
    issuer.remembers = False
    assert signs_in(client)["location"] == "/today/"


def test_a_session_left_alone_is_over_and_the_issuers_memory_does_not_open_it_again(
    issuer: Issuer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked("outside-idle", issuer, "s-8")
    issuer.subject = "s-8"
    client = stage().client()
    signs_in(client)
    assert client.get("/today/").status_code == 200
    monkeypatch.setattr("equipoise.web.middleware.time", clock)
    clock.wind(16 * 60)
    assert client.get("/today/").status_code == 302
    clock.past = 0
    assert "max_age=900" in led_to(departs(client))
    issuer.remembers, issuer.signed_in_at = True, time.time() - 17 * 60
    assert signs_in(client)["location"] == "/sign-in/"
    issuer.signed_in_at = time.time() - 14 * 60
    assert signs_in(client)["location"] == "/today/"


# -- the second factor -------------------------------------------------------------------------------------


def demanding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation asks who signs for a second factor."""
    stage()
    import equipoise.web as web

    monkeypatch.setitem(web._serving, "policy", SignInPolicy(second_factor="signing"))


def with_app(name: str) -> str:
    """An authenticator app for the account; its secret."""
    from equipoise.web.factors.codes import new_secret, sealed
    from equipoise.web.models import Account, Authenticator

    secret = new_secret()
    account = Account.objects.get(username=name)
    Authenticator.objects.update_or_create(account=account, defaults={"secret": sealed(secret)})
    return secret


def test_a_second_factor_set_up_here_is_asked_for_unless_the_issuer_states_one(
    stating: Issuer,
) -> None:
    name = linked("outside-factor", stating, "f-1")
    secret = with_app(name)
    stating.subject = "f-1"
    for amr, acr in ((None, None), (["pwd"], None), ([], "silver")):
        stating.amr, stating.acr = amr, acr
        client = stage().client()
        assert signs_in(client)["location"] == "/sign-in/second/"
        assert client.get("/today/").status_code == 302
    assert "The identity of outside-factor is right" in told(client, "/sign-in/second/")
    answer = client.post("/sign-in/second/", {"code": pyotp.TOTP(secret).now()})
    assert answer["location"] == "/today/"
    for amr, acr in ((["pwd", "mfa"], None), (None, "gold")):
        stating.amr, stating.acr = amr, acr
        assert signs_in(stage().client())["location"] == "/today/"


def test_the_issuers_word_on_a_second_factor_counts_only_where_the_installation_says_so(
    issuer: Issuer,
) -> None:
    with_app(linked("outside-unasked", issuer, "f-2"))
    issuer.subject, issuer.amr, issuer.acr = "f-2", ["mfa", "hwk"], "gold"
    assert signs_in(stage().client())["location"] == "/sign-in/second/"


def test_an_issuer_that_tells_how_only_to_who_asks_is_asked(stating: Issuer) -> None:
    """Certified issuers leave `amr` out of a token unless it was asked for by name, where it can be."""
    with_app(linked("outside-reticent", stating, "f-0"))
    stating.subject, stating.amr, stating.reticent = "f-0", ["pwd", "mfa"], True
    assert signs_in(stage().client())["location"] == "/today/"
    stating.amr = ["pwd"]
    assert signs_in(stage().client())["location"] == "/sign-in/second/"


def test_only_who_trusts_the_issuers_word_asks_for_it_and_only_where_it_can_be_asked(
    stating: Issuer, tmp_path: Path
) -> None:
    assert "claims=" not in led_to(departs(stage().client()))
    stating.reticent = True
    (tmp_path / "unasked").mkdir()
    with trusting(stating, tmp_path / "unasked"):
        assert "claims=" not in led_to(departs(stage().client()))
    (tmp_path / "asked").mkdir()
    with trusting(stating, tmp_path / "asked", second_factor_amr=["mfa"]):
        address = led_to(departs(stage().client()))
    assert "claims=%7B%22id_token%22%3A%7B%22amr%22%3Anull%7D%7D" in address


def test_a_role_that_must_have_one_has_it_by_the_issuers_word_or_sets_one_up(
    stating: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding(monkeypatch)
    linked("outside-owing", stating, "f-3")
    stating.subject = "f-3"
    client = stage().client()
    signs_in(client)
    assert client.get("/today/")["location"] == "/second-factors/"
    stating.amr = ["mfa"]
    client = stage().client()
    assert signs_in(client)["location"] == "/today/"
    assert client.get("/today/").status_code == 200


def test_a_second_factor_given_at_the_issuer_this_morning_is_none_for_a_signature_now(
    stating: Issuer,
) -> None:
    """It is as old as the proof there, however new the session here is."""
    with_app(linked("outside-morning", stating, "f-4", role="administrator", site=""))
    stating.subject, stating.amr = "f-4", ["mfa"]
    stating.signed_in_at = time.time() - 10 * 60
    client = stage().client()
    assert signs_in(client).status_code == 302
    asked = told(client, "/access-review/second-factor/")
    assert "Code of your authenticator app" in asked
    stating.signed_in_at = None
    client = stage().client()
    signs_in(client)
    assert "Code of your authenticator app" not in told(client, "/access-review/second-factor/")


# -- linking and unlinking ---------------------------------------------------------------------------------


def test_linking_takes_a_proof_here_and_one_there_and_stands_in_the_ledger(issuer: Issuer) -> None:
    from equipoise.web.issuer.recognition import identity_of

    name = person("outside-linking")
    issuer.subject = "l-1"
    client, other = stage().client(), stage().client()
    for one in (client, other):
        one.post("/sign-in/", {"username": name, "password": PASSWORD})
    assert client.post("/identity/link/", {"password": "wrong"}).status_code == 400
    departure = client.post("/identity/link/", {"password": PASSWORD})
    assert "prompt=login" in led_to(departure)
    assert arrives(client, departure)["location"] == "/second-factors/"
    kept = stage().trial.state.identities[name]
    assert kept.identity == identity_of(issuer.address, "l-1")
    change = stage().trial.state.identity_changes[-1]
    assert (change.person, change.by, change.linked) == (name, name, True)
    assert client.get("/today/").status_code == 200
    assert other.get("/today/").status_code == 302, "sessions under fewer proofs end"
    assert "Linked with your identity at" in told(client, "/second-factors/")
    assert signs_in(stage().client())["location"] == "/today/"


def test_an_identity_that_opens_another_account_is_not_linked_with_a_second_one(
    issuer: Issuer,
) -> None:
    owner = linked("outside-owner", issuer, "l-2")
    name = person("outside-taker")
    issuer.subject = "l-2"
    client = stage().client()
    client.post("/sign-in/", {"username": name, "password": PASSWORD})
    arrives(client, client.post("/identity/link/", {"password": PASSWORD}))
    assert name not in stage().trial.state.identities
    assert owner not in told(client, "/second-factors/")
    assert stage().trial.state.identities[owner].person == owner


def test_a_link_begun_by_one_person_is_not_ended_by_another_in_the_same_browser(
    issuer: Issuer,
) -> None:
    first, second = person("outside-first"), person("outside-second")
    issuer.subject = "l-3"
    client = stage().client()
    client.post("/sign-in/", {"username": first, "password": PASSWORD})
    back = back_at(client, client.post("/identity/link/", {"password": PASSWORD}))
    client.post("/sign-out/")
    client.post("/sign-in/", {"username": second, "password": PASSWORD})
    client.get(back)
    assert not {first, second} & {*stage().trial.state.identities}


def test_a_link_begun_under_a_password_that_was_changed_meanwhile_is_not_made(
    issuer: Issuer,
) -> None:
    name = person("outside-changing")
    issuer.subject = "l-4"
    client = stage().client()
    client.post("/sign-in/", {"username": name, "password": PASSWORD})
    back = back_at(client, client.post("/identity/link/", {"password": PASSWORD}))
    new = "moss under the bridge"
    changed = client.post("/password/", {"old": PASSWORD, "password": new, "again": new})
    assert changed.status_code == 302
    assert client.get(back)["location"] == "/second-factors/"
    assert name not in stage().trial.state.identities


def test_an_invitation_is_accepted_with_an_identity_once_and_without_any_password(
    issuer: Issuer,
) -> None:
    from equipoise.web.invitations import invite
    from equipoise.web.models import Account

    name = person("outside-invited")
    link = invite(name)
    issuer.subject = "i-1"
    client = stage().client()
    assert "Link Hospital sign-in" in told(client, link)
    departure = client.post(link, {"issuer": "1"})
    assert arrives(client, departure)["location"] == "/today/"
    assert client.get(link).status_code == 404
    assert not Account.objects.get(username=name).has_usable_password()
    again = stage().client()
    assert again.post("/sign-in/", {"username": name, "password": PASSWORD}).status_code == 400
    assert signs_in(stage().client())["location"] == "/today/"


def test_an_invitation_whose_identity_is_not_taken_is_still_good(issuer: Issuer) -> None:
    from equipoise.web.invitations import invite

    linked("outside-holder", issuer, "i-2")
    name = person("outside-waiting")
    link = invite(name)
    issuer.subject = "i-2"
    client = stage().client()
    assert arrives(client, client.post(link, {"issuer": "1"}))["location"] == link
    assert REFUSED in told(client, link)
    issuer.subject = "i-3"
    assert arrives(client, client.post(link, {"issuer": "1"}))["location"] == "/today/"


def test_an_invitation_ended_while_its_owner_was_at_the_issuer_links_nothing(
    issuer: Issuer,
) -> None:
    from equipoise.web.invitations import invite

    name = person("outside-late")
    link = invite(name)
    issuer.subject = "i-4"
    client = stage().client()
    back = back_at(client, client.post(link, {"issuer": "1"}))
    invite(name)
    assert client.get(back).status_code == 404
    assert name not in stage().trial.state.identities


def test_an_invitation_without_a_role_waits_for_the_role(issuer: Issuer) -> None:
    from equipoise.web.invitations import invite

    link = invite("outside-no-role")
    issuer.subject = "i-5"
    client = stage().client()
    assert arrives(client, client.post(link, {"issuer": "1"}))["location"] == link
    grant = c.GrantRole(person="outside-no-role", role="monitor", site="01")
    expect(stage().trial.do(grant, ADMINISTRATOR))
    assert arrives(client, client.post(link, {"issuer": "1"})).status_code == 302
    assert "outside-no-role" in stage().trial.state.identities


def test_unlinked_it_opens_nothing_and_ones_other_sessions_end(issuer: Issuer) -> None:
    name = linked("outside-unlinking", issuer, "u-1")
    issuer.subject = "u-1"
    client, other = stage().client(), stage().client()
    signs_in(client)
    signs_in(other)
    typed = {"client_id": client_id(), "password": PASSWORD, "reason": "another telephone"}
    answer = client.post("/identity/unlink/", typed)
    assert answer["location"] == "/second-factors/"
    assert client.get("/today/").status_code == 200
    assert other.get("/today/").status_code == 302
    assert signs_in(stage().client())["location"] == "/sign-in/"
    change = stage().trial.state.identity_changes[-1]
    assert (change.person, change.linked, change.reason) == (name, False, "another telephone")


def test_who_has_no_password_cannot_unlink_the_only_way_in(issuer: Issuer) -> None:
    linked("outside-only-way", issuer, "u-2", password=False)
    issuer.subject = "u-2"
    client = stage().client()
    signs_in(client)
    assert "Set a password first" in told(client, "/identity/unlink/")
    typed = {"client_id": client_id(), "reason": "I say so"}
    assert client.post("/identity/unlink/", typed).status_code == 422
    assert "outside-only-way" in stage().trial.state.identities


def test_the_administrator_unlinks_anybodys_with_a_reason_and_sees_every_link_in_the_review(
    issuer: Issuer,
) -> None:
    name = linked("outside-leaver", issuer, "u-3")
    issuer.subject = "u-3"
    theirs = stage().client()
    signs_in(theirs)
    client = stage().client("administrator")
    assert re.search(rf"{name}</th>.*?linked", told(client, "/access-review/"))
    typed = {
        "client_id": client_id(), "who": name, "reason": "left the hospital",
        "password": stage().passwords["administrator"],
    }  # fmt: skip
    assert client.post("/access-review/identity/", typed)["location"] == "/access-review/"
    assert theirs.get("/today/").status_code == 302
    assert signs_in(stage().client())["location"] == "/sign-in/"
    assert "left the hospital" in told(client, "/access-review/")
    assert stage().client("investigator").get("/access-review/identity/").status_code == 403


# -- signing ---------------------------------------------------------------------------------------------


def inside(issuer: Issuer, name: str, subject: str, **options: Any) -> Any:
    """A client of an administrator who came with an identity."""
    linked(name, issuer, subject, role="administrator", site="", **options)
    issuer.subject = subject
    client = stage().client()
    signs_in(client)
    return client


def review(client: Any) -> tuple[str, dict[str, str]]:
    """A page that is signed, and its fields without any proof."""
    body = client.get("/access-review/").content.decode()
    digest = re.search(r"SHA-256 <code>([0-9a-f]{64})</code>", body)[1]  # type: ignore[index]
    return f"/access-review/{digest}/", {"client_id": client_id()}


def test_who_has_no_password_signs_after_being_confirmed_anew_for_this_page_and_once(
    issuer: Issuer,
) -> None:
    client = inside(issuer, "outside-signer", "g-1", password=False)
    address, fields = review(client)
    page = client.get(address).content.decode()
    assert 'name="password"' not in page
    assert "Confirm with Hospital sign-in" in page
    assert client.post(address, fields).status_code == 422
    departure = client.post("/sign-in/issuer/again/", {"for": address})
    assert "prompt=login" in led_to(departure)
    assert "max_age=0" in led_to(departure)
    assert arrives(client, departure)["location"] == "/sign-in/issuer/again/"
    assert "It is you, outside-signer" in told(client, "/sign-in/issuer/again/")
    assert client.post("/identity/link/", {}).status_code == 400, "it was for another page"
    before = len(stage().trial.state.access_reviews)
    assert client.post(address, fields).status_code == 302
    assert len(stage().trial.state.access_reviews) == before + 1
    assert stage().trial.state.access_reviews[-1].signed_by == "outside-signer"
    again, fields = review(client)
    assert client.post(again, fields).status_code == 422, "it was good once"


def test_a_refused_form_does_not_spend_the_confirmation(issuer: Issuer) -> None:
    client = inside(issuer, "outside-mending", "g-2", password=False)
    address = "/access-review/identity/"
    arrives(client, client.post("/sign-in/issuer/again/", {"for": address}))
    who = linked("outside-mended", issuer, "g-3")
    typed = {"client_id": client_id(), "who": who, "reason": ""}
    assert client.post(address, typed).status_code == 422
    typed["reason"] = "left"
    assert client.post(address, typed).status_code == 302


def test_who_has_a_password_as_well_signs_with_either(issuer: Issuer) -> None:
    client = inside(issuer, "outside-either", "g-4")
    address, fields = review(client)
    assert client.post(address, {**fields, "password": "wrong"}).status_code == 422
    assert client.post(address, {**fields, "password": PASSWORD}).status_code == 302
    address, fields = review(client)
    arrives(client, client.post("/sign-in/issuer/again/", {"for": address}))
    assert client.post(address, {**fields, "password": "wrong"}).status_code == 422
    assert client.post(address, fields).status_code == 302


def test_a_confirmation_waits_three_minutes_and_no_longer(issuer: Issuer, clock: Clock) -> None:
    client = inside(issuer, "outside-waiting-long", "g-5", password=False)
    address, fields = review(client)
    arrives(client, client.post("/sign-in/issuer/again/", {"for": address}))
    clock.wind(181)
    assert client.post(address, fields).status_code == 422


def test_an_issuer_that_only_remembers_the_person_confirms_no_signature(issuer: Issuer) -> None:
    """Single sign-on is no signature: the proof must be newer than the question."""
    client = inside(issuer, "outside-remembered", "g-6", password=False)
    address, fields = review(client)
    issuer.remembers = True
    for ago in (3600, 120, 30, 5):
        issuer.signed_in_at = time.time() - ago
        arrives(client, client.post("/sign-in/issuer/again/", {"for": address}))
        assert "Nothing was signed" in told(client, "/sign-in/issuer/again/")
        assert client.post(address, fields).status_code == 422


def test_somebody_elses_identity_confirms_no_signature_and_counts_as_a_wrong_password(
    issuer: Issuer,
) -> None:
    linked("outside-colleague", issuer, "g-8")
    client = inside(issuer, "outside-absent", "g-7", password=False)
    address, fields = review(client)
    issuer.subject = "g-8"
    statuses = []
    for _ in range(8):
        departure = client.post("/sign-in/issuer/again/", {"for": address})
        statuses.append(arrives(client, departure).status_code)
        assert client.post(address, fields).status_code == 422
    assert statuses == [302] * 7 + [429]
    issuer.subject = "g-7"
    departure = client.post("/sign-in/issuer/again/", {"for": address})
    assert arrives(client, departure).status_code == 429


def test_the_second_factor_is_asked_for_a_signature_unless_the_confirmation_states_it(
    stating: Issuer,
) -> None:
    name = "outside-two-components"
    stating.amr = ["mfa"]
    client = inside(stating, name, "g-9", password=False)
    secret = with_app(name)
    session = client.session
    session["second"] = 0.0
    session.save()
    address, fields = review(client)
    stating.amr = ["pwd"]
    arrives(client, client.post("/sign-in/issuer/again/", {"for": address}))
    assert client.post(address, fields).status_code == 422
    code = pyotp.TOTP(secret).now()
    assert client.post(address, {**fields, "code": code}).status_code == 302
    session = client.session
    session["second"] = 0.0
    session.save()
    address, fields = review(client)
    stating.amr = ["mfa"]
    arrives(client, client.post("/sign-in/issuer/again/", {"for": address}))
    assert client.post(address, fields).status_code == 302


def test_who_has_no_password_can_set_one_after_being_confirmed(issuer: Issuer) -> None:
    client = inside(issuer, "outside-sets-one", "g-10", password=False)
    new = {"password": "moss under the bridge", "again": "moss under the bridge"}
    assert "Confirm with Hospital sign-in" in told(client, "/password/")
    assert client.post("/password/", new).status_code == 400
    arrives(client, client.post("/sign-in/issuer/again/", {"for": "/password/"}))
    assert client.post("/password/", new).status_code == 302
    other = stage().client()
    fields = {"username": "outside-sets-one", "password": new["password"]}
    assert other.post("/sign-in/", fields).status_code == 302
    assert client.post("/password/", new).status_code == 400, "from now on the old one is asked"


def test_a_confirmation_is_asked_for_pages_of_this_server_only(issuer: Issuer) -> None:
    client = inside(issuer, "outside-far", "g-11", password=False)
    for bad in ("", "https://evil.example/", "x" * 20, "/" + "x" * 400):
        assert client.post("/sign-in/issuer/again/", {"for": bad}).status_code == 400
    assert stage().client().post("/sign-in/issuer/again/", {"for": "/"})["location"] == "/sign-in/"


# -- all of it in Chinese -----------------------------------------------------------------------------------


def test_the_pages_speak_chinese_with_the_issuers_own_name(issuer: Issuer) -> None:
    client = stage().client()
    client.cookies["equipoise_language"] = "zh-hans"
    assert "用医院统一登录登录" in told(client)
    assert "ui_locales=zh-CN" in led_to(departs(client))
    issuer.subject = "nobody-at-all"
    signs_in(client)
    assert "未被接受" in told(client)
