"""The board's pack and the analysis plan on the web: the closed part is the board's alone, the signature the statistician's."""

from __future__ import annotations

import io
from contextlib import ExitStack

import pytest
from pypdf import PdfReader

from equipoise.protocol.analysis_plan import plan_hash
from equipoise.web.access import PAGES, ROLES
from support.web_home import Stage, client_id, stage

PARTS = ("pdf", "docx", "html")  # for the board, one of them is enough to be let in


@pytest.fixture(scope="module")
def played() -> Stage:
    at = stage()
    at.participant("randomized")
    return at


def test_only_the_board_gets_anything_of_the_closed_part(played: Stage) -> None:
    for role in ROLES:
        client = played.client(role)
        for form in ("html",) if role == "dsmb" else PARTS:
            status = client.get(f"/board/closed/{form}/").status_code
            assert status == (200 if role == "dsmb" else 403), (role, form)
        index = client.get("/board/")
        if index.status_code == 200:
            assert ("/board/closed/" in index.content.decode()) is (role == "dsmb")
    assert {role for role in ROLES if PAGES["board_closed"].rights.get(role)} == {"dsmb"}


def test_a_form_that_is_not_made_is_not_found(played: Stage) -> None:
    for address in ("/board/open/exe/", "/board/closed/exe/", "/analysis-plan/documents/exe/"):
        assert played.client("dsmb").get(address).status_code == 404


def test_the_documents_are_saved_in_the_persons_language_and_never_stored(played: Stage) -> None:
    client = played.client("dsmb")
    answer = client.get("/board/open/pdf/", headers={"accept-language": "zh-hans"})
    assert answer["Content-Disposition"] == 'attachment; filename="board-open.zh-Hans.pdf"'
    assert "no-store" in answer["Cache-Control"]
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert "公开会议" in text
    assert "演练" in text


def test_the_open_part_for_the_sponsor_names_no_group(played: Stage) -> None:
    page = played.client("sponsor").get("/board/open/html/").content.decode()
    body = page[page.index("<section") :]
    for arm in played.trial.protocol.arms:
        assert arm.label.en not in body


def test_the_statistician_signs_the_plan_that_the_page_shows(played: Stage) -> None:
    statistician = played.client("statistician")
    now = plan_hash(played.trial.protocol)
    address = f"/analysis-plan/{now}/sign/"
    page = statistician.get("/analysis-plan/").content.decode()
    assert now in page
    assert address in page
    assert address not in played.client("sponsor").get("/analysis-plan/").content.decode()
    assert now[:16] in statistician.get(address).content.decode()
    told = {"client_id": client_id(), "password": played.passwords["statistician"]}
    other = statistician.post(f"/analysis-plan/{'0' * 64}/sign/", told)
    assert "not the analysis plan of the protocol in force" in other.content.decode()
    given = {"client_id": client_id()}
    wrong = statistician.post(address, {**given, "password": "wrong"})
    assert wrong.status_code == 422
    assert not played.trial.state.analysis_plans
    signed = {**given, "password": played.passwords["statistician"]}
    answer = statistician.post(address, signed)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    (plan,) = played.trial.state.analysis_plans
    assert (plan.plan_hash, plan.signed_by) == (now, "statistician")
    assert plan.signed_by in played.client("sponsor").get("/analysis-plan/").content.decode()
    document = statistician.get("/analysis-plan/documents/html/").content.decode()
    assert "This plan is not signed" not in document
    again = statistician.post(address, {**signed, "client_id": client_id()})
    assert "has signed this plan already" in again.content.decode()
    assert len(played.trial.state.analysis_plans) == 1


def test_while_documents_are_made_the_threads_of_everybody_else_are_free(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the threads make documents or wait for them; whoever comes then is told, and what was made is there."""
    from equipoise.web.pages import documents
    from equipoise.web.server import THREADS

    client = played.client("sponsor")
    assert client.get("/board/open/html/").status_code == 200
    monkeypatch.setattr(documents, "WAIT_SECONDS", 0.01)
    with ExitStack() as busy:
        for _place in range(THREADS // 2):
            assert documents._places.acquire(blocking=False)
            busy.callback(documents._places.release)
        # what does not stand there yet
        monkeypatch.setattr(documents, "FORMATS", (*documents.FORMATS, "odt"))
        monkeypatch.setitem(
            documents.CONTENT_TYPES, "odt", "application/vnd.oasis.opendocument.text"
        )
        assert client.get("/board/open/odt/")["location"] == "/board/"
        assert "Other documents are being made just now" in client.get("/board/").content.decode()
        assert client.get("/analysis-plan/documents/odt/")["location"] == "/analysis-plan/"
        assert client.get("/board/open/html/").status_code == 200
    assert documents._places.acquire(blocking=False), "every place was given back"
    documents._places.release()
