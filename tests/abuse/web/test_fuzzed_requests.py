"""Twenty thousand requests that mean harm: no error of ours, nothing told to whom it is not meant.

Half of them against each of the two trials that ship, one of which is double-blind. In the short run a few
hundred; `make deep` sends them all. Requests are drawn from a seed, so that one that went wrong can be sent again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from support.fuzzing import Asked, World, fuzz, made, mark, send, wrong_with
from support.played import SECOND_PROTOCOL
from support.story import SEED_PROTOCOL
from support.web_home import stage

pytestmark = pytest.mark.xdist_group("fuzzed")
REQUESTS = 10_000 if os.environ.get("EQUIPOISE_DEEP") else 400
SEED = 20261125


@pytest.fixture(
    scope="module", params=[SEED_PROTOCOL, SECOND_PROTOCOL], ids=lambda p: p.parent.name
)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Each trial in turn; afterwards this process serves its usual home again."""
    usual = stage().home
    from equipoise.web import configure

    yield made(tmp_path_factory.mktemp("home") / "home", request.param)
    configure(usual)


def test_the_marks_are_there_for_whom_they_are_meant(world: World) -> None:
    """Otherwise that none is told would say nothing."""
    reader = next(one for one in world.readers if one.role == "coordinator")
    found = "".join(
        reader.client.get(address).content.decode()
        for address in world.addresses
        if address.startswith("/participants/")
    )
    assert mark("Text", reader.site) in found
    assert any(one.hidden for one in world.readers if one.role == "coordinator")
    seeing = {one.role for one in world.home.protocol.roles if one.sees_identity}
    assert any(
        mark("Identity", reader.site) in one.hidden
        for one in world.readers
        if one.role not in seeing
    )


@pytest.mark.thorough
def test_nobody_of_one_site_reads_another_sites_texts_anywhere(world: World) -> None:
    """Every address, as whoever is bound to a site opens it; the monitor too, where the role is granted for one."""
    told, opened = [], 0
    bound = [one for one in world.readers if one.site]
    assert {"coordinator", "investigator", "monitor"} <= {one.role for one in bound}
    for reader in bound:
        for address in world.addresses:
            if address in ("/sign-out/", "/rehearsal/"):
                continue
            token = {"authorization": f"Bearer {reader.secret}"} if "/api/" in address else {}
            asked = Asked(reader, "GET", address, "", b"", "", token)
            answer = send(asked)
            opened += answer.status_code == 200
            told += [f"{reader.name} {address}: {one}" for one in wrong_with(asked, answer)]
    assert told == []
    assert opened > 100


def test_no_request_breaks_anything_or_tells_what_is_not_meant_for_its_sender(world: World) -> None:
    """Statuses below 500, no mark of another site or of an identity, no way out, nothing of the inside."""
    wrong, statuses = fuzz(world, REQUESTS, SEED)
    assert wrong == [], "\n".join(wrong[:10])
    assert sum(statuses.values()) == REQUESTS
    # the requests reach the pages: shown, refused in words, forbidden, and not there
    assert {200, 302, 403, 404, 405, 422} <= set(statuses), statuses
    assert world.home.trial().ledger.verify().problems == []
