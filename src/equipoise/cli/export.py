"""`equipoise export`: a trial in a form that others read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened


@main.command()
def export(
    home: Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")],
    to: Annotated[
        Literal["ledger"],
        typer.Option(
            "--to", help="ledger: an archive that is read and verified without Equipoise."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="A new folder, or a new .zip file.", metavar="DIR|FILE.zip")
    ],
    texts: Annotated[
        bool, typer.Option("--texts", help="Free texts stand in the tables in clear.")
    ] = False,
    allocations: Annotated[
        bool,
        typer.Option("--allocations", help="An open-label trial's arms stand in the tables."),
    ] = False,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Write a trial out. Works while the home is served; a checkpoint is taken first.

    Names never stand in a table, and a masked trial's allocations only once it is unblinded.
    """
    from equipoise.exchange.archive import ArchiveError
    from equipoise.home.archiving import archive_home
    from equipoise.ledger.merkle import short_code

    with opened(home) as trial_home:
        try:
            written = archive_home(trial_home, out, texts=texts, allocations=allocations)
        except ArchiveError as error:
            raise UserError(str(error)) from error
    if output == "json":
        document = {
            "out": str(out), "to": to, "events": written.events, "files": len(written.files),
            "allocations": written.allocations, "ledger_root": written.root,
            "code": short_code(written.root),
        }  # fmt: skip
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    arms = "with allocations" if written.allocations else "without allocations"
    typer.echo(f"{out}: {written.events} events in {len(written.files)} files, {arms}")
    place = "unpack it, then run" if out.suffix == ".zip" else "verify it with"
    if written.root:
        typer.echo(f"checkpoint {short_code(written.root)}")
    typer.echo(f"{place}: python3 -I {out if out.suffix != '.zip' else '.'}/verify_archive.py")
