"""`equipoise backup` and `equipoise restore`: a verified copy of a home, and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened, told

if TYPE_CHECKING:
    from equipoise.ledger.copying import Advance

HomeOption = Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")]
Format = Annotated[
    Literal["text", "json"], typer.Option("--format", help="How to print the result.")
]
KEY_DAYS = 35


@main.command()
def backup(
    home: HomeOption,
    out: Annotated[
        Path | None,
        typer.Option(help="Where the backup is put, in a new folder of its own.", metavar="DIR"),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="Where a copy of the keys is put: another place, never beside backups.",
            metavar="DIR",
        ),
    ] = None,
    key_days: Annotated[
        int, typer.Option(help="After how many days the copy of the keys expires.", min=1, max=3660)
    ] = KEY_DAYS,
    without_accounts: Annotated[
        bool, typer.Option("--without-accounts", help="Leave the accounts out.")
    ] = False,
    output: Format = "text",
) -> None:
    """Copy a home while it is served, and verify the copy; or, apart from it, its keys.

    The backup holds no keys and no randomization seed. Copies of keys in DIR that have expired are taken away.
    """
    from equipoise.home.backup import DamagedBackupError, back_up, back_up_keys

    if out is None and keys is None:
        raise UserError("name --out DIR for a backup, --keys DIR for a copy of the keys, or both")
    if out is not None and keys is not None and _within(out, keys):
        raise UserError("--keys: keep the keys apart from the backups, on another medium")
    printed: dict[str, Any] = {}
    with opened(home) as found:
        if out is not None:
            try:
                with _bar("Copying the ledger") as advance:
                    made = back_up(found, out, accounts=not without_accounts, advance=advance)
            except DamagedBackupError as error:
                raise UserError(str(error), exit_code=1) from error
            printed["backup"] = {
                "path": str(made.path), "trial": made.trial, "seq": made.seq, "hash": made.hash,
                "ledger_root": made.root, "code": made.code, "taken_at": made.taken_at,
            }  # fmt: skip
        if keys is not None:
            copy, gone = back_up_keys(found, keys, days=key_days)
            printed["keys"] = {
                "path": str(copy.path), "keys": copy.keys, "expires": copy.expires,
                "taken_away": [str(path) for path in gone],
            }  # fmt: skip
    if output == "json":
        typer.echo(json.dumps(printed, ensure_ascii=False))
        return
    if out is not None:
        typer.echo(f"{made.path}: {made.seq} events, verified; Merkle root {made.root}")
        typer.echo(f"short code {made.code}; without keys and without the randomization seed")
    if keys is not None:
        typer.echo(f"{copy.path}: {copy.keys} keys, good until {copy.expires[:10]}")
        for path in gone:
            typer.echo(f"{path}: had expired, taken away")


@main.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A backup's folder.", metavar="BACKUP")],
    home: Annotated[
        Path,
        typer.Option("--home", help="A new folder, or the home to be restored.", metavar="DIR"),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(help="A copy of the keys, where the home has none.", metavar="DIR"),
    ] = None,
    erasures: Annotated[
        Path | None,
        typer.Option(help="A list of destroyed keys that was kept elsewhere.", metavar="FILE"),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace a ledger that goes further; it is moved aside."),
    ] = False,
    accounts: Annotated[
        bool,
        typer.Option("--accounts", help="Take the backup's accounts in place of the home's."),
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(help="The PostgreSQL database that is to hold the ledger.", metavar="URL"),
    ] = None,
    schema: Annotated[str | None, typer.Option(help="The ledger's name in that database.")] = None,
    by: Annotated[
        str, typer.Option("--by", help="Who does it: an administrator of the trial.")
    ] = "administrator",
    reason: Annotated[str, typer.Option(help="Why; it is kept in the ledger.")] = "",
    output: Format = "text",
) -> None:
    """Bring a home back from a verified backup. The ledger records it: which backup, who, when, what is lost.

    Exit code 1 where the backup does not verify. Keys destroyed since the backup are destroyed again.
    """
    from equipoise.home.backup import Backup, DamagedBackupError
    from equipoise.home.restore import restore as bring_back

    try:
        with told(), _bar("Restoring the ledger") as advance:
            done = bring_back(
                Backup.read(source), home, keys=keys, erasures=erasures, replace_newer=replace,
                accounts=accounts, database=database, schema=schema, by=by, reason=reason,
                advance=advance,
            )  # fmt: skip
    except UserError as error:
        if isinstance(error.__cause__, DamagedBackupError):
            raise UserError(error.message, exit_code=1) from error
        raise
    if output == "json":
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
        return
    typer.echo(f"{home}: {done.seq} events of the backup, recorded as event {done.event}")
    if done.lost != 0:
        lost = "an unknown number of" if done.lost is None else done.lost
        typer.echo(f"{lost} events that stood after it are moved aside: {done.aside}")
    if done.erasures:
        typer.echo(f"{done.erasures} keys stay destroyed, or were destroyed again")
    if done.unreadable:
        typer.echo(f"{done.unreadable} sealed values cannot be read: their keys are in no copy")


def _within(one: Path, other: Path) -> bool:
    """Whether one of the two folders is the other, or lies in it."""
    a, b = one.resolve(), other.resolve()
    return a == b or a.is_relative_to(b) or b.is_relative_to(a)


@contextmanager
def _bar(what: str) -> Iterator[Advance]:
    """A progress bar on standard error; silent where that is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=sys.stderr)
    with Progress(console=console, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield advance
