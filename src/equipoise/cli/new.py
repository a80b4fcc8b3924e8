"""`equipoise new`: a protocol draft from a registry record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from equipoise.cli.app import main
from equipoise.cli.errors import UserError


@main.command()
def new(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where protocol.yaml is written; made if missing.")
    ],
    record: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RECORD",
            help="A ClinicalTrials.gov study (JSON, API v2) or the text of a record page.",
        ),
    ] = None,
    nct: Annotated[
        str | None,
        typer.Option("--nct", help="The study to take from a file that holds several."),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Write a protocol draft, from a registry record where one is given.

    Nothing of the record is lost: it prints how many of its leaves the draft says in a place of
    their own, how many it keeps under `record:`, and how many it dropped (none). An existing
    protocol is never overwritten.
    """
    from equipoise.exchange.draft import (
        as_json,
        draft_from,
        dump_json,
        empty_draft,
        read_record,
        write_draft,
    )
    from equipoise.exchange.record import RecordError

    target = folder / "protocol.yaml"
    if target.exists() or target.is_symlink():
        raise UserError(
            f"{target}: a protocol is there already, and drafts never overwrite one; "
            "choose another folder or move it away"
        )
    if record is None:
        draft = empty_draft(folder.resolve().name or "New trial")
    else:
        try:
            draft = draft_from(read_record(record, trial=nct))
        except RecordError as error:
            words = str(error)
            raise UserError(
                words if words.startswith(str(record)) else f"{record}: {words}"
            ) from error
    try:
        path = write_draft(draft, folder)
    except FileExistsError as error:
        raise UserError(
            f"{folder}: is a file or holds a protocol already; choose another folder"
        ) from error
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from error
    if output == "json":
        typer.echo(dump_json(as_json(draft, path)))
        return
    tally = draft.tally
    typer.echo(f"{path}: draft {draft.protocol.id}")
    if record is not None:
        typer.echo(
            f"leaves of the record: {tally.total} · read {tally.read} · kept {tally.kept} · "
            f"dropped {len(tally.dropped)}"
        )
    typer.echo(f"next: equipoise check {path}")
