"""Schemathesis over the interface: requests drawn from the OpenAPI document, sent by a machine of every role.

For both trials, one of them double-blind. No error of ours, every answer as described, and nothing of another
site, of an identity or of an allocation told to a role that may not know it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from support.fuzzing import Reader, World, made, mark
from support.played import SECOND_PROTOCOL
from support.story import SEED_PROTOCOL
from support.web_home import stage

pytestmark = [
    pytest.mark.xdist_group("fuzzed"),
    # Django closes its connections between requests only where a server or its test client tells it to
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))
EXAMPLES = 25 if DEEP else 3


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


def described(world: World) -> Any:
    """The interface as schemathesis reads it, in front of the application."""
    import schemathesis

    from equipoise.web import application

    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application())


def places(world: World) -> dict[str, list[Any]]:
    """Parts of addresses that exist, so that requests come further than "not found"."""
    trial = world.home.trial()
    protocol = trial.protocol
    people = [
        address.split("/")[2]
        for address in world.addresses
        if address.startswith("/participants/0")
    ]
    numbers = sorted(set(people)) or trial.participant_ids()[:4]
    forms = [address for one in numbers for address in trial.participant(one).forms]
    return {
        "participant": numbers,
        "place": sorted({(one.visit, one.form, one.repeat) for one in forms})[:8],
        "number": [1],
        "diary": [one.id for one in protocol.schedule.diaries] or ["none"],
        "day": [str(trial.today())],
        "version": [protocol.version],
    }


def checks() -> list[Any]:
    """What every answer is held against."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    return [
        not_a_server_error, status_code_conformance, content_type_conformance,
        response_headers_conformance, response_schema_conformance,
    ]  # fmt: skip


def test_every_answer_is_as_described_and_tells_each_role_only_what_is_its_own(
    world: World,
) -> None:
    schema = described(world)
    held_to, known = checks(), places(world)
    sees = {one.role for one in world.home.protocol.roles if one.sees_allocation}
    statuses: Counter[tuple[str, int]] = Counter()

    def sent(case: Any, reader: Reader, chosen: dict[str, Any]) -> None:
        case.path_parameters = {**(case.path_parameters or {}), **chosen}
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {reader.secret}"}
        answer = case.call_and_validate(checks=held_to)
        statuses[case.operation.method, answer.status_code] += 1
        text = answer.text
        given_ = f"{case.formatted_path}{case.query}{case.body!r}"
        assert not [one for one in reader.hidden if one in text and one not in given_], text[:500]
        if answer.status_code == 200 and reader.role not in sees:
            assert json.loads(text).get("arm") is None or _unblinded(world, reader, chosen)

    def tried(operation: Any, reader: Reader) -> None:
        names = {one.name for one in operation.path_parameters}
        parts = {name: st.sampled_from(known[name]) for name in names if name in known}
        real = st.fixed_dictionaries(parts)
        if "form" in names:
            real = st.builds(_at, real, st.sampled_from(known["place"]))

        @seed(20261125)
        @settings(
            max_examples=EXAMPLES, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        )  # fmt: skip
        @given(case=operation.as_strategy(), chosen=st.one_of(real, real, st.just({})))
        def run(case: Any, chosen: dict[str, Any]) -> None:
            sent(case, reader, chosen)

        run()

    readers = world.readers[1:]
    asked = 0
    for n, result in enumerate(schema.get_all_operations()):
        # in the short run the role that works most, and another in turn
        usual = [one for one in readers if one.role == "coordinator"]
        for reader in readers if DEEP else (*usual, readers[n % len(readers)]):
            tried(result.ok(), reader)
            asked += 1
    assert sum(statuses.values()) >= asked
    assert {200, 403, 404, 422} <= {status for _method, status in statuses}, statuses
    assert world.home.trial().ledger.verify().problems == []


def _at(chosen: dict[str, Any], place: tuple[str, str, str]) -> dict[str, Any]:
    """Parts of an address with the place of a form that exists."""
    visit, form, repeat = place
    return {**chosen, "visit": visit, "form": form, "repeat": repeat}


def _unblinded(world: World, reader: Reader, chosen: dict[str, Any]) -> bool:
    """Whether this participant was unblinded by who asks; nobody was, in this world."""
    state = world.home.trial().participant(str(chosen.get("participant", "")))
    return bool(state and any(one.stamp.actor == reader.name for one in state.unblindings))


def test_the_marks_reach_whom_they_are_meant_for(world: World) -> None:
    """Otherwise that none was told would say nothing."""
    reader = next(one for one in world.readers if one.role == "coordinator")
    sent = {"authorization": f"Bearer {reader.secret}"}
    found = "".join(
        reader.client.get(address, headers=sent).content.decode()
        for address in world.addresses
        if address.startswith("/api/")
    )
    assert mark("Text", reader.site) in found
