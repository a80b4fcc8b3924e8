"""People of the stage who come with an identity from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor
from equipoise.home.home import ADMINISTRATOR
from support.foreign_issuer import Foreign
from support.issuer import Issuer, followed
from support.story import expect
from support.web_home import stage

PASSWORD = "plum rain on stone"


@contextmanager
def trusting(issuer: Issuer | Foreign, folder: Path, **changes: Any) -> Iterator[Any]:
    """The stage with this issuer set, until the end of the block."""
    stage()
    import equipoise.web as web
    from equipoise.web.issuer.provider import Provider
    from equipoise.web.issuer.settings import read_issuer

    issuer.settings(folder, **changes)
    settings = read_issuer(folder)
    assert settings is not None
    web._serving["issuer"] = provider = Provider(settings)
    try:
        yield provider
    finally:
        web._serving["issuer"] = None


def person(
    name: str, role: str = "investigator", site: str = "01", *, password: bool = True
) -> str:
    """An account with a role, with or without a password, with neither a second factor nor an identity."""
    trial = stage().trial
    from equipoise.web.accounts import create_account
    from equipoise.web.factors.proof import drop_factors
    from equipoise.web.models import Account

    create_account(name, PASSWORD)
    account = Account.objects.get(username=name)
    if not password:
        account.set_unusable_password()
        account.save()
    drop_factors(account)
    if (name, role, site) not in trial.state.grants:
        expect(trial.do(c.GrantRole(person=name, role=role, site=site), ADMINISTRATOR))
    if name in trial.state.identities:
        expect(trial.do(c.UnlinkIdentity(person=name, reason="a new test"), ADMINISTRATOR))
    return name


def linked(name: str, issuer: Issuer | Foreign, subject: str, **options: Any) -> str:
    """A person as above whose identity at the issuer is linked."""
    person(name, **options)
    from equipoise.web.issuer.recognition import identity_of

    trial = stage().trial
    role, site = next((role, site) for who, role, site in trial.state.grants if who == name)
    command = c.LinkIdentity(issuer=issuer.address, identity=identity_of(issuer.address, subject))
    expect(trial.do(command, Actor(name, role, site)))
    return name


def led_to(answer: Any) -> str:
    """The address to which a page of departure leads."""
    assert answer.status_code == 200, answer.content.decode()[-500:]
    found = re.fullmatch(r"0; url=(.+)", answer["Refresh"])
    assert found is not None
    return found[1]


def back_at(client: Any, answer: Any) -> str:
    """From a page of departure through the issuer: the address here to which it sends back."""
    parts = urlsplit(followed(led_to(answer)))
    return f"{parts.path}?{parts.query}"


def arrives(client: Any, answer: Any) -> Any:
    """The whole way; the answer to the return."""
    return client.get(back_at(client, answer))


def departs(client: Any, **fields: str) -> Any:
    """The button of the sign-in page."""
    return client.post("/sign-in/issuer/", fields)


def signs_in(client: Any, **fields: str) -> Any:
    """The button of the sign-in page, and the whole way."""
    return arrives(client, departs(client, **fields))
