"""Machines of a served home: names with a role and a token, and what they ask."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from equipoise.conduct import commands as c
from equipoise.home import Home
from equipoise.home.home import ADMINISTRATOR
from support.story import expect


@dataclass
class Machine:
    """A test client that sends a token with every request."""

    client: Any
    name: str
    token: str
    secret: str

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> Any:
        """One request; a change under a key of its own unless one is given."""
        sent = {"authorization": f"Bearer {self.secret}", **headers}
        if method == "GET":
            return self.client.get(f"/api/v1/{path}", headers=sent)
        sent["idempotency-key"] = key or str(uuid.uuid4())
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.generic(
            method, f"/api/v1/{path}", text, content_type="application/json", headers=sent
        )


def machine(
    home: Home,
    role: str,
    site: str = "",
    *,
    days: int = 30,
    by: Any = ADMINISTRATOR,
    token: str = "",
) -> Machine:
    """A machine with a role at a site (or at all), and a token for so many days."""
    from django.test import Client

    from equipoise.web.tokens import make_secret, new_name

    trial = home.trial()
    name, token = f"machine-{role}-{site or 'all'}", token or new_name()
    if (name, role, site) not in trial.state.grants:
        expect(trial.do(c.GrantRole(person=name, role=role, site=site), by))
    until = trial.today(site) + timedelta(days=days)
    issue = c.IssueToken(token=token, person=name, role=role, site=site, until=until)
    expect(trial.do(issue, by))
    return Machine(Client(SERVER_NAME="localhost"), name, token, make_secret(token))
