"""`equipoise new`: a protocol draft from a registry record."""

from __future__ import annotations

import shlex
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
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="A draft of each study in the file, in a folder each under DIR."
        ),
    ] = False,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Write a protocol draft, from a registry record where one is given.

    Nothing of the record is lost: it prints how many of its leaves the draft says in a place of
    their own, how many it keeps under `record:`, and how many it dropped (none). An existing
    protocol is never overwritten. Exit code 1 with `--all`: a study of the file became no draft;
    it has a line of its own.
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

    if every:
        if record is None or nct is not None:
            raise UserError("--all: give a file of studies with --from, and no --nct")
        _new_each(folder, record, output)
        return
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
    typer.echo(f"next: equipoise check {shlex.quote(str(path))}")


def _new_each(folder: Path, record: Path, output: str) -> None:
    """A draft of every study in a file; one line says what became of each that is none."""
    from equipoise.exchange.draft import (
        as_json,
        draft_from,
        dump_json,
        read_records,
        write_draft,
    )
    from equipoise.exchange.record import RecordError

    written, refused, leaves = 0, 0, [0, 0, 0]
    try:
        for name, reading in read_records(record):
            try:
                if isinstance(reading, RecordError):
                    raise reading
                draft = draft_from(reading)
                path = write_draft(draft, folder / draft.protocol.id)
            except (RecordError, FileExistsError) as error:
                why = str(error) if isinstance(error, RecordError) else "a draft is there already"
                typer.echo(f"equipoise: {record}: {name}: {why}", err=True)
                refused += 1
                continue
            written += 1
            tally = draft.tally
            for place, count in enumerate((tally.read, tally.kept, len(tally.dropped))):
                leaves[place] += count
            if output == "json":
                typer.echo(dump_json(as_json(draft, path)))
            else:
                typer.echo(f"{path}: draft {draft.protocol.id}")
    except RecordError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from error
    if output == "text":
        read, kept, dropped = leaves
        typer.echo(f"{written} drafts, {refused} studies without one")
        typer.echo(
            f"leaves of the records: {sum(leaves)} · read {read} · kept {kept} · dropped {dropped}"
        )
    if refused:
        raise typer.Exit(1)
