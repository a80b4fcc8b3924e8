"""The command-line application that the command modules of this room add themselves to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from equipoise.cli.errors import EXIT_USER_ERROR, UserError

LIFE = ("new", "check", "diff", "page", "rehearse", "demo", "serve", "account", "analyze", "report")
"""The order in which a trial needs the commands, and the help names them; others follow by name."""


class _Commands(TyperGroup):
    """Prints an error the user can mend in one plain line each on standard error, and exits with its code."""

    def list_commands(self, ctx: Any) -> list[str]:
        names = super().list_commands(ctx)
        known = [name for name in LIFE if name in names]
        return known + sorted(set(names) - set(known))

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _plain_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with _plain_errors():
            return super().invoke(ctx)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except TyperException as error:
        message = _misuse(error)
        if message is None:
            raise
        _print_errors(message)
        raise typer.Exit(EXIT_USER_ERROR) from error
    except UserError as error:
        _print_errors(error.message)
        raise typer.Exit(error.exit_code) from error
    except Exception as error:
        message = _mendable(error)
        if message is None:
            raise
        _print_errors(message)
        raise typer.Exit(EXIT_USER_ERROR) from error


def _misuse(error: TyperException) -> str | None:
    """An unknown command, a missing argument, an impossible value, in one line.

    None where no command is named at all: the help that is shown then is the answer.
    """
    words = " ".join(getattr(error, "format_message", error.__str__)().split())
    context = getattr(error, "ctx", None)
    if not words:
        return None
    if context is None:
        return words
    words = words.replace("Value error, ", "").rstrip(".")
    return f"{words}; see {context.command_path} --help"


def _mendable(error: Exception) -> str | None:
    """What the user can do about an error from below; None where it is a fault of the program."""
    if isinstance(error, OSError):
        # a refusal of the file system names its file; what names none is not about a path
        if error.filename is None:
            return None
        return f"{error.filename}: {error.strerror}; check the path, and who may read and write it"
    from equipoise.protocol.reading import ProtocolError

    return str(error) if isinstance(error, ProtocolError) else None


def _print_errors(lines: str) -> None:
    for line in lines.splitlines():
        typer.echo(f"equipoise: {line}", err=True)


main = typer.Typer(
    name="equipoise",
    cls=_Commands,
    help="Runs a randomized clinical trial from its protocol.",
    epilog="Exit codes: 0 done · 1 something was found (check, verify) · 2 an error you can mend · "
    "130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
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
