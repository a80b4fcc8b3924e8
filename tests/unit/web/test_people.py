"""The delegation log as a page: who, what, since when, until when, signed by whom."""

from __future__ import annotations

from support.story import expect
from support.web_home import client_id, stage


def _posted(**typed: str) -> dict[str, str]:
    return {"client_id": client_id(), **typed}


def test_the_investigator_signs_a_delegation_with_the_password_and_ends_it() -> None:
    """The log shows the line, who signed with which meaning, and later its end."""
    from equipoise.conduct import commands as c
    from equipoise.home.home import ADMINISTRATOR

    played = stage()
    newcomer = "newcomer-nanning"
    grant = c.GrantRole(person=newcomer, role="coordinator", site="01")
    expect(played.trial.do(grant, ADMINISTRATOR))
    client = played.client("investigator")
    assert f'value="coordinator/{newcomer}"' in client.get("/people/delegate/").content.decode()
    said = {"who": f"coordinator/{newcomer}", "since": str(played.trial.today("01")), "until": ""}
    unsigned = client.post("/people/delegate/", _posted(**said, password="wrong"))
    assert unsigned.status_code == 422
    signed = _posted(**said, password=played.passwords["investigator-nanning"])
    assert client.post("/people/delegate/", signed).status_code == 302
    line = played.trial.state.site("01").delegations[-1]
    assert (line.person, line.signed_by) == (newcomer, "investigator-nanning")
    body = client.get("/people/").content.decode()
    end = f"/people/01/{line.number}/end/"
    assert newcomer in body
    assert line.content_hash[:12] in body
    assert line.meaning in body
    assert end in body
    ended = _posted(reason="left", password=played.passwords["investigator-nanning"])
    assert client.post(end, ended).status_code == 302
    assert played.trial.state.site("01").delegations[-1].ended_by == "investigator-nanning"
    assert end not in client.get("/people/").content.decode()


def test_training_is_recorded_and_shown_with_who_recorded_it() -> None:
    """By the administrator, for anybody with a role."""
    played = stage()
    client = played.client("administrator")
    day = str(played.trial.today())
    typed = _posted(person="monitor", subject="gcp", trained_on=day)
    assert client.post("/people/training/", typed).status_code == 302
    assert played.trial.state.trained("monitor", "gcp")
    assert "Good clinical practice" in client.get("/people/").content.decode()


def test_a_site_sees_its_own_log_and_ends_no_delegation_of_another() -> None:
    """Another site's line does not exist."""
    played = stage()
    client = played.client("investigator", "01")
    body = client.get("/people/").content.decode()
    assert "coordinator-nanning" in body
    assert "coordinator-liuzhou" not in body
    assert client.get("/people/02/1/end/").status_code == 404
    assert client.post("/people/02/1/end/", _posted(reason="x")).status_code == 404
    assert client.get("/people/01/999/end/").status_code == 404
    assert "coordinator-liuzhou" in played.client("sponsor").get("/people/").content.decode()


def test_nobody_but_the_investigator_opens_the_pages_of_delegation() -> None:
    """Nor does anybody delegate to himself by posting."""
    played = stage()
    for role in ("coordinator", "pharmacist", "monitor", "administrator", "sponsor"):
        for address in ("/people/delegate/", "/people/01/1/end/"):
            assert played.client(role).post(address, _posted()).status_code == 403, role
