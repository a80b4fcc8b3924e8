"""`equipoise checkpoint` and `equipoise proof`: signed statements that leave the machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened, told

HomeOption = Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")]


@main.command()
def checkpoint(
    home: HomeOption,
    reason: Annotated[str, typer.Option(help="A word that says why it is taken.")] = "manual",
    out: Annotated[
        Path | None,
        typer.Option(help="Copy all checkpoints to a file, to be kept elsewhere.", metavar="FILE"),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Sign a statement about the whole ledger as it is now. Works while the home is served."""
    with opened(home) as trial_home:
        taken = trial_home.take_checkpoint(reason)
        if out is not None:
            try:
                shutil.copyfile(trial_home.checkpoints.path, out)
            except OSError as error:
                raise UserError(f"{out}: cannot be written: {error.strerror}") from None
    if output == "json":
        typer.echo(taken.to_text())
        return
    typer.echo(f"{taken.time}: {taken.seq} events, Merkle root {taken.root}")
    typer.echo(f"short code {taken.code}, signed by {taken.key}")


@main.command()
def proof(
    home: HomeOption,
    out: Annotated[Path, typer.Option(help="Where the proof is written (JSON).", metavar="FILE")],
    participant: Annotated[
        str | None, typer.Option(help="All events of this participant.", metavar="ID")
    ] = None,
    site: Annotated[str | None, typer.Option(help="All events at this site.", metavar="ID")] = None,
    held: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            help="The checkpoint to prove against, kept elsewhere; by default the home's newest.",
            metavar="FILE",
        ),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Prove to an outsider that some events stand in the ledger, without showing any other.

    What is sealed stays sealed. `equipoise verify FILE` and tools/verify.py check the proof.
    """
    from equipoise.home.storage import CHECKPOINTS, open_ledger
    from equipoise.ledger.checkpoint import CheckpointFile
    from equipoise.ledger.proof import make_proof

    if (participant is None) == (site is None):
        raise UserError("name --participant or --site, one of them")
    path = held or home / CHECKPOINTS
    against = CheckpointFile(path).newest()
    if against is None:
        raise UserError(f"{path}: holds no checkpoint; take one with `equipoise checkpoint`")
    with told():
        store = open_ledger(home)
        try:
            if participant is not None:
                stream = f"participant/{participant}"
                document: dict[str, Any] = make_proof(
                    store, against, lambda _: True, subject=stream, stream=stream
                )
            else:
                document = make_proof(
                    store, against, lambda row: row[10] == site, subject=f"site/{site}"
                )
        finally:
            store.close()
    try:
        out.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror}") from None
    events = len(document["events"])
    if output == "json":
        answer = {"subject": document["subject"], "events": events, "checkpoint": against.root}
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(f"{document['subject']}: {events} events under the checkpoint of {against.time}")
