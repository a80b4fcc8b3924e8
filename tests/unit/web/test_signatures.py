"""A signature shows name, time, meaning and what it is bound to; a change voids it for all to see."""

from __future__ import annotations

from equipoise.conduct import commands as c
from equipoise.conduct.decide.visits import content_hash
from equipoise.conduct.values import Address
from support.story import expect
from support.web_home import client_id, stage

ADDRESS = Address("screening", "laboratory")


def test_a_signature_is_shown_and_visibly_void_after_a_change_and_stands_again_when_renewed() -> (
    None
):
    """On the form and on the participant's page, to everybody who may read them."""
    played = stage()
    person = played.participant("randomized")
    form = f"/participants/{person.id}/forms/screening/laboratory/1/"
    pages = (form, f"/participants/{person.id}/")
    client = played.client("investigator")
    password = {"password": played.passwords["investigator-nanning"]}

    def bodies(role: str = "monitor") -> list[str]:
        return [played.client(role).get(page).content.decode() for page in pages]

    def sign() -> None:
        assert (
            client.post(form + "sign/", {"client_id": client_id(), **password}).status_code == 302
        )

    assert all("SHA-256" not in body for body in bodies())
    sign()
    signed = person.state.forms[ADDRESS]
    assert signed.signed_hash == content_hash(signed)
    for body in bodies():
        assert "reviewed and correct" in body
        assert "investigator-nanning" in body
        assert signed.signed_hash[:16] in body
        assert "signature void" not in body
    change = c.SaveForm(
        participant=person.id, address=ADDRESS, values={"hemoglobin": "133"}, reason="typing error"
    )
    expect(person.do(change))
    changed = person.state.forms[ADDRESS]
    assert content_hash(changed) != changed.signed_hash
    for body in bodies():
        assert "signature void: changed since" in body
        assert signed.signed_hash[:16] in body
    sign()
    for body in bodies("coordinator"):
        assert "signature void" not in body
        assert content_hash(person.state.forms[ADDRESS])[:16] in body


def test_a_change_back_to_what_was_signed_does_not_bring_the_signature_back() -> None:
    """Who signed did not see the way there."""
    played = stage()
    person = played.participant("randomized")
    sign = c.SignForm(participant=person.id, address=ADDRESS)
    from support.story import INVESTIGATOR

    expect(played.trial.do(sign, INVESTIGATOR))
    signed = person.state.forms[ADDRESS]
    was = signed.values["hemoglobin"].value.raw
    for value in ("133", was):
        expect(
            person.do(
                c.SaveForm(
                    participant=person.id, address=ADDRESS, values={"hemoglobin": value}, reason="x"
                )
            )
        )
    assert not person.state.forms[ADDRESS].signed
    page = played.client("monitor").get(f"/participants/{person.id}/").content.decode()
    assert "signature void" in page
