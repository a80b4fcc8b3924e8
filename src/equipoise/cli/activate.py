"""`equipoise activate`: from a finished protocol to a trial that can take its first participant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import main
from .opening import told


@main.command()
def activate(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL")],
    home: Annotated[Path, typer.Option("--home", help="The home to make.", metavar="DIR")],
    keeper: Annotated[
        Path | None,
        typer.Option(
            help="The socket of a keeper of its own (`equipoise keeper serve`); without it, the seed "
            "lies in the home.",
            metavar="SOCKET",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="A PostgreSQL database for the ledger; without it, a file in the home.",
            metavar="postgresql://…",
        ),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(help="The ledger's name in that database; by default the trial's."),
    ] = None,
    training: Annotated[
        bool,
        typer.Option(
            "--training",
            help="For people to learn in, with participants they invent; said on every page for ever.",
        ),
    ] = False,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print.")
    ] = "text",
) -> None:
    """Make the home of a real trial and write the commitment to its randomization into its ledger."""
    from equipoise.home import Home

    socket = keeper.absolute() if keeper else None
    with (
        told(),
        Home.create(
            home,
            protocol,
            database=database,
            schema=schema,
            keeper_socket=socket,
            training=training,
        ) as made,
    ):
        trial = made.trial()
        facts = {
            "home": str(home),
            "trial": trial.protocol.id,
            "mode": trial.state.mode,
            "protocol_version": trial.protocol.version,
            "public_key": trial.ledger.public_key,
            "commitment": trial.state.commitment,
        }
    if output == "json":
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(f"{home}: {facts['trial']}, {facts['mode']}, protocol {facts['protocol_version']}")
    typer.echo(f"signs with  {facts['public_key']}")
    if facts["commitment"]:
        typer.echo(f"commitment  {facts['commitment']}")
        if keeper is None:
            typer.echo(f"Seal the seed for two people: equipoise keeper escrow {home} …")
