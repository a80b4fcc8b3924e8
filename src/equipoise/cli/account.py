"""`equipoise account`: somebody who may sign in, and the role they may act in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from equipoise.cli.app import main
from equipoise.cli.errors import UserError
from equipoise.cli.opening import opened


@main.command()
def account(
    username: Annotated[str, typer.Argument(help="The name to sign in with.", metavar="NAME")],
    home: Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")],
    role: Annotated[str | None, typer.Option(help="A role of the protocol to grant.")] = None,
    site: Annotated[str, typer.Option(help="The site of the role; empty for all sites.")] = "",
    password: Annotated[
        bool,
        typer.Option(
            "--password",
            help="Print a password made at random, instead of an invitation; in a rehearsal always.",
        ),
    ] = False,
    machine: Annotated[
        bool,
        typer.Option(
            "--machine",
            help="Only grant the role: nobody signs in with this name, a token is issued to it.",
        ),
    ] = False,
    reset_second_factor: Annotated[
        str,
        typer.Option(
            "--reset-second-factor",
            help="Take the second factor back, for this reason, instead of inviting: for the only "
            "administrator, who has lost it.",
            metavar="REASON",
        ),
    ] = "",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print.")
    ] = "text",
) -> None:
    """Create an account (or let it set a new password) and grant it a role.

    Printed is an invitation: the path of a link, good for seven days and once, under which the person sets
    a password that nobody else knows.
    """
    from equipoise.conduct.commands import GrantRole, ResetSecondFactor
    from equipoise.conduct.refusal import Refusal
    from equipoise.home.home import ADMINISTRATOR
    from equipoise.web import configure, release
    from equipoise.web.upgrading import check_upgraded

    if not 1 <= len(username) <= 80 or not username.isprintable() or username != username.strip():
        raise UserError(f"{username!r}: a name has 1 to 80 printable characters; choose another")
    if machine and (password or role is None):
        raise UserError(
            "--machine: give --role, and no --password: a machine signs in with a token"
        )
    with opened(home) as installation:
        check_upgraded(installation)
        trial = installation.trial()
        if role is not None and (username, role, site) not in trial.state.grants:
            granted = trial.do(GrantRole(person=username, role=role, site=site), ADMINISTRATOR)
            if isinstance(granted, Refusal):
                ways = "; ".join(one.remedy.en for one in granted.reasons)
                raise UserError(f"{username}: {granted}; {ways}")
        answer = {"username": username, "role": role, "site": site}
        if machine:
            _tell(answer, "issue a token at /tokens/", output)
            return
        configure(installation)
        try:
            # the web's modules can be read only once Django knows its settings
            from django.db import DatabaseError

            from equipoise.web.accounts import create_account
            from equipoise.web.factors.proof import drop_factors
            from equipoise.web.invitations import invite
            from equipoise.web.models import Account

            if reset_second_factor:
                found = Account.objects.filter(username=username).first()
                if found is None:
                    raise UserError(f"{username}: there is no account of this name; check the name")
                reset = ResetSecondFactor(person=username, reason=reset_second_factor)
                done = trial.do(reset, ADMINISTRATOR)
                if not done:
                    raise UserError(f"{username}: {done}")
                drop_factors(found)
                secret = answer["second_factor"] = "taken back"
            elif password or installation.rehearsal is not None:
                secret = answer["password"] = create_account(username)
            else:
                secret = answer["invitation"] = invite(username)
        except DatabaseError as error:
            raise UserError(
                f"{installation.web_database}: {error}; check who may write to the home"
            ) from error
        finally:
            release()
    _tell(answer, secret, output)


def _tell(answer: dict[str, str | None], words: str, output: str) -> None:
    if output == "json":
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        site, role = answer["site"], answer["role"]
        whose = f"  ({role} of {f'site {site}' if site else 'all sites'})" if role else ""
        typer.echo(f"{answer['username']}  {words}{whose}")
