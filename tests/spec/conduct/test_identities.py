"""An identity from outside is linked by its owner, opens one account only, and both ends stand in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor
from equipoise.home import Home
from equipoise.home.home import ADMINISTRATOR
from equipoise.protocol.reading import load_protocol
from equipoise.trial import Trial
from support.story import SEED_PROTOCOL, expect

SECOND_PROTOCOL = SEED_PROTOCOL.parents[1] / "example-hypertension" / "protocol.yaml"
ISSUER = "https://sign-in.hospital.example"


def identity(subject: str) -> str:
    return hashlib.sha256(f"{ISSUER} {subject}".encode()).hexdigest()


@pytest.fixture(params=[SEED_PROTOCOL, SECOND_PROTOCOL], ids=["first", "second"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trial]:
    """A live trial of either protocol: two persons with roles, nobody delegated to or trained."""
    with Home.create(tmp_path / "home", request.param) as home:
        trial = home.trial()
        for actor in cast(trial):
            grant = c.GrantRole(person=actor.id, role=actor.role, site=actor.site)
            expect(trial.do(grant, ADMINISTRATOR))
        yield trial


def cast(trial: Trial) -> tuple[Actor, Actor]:
    """Two persons in roles that grant nothing, at the protocol's first site."""
    site = trial.protocol.identity.sites[0].id
    roles = [one.role for one in trial.protocol.roles if "GrantRole" not in one.may]
    return Actor("first-person", roles[0], site), Actor("second-person", roles[1], site)


def link(trial: Trial, actor: Actor, subject: str) -> object:
    return trial.do(c.LinkIdentity(issuer=ISSUER, identity=identity(subject)), actor)


def test_every_role_links_its_own_identity_before_it_is_trained(live: Trial) -> None:
    """How somebody signs in comes before what they do."""
    first, second = cast(live)
    for actor in (first, second, ADMINISTRATOR):
        expect(link(live, actor, actor.id))  # type: ignore[arg-type]
        assert live.state.who_has(identity(actor.id)) == actor.id
    assert [one.person for one in live.state.identity_changes] == [
        first.id, second.id, ADMINISTRATOR.id,
    ]  # fmt: skip


def test_an_identity_opens_one_account_only_and_the_refusal_does_not_say_whose(live: Trial) -> None:
    first, second = cast(live)
    expect(link(live, first, "s-1"))  # type: ignore[arg-type]
    refused = link(live, second, "s-1")
    assert refused.codes == ("identity-taken",)  # type: ignore[attr-defined]
    assert first.id not in str(refused)
    assert live.state.who_has(identity("s-1")) == first.id


def test_a_new_identity_replaces_the_one_before(live: Trial) -> None:
    first, second = cast(live)
    for subject in ("old", "new", "new"):
        expect(link(live, first, subject))  # type: ignore[arg-type]
    assert live.state.who_has(identity("old")) is None
    assert live.state.who_has(identity("new")) == first.id
    expect(link(live, second, "old"))  # type: ignore[arg-type]


def test_who_is_not_granted_a_role_links_nothing(live: Trial) -> None:
    refused = link(live, Actor("a stranger", cast(live)[0].role, cast(live)[0].site), "s-2")
    assert refused.codes == ("not-granted",)  # type: ignore[attr-defined]


def test_what_is_no_hash_or_names_no_issuer_is_not_linked(live: Trial) -> None:
    first, _second = cast(live)
    for issuer, given, code in (
        (ISSUER, "employee-4711", "not-a-hash"),
        (ISSUER, identity("s").upper(), "not-a-hash"),
        (" ", identity("s"), "no-issuer"),
    ):
        refused = live.do(c.LinkIdentity(issuer=issuer, identity=given), first)
        assert refused.codes == (code,)  # type: ignore[union-attr]


def test_one_ends_ones_own_link_and_who_grants_roles_ends_anybodys_with_a_reason(
    live: Trial,
) -> None:
    first, second = cast(live)
    for actor in (first, second):
        expect(link(live, actor, actor.id))  # type: ignore[arg-type]

    def unlink(person: str, actor: Actor, reason: str = "left the hospital") -> object:
        return live.do(c.UnlinkIdentity(person=person, reason=reason), actor)

    assert unlink(second.id, first).codes == ("not-your-identity",)  # type: ignore[attr-defined]
    assert unlink(second.id, ADMINISTRATOR, " ").codes == ("no-reason-for-unlinking",)  # type: ignore[attr-defined]
    expect(unlink(second.id, ADMINISTRATOR))  # type: ignore[arg-type]
    expect(unlink(first.id, first, "a new telephone"))  # type: ignore[arg-type]
    assert unlink(first.id, first).codes == ("no-identity-linked",)  # type: ignore[attr-defined]
    assert live.state.identities == {}
    assert [(one.person, one.by, one.reason) for one in live.state.identity_changes[2:]] == [
        (second.id, ADMINISTRATOR.id, "left the hospital"),
        (first.id, first.id, "a new telephone"),
    ]


def test_neither_subject_nor_reason_stands_in_the_ledger_to_be_read(
    live: Trial, tmp_path: Path
) -> None:
    first, _second = cast(live)
    expect(link(live, first, "employee-4711"))  # type: ignore[arg-type]
    ended = c.UnlinkIdentity(person=first.id, reason="a word about somebody")
    expect(live.do(ended, first))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").glob("ledger.sqlite*"))
    assert ISSUER.encode() in kept
    assert b"employee-4711" not in kept
    assert b"a word about somebody" not in kept


def test_no_protocol_has_to_name_the_right_and_none_can_withhold_it() -> None:
    from equipoise.conduct.decide.permission import OF_EVERYBODY, rights_of

    for file in (SEED_PROTOCOL, SECOND_PROTOCOL):
        for role in load_protocol(file).roles:
            assert not OF_EVERYBODY & {*role.may}
            assert rights_of(role) >= OF_EVERYBODY
