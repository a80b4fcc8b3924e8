"""The interface for machines: the pages' rights, the trial's commands, refusals as problems."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.web.access import PAGES, ROLES
from support.machines import Machine, machine
from support.story import SITE_ROLES, expect
from support.web_home import Stage, stage

ROOT = Path(__file__).resolve().parents[3]
LABORATORY = "forms/screening/laboratory/1"


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """A participant at each of two sites with something of everything, and a machine of every role."""
    played = stage()
    numbers = {}
    for site in ("01", "02"):
        person = played.participant("randomized", site)
        event = c.ReportAdverseEvent(
            participant=person.id, term="fatigue", grade=3, started_on=person.at.date(),
            seriousness=("hospitalization",), narrative=f"told at {site}",
        )  # fmt: skip
        expect(person.do(event))
        address = Address("screening", "laboratory")
        asked = c.RaiseQuery(
            participant=person.id, address=address, item="hemoglobin", text=f"asked at {site}"
        )
        expect(person.do(asked))
        numbers[site] = person.id
    machines = {
        role: machine(played.home, role, "01" if role in SITE_ROLES else "") for role in ROLES
    }
    return {"stage": played, "participants": numbers, "machines": machines}


def operations() -> list[Any]:
    """Every operation."""
    stage()
    from equipoise.web.api.operations import OPERATIONS

    return list(OPERATIONS)


def path_of(path: str, world: dict[str, Any], participant: str) -> str:
    """A real address of an operation."""
    protocol = world["stage"].trial.protocol
    parts = {
        "<str:participant>": participant, "<slug:visit>": "screening", "<slug:form>": "laboratory",
        "<str:repeat>": "1", "<int:number>": "1", "<str:day>": "2026-12-01",
        "<slug:diary>": protocol.schedule.diaries[0].id, "<slug:version>": protocol.version,
    }  # fmt: skip
    for name, value in parts.items():
        path = path.replace(name, value)
    return path


def test_every_operation_answers_each_role_and_site_as_the_row_of_its_page_says(
    world: dict[str, Any],
) -> None:
    """No token 401, wrong role 403, another site's participant 404, else let in: the pages' own table."""
    for one in operations():
        rights = PAGES[one.page].rights
        for role in ROLES:
            asker: Machine = world["machines"][role]
            for site in ("01", "02"):
                path = path_of(one.path, world, world["participants"][site])
                answer = asker.ask(one.method, path, {})
                right = rights.get(role)
                about_one = "<str:participant>" in one.path
                where = (one.id, role, site, answer.status_code)
                if right is None:
                    assert answer.status_code == 403, where
                elif about_one and site == "02" and right.startswith("own:") and role in SITE_ROLES:
                    assert answer.status_code == 404, where
                elif one.changes and not right.endswith(":write"):
                    assert answer.status_code == 403, where
                else:
                    assert answer.status_code in (200, 409, 422), where
                if answer.status_code >= 400:
                    assert answer["content-type"] == "application/problem+json"
                    assert answer.json()["status"] == answer.status_code
        nobody = Machine(world["machines"]["monitor"].client, "nobody", "", "eqp_guessed")
        path = path_of(one.path, world, world["participants"]["01"])
        answer = nobody.ask(one.method, path, {})
        assert answer.status_code == 401
        assert answer["www-authenticate"].startswith("Bearer")


def test_a_session_of_the_pages_opens_nothing_here(world: dict[str, Any]) -> None:
    """Only the token counts: what a browser sends on its own is nobody's."""
    played: Stage = world["stage"]
    client = played.client("coordinator")
    assert client.get("/today/").status_code == 200
    assert client.get("/api/v1/participants").status_code == 401
    posted = client.patch(
        f"/api/v1/participants/{world['participants']['01']}/{LABORATORY}", "{}", "application/json"
    )
    assert posted.status_code == 401
    opened = world["machines"]["coordinator"].client.get(
        "/today/", headers={"authorization": f"Bearer {world['machines']['coordinator'].secret}"}
    )
    assert opened.status_code == 302  # and a token opens no page


@pytest.mark.parametrize("role", SITE_ROLES)
def test_nothing_of_another_site_is_in_any_list_or_event(world: dict[str, Any], role: str) -> None:
    """By number, by filter, by place in the list, by position of the ledger."""
    asker: Machine = world["machines"][role]
    own, other = world["participants"]["01"], world["participants"]["02"]
    told = ""
    for path in (
        "participants", "participants?site=02", f"participants?after={own[:5]}",
        f"participants?after={other[:5]}", "queries", "queries?after=2000~~0", "adverse-events",
        "adverse-events?after=02~0", "events?limit=1000",
    ):  # fmt: skip
        answer = asker.ask("GET", path)
        if answer.status_code == 403:
            continue
        assert answer.status_code == 200, path
        told += answer.content.decode()
    assert own in told
    assert other not in told
    assert "told at 02" not in told
    assert "asked at 02" not in told


def test_events_leave_out_what_is_sealed_and_can_be_followed_by_position(
    world: dict[str, Any],
) -> None:
    """No ciphertext, no identity, no arm; the chain's links stand, and every position is passed once."""
    asker: Machine = world["machines"]["monitor"]
    found, after, more = [], 0, True
    while more:
        page = asker.ask("GET", f"events?after={after}&limit=37").json()
        found += page["events"]
        after, more = page["next"], page["more"]
    assert [one["seq"] for one in found] == list(range(1, after + 1))
    assert all(one["previous"] == before["hash"] for before, one in itertools.pairwise(found))
    text = json.dumps(found)
    assert '"nonce"' not in text
    assert "Virtual Participant" not in text
    randomized = next(one for one in found if one["type"] == "ParticipantRandomized")
    assert "arm" in randomized["sealed"]
    assert "arm" not in randomized["payload"]
    raised = next(one for one in found if one["type"] == "QueryRaised")
    assert "text" in raised["sealed"]


def test_a_form_saved_by_a_machine_is_the_same_command_with_its_trail(
    world: dict[str, Any],
) -> None:
    """Refused with the catalog's reasons, saved under the machine's name, once, and not over another's save."""
    asker: Machine = world["machines"]["coordinator"]
    played: Stage = world["stage"]
    path = f"participants/{world['participants']['01']}/{LABORATORY}"
    wrong = asker.ask(
        "PATCH", path, {"values": {"hemoglobin": "12 parsec"}, "reason": "typing error"},
        **{"accept-language": "zh-hans"},
    )  # fmt: skip
    assert wrong.status_code == 422
    problem = wrong.json()
    assert problem["type"] == "urn:equipoise:problem:refused"
    assert wrong["content-language"] == "zh-hans"
    assert [(one["code"], one["field"]) for one in problem["reasons"]] == [
        ("wrong-unit", "hemoglobin")
    ]
    assert re.search("[\u4e00-\u9fff]", problem["reasons"][0]["remedy"])
    before = asker.ask("GET", path).json()
    body = {
        "values": {"hemoglobin": "130"}, "reason": "typing error", "based_on": before["saves"],
        "device_time": "2026-11-30T08:00:00+08:00",
    }  # fmt: skip
    saved = asker.ask("PATCH", path, body, key="first")
    assert saved.status_code == 200
    assert saved.json()["form"]["saves"] == before["saves"] + 1
    event = next(played.trial.events(types=["FormSaved"], descending=True, limit=1))[0]
    assert (event.actor, event.role) == (asker.name, "coordinator")
    assert event.device_time.startswith("2026-11-30T00:00:00")
    head = played.trial.ledger.head()
    again = asker.ask("PATCH", path, body, key="first")
    assert again.json()["repeated"] is True
    assert played.trial.ledger.head() == head
    late = asker.ask("PATCH", path, {**body, "values": {"hemoglobin": "131"}}, key="second")
    assert late.status_code == 409
    assert late.json()["reasons"][0]["code"] == "stale"
    assert played.trial.ledger.head() == head


def test_queries_and_adverse_events_are_worked_on(world: dict[str, Any]) -> None:
    """Asked, answered, closed; reported with its clock, and what is learned since."""
    site, monitor = world["machines"]["coordinator"], world["machines"]["monitor"]
    who = world["participants"]["01"]
    asked = monitor.ask("POST", f"participants/{who}/{LABORATORY}/queries", {"text": "Sure?"})
    assert asked.status_code == 201
    number = asked.json()["query"]["number"]
    path = f"participants/{who}/queries/{number}"
    assert (
        site.ask("POST", path, {"act": "answer", "text": "Yes."}).json()["query"]["answer"]
        == "Yes."
    )
    assert monitor.ask("POST", path, {"act": "close"}).json()["query"]["status"] == "closed"
    day = str(world["stage"].trial.today("01"))
    told = {"term": "fatigue", "grade": 3, "started_on": day, "seriousness": ["hospitalization"]}
    event = site.ask("POST", f"participants/{who}/adverse-events", told).json()["adverse_event"]
    assert event["clocks"]
    change = {"outcome": "recovering", "reason": "follow-up"}
    path = f"participants/{who}/adverse-events/{event['number']}"
    assert site.ask("PATCH", path, change).json()["adverse_event"]["outcome"] == "recovering"
    assert world["machines"]["sponsor"].ask("GET", path).json()["outcome"] == "recovering"


UNREADABLE = [
    ("{", 400), ('{"values": {}, "values": {}}', 400), ("[" * 100_000, 400), (b"\xff\xfe", 400),
    ('{"values": NaN}', 400), ("[]", 422), ('{"values": {}, "extra": 1}', 422),
    ('{"values": {"a": 1}}', 422), ('{"values": {}, "based_on": "1"}', 422),
    ('{"values": {"hemoglobin": "\\ud800"}}', 422), ('{"values": {}, "based_on": ' + "9" * 5000 + "}", 400),
    ('{"values": {}, "performed_on": "2026-02-30"}', 422), ("x" * 300_000, 413),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_as_described_is_refused_as_a_whole(
    world: dict[str, Any], body: str | bytes, status: int
) -> None:
    """A name twice, a number for a text, something unknown: nothing of it is taken."""
    asker: Machine = world["machines"]["coordinator"]
    head = world["stage"].trial.ledger.head()
    path = f"participants/{world['participants']['01']}/{LABORATORY}"
    answer = asker.ask("PATCH", path, body)
    assert answer.status_code == status, answer.content
    assert answer.json()["status"] == status
    assert world["stage"].trial.ledger.head() == head


def test_a_change_needs_json_and_a_key(world: dict[str, Any]) -> None:
    """Another type of body is not guessed at, and no change can be made that could not be sent again."""
    asker: Machine = world["machines"]["coordinator"]
    path = f"/api/v1/participants/{world['participants']['01']}/{LABORATORY}"
    sent = {"authorization": f"Bearer {asker.secret}", "idempotency-key": "k"}
    form = asker.client.patch(path, "values=1", "application/x-www-form-urlencoded", headers=sent)
    assert form.status_code == 415
    del sent["idempotency-key"]
    keyless = asker.client.patch(path, '{"values": {}}', "application/json", headers=sent)
    assert keyless.status_code == 400
    assert "Idempotency-Key" in keyless.json()["detail"]
    assert asker.client.put(path, headers=sent)["allow"] == "GET, HEAD, PATCH"
    assert asker.ask("GET", "participants?staus=open").status_code == 422
    assert asker.ask("GET", "queries?status=open&status=closed").status_code == 422


def test_pages_of_a_list_hold_everybody_once(world: dict[str, Any]) -> None:
    """By the cursor, however many are added meanwhile."""
    played: Stage = world["stage"]
    for _ in range(55):
        played.participant("screened", "03")
    asker = machine(played.home, "coordinator", "03")
    first = asker.ask("GET", "participants").json()
    second = asker.ask("GET", f"participants?after={first['next']}").json()
    found = [one["id"] for page in (first, second) for one in page["participants"]]
    assert len(found) == len(set(found)) == first["total"]
    assert second["next"] == ""


def test_the_document_is_valid_openapi_and_the_manual_shows_it_as_it_is(
    world: dict[str, Any],
) -> None:
    """Served, shipped, and the same; every model in it is defined."""
    served = world["stage"].client().get("/api/v1/openapi.json").json()
    spec = importlib.util.spec_from_file_location("page", ROOT / "tools" / "interface_page.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    document, page = tool.written()
    assert json.loads(document) == served
    assert tool.DOCUMENT.read_text(encoding="utf-8") == document
    assert tool.PAGE.read_text(encoding="utf-8") == page
    named = set(re.findall(r'"#/components/schemas/(\w+)"', document))
    assert named <= set(served["components"]["schemas"])
    assert len(
        {one["operationId"] for path in served["paths"].values() for one in path.values()}
    ) == len(operations())
