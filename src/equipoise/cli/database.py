"""`equipoise prepare-database`: the ledger's tables, made by their owner for another role to fill."""

from __future__ import annotations

from typing import Annotated

import typer

from .app import main
from .errors import UserError


@main.command("prepare-database")
def prepare_database(
    owner: Annotated[
        str,
        typer.Argument(
            help="The database as the role that is to own the ledger's tables.",
            metavar="postgresql://…",
        ),
    ],
    schema: Annotated[str, typer.Option("--schema", help="The ledger's name in that database.")],
    writer: Annotated[
        list[str],
        typer.Option("--writer", help="A role that may append, and keep projections."),
    ],
) -> None:
    """Create a ledger's schema, with triggers, and grant a writer no more than it needs.

    Afterwards make the home with --database and --schema, connecting as the writer.
    """
    from equipoise.ledger.errors import LedgerError
    from equipoise.ledger.postgres import prepare_schema

    try:
        prepare_schema(owner, schema, writers=writer)
    except LedgerError as error:
        raise UserError(str(error)) from error
    typer.echo(f"{schema} stands ready; {', '.join(writer)} can append to it and change no event")
