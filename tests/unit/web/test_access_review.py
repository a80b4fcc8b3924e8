"""The administrator signs the list of who has access, as it was looked at."""

from __future__ import annotations

import re

from equipoise.conduct import commands as c
from equipoise.home.home import ADMINISTRATOR
from support.story import COORDINATOR, expect
from support.web_home import client_id, stage


def _digest(body: str) -> str:
    return re.search(r"SHA-256 <code>([0-9a-f]{64})</code>", body)[1]  # type: ignore[index]


def test_the_review_lists_accounts_grants_and_last_sign_ins_and_is_signed_by_its_hash() -> None:
    """With the password; the ledger keeps who, when and over which list."""
    played = stage()
    played.client().post(
        "/sign-in/", {"username": "monitor", "password": played.passwords["monitor"]}
    )
    expect(played.trial.do(c.GrantRole(person="no-account-yet", role="monitor"), ADMINISTRATOR))
    client = played.client("administrator")
    body = client.get("/access-review/").content.decode()
    assert "coordinator-nanning" in body
    assert "no-account-yet" in body
    assert re.search(r"monitor</th>.*?<time>\d{4}-\d\d-\d\d</time>", body, re.S)
    address = f"/access-review/{_digest(body)}/"
    assert client.post(address, {"client_id": client_id(), "password": "wrong"}).status_code == 422
    typed = {"client_id": client_id(), "password": played.passwords["administrator"]}
    assert client.post(address, typed).status_code == 302
    review = played.trial.state.access_reviews[-1]
    assert (review.list_hash, review.signed_by) == (_digest(body), "administrator")
    assert review.list_hash[:16] in client.get("/access-review/").content.decode()


def test_a_list_that_has_changed_since_it_was_looked_at_is_not_signed() -> None:
    """A grant made meanwhile has to be seen first."""
    played = stage()
    client = played.client("administrator")
    address = f"/access-review/{_digest(client.get('/access-review/').content.decode())}/"
    before = len(played.trial.state.access_reviews)
    expect(played.trial.do(c.GrantRole(person="slipped-in", role="sponsor"), ADMINISTRATOR))
    typed = {"client_id": client_id(), "password": played.passwords["administrator"]}
    answer = client.post(address, typed, follow=True)
    assert "The list has changed" in answer.content.decode()
    assert "slipped-in" in answer.content.decode()
    assert len(played.trial.state.access_reviews) == before


def test_only_who_grants_roles_signs_a_review() -> None:
    """The sponsor reads it; nobody else opens it."""
    played = stage()
    assert played.client("sponsor").get("/access-review/").status_code == 200
    for role in ("coordinator", "investigator", "monitor"):
        assert played.client(role).get("/access-review/").status_code == 403
    command = c.ReviewAccess(list_hash="0" * 64, accounts=1)
    assert played.trial.do(command, COORDINATOR).codes == ("not-permitted",)
    wrong = c.ReviewAccess(list_hash="nothing", accounts=1)
    assert played.trial.do(wrong, ADMINISTRATOR).codes == ("not-a-hash",)
