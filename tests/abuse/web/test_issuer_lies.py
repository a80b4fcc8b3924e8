"""An issuer that lies, an attacker in its place, an issuer that is slow, huge or gone: nobody is let in, nothing hangs."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from equipoise.web import log
from support.issuer import SECRET, Issuer, issuing, published, rsa_key
from support.outside import back_at, departs, linked, signs_in, trusting
from support.patience import PATIENCE
from support.web_home import free_port, stage

SUBJECT = "subject-1"


@pytest.fixture(autouse=True)
def nobody_stays_locked_out() -> Iterator[None]:
    yield
    from axes.utils import reset

    reset()


@pytest.fixture(scope="module")
def listening() -> Iterator[Issuer]:
    """An issuer that a person of the stage is linked with, one for all tests here."""
    with issuing() as made:
        linked("outside-honest", made, SUBJECT)
        yield made


@pytest.fixture
def issuer(listening: Issuer, tmp_path: Path) -> Iterator[Issuer]:
    """The same, honest until the test says otherwise, and asked by nobody before."""
    listening.reform()
    with trusting(listening, tmp_path):
        yield listening


@pytest.fixture
def why(tmp_path: Path) -> Iterator[Callable[[], list[str]]]:
    """The words in the log about the issuer since the test began."""
    before = logging.getLogger().handlers
    file = tmp_path / "server.log"
    log.keep_log(str(file))

    def words() -> list[str]:
        lines = [json.loads(one) for one in file.read_text(encoding="utf-8").splitlines()]
        return [line["why"] for line in lines if line["event"].startswith("issuer ")]

    yield words
    log.drop_log()
    logging.getLogger().handlers = before


def let_in(answer: Any, client: Any) -> bool:
    inside = client.get("/today/").status_code == 200
    assert inside == (answer.status_code == 302 and answer["location"] == "/today/")
    return bool(inside)


# -- tokens ------------------------------------------------------------------------------------------------

Sign = Callable[[Issuer, dict[str, Any]], str]


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def by_another_key(issuer: Issuer, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, rsa_key(2048, 1), algorithm="RS256", headers={"kid": "k1"})


def unsigned(issuer: Issuer, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, algorithm="none")


def unsigned_as(word: str) -> Sign:
    def sign(issuer: Issuer, claims: dict[str, Any]) -> str:
        return f"{_part({'alg': word, 'kid': 'k1'})}.{_part(claims)}."

    return sign


def by_the_public_key_as_a_secret(issuer: Issuer, claims: dict[str, Any]) -> str:
    pem = issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _hs256(pem, claims)


def by_the_client_secret(issuer: Issuer, claims: dict[str, Any]) -> str:
    return _hs256(SECRET.encode(), claims)


def _hs256(key: bytes, claims: dict[str, Any]) -> str:
    text = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(claims)}"
    made = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def by_a_key_it_carries(issuer: Issuer, claims: dict[str, Any]) -> str:
    own = published(rsa_key(2048, 1), "k1", "RS256")
    return jwt.encode(
        claims, rsa_key(2048, 1), algorithm="RS256", headers={"kid": "k1", "jwk": own}
    )


def by_a_key_nobody_published(issuer: Issuer, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, rsa_key(2048, 1), algorithm="RS256", headers={"kid": "k9"})


def in_a_way_not_offered(issuer: Issuer, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, issuer.key, algorithm="RS512", headers={"kid": "k1"})


def changed_after_signing(issuer: Issuer, claims: dict[str, Any]) -> str:
    head, _body, end = jwt.encode(
        {**claims, "sub": "another"}, issuer.key, algorithm="RS256", headers={"kid": "k1"}
    ).split(".")
    return f"{head}.{_part(claims)}.{end}"


def with_a_signature_cut_off(issuer: Issuer, claims: dict[str, Any]) -> str:
    made = jwt.encode(claims, issuer.key, algorithm="RS256", headers={"kid": "k1"})
    return made.rpartition(".")[0] + "."


def with_an_extension(issuer: Issuer, claims: dict[str, Any]) -> str:
    return jwt.encode(
        claims, issuer.key, algorithm="RS256", headers={"kid": "k1", "crit": ["x"], "x": 1}
    )


def rubbish(text: str) -> Sign:
    return lambda issuer, claims: text


FORGED: list[tuple[Sign, str]] = [
    (by_another_key, "signature"),
    (unsigned, "algorithm"),
    (unsigned_as("None"), "algorithm"),
    (unsigned_as(""), "algorithm"),
    (by_the_public_key_as_a_secret, "algorithm"),
    (by_the_client_secret, "algorithm"),
    (by_a_key_it_carries, "signature"),
    (by_a_key_nobody_published, "key-unknown"),
    (in_a_way_not_offered, "algorithm"),
    (changed_after_signing, "signature"),
    (with_a_signature_cut_off, "signature"),
    (with_an_extension, "token-form"),
    (rubbish(""), "token-size"),
    (rubbish("a.b.c"), "token-form"),
    (rubbish("{}"), "token-form"),
    (rubbish("x" * 20_000), "token-size"),
    (rubbish("\ud800"), "token-form"),
]


@pytest.mark.parametrize(
    ("sign", "word"), FORGED, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_a_token_that_the_issuer_has_not_signed_in_a_way_it_offers_opens_nothing(
    issuer: Issuer, why: Any, sign: Sign, word: str
) -> None:
    issuer.signed = lambda claims: sign(issuer, claims)
    client = stage().client()
    assert not let_in(signs_in(client), client)
    assert why() == [word]


def now() -> int:
    return int(time.time())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"aud": "another-client"}, "audience"),
    ({"aud": []}, "claim-missing"),
    ({"aud": None}, "claim-missing"),
    ({"aud": ["another-client"]}, "audience"),
    ({"aud": ["equipoise", "another-client"]}, "authorized-party"),
    ({"aud": ["equipoise", "another-client"], "azp": "another-client"}, "authorized-party"),
    ({"azp": "another-client"}, "authorized-party"),
    ({"iss": "https://evil.example"}, "issuer"),
    ({"iss": None}, "claim-missing"),
    ({"nonce": "another"}, "nonce"),
    ({"nonce": None}, "nonce"),
    ({"nonce": ["x"]}, "nonce"),
    ({"exp": -120}, "expired"),
    ({"exp": None}, "claim-missing"),
    ({"iat": 600}, "not-yet"),
    ({"iat": -600, "auth_time": -600}, "issued-before"),
    ({"iat": None}, "claim-missing"),
    ({"nbf": 600}, "not-yet"),
    ({"auth_time": None}, "auth-time-missing"),
    ({"auth_time": -7200}, "auth-time"),
    ({"auth_time": 600}, "not-yet"),
    ({"auth_time": "0"}, "claim-type"),
    ({"auth_time": True}, "claim-type"),
    ({"auth_time": float("1e400")}, "not-yet"),
    ({"sub": None}, "claim-missing"),
    ({"sub": ""}, "subject"),
    ({"sub": "x" * 256}, "subject"),
    ({"sub": "subject-1\n"}, "subject"),
    ({"sub": "another"}, "unlinked"),
    ({"sub": "SUBJECT-1"}, "unlinked"),
    ({"amr": "mfa"}, "claim-type"),
    ({"amr": [1]}, "claim-type"),
    ({"acr": ["gold"]}, "claim-type"),
]


@pytest.mark.parametrize(("changes", "word"), WRONG, ids=str)
def test_a_token_with_a_claim_that_does_not_hold_opens_nothing(
    issuer: Issuer, why: Any, changes: dict[str, Any], word: str
) -> None:
    """Numbers are seconds from now; None leaves the claim out."""

    def wrong(claims: dict[str, Any]) -> dict[str, Any]:
        moved = {
            name: now() + value if type(value) is int else value for name, value in changes.items()
        }
        return {name: one for name, one in (claims | moved).items() if one is not None}

    issuer.claims = wrong
    client = stage().client()
    assert not let_in(signs_in(client), client)
    assert why() == [word]


RIGHT: list[dict[str, Any]] = [
    {}, {"aud": ["equipoise"]}, {"aud": ["equipoise", "another"], "azp": "equipoise"},
    {"azp": "equipoise"}, {"iat": 50}, {"exp": -30}, {"amr": ["pwd"], "acr": "0"},
]  # fmt: skip


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_the_standard_allows_opens_the_account(
    issuer: Issuer, changes: dict[str, Any]
) -> None:
    issuer.claims = lambda claims: {
        **claims,
        **{name: now() + one if type(one) is int else one for name, one in changes.items()},
    }
    client = stage().client()
    assert let_in(signs_in(client), client)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (lambda: rsa_key(), "PS256"),
        (lambda: rsa_key(), "RS512"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (lambda: ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (lambda: ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_every_kind_of_signature_that_is_looked_at_is_looked_at_rightly(
    issuer: Issuer, key: Callable[[], Any], algorithm: str
) -> None:
    issuer.key, issuer.algorithm = key(), algorithm
    client = stage().client()
    assert let_in(signs_in(client), client)
    made = key() if not algorithm.startswith(("RS", "PS")) else rsa_key(2048, 1)
    issuer.signed = lambda claims: jwt.encode(
        claims, made, algorithm=algorithm, headers={"kid": "k1"}
    )
    other = stage().client()
    assert not let_in(signs_in(other), other)


def test_a_key_on_another_curve_is_none_of_the_curve_that_the_signature_names(
    issuer: Issuer, why: Any
) -> None:
    made = ed448.Ed448PrivateKey.generate()
    key = jwt.algorithms.OKPAlgorithm.to_jwk(made.public_key(), as_dict=True)
    issuer.described = {"id_token_signing_alg_values_supported": ["Ed25519"]}
    issuer.publishes, issuer.keys = False, [{**key, "kid": "k1"}]
    issuer.signed = lambda claims: jwt.encode(
        claims, made, algorithm="Ed25519", headers={"kid": "k1"}
    )
    client = stage().client()
    assert not let_in(signs_in(client), client)
    assert why() == ["key-unknown"]


def test_a_key_too_small_to_be_safe_signs_nothing(issuer: Issuer, why: Any) -> None:
    issuer.signed = lambda claims: _encoded_small(claims)
    issuer.publishes, issuer.keys = False, [published(rsa_key(1024), "k1", "RS256")]
    client = stage().client()
    assert not let_in(signs_in(client), client)
    assert why() == ["key-unknown"]


def _encoded_small(claims: dict[str, Any]) -> str:
    from cryptography.hazmat.primitives.asymmetric import padding

    text = f"{_part({'alg': 'RS256', 'kid': 'k1'})}.{_part(claims)}"
    made = rsa_key(1024).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def test_keys_for_something_else_or_of_unknown_kinds_stand_beside_the_right_one(
    issuer: Issuer, why: Any
) -> None:
    issuer.keys = [
        {"kty": "made-up", "kid": "k1"}, {"kid": "k1"}, {"kty": "RSA", "kid": "k1", "n": "!", "e": "AQAB"},
        {"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}, "no object",  # type: ignore[list-item]
    ]  # fmt: skip
    client = stage().client()
    assert let_in(signs_in(client), client)
    issuer.publishes = False
    issuer.keys = [published(issuer.key, "k1", "RS256", use="enc")]
    from equipoise.web import sign_in_issuer

    sign_in_issuer()._keys = None  # type: ignore[union-attr]
    other = stage().client()
    assert not let_in(signs_in(other), other)
    assert why() == ["key-unknown"]


def test_a_new_key_is_learned_and_one_withdrawn_is_forgotten(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token under a name not known asks for the keys again; an old key is not believed for long."""
    client = stage().client()
    assert let_in(signs_in(client), client)
    old = issuer.key
    issuer.key, issuer.key_name = rsa_key(2048, 2), "k2"
    past = [40.0]
    clock = type("Clock", (), {"monotonic": staticmethod(lambda: time.monotonic() + past[0])})
    monkeypatch.setattr("equipoise.web.issuer.provider.time", clock)
    client = stage().client()
    assert let_in(signs_in(client), client)
    issuer.signed = lambda claims: jwt.encode(claims, old, algorithm="RS256", headers={"kid": "k1"})
    past[0] += 301
    client = stage().client()
    assert not let_in(signs_in(client), client)


def test_a_flood_of_unknown_key_names_does_not_become_a_flood_at_the_issuer(
    issuer: Issuer,
) -> None:
    issuer.signed = lambda claims: by_a_key_nobody_published(issuer, claims)
    for _ in range(6):
        client = stage().client()
        assert not let_in(signs_in(client), client)
    assert issuer.asked.count(("GET", "/keys")) == 1
    assert issuer.asked.count(("GET", "/.well-known/openid-configuration")) == 1


# -- replays and journeys of others -------------------------------------------------------------------------


def test_an_answer_counts_once_also_where_the_issuer_would_take_its_code_again(
    issuer: Issuer, why: Any
) -> None:
    issuer.spends = False
    client = stage().client()
    back = back_at(client, departs(client))
    assert let_in(client.get(back), client)
    client.post("/sign-out/")
    assert not let_in(client.get(back), client)
    assert why() == ["state"]


def test_an_answer_that_was_refused_is_not_looked_at_again(issuer: Issuer, why: Any) -> None:
    """Neither when the issuer would take the code again, nor when the identity is linked by then."""
    issuer.spends, issuer.subject = False, "another"
    client = stage().client()
    back = back_at(client, departs(client))
    client.get(back)
    issuer.subject = SUBJECT
    assert not let_in(client.get(back), client)
    assert why() == ["unlinked", "state"]


def test_a_code_is_of_no_use_in_another_journey(issuer: Issuer, why: Any) -> None:
    """Stolen on its way, it meets another verifier: the issuer does not take it."""
    victim, thief = stage().client(), stage().client()
    stolen = _query(back_at(victim, departs(victim)))["code"]
    own = _query(back_at(thief, departs(thief)))
    answer = thief.get("/sign-in/issuer/return/", {**own, "code": stolen})
    assert not let_in(answer, thief)
    assert why() == ["code"]


def test_a_token_made_for_another_journey_is_refused_even_when_the_code_was_taken(
    issuer: Issuer, why: Any
) -> None:
    """An issuer that forgets PKCE leaves the nonce."""
    victim, thief = stage().client(), stage().client()
    issuer.spends = False
    other = issuer.codes[_query(back_at(victim, departs(victim)))["code"]]["nonce"]
    issuer.claims = lambda claims: {**claims, "nonce": other}
    assert not let_in(signs_in(thief), thief)
    assert why() == ["nonce"]


def test_an_attackers_answer_is_not_taken_in_the_victims_browser(issuer: Issuer, why: Any) -> None:
    """Nobody is signed in as somebody else by following a link."""
    attacker, victim = stage().client(), stage().client()
    back = back_at(attacker, departs(attacker))
    departs(victim)
    assert not let_in(victim.get(back), victim)
    assert not let_in(stage().client().get(back), victim)
    assert why() == ["state", "state"]


def test_an_answer_from_another_issuer_or_from_none_is_not_taken(issuer: Issuer, why: Any) -> None:
    for changes in ({"iss": "https://evil.example"}, {"iss": None}):
        client = stage().client()
        query = {**_query(back_at(client, departs(client))), **changes}
        sent = {name: one for name, one in query.items() if one is not None}
        assert not let_in(client.get("/sign-in/issuer/return/", sent), client)
    assert why() == ["issuer", "issuer-unnamed"]


def test_an_answer_without_its_parts_twice_the_same_or_too_long_is_not_taken(
    issuer: Issuer, why: Any
) -> None:
    client = stage().client()
    for query in ("", "code=x", "state=x", "code=x&state=y", "state=&code=", "state=%00&code=x"):
        assert not let_in(client.get(f"/sign-in/issuer/return/?{query}"), client)
    assert {*why()} == {"state"}
    for change in ("&code=again", "&state=again"):
        back = back_at(client, departs(client)) + change
        assert not let_in(client.get(back), client)
    query = _query(back_at(client, departs(client)))
    sent = {**query, "code": "x" * 5000}
    assert not let_in(client.get("/sign-in/issuer/return/", sent), client)
    assert why()[-3:] == ["code", "state", "code"]


def test_a_journey_that_took_too_long_is_over(
    issuer: Issuer, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = stage().client()
    back = back_at(client, departs(client))
    clock = type("Clock", (), {"time": staticmethod(lambda: time.time() + 601)})
    monkeypatch.setattr("equipoise.web.issuer.journey.time", clock)
    assert not let_in(client.get(back), client)
    assert why() == ["too-late"]


def test_tabs_have_journeys_of_their_own_and_a_session_keeps_only_a_few(issuer: Issuer) -> None:
    client = stage().client()
    backs = [back_at(client, departs(client)) for _ in range(6)]
    assert not let_in(client.get(backs[0]), client)
    assert len(client.session["departed"]) == 4
    assert let_in(client.get(backs[3]), client)


def test_sessions_of_who_only_set_out_do_not_pile_up(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    left = stage().client()
    departs(left)
    key = left.session.session_key
    Session.objects.filter(pk=key).update(expire_date=timezone.now())
    monkeypatch.setattr("equipoise.web.issuer.journey._swept", {"at": 0.0})
    client = stage().client()
    departs(client)
    assert not Session.objects.filter(pk=key).exists()
    assert Session.objects.filter(pk=client.session.session_key).exists()


def test_a_departure_needs_a_page_of_ours_behind_it(issuer: Issuer) -> None:
    client = stage().client(enforce_csrf_checks=True)
    assert client.post("/sign-in/issuer/").status_code == 403
    assert client.get("/sign-in/issuer/").status_code == 405


def _query(back: str) -> dict[str, str]:
    from urllib.parse import parse_qs, urlsplit

    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


# -- an issuer that is gone, slow, huge or another one ---------------------------------------------------------

Answer = Callable[[BaseHTTPRequestHandler], bool]


def _raw(status: int, body: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return answer


def endless(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(2000):
            handler.wfile.write(b" " * 65536)
    except OSError:
        pass  # the reader has gone, as it should
    return True


def dripping(handler: BaseHTTPRequestHandler, begun: bytes = b"HTTP/1.1 200 OK\r\nX: ") -> bool:
    """A byte now and then, for ever: no wait is long, and all of them are."""
    try:
        handler.wfile.write(begun)
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass  # the reader has gone, as it should
    return True


def dripping_on(handler: BaseHTTPRequestHandler) -> bool:
    """All there, and still not at its end."""
    return dripping(handler, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")


def hung_up(handler: BaseHTTPRequestHandler) -> bool:
    handler.connection.shutdown(socket.SHUT_RDWR)
    return True


BAD_ANSWERS: list[tuple[str, Answer, str]] = [
    ("an error", _raw(500, b"{}"), "status"),
    ("led on elsewhere", _raw(302, b"", Location="http://127.0.0.1:1/"), "status"),
    ("no JSON", _raw(200, b"<html>"), "not-json"),
    ("no object", _raw(200, b"[]"), "not-json"),
    ("too deep", _raw(200, b"[" * 200_000), "not-json"),
    ("cut off", _raw(200, b"{", Content_Length="100"), "not-json"),
    ("endless", endless, "no-answer"),
    ("dripping", dripping, "no-answer"),
    ("dripping on", dripping_on, "no-answer"),
    ("hung up", hung_up, "no-answer"),
    ("not text", _raw(200, b"\xff\xfe{}"), "not-json"),
]


@pytest.mark.parametrize(
    "place", ["/.well-known/openid-configuration", "/keys", "/token"], ids=lambda one: one[-8:]
)
@pytest.mark.parametrize(
    ("answer", "word"), [one[1:] for one in BAD_ANSWERS], ids=[one[0] for one in BAD_ANSWERS]
)
def test_an_answer_that_cannot_be_used_is_told_and_nobody_is_let_in(
    issuer: Issuer, why: Any, place: str, answer: Answer, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if word == "no-answer":
        monkeypatch.setattr("equipoise.web.issuer.wire.CALL_SECONDS", 0.5)
    issuer.answers[place] = answer
    client = stage().client()
    departure = departs(client)
    if departure.status_code == 200:
        assert client.get(back_at(client, departure))["location"] == "/sign-in/"
    else:
        assert departure["location"] == "/sign-in/"
    page = client.get("/sign-in/").content.decode()
    assert "Hospital sign-in does not answer now" in page
    assert client.get("/today/").status_code == 302
    assert [*why()] == [word]
    # and the other way in is open
    assert 'name="password"' in page


def test_after_a_failure_nobody_waits_for_it_again_until_a_while_has_passed(
    issuer: Issuer, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "/.well-known/openid-configuration"
    issuer.answers[place] = _raw(500, b"{}")
    client = stage().client()
    for _ in range(5):
        departs(client)
    assert issuer.asked == [("GET", place)]
    assert why() == ["status", *["failed-before"] * 4]
    issuer.answers.clear()
    clock = type("Clock", (), {"monotonic": staticmethod(lambda: time.monotonic() + 11)})
    monkeypatch.setattr("equipoise.web.issuer.provider.time", clock)
    assert let_in(signs_in(client), client)


def test_while_two_wait_for_a_slow_issuer_a_third_is_told_at_once(
    issuer: Issuer, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The few threads that answer everybody are not all held by an issuer."""
    from equipoise.web.issuer import wire

    go_on = threading.Event()
    issuer.answers["/token"] = lambda handler: not go_on.wait(PATIENCE)
    monkeypatch.setattr(wire, "WAIT_SECONDS", 0.05)

    def wait() -> None:
        wire.ask(f"{issuer.address}/token", form={}, refusable=True)

    waiting = [threading.Thread(target=wait) for _ in range(wire.PLACES)]
    for one in waiting:
        one.start()
    while issuer.asked.count(("POST", "/token")) < wire.PLACES:
        time.sleep(0.01)
    client = stage().client()
    assert departs(client)["location"] == "/sign-in/"
    assert why() == ["busy"]
    go_on.set()
    for one in waiting:
        one.join()
    assert let_in(signs_in(client), client)


def test_an_issuer_that_is_not_there_is_told(tmp_path: Path, why: Any) -> None:
    gone = Issuer(f"http://127.0.0.1:{free_port()}")
    with trusting(gone, tmp_path):
        client = stage().client()
        assert departs(client)["location"] == "/sign-in/"
        assert why() == ["no-answer"]


DESCRIBED: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://evil.example"}, "described-as-another"),
    ({"issuer": None}, "described-as-another"),
    ({"token_endpoint": "http://evil.example/token"}, "described-address"),
    ({"jwks_uri": "file:///etc/passwd"}, "described-address"),
    ({"authorization_endpoint": "javascript:alert(1)"}, "described-address"),
    ({"authorization_endpoint": "https://evil.example/\n"}, "described-address"),
    ({"token_endpoint": "https://user:word@evil.example/"}, "described-address"),
    ({"token_endpoint": ["https://evil.example/"]}, "described-address"),
    ({"token_endpoint": "https://[::1/"}, "described-address"),
    ({"response_types_supported": ["id_token"]}, "described-no-code-flow"),
    ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, "described-no-algorithm"),
    ({"id_token_signing_alg_values_supported": "RS256"}, "described-type"),
    ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "described-no-client-secret"),
]


@pytest.mark.parametrize(("described", "word"), DESCRIBED, ids=str)
def test_an_issuer_that_describes_itself_wrongly_is_not_followed(
    issuer: Issuer, why: Any, described: dict[str, Any], word: str
) -> None:
    issuer.described = described
    client = stage().client()
    assert departs(client)["location"] == "/sign-in/"
    assert why() == [word]


def test_the_secret_goes_to_the_token_endpoint_alone_in_the_way_the_issuer_asks(
    issuer: Issuer, why: Any
) -> None:
    seen: list[tuple[str, str]] = []
    for place in ("/.well-known/openid-configuration", "/keys", "/authorize", "/token"):

        def look(handler: BaseHTTPRequestHandler, place: str = place) -> bool:
            seen.append((place, str(handler.headers) + handler.path))
            return False

        issuer.answers[place] = look
    issuer.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    client = stage().client()
    assert let_in(signs_in(client), client)
    coded = base64.b64encode(f"equipoise:{SECRET}".encode()).decode()
    assert not any(SECRET in text or coded in text for _place, text in seen)
    assert {place for place, _text in seen} == {*issuer.answers}


def test_the_setting_says_how_the_secret_goes_where_the_issuer_offers_more_than_it_takes(
    issuer: Issuer, why: Any, tmp_path: Path
) -> None:
    """Some issuers offer both ways in general and take one from a client, as it was registered there."""
    both = ["client_secret_basic", "client_secret_post"]
    for taken, left in (both, both[::-1]):
        issuer.described = {"token_endpoint_auth_methods_supported": both}
        issuer.takes = taken
        for set_to in (taken, left):
            folder = tmp_path / f"{taken}-{set_to}"
            folder.mkdir()
            with trusting(issuer, folder, client_authentication=set_to):
                client = stage().client()
                assert let_in(signs_in(client), client) == (set_to == taken)
    assert why() == ["client-refused"] * 2


def test_a_wrong_or_missing_secret_is_told_as_ours_and_stands_nowhere(
    issuer: Issuer, why: Any, tmp_path: Path
) -> None:
    (tmp_path / "oidc-secret").write_text("a-mistyped-secret")
    client = stage().client()
    back = back_at(client, departs(client))
    assert client.get(back)["location"] == "/sign-in/"
    (tmp_path / "oidc-secret").unlink()
    assert signs_in(client)["location"] == "/sign-in/"
    assert why() == ["client-refused", "secret"]
    assert "a-mistyped-secret" not in (tmp_path / "server.log").read_text()


def test_neither_subject_code_token_nor_name_stands_in_the_log_or_in_the_counted_attempts(
    issuer: Issuer, why: Any, tmp_path: Path
) -> None:
    from axes.models import AccessAttempt

    issuer.subject = "employee-4711"
    client = stage().client()
    back = back_at(client, departs(client))
    client.get(back)
    issuer.subject = SUBJECT
    assert let_in(signs_in(client), client)
    text = (tmp_path / "server.log").read_text()
    kept = json.dumps([*AccessAttempt.objects.values()], default=str)
    assert "issuer refused" in text
    parts = _query(back)
    for told in (
        "employee-4711", SUBJECT, parts["code"], parts["state"], SECRET, "outside-honest", "127.0.0.1",
    ):  # fmt: skip
        assert told not in text, told
    for told in ("employee-4711", parts["code"], parts["state"], SECRET):
        assert told not in kept, told
    assert AccessAttempt.objects.filter(username__startswith="identity ").exists()


# -- TLS -----------------------------------------------------------------------------------------------------


def test_over_tls_the_issuers_certificate_must_be_known_here(tmp_path: Path, why: Any) -> None:
    """With the house's own authority it is; without, nothing is sent."""
    certificate, context = _self_signed(tmp_path)
    with issuing(context) as made:
        with trusting(made, tmp_path):
            assert departs(stage().client())["location"] == "/sign-in/"
        with trusting(made, tmp_path, ca_file=str(certificate)):
            client = stage().client()
            assert departs(client).status_code == 200
        assert why() == ["tls"]
        assert len(made.asked) == 1


def _self_signed(folder: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "issuer.pem", folder / "issuer.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context
