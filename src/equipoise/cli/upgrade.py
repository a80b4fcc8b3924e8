"""`equipoise upgrade`: a home that an earlier release left, brought to this one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened

if TYPE_CHECKING:
    from equipoise.home import Home


@main.command()
def upgrade(
    home: Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")],
    backups: Annotated[
        Path | None,
        typer.Option(
            help="Where the backup made first is put; by default HOME-backups beside the home.",
            metavar="DIR",
        ),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Bring a home that an earlier release left to this one. A verified backup is made first.

    Events are never changed. Run again it finds nothing to do; cut short, it is run again.
    """
    from equipoise.web.server import UnsafeServingError, claim

    with opened(home) as found:
        try:
            claimed = claim(home)
        except UnsafeServingError as error:
            raise UserError(f"{error}; end it first") from error
        try:
            told = _upgraded(found, backups or home.with_name(f"{home.resolve().name}-backups"))
        finally:
            os.close(claimed)
    if output == "json":
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if not told["done"]:
        typer.echo(f"{home}: is of release {told['release']}: nothing to do")
        return
    typer.echo(f"backup: {told['backup']}")
    for step in told["done"]:
        typer.echo(step)
    typer.echo(f"{home}: is now of release {told['release']}")


def _upgraded(home: Home, backups: Path) -> dict[str, Any]:
    """Do what is to be done, in an order in which each step leaves a home that can be upgraded."""
    from equipoise.home.backup import back_up
    from equipoise.home.release import RELEASE, mark_release
    from equipoise.trial.rebuilding import projections_are_stale
    from equipoise.web.upgrading import accounts_behind

    before, behind = home.release, accounts_behind(home)
    archive = home.archive()
    stale = projections_are_stale(archive.ledger, home.protocol)
    home.close()
    told: dict[str, Any] = {"from": before, "release": RELEASE, "backup": None, "done": []}
    if not (home.behind or behind or stale):
        return told
    told["backup"] = str(back_up(home, backups).path)
    if stale:
        people = len(home.trial().participant_ids())
        told["done"].append(f"lists and counts: made anew from all events, {people} participants")
    if behind:
        from equipoise.web import configure, release

        configure(home, upgrade=True)
        release()
        told["done"].append(f"accounts: {', '.join(behind)}")
    home.close()
    if home.behind or not home.marked:
        mark_release(home.path)
        told["done"].append(f"settings: marked as of release {RELEASE}")
    return told
