"""Who may open which page: the table decides, for every page, role and site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from equipoise.conduct.decide.permission import rights_of
from equipoise.home.home import ADMINISTRATOR
from equipoise.web.access import MENU, PAGES, ROLES, guarded, permissions_document
from support.overseen import oversee, trial_text_address
from support.story import SITE_ROLES, SITES
from support.web_home import stage

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "permissions.md"

COMMANDS = {
    "screen": "ScreenParticipant", "screening": "SaveForm", "consent": "RecordConsent",
    "sign_eligibility": "SignEligibility", "fail_screening": "FailScreening",
    "randomize": "Randomize", "form": "SaveForm", "form_sign": "SignForm",
    "form_verify": "VerifySource", "form_hold": "LockForm",
    "participant_hold": "LockForm", "form_move": "MoveValues", "raise_query": "RaiseQuery", "diary_day": "RecordDiaryDay",
    "miss_visit": "MissVisit", "report_adverse_event": "ReportAdverseEvent",
    "adverse_event": "UpdateAdverseEvent", "safety_report": "SubmitSafetyReport",
    "supply": "DispenseSupply", "deviation": "LogDeviation", "withdraw": "Withdraw",
    "transfer": "TransferParticipant", "complete": "CompleteParticipant",
    "open_site": "OpenSite", "close_site": "CloseSite", "close_recruitment": "CloseRecruitment",
    "halt_recruitment": "HaltRecruitment", "restart_recruitment": "RestartRecruitment",
    "file_document": "FileDocument", "withdraw_document": "WithdrawDocument",
    "record_ethics_review": "RecordEthicsReview",
    "release_results": "ReleaseResults", "review_trail": "ReviewTrail", "sign_analysis_plan": "SignAnalysisPlan", "code_term": "CodeTerm", "recode": "CodeTerm", "retire_synonym": "RetireSynonym",
    "reword_adverse_event": "RewordAdverseEvent",
    "redact_trial_text": "RequestTrialRedaction", "trial_redaction": "ApproveTrialRedaction",
    "erase": "EraseIdentity", "redact": "RequestRedaction", "redaction": "ApproveRedaction",
    "plan_visit": "PlanMonitoringVisit",
    "record_finding": "RecordFinding", "sign_visit": "SignMonitoringReport",
    "acknowledge_visit": "AcknowledgeMonitoringReport", "resolve_finding": "ResolveFinding",
    "cancel_visit": "CancelMonitoringVisit", "open_signal": "OpenSignal", "signal": "CloseSignal", "assess_deviation": "AssessDeviation",
}  # fmt: skip
"""The command behind each page that gives one."""


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """A participant at each of two sites with something of everything a page can be about."""
    played = stage()
    from equipoise.conduct import commands as c
    from equipoise.conduct.values import Address
    from support.story import expect

    numbers = {}
    for site in ("01", "02"):
        person = played.participant("randomized", site)
        expect(
            person.do(
                c.ReportAdverseEvent(
                    participant=person.id, term="fatigue", grade=3, started_on=person.at.date(),
                    seriousness=("hospitalization",), causality={}, outcome="unknown",
                )
            )
        )  # fmt: skip
        query = c.RaiseQuery(
            participant=person.id, address=Address("screening", "laboratory"), item="hemoglobin",
            text="Please check.",
        )  # fmt: skip
        expect(person.do(query))
        text = next(one.place for one in played.trial.sealed_values(person.id) if one.single)
        asked = c.RequestRedaction(participant=person.id, value=text, reason="names somebody")
        expect(person.do(asked))
        log = c.LogDeviation(
            participant=person.id, kind="other", severity="minor", text="late",
            occurred_on=person.at.date(),
        )  # fmt: skip
        expect(person.do(log))
        numbers[site] = person.id
    oversee(played.trial)
    until = played.trial.today("01")
    issue = c.IssueToken(token="none", person="monitor", role="monitor", until=until)
    expect(played.trial.do(issue, ADMINISTRATOR))
    return {"participants": numbers, "clients": {}}


def client_for(world: dict[str, Any], page: str, role: str | None, site: str) -> Any:
    """Somebody with this role; signed in once for all pages that nobody opens without signing in."""
    if PAGES[page].everyone:  # signing out and choosing a role are among them
        return stage().client(role, site)
    clients = world["clients"]
    if (role, site) not in clients:
        clients[role, site] = stage().client(role, site)
    return clients[role, site]


def address_of(page: str, trial: Any, participant: str) -> str:
    """A real address of the page, about this participant where it is about one."""
    protocol = trial.protocol
    state = trial.participant(participant)
    event = next(iter(state.adverse_events.values()), None)
    text = next((one for one in trial.sealed_values(participant) if one.single and one.own), None)
    clock = event.clocks[0].clock if event and event.clocks else "none"
    parts = {
        "<str:participant>": participant, "<slug:visit>": "screening", "<slug:form>": "laboratory",
        "<str:repeat>": "1", "<int:number>": "1", "<int:finding>": "1", "<str:statistic>": "rate.missed_visits", "<slug:clock>": clock,
        "<slug:diary>": protocol.schedule.diaries[0].id, "<str:day>": "2026-12-01",
        "<slug:intervention>": protocol.supply[0].intervention, "<slug:site>": "01",
        "<int:version>": str(text.version) if text else "1", "<slug:name>": text.name if text else "none",
        "<slug:token>": "none", "<slug:digest>": "0", "<slug:factor>": "app", "<slug:file>": "html",
        "<str:target>": f"ae~{event.number}" if event else "none",
    }  # fmt: skip
    path = PAGES[page].path
    if page == "redact_trial_text":
        path = trial_text_address(trial, path)
    for name, value in parts.items():
        path = path.replace(name, value)
    return "/" + path


EVERYBODY = [(None, "01"), *((role, "01") for role in ROLES)]


@pytest.mark.parametrize(("role", "site"), EVERYBODY, ids=lambda value: str(value))
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_page_answers_each_role_and_site_as_the_table_says(
    world: dict[str, Any], page: str, role: str | None, site: str, method: str
) -> None:
    """Denied by default: anonymous to the sign-in, wrong role 403, other site's participant 404."""
    played = stage()
    row = PAGES[page]
    client = client_for(world, page, role, site)
    about_one = "<str:participant>" in row.path
    for other in (False, True) if about_one else (False,):
        participant = world["participants"]["02" if other else "01"]
        address = address_of(page, played.trial, participant)
        response = client.get(address) if method == "GET" else client.post(address, {})
        status = response.status_code
        right = row.rights.get(role or "")
        if method not in row.methods:
            assert status == 405
        elif page == "invitation":
            assert status == 404  # a link that was never given
        elif row.everyone:
            assert status in (200, 302, 400)
        elif role is None:
            assert status == 302
            assert response["location"].startswith("/sign-in/")
        elif right is None:
            assert status == 403
        elif other and right.startswith("own:") and role in SITE_ROLES:
            assert status == 404
        elif method == "POST" and not right.endswith(":write"):
            assert status == 403
        else:
            # let in: shown, led on, or (an empty form) refused with the reasons
            assert status in (200, 302, 409, 422), response.content[:300]
            if status == 302:
                assert not response["location"].startswith("/sign-in/")


def test_a_view_without_a_row_in_the_table_cannot_be_routed() -> None:
    """There is no page outside the permission table."""
    with pytest.raises(ImproperlyConfigured, match="has no row in the permission table"):
        guarded("back_door", lambda request: None)  # type: ignore[arg-type, return-value]


def test_every_address_is_behind_a_guard_and_every_row_has_an_address() -> None:
    """The addresses and the table name the same pages."""
    stage()
    from equipoise.web.urls import urlpatterns

    pages = [pattern for pattern in urlpatterns if not pattern.name.startswith("api:")]
    assert {pattern.name for pattern in pages} == set(PAGES)
    assert all(pattern.callback.page_name == pattern.name for pattern in pages)


def test_the_table_grants_no_page_whose_command_the_protocol_denies_to_the_role() -> None:
    """The pages offered agree with the rights the shipped protocol gives each role."""
    protocol = stage().trial.protocol
    may = {grant.role: rights_of(grant) for grant in protocol.roles}
    for page, command in COMMANDS.items():
        for role in ROLES:
            writes = (PAGES[page].rights.get(role) or "").endswith(":write")
            assert writes == (command in may[role]), (page, role, command)


def test_the_menu_offers_each_role_only_pages_it_may_open() -> None:
    """What stands in the menu opens; what may be opened from the menu stands in it."""
    played = stage()
    for role in ROLES:
        client = played.client(role)
        body = client.get("/protocol/").content.decode()
        menu = body.split('id="menu"')[1].split("</nav>")[0]
        for page in MENU:
            listed = f'href="/{PAGES[page].path}"' in menu
            assert listed == (role in PAGES[page].rights), (role, page)


def test_a_role_taken_back_ends_the_session_at_the_next_page() -> None:
    """Grants live in the ledger and are looked up for every request."""
    from equipoise.conduct import commands as c
    from equipoise.web.accounts import create_account
    from equipoise.web.models import Account
    from support.story import expect

    played = stage()
    create_account("guest-nanning", "guest-password")
    grant = {"person": "guest-nanning", "role": "coordinator", "site": "01"}
    expect(played.trial.do(c.GrantRole(**grant), ADMINISTRATOR))
    client = played.client()
    client.force_login(
        Account.objects.get(username="guest-nanning"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    session = client.session
    session["role"], session["site"] = "coordinator", "01"
    session.save()
    assert client.get("/today/").status_code == 200
    expect(played.trial.do(c.RevokeRole(**grant), ADMINISTRATOR))
    assert client.get("/today/").status_code == 302


@pytest.mark.parametrize("role", SITE_ROLES)
@pytest.mark.parametrize("site", ["01", "02"])
def test_lists_show_only_the_participants_of_the_own_site(
    world: dict[str, Any], role: str, site: str
) -> None:
    """Another site's numbers appear on no list, whatever the filter asks."""
    played = stage()
    client = played.client(role, site)
    other = {"01": "02", "02": "01"}[site]
    shown = ""
    for page, address in (
        ("today", "/today/"), ("participants", "/participants/"),
        ("participants", f"/participants/?site={other}"),
        ("participants", f"/participants/?number={other}-"),
        ("randomize_list", "/randomize/"), ("queries", "/queries/"), ("safety", "/safety/"),
    ):  # fmt: skip
        if role not in PAGES[page].rights:
            continue
        body = client.get(address).content.decode()
        assert f"{other}-0" not in body.replace(f'value="{other}-"', ""), address
        shown += body
    assert world["participants"][site] in shown


@pytest.mark.parametrize("page", PAGES)
def test_no_page_answers_methods_it_does_not_have(world: dict[str, Any], page: str) -> None:
    """Not for anybody: what is not in the row does not exist."""
    played = stage()
    for role in (None, "coordinator", "administrator"):
        client = played.client(role)
        address = address_of(page, played.trial, world["participants"]["01"])
        for method in ("put", "patch", "delete", "options", "trace"):
            assert getattr(client, method)(address).status_code == 405, (role, method)


def test_a_session_with_a_site_or_role_that_was_never_granted_is_nobodys(
    world: dict[str, Any],
) -> None:
    """What the session says is held against the ledger's grants, for every page."""
    played = stage()
    for role, site in (("coordinator", "02"), ("coordinator", ""), ("investigator", "01")):
        client = played.client("coordinator", "01")
        session = client.session
        session["role"], session["site"] = role, site
        session.save()
        for page, row in PAGES.items():
            if row.everyone:
                continue
            address = address_of(page, played.trial, world["participants"][site or "01"])
            for method in row.methods:
                answer = client.get(address) if method == "GET" else client.post(address, {})
                assert answer.status_code == 302, (page, method, role, site)
                assert answer["location"].startswith("/role/"), (page, method)


def test_the_permission_document_is_current() -> None:
    """The reference shows the table the code uses."""
    assert DOCUMENT.read_text(encoding="utf-8") == permissions_document()


def test_every_role_of_the_cast_is_known_to_the_table() -> None:
    """The protocol's staff roles and the table's roles are the same."""
    roles = {grant.role for grant in stage().trial.protocol.roles}
    assert roles - {"participant"} == set(ROLES)
    assert set(SITES) == set(stage().trial.protocol.site_by_id)
