"""`equipoise amend`: a further protocol version becomes known to a trial, and takes force at sites."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened

if TYPE_CHECKING:
    from equipoise.conduct.commands import Command
    from equipoise.trial import Trial


@main.command()
def amend(
    protocol: Annotated[Path, typer.Argument(help="The amended protocol.", metavar="PROTOCOL")],
    home: Annotated[Path, typer.Option("--home", help="The trial's home.", metavar="DIR")],
    site: Annotated[
        list[str] | None,
        typer.Option(help="A site where it takes force now; may be given several times."),
    ] = None,
    ethics_approval: Annotated[
        str, typer.Option(help="The number of those sites' ethics approval.")
    ] = "",
    approved_on: Annotated[
        str | None, typer.Option(help="The day of the approval (YYYY-MM-DD).")
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print.")
    ] = "text",
) -> None:
    """Make PROTOCOL known to the trial in a home, and let it take force at the sites named.

    Look at `equipoise diff` first. Without `--site` nothing changes for anybody yet. The server must not be
    running on the home.
    """
    day = _day(approved_on)
    with opened(home) as installation:
        from equipoise.conduct import commands as c

        document = installation.keep_document(protocol)
        trial = installation.trial()
        if document.version not in trial.state.versions:
            _do(trial, c.AmendProtocol(version=document.version))
        for one in site or ():
            adoption = c.AdoptProtocol(
                site=one,
                version=document.version,
                ethics_approval=ethics_approval,
                approved_on=day,
            )
            _do(trial, adoption)
        in_force = {name: trial.protocol_at(name).version for name in trial.protocol.site_by_id}
    if output == "json":
        told: dict[str, Any] = {"version": document.version, "in_force": in_force}
        typer.echo(json.dumps(told))
        return
    typer.echo(f"{document.version[:12]} is known to the trial")
    for name, version in in_force.items():
        typer.echo(
            f"  site {name}: {version[:12]}{' (new)' if version == document.version else ''}"
        )


def _do(trial: Trial, command: Command) -> None:
    from equipoise.conduct.refusal import Refusal
    from equipoise.home.home import ADMINISTRATOR

    outcome = trial.do(command, ADMINISTRATOR)
    if isinstance(outcome, Refusal):
        lines = (f"{one.message.en}; {one.remedy.en} ({one.rule})" for one in outcome.reasons)
        raise UserError("\n".join(lines))


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--approved-on {text}: not a day; write YYYY-MM-DD") from None
