"""The command-line application that the command modules of this room add themselves to."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from equipoise.cli.errors import EXIT_USER_ERROR, UserError


class _Commands(TyperGroup):
    """Prints an error the user can mend in plain lines on standard error and exits with its code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            _print_errors(error.message)
            raise typer.Exit(error.exit_code) from error
        except ValueError as error:
            from equipoise.protocol.reading import ProtocolError

            if not isinstance(error, ProtocolError):
                raise
            _print_errors(str(error))
            raise typer.Exit(EXIT_USER_ERROR) from error


def _print_errors(lines: str) -> None:
    for line in lines.splitlines():
        typer.echo(f"equipoise: {line}", err=True)


main = typer.Typer(
    name="equipoise",
    cls=_Commands,
    help="Runs a randomized clinical trial from its protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("equipoise"))
        raise typer.Exit


@main.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Runs a randomized clinical trial from its protocol."""
