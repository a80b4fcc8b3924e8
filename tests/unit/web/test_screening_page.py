"""The screening page loses nothing: judgements before the assessment, another person's save, masked names."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from support.page_forms import as_sent, own_form
from support.story import expect
from support.web_home import Stage, stage


def sent(client: Any, address: str) -> dict[str, str]:
    """What a browser would send if the page were sent as it stands."""
    form = own_form(client.get(address).content.decode())
    assert form is not None
    return dict(as_sent(form))


def judgements(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name.startswith("judge.")}


@pytest.fixture(scope="module")
def played() -> Stage:
    return stage()


def test_judgements_saved_before_the_assessment_stand_on_the_page_again(played: Stage) -> None:
    """They enter the record with the assessment; until then the session keeps them."""
    person = played.participant("entered")
    client = played.client("coordinator")
    address = f"/participants/{person.id}/screening/"
    answers = {
        f"judge.{one}": "yes" if lets_in else "no" for one, lets_in in person.judgements.items()
    }
    fields = {**sent(client, address), **answers, "then": "save"}
    assert judgements(sent(client, address)) == {}
    answer = client.post(address, fields)
    assert answer.status_code == 302
    assert judgements(sent(client, address)) == answers
    decided = {**sent(client, address), "then": "decide"}
    answer = client.post(address, decided)
    assert answer.status_code == 302
    assert person.state.assessments[-1].eligible is True
    assert judgements(sent(client, address)) == answers
    assert played.client("coordinator").get(address).status_code == 200


def test_what_somebody_else_saved_meanwhile_is_shown_and_not_overwritten(played: Stage) -> None:
    """A page made from an older save is refused, with the other person's value beside the field."""
    person = played.participant("entered")
    client = played.client("coordinator")
    address = f"/participants/{person.id}/screening/"
    fields = sent(client, address)
    laboratory = Address("screening", "laboratory")
    other = c.SaveForm(
        participant=person.id, address=laboratory, values={"hemoglobin": "101"}, reason="retyped",
        based_on=1,
    )  # fmt: skip
    expect(person.do(other, person.investigator))
    fields |= {"v.screening.laboratory.platelets": "199", "reason": "typing error", "then": "save"}
    answer = client.post(address, fields)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "Saved: 101, by investigator-nanning" in body
    assert 'value="199"' in body
    held = person.state.forms[laboratory].values
    assert (held["hemoglobin"].value.value, held["platelets"].value.value) == ("101", "212")
    again = {**dict(as_sent(own_form(body))), "then": "save"}
    assert client.post(address, again).status_code == 302
    assert person.state.forms[laboratory].values["platelets"].value.value == "199"


def test_a_value_mended_after_half_of_the_page_was_refused_is_saved(played: Stage) -> None:
    """The first press saved one form and was refused another; the second saves what was mended."""
    person = played.participant("entered")
    client = played.client("coordinator")
    address = f"/participants/{person.id}/screening/"
    fields = sent(client, address)
    laboratory, vital = Address("screening", "laboratory"), Address("screening", "vital_signs")
    other = c.SaveForm(
        participant=person.id, address=laboratory, values={"hemoglobin": "101"}, reason="retyped",
        based_on=1,
    )  # fmt: skip
    expect(person.do(other, person.investigator))
    fields |= {
        "v.screening.vital_signs.pulse": "81", "v.screening.laboratory.platelets": "199",
        "reason": "typing error", "then": "save",
    }  # fmt: skip
    first = client.post(address, fields)
    assert first.status_code == 409
    assert person.state.forms[vital].values["pulse"].value.value == "81"
    mended = dict(as_sent(own_form(first.content.decode())))
    assert mended["client_id"] == fields["client_id"]
    mended |= {"v.screening.vital_signs.pulse": "88", "then": "save"}
    assert client.post(address, mended).status_code == 302
    assert person.state.forms[vital].values["pulse"].value.value == "88"
