"""The second factor: asked after the password and before signatures, good once, taken back with a trail."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pyotp
import pytest
from msgspec.structs import fields

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.decide import COMMANDS
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial.answers import FIRST_EVENTS
from equipoise.web.policy import SignInPolicy
from support.story import expect
from support.web_home import client_id, stage

PASSWORD = "plum rain on stone"


class Clock:
    """The computer's time, as it is wound."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now

    def wind(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that goes on only when a test says so."""
    stage()
    wound = Clock()
    for module in ("codes", "proof", "pages", "passkeys"):
        monkeypatch.setattr(f"equipoise.web.factors.{module}.time", wound)
    return wound


def person(name: str, role: str = "investigator", site: str = "01") -> str:
    """An account with a password and a role, without any second factor."""
    played = stage()
    from equipoise.web.accounts import create_account
    from equipoise.web.factors.proof import drop_factors
    from equipoise.web.models import Account

    create_account(name, PASSWORD)
    drop_factors(Account.objects.get(username=name))
    if (name, role, site) not in played.trial.state.grants:
        expect(played.trial.do(c.GrantRole(person=name, role=role, site=site), ADMINISTRATOR))
    return name


def signed_in(name: str) -> Any:
    """A client after name and password."""
    client = stage().client()
    client.first = client.post("/sign-in/", {"username": name, "password": PASSWORD})
    return client


def enrolled(name: str, clock: Clock) -> tuple[Any, str, list[str]]:
    """A signed-in client that has just set up an app; with its secret and the recovery codes."""
    client = signed_in(name)
    body = client.get("/second-factors/app/").content.decode()
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", body)[1].replace(" ", "")  # type: ignore[index]
    answer = client.post(
        "/second-factors/app/",
        {"new_code": pyotp.TOTP(secret).at(clock.now), "password": PASSWORD},
    )
    codes = re.findall(r"<li><code>([A-Z0-9-]+)</code></li>", answer.content.decode())
    assert len(codes) == 10, answer.content.decode()
    clock.wind(30)
    return client, secret, codes


def test_without_a_second_factor_sign_in_stays_one_step_in_a_rehearsal() -> None:
    client = signed_in(person("factor-none"))
    assert client.first["location"] == "/today/"
    assert client.get("/today/").status_code == 200


def test_after_the_password_nothing_is_open_until_the_code_is_right(clock: Clock) -> None:
    name = person("factor-code")
    _client, secret, _codes = enrolled(name, clock)
    client = signed_in(name)
    assert client.first["location"] == "/sign-in/second/"
    for address in ("/today/", "/second-factors/", "/password/"):
        assert client.get(address)["location"].startswith("/sign-in/")
    assert client.post("/sign-in/second/", {"code": "000000"}).status_code == 400
    answer = client.post("/sign-in/second/", {"code": pyotp.TOTP(secret).at(clock.now)})
    assert answer["location"] == "/today/"
    assert client.get("/today/").status_code == 200


def test_a_code_is_good_once_also_within_its_half_minute(clock: Clock) -> None:
    name = person("factor-replay")
    _client, secret, _codes = enrolled(name, clock)
    code = pyotp.TOTP(secret).at(clock.now)
    assert signed_in(name).post("/sign-in/second/", {"code": code}).status_code == 302
    again = signed_in(name)
    assert again.post("/sign-in/second/", {"code": code}).status_code == 400
    clock.wind(30)
    fresh = pyotp.TOTP(secret).at(clock.now)
    assert again.post("/sign-in/second/", {"code": fresh}).status_code == 302


@pytest.mark.parametrize(("off", "right"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_telephones_clock_may_be_one_step_off_and_no_more(
    clock: Clock, off: int, right: bool
) -> None:
    name = person("factor-drift")
    _client, secret, _codes = enrolled(name, clock)
    clock.wind(120)
    code = pyotp.TOTP(secret).at(clock.now + off)
    answer = signed_in(name).post("/sign-in/second/", {"code": code})
    assert answer.status_code == (302 if right else 400)


def test_the_code_of_the_enrollment_itself_does_not_sign_in(clock: Clock) -> None:
    name = person("factor-first")
    _client, secret, _codes = enrolled(name, clock)
    code = pyotp.TOTP(secret).at(clock.now - 30)
    assert signed_in(name).post("/sign-in/second/", {"code": code}).status_code == 400


def test_each_recovery_code_is_good_once_and_new_ones_end_the_old(clock: Clock) -> None:
    name = person("factor-recovery")
    client, _secret, codes = enrolled(name, clock)
    assert signed_in(name).post("/sign-in/second/", {"code": codes[0]}).status_code == 302
    assert signed_in(name).post("/sign-in/second/", {"code": codes[0]}).status_code == 400
    spoken = codes[1].replace("-", " ").lower()
    assert signed_in(name).post("/sign-in/second/", {"code": spoken}).status_code == 302
    assert "8 recovery codes" in client.get("/second-factors/").content.decode()
    renewed = client.post("/second-factors/codes/", {"password": PASSWORD})
    assert len(re.findall(r"<li><code>", renewed.content.decode())) == 10
    assert codes[2] not in client.get("/second-factors/").content.decode()
    assert signed_in(name).post("/sign-in/second/", {"code": codes[2]}).status_code == 400


def test_a_pause_between_password_and_code_ends_the_attempt(clock: Clock) -> None:
    name = person("factor-slow")
    _client, secret, _codes = enrolled(name, clock)
    client = signed_in(name)
    clock.wind(301)
    answer = client.post("/sign-in/second/", {"code": pyotp.TOTP(secret).at(clock.now)})
    assert answer["location"] == "/sign-in/"
    assert client.get("/today/").status_code == 302


def test_wrong_codes_count_as_wrong_passwords_do(clock: Clock) -> None:
    """The right one comes too late, and so does the right password."""
    name = person("factor-guess")
    _client, secret, _codes = enrolled(name, clock)
    client = signed_in(name)
    statuses = [client.post("/sign-in/second/", {"code": f"{n:06d}"}).status_code for n in range(9)]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    right = {"code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post("/sign-in/second/", right).status_code == 429
    assert signed_in(name).first.status_code == 429


def test_guesses_from_many_addresses_are_limited_by_the_account(clock: Clock) -> None:
    """The lockout by name and address alone would let a crowd try on."""
    name = person("factor-crowd")
    _client, secret, _codes = enrolled(name, clock)
    for n in range(20):
        client = stage().client(REMOTE_ADDR=f"10.0.0.{n}")
        client.post("/sign-in/", {"username": name, "password": PASSWORD})
        assert client.post("/sign-in/second/", {"code": f"{n:06d}"}).status_code == 400
    client = stage().client(REMOTE_ADDR="10.0.1.1")
    client.post("/sign-in/", {"username": name, "password": PASSWORD})
    right = {"code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post("/sign-in/second/", right).status_code == 429


def test_nothing_that_proves_somebody_is_kept_in_the_clear(clock: Clock) -> None:
    """Neither in the tables of the second factor nor in those of failed requests."""
    name = person("factor-kept")
    client, secret, codes = enrolled(name, clock)
    client.post("/password/", {"old": "an old password", "password": "x", "again": "x"})
    client.post("/sign-out/")
    signed_in(name).post("/sign-in/second/", {"code": codes[0][:-1] + "2"})
    from axes.models import AccessAttempt

    from equipoise.web.models import Authenticator, RecoveryCode

    kept = str([list(one.objects.values()) for one in (AccessAttempt, Authenticator, RecoveryCode)])
    for plain in (secret, codes[1], codes[1].replace("-", ""), codes[0][:-1], "an old password"):
        assert plain not in kept


# -- signing ------------------------------------------------------------------------------------------


def _sign(client: Any, participant: str, **typed: str) -> Any:
    fields = {"client_id": client_id(), "password": PASSWORD, **typed}
    return client.post(f"/participants/{participant}/eligibility/sign/", fields)


def test_a_signature_asks_for_the_second_factor_again_after_a_quarter_of_an_hour(
    clock: Clock,
) -> None:
    """The password each time; and a code is not spent while anything else is wrong."""
    name = person("factor-signs", site="01")
    client, secret, _codes = enrolled(name, clock)
    first, second = (stage().participant("assessed", "01") for _ in range(2))
    assert _sign(client, first.id).status_code == 302
    clock.wind(16 * 60)
    body = client.get(f"/participants/{second.id}/eligibility/sign/").content.decode()
    assert 'name="code"' in body
    assert _sign(client, second.id).status_code == 422
    code = pyotp.TOTP(secret).at(clock.now)
    assert _sign(client, second.id, code=code, password="wrong").status_code == 422
    assert second.state.assessments[-1].signed_by is None
    assert _sign(client, second.id, code=code).status_code == 302
    assert second.state.assessments[-1].signed_by == name


def test_every_command_whose_page_is_signed_says_that_it_binds() -> None:
    """The roles that need a second factor follow from the commands, and those from what is signed."""
    from equipoise.web.policy import PROOF_ACTS

    said = {name for name, kind in COMMANDS.items() if kind.binds}
    assert said == PROOF_ACTS
    for kind in e.EVENT_TYPES.values():
        # what bears a meaning and a hash is a signature (21 CFR 11.50)
        if {"meaning", "content_hash"} <= {one.name for one in fields(kind)}:
            assert any(
                first == (kind.__name__,) for name, first in FIRST_EVENTS.items() if name in said
            ), kind
    assert {"SignForm", "SignEligibility", "UnblindParticipant", "LockTrial", "IssueToken"} <= said
    assert not {"SaveForm", "ReportAdverseEvent", "RaiseQuery", "ChangeSecondFactor"} & said


def test_taking_back_and_removing_ask_again_after_a_minute(clock: Clock) -> None:
    """What cannot be taken back does not rest on a code given ten minutes ago."""
    name = person("factor-grave")
    client, secret, _codes = enrolled(name, clock)
    clock.wind(120)
    removing = "/second-factors/app/remove/"
    assert client.post(removing, {"password": PASSWORD}).status_code == 400
    typed = {"password": PASSWORD, "code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post(removing, typed).status_code == 302
    assert signed_in(name).first["location"] == "/today/"


def test_an_app_is_not_replaced_by_who_knows_only_the_password(clock: Clock) -> None:
    """An open session and a stolen password are not enough to move the second factor."""
    name = person("factor-thief")
    client, secret, _codes = enrolled(name, clock)
    clock.wind(120)
    body = client.get("/second-factors/app/").content.decode()
    other = re.search(r"<code>([A-Z2-7 ]+)</code>", body)[1].replace(" ", "")  # type: ignore[index]
    assert other != secret
    typed = {"password": PASSWORD, "new_code": pyotp.TOTP(other).at(clock.now)}
    assert client.post("/second-factors/app/", typed).status_code == 400
    answer = signed_in(name).post("/sign-in/second/", {"code": pyotp.TOTP(other).at(clock.now)})
    assert answer.status_code == 400


def test_setting_one_up_ends_the_sessions_that_were_opened_without(clock: Clock) -> None:
    name = person("factor-sessions")
    elsewhere = signed_in(name)
    assert elsewhere.get("/today/").status_code == 200
    client, _secret, _codes = enrolled(name, clock)
    assert elsewhere.get("/today/").status_code == 302
    assert client.get("/today/").status_code == 200


# -- who has to have one ------------------------------------------------------------------------------


@pytest.fixture
def demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy of a live trial."""
    stage()
    import equipoise.web

    monkeypatch.setitem(equipoise.web._serving, "policy", SignInPolicy(second_factor="signing"))


@pytest.mark.usefixtures("demanded")
def test_a_role_that_signs_goes_nowhere_before_a_second_factor_is_set_up(clock: Clock) -> None:
    name = person("factor-owed")
    client = signed_in(name)
    for address in ("/today/", "/participants/", "/safety/"):
        assert client.get(address)["location"] == "/second-factors/"
    assert "set up a second factor" in client.get("/second-factors/").content.decode()
    client, secret, _codes = enrolled(name, clock)
    assert client.get("/today/").status_code == 200
    clock.wind(120)
    typed = {"password": PASSWORD, "code": pyotp.TOTP(secret).at(clock.now)}
    refused = client.post("/second-factors/app/remove/", typed)
    assert refused.status_code == 400
    assert "set up another one first" in refused.content.decode()


@pytest.mark.usefixtures("demanded")
def test_a_role_that_signs_nothing_needs_none() -> None:
    client = signed_in(person("factor-free", role="coordinator"))
    assert client.get("/today/").status_code == 200


def changes(name: str) -> list[tuple[str, str, str]]:
    """What the ledger tells of a person's second factor: role, site, change."""
    events = stage().trial.events(types=["SecondFactorChanged"])
    return [
        (event.role, happening.change, event.actor)
        for event, happening in events
        if happening.person == name
    ]


def test_setting_up_renewing_and_removing_a_factor_leaves_a_trail(clock: Clock) -> None:
    """By person, role and time, without the secret; what was refused leaves none."""
    name = person("factor-trail")
    client, secret, _codes = enrolled(name, clock)
    assert client.post("/second-factors/codes/", {"password": PASSWORD}).status_code == 200
    refused = client.post("/second-factors/app/remove/", {"password": "guessed"})
    assert refused.status_code == 400
    told = [("investigator", one, name) for one in ("app_set_up", "codes_renewed")]
    assert changes(name) == told
    removed = client.post("/second-factors/app/remove/", {"password": PASSWORD})
    assert removed.status_code == 302
    assert changes(name) == [*told, ("investigator", "app_removed", name)]
    trail = stage().client("sponsor").get(f"/trail/?actor={name}").content.decode()
    assert f"uthenticator app of {name} removed" in trail
    assert secret not in repr(list(stage().trial.events(types=["SecondFactorChanged"])))


def test_an_account_without_a_role_sets_one_up_all_the_same(clock: Clock) -> None:
    from equipoise.web.accounts import create_account

    create_account("factor-roleless", PASSWORD)
    enrolled("factor-roleless", clock)
    assert changes("factor-roleless") == []


def test_what_cannot_be_told_to_the_ledger_does_not_happen(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = person("factor-untold")
    client, _secret, _codes = enrolled(name, clock)
    client.raise_request_exception = False

    def full(*_given: Any, **_more: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage().trial.ledger.store, "begin", full)
    failed = client.post("/second-factors/app/remove/", {"password": PASSWORD})
    assert failed.status_code >= 500
    monkeypatch.undo()
    page = signed_in(name)
    assert page.first["location"] == "/sign-in/second/", "the app is there still"


@pytest.mark.parametrize(
    ("demand", "live", "expected"),
    [
        (None, False, set()),
        (None, True, {"investigator", "monitor", "sponsor", "administrator"}),
        ("optional", True, set()),
        ("everyone", False, None),
    ],
)
def test_the_installation_says_who_needs_a_second_factor(
    demand: Any, live: bool, expected: set[str] | None
) -> None:
    """By default in a live trial: whoever can sign, unblind, lock or grant."""
    policy, protocol = SignInPolicy(second_factor=demand), stage().trial.protocol
    roles = {one.role for one in protocol.roles}
    demands = {one for one in roles if policy.demands_factor(protocol, one, live=live)}
    assert demands - {"dsmb", "statistician"} == (
        roles - {"dsmb", "statistician"} if expected is None else expected
    )
    assert "coordinator" not in demands or expected is None


# -- lost ---------------------------------------------------------------------------------------------


def test_the_administrator_takes_back_a_lost_factor_with_a_reason_that_stays(clock: Clock) -> None:
    """The ledger says who, whose and why; sessions end; the person signs in as before the first one."""
    played = stage()
    name = person("factor-lost")
    theirs, _secret, codes = enrolled(name, clock)
    administrator = played.client("administrator")
    address = "/access-review/second-factor/"
    assert name in administrator.get(address).content.decode()
    typed = {
        "client_id": client_id(), "password": played.passwords["administrator"], "who": name,
        "reason": "",
    }  # fmt: skip
    assert administrator.post(address, typed).status_code == 422
    typed |= {"reason": "Telephone lost on a ward round; known in person."}
    assert administrator.post(address, typed | {"password": "wrong"}).status_code == 422
    assert theirs.get("/today/").status_code == 200
    assert administrator.post(address, typed).status_code == 302
    assert theirs.get("/today/").status_code == 302
    reset = played.trial.state.factor_resets[-1]
    assert (reset.person, reset.by, reset.reason) == (name, "administrator", typed["reason"])
    assert typed["reason"] in administrator.get("/access-review/").content.decode()
    again = signed_in(name)
    assert again.first["location"] == "/today/"
    assert again.post("/sign-in/second/", {"code": codes[0]})["location"] == "/sign-in/"


def test_only_who_grants_roles_takes_a_second_factor_back() -> None:
    """And nobody takes back their own."""
    played = stage()
    command = c.ResetSecondFactor(person="anybody", reason="I say so")
    from support.story import COORDINATOR

    assert played.trial.do(command, COORDINATOR).codes == ("not-permitted",)
    for role in ("sponsor", "monitor", "investigator"):
        assert played.client(role).get("/access-review/second-factor/").status_code == 403
    empty = c.ResetSecondFactor(person="anybody", reason=" ")
    assert played.trial.do(empty, ADMINISTRATOR).codes == ("no-reason-for-reset",)


# -- passkeys without a browser -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", "7", "{}", '{"id": 1}', '{"rawId": "AA", "response": {}}',
     json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
         "clientDataJSON": "AA", "attestationObject": "AA", "authenticatorData": "AA",
         "signature": "AA"}}),
     json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
         "clientDataJSON": "e30", "attestationObject": "oA", "authenticatorData": "A" * 60,
         "signature": ""}}),
     "x" * 30_000, '{"rawId": "' + "é" * 9 + '"}', "[" * 5000],
    ids=lambda answer: f"{len(answer)} characters",
)  # fmt: skip
def test_what_no_browser_answers_is_no_passkey(clock: Clock, answer: str) -> None:
    """It is refused as any other wrong proof, and never breaks the page."""
    name = person("factor-junk")
    client = signed_in(name)
    client.get("/second-factors/passkey/")
    typed = {"password": PASSWORD, "name": "A key", "credential": answer}
    refused = client.post("/second-factors/passkey/", typed)
    assert refused.status_code == 400
    _client, _secret, _codes = enrolled(name, clock)
    half = signed_in(name)
    assert half.post("/sign-in/second/", {"passkey": answer, "code": ""}).status_code == 400


def test_passkeys_are_not_offered_where_browsers_refuse_them() -> None:
    """An address that is a number is nothing a passkey can be bound to."""
    name = person("factor-number")
    client = stage().client(headers={"host": "127.0.0.1"})
    client.post("/sign-in/", {"username": name, "password": PASSWORD})
    assert "need a name" in client.get("/second-factors/").content.decode()
    assert client.get("/second-factors/passkey/").status_code == 404


def test_the_qr_code_is_drawn_here_and_says_what_the_app_needs() -> None:
    """An SVG in the page; no other host sees the secret."""
    client = signed_in(person("factor-qr"))
    body = client.get("/second-factors/app/").content.decode()
    assert "<svg" in body
    assert "style=" not in body
    from equipoise.web.factors.codes import provisioning_address

    address = provisioning_address("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "factor-qr", "nct07312656")
    assert pyotp.parse_uri(address).secret == "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    assert "Equipoise" in address


def test_the_command_line_takes_back_the_only_administrators_factor(
    tmp_path: Any, clock: Clock
) -> None:
    """Without a reason nothing happens; the ledger keeps the one given."""
    import subprocess
    import sys

    from equipoise.home import Home
    from support.web_home import new_home

    path = tmp_path / "home"
    new_home(path, seed=12).close()

    def account(*options: str) -> Any:
        command = [sys.executable, "-c", "from equipoise.cli import main; main()", "account"]
        return subprocess.run(
            [*command, *options, "--home", str(path)], capture_output=True, text=True, check=False
        )

    assert account("administrator").returncode == 0
    unknown = account("nobody", "--reset-second-factor", "lost")
    assert (unknown.returncode, "no account" in unknown.stderr) == (2, True)
    assert account("administrator", "--reset-second-factor", "lost").returncode == 0
    home = Home.open(path)
    resets = home.trial().state.factor_resets
    home.close()
    assert [(one.person, one.reason) for one in resets] == [("administrator", "lost")]
