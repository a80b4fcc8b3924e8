"""`equipoise rehearse`: one replicate of a trial, played out with virtual people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import told

if TYPE_CHECKING:
    from equipoise.home import Home
    from equipoise.protocol.document import Protocol
    from equipoise.rehearsal import Played, Replicate
    from equipoise.rehearsal.play import Progress


DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="A PostgreSQL database for the new home's ledger (default: a file in the home).",
        metavar="postgresql://…",
    ),
]
SchemaOption = Annotated[
    str | None,
    typer.Option("--schema", help="The ledger's name in that database (default: the trial's)."),
]


@main.command()
def rehearse(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL")],
    home: Annotated[
        Path, typer.Option("--home", help="The home to make, or to go on with.", metavar="DIR")
    ],
    seed: Annotated[int, typer.Option(min=0, help="The seed of all random numbers.")] = 1,
    replicate: Annotated[int, typer.Option(min=0, help="Which replicate of that seed.")] = 0,
    until: Annotated[
        str | None,
        typer.Option(
            help="Stop after a day (2027-06-30), or after the day on which so many are randomized "
            "(randomized=143).",
            metavar="DATE|randomized=N",
        ),
    ] = None,
    staff: Annotated[
        Literal["assumed", "careful", "faultless"],
        typer.Option(
            help="Staff as assumed; without mistakes (careful); and never late (faultless)."
        ),
    ] = "assumed",
    numbers: Annotated[
        Literal["1", "2"],
        typer.Option(
            help="The scheme of random numbers: with 2 another trial comes of the same seed, which simulate "
            "can compute much faster."
        ),
    ] = "1",
    database: DatabaseOption = None,
    schema: SchemaOption = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Play a trial out with virtual participants into a home; a stopped rehearsal goes on.

    The same protocol, seed and replicate give the same ledger, root hash included.
    """
    day, randomized = read_until(until)
    with rehearsing(
        protocol, home, seed, replicate, staff, numbers, database=database, schema=schema
    ) as rehearsed:
        played = rehearsed.play(until=day, randomized=randomized)
        answer = rehearsed.summary(played)
    if output == "json":
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    state = "the trial has ended" if played.finished else "the same command goes on from here"
    typer.echo(f"{played.day}: {played.screened} screened, {played.randomized} randomized; {state}")
    typer.echo(f"{played.events} events, ledger root {answer['ledger_root']}")
    typer.echo(f"Look at it: equipoise serve --home {home}")


def read_until(text: str | None) -> tuple[date | None, int | None]:
    """The day, or the number randomized, at which to stop."""
    if text is None:
        return None, None
    count = re.fullmatch(r"randomized=(\d{1,6})", text)
    if count:
        return None, int(count[1])
    try:
        return date.fromisoformat(text), None
    except ValueError as error:
        raise UserError(
            f"--until {text}: write a day (2027-06-30) or randomized=N (randomized=143)"
        ) from error


class Rehearsed:
    """A rehearsal home with the replicate it plays."""

    def __init__(self, home: Home, replicate: Replicate) -> None:
        self.home = home
        self.replicate = replicate

    def play(
        self,
        *,
        until: date | None = None,
        randomized: int | None = None,
        again: str = "the same command goes on",
    ) -> Played:
        """Play on, with a bar for each site where somebody is watching.

        `again` tells whoever interrupts it how to go on.
        """
        from equipoise.rehearsal import PlayError, play

        trial = self.home.trial()
        try:
            with _bars(self.home.protocol) as progress:
                return play(
                    trial, self.replicate, until=until, randomized=randomized, progress=progress
                )
        except PlayError as error:
            raise UserError(f"{self.home.path}/protocol.yaml: {error}") from error
        except KeyboardInterrupt:
            typer.echo(f"equipoise: stopped; the last whole day is kept, and {again}", err=True)
            raise typer.Exit(130) from None

    def summary(self, played: Played) -> dict[str, Any]:
        """What was played and how far, as printed with `--format json`."""
        trial, settings = self.home.trial(), self.home.rehearsal
        assert settings is not None
        return {
            "home": str(self.home.path),
            "seed": settings.seed,
            "replicate": settings.replicate,
            "day": str(played.day),
            "finished": played.finished,
            "screened": played.screened,
            "randomized": played.randomized,
            "sites": len(trial.state.sites),
            "events": played.events,
            "refused": len(played.refused),
            "ledger_root": trial.ledger.root(),
        }


@contextmanager
def rehearsing(
    protocol_file: Path,
    path: Path,
    seed: int,
    number: int,
    staff: str = "assumed",
    numbers: str = "1",
    *,
    database: str | None = None,
    schema: str | None = None,
) -> Iterator[Rehearsed]:
    """Make the home, or open the one made with the same protocol and numbers; closed at the end."""
    from equipoise.rehearsal import AssumptionError, replicate_of

    protocol = _load(protocol_file)
    options = {"staff": staff}
    if numbers != "1":
        options["numbers"] = numbers
    try:
        replicate = replicate_of(protocol, seed, number, options)
    except AssumptionError as error:
        lines = (f"{protocol_file}: {fault}" for fault in error.faults)
        raise UserError("\n".join(lines)) from error
    with told(), _made_or_opened(protocol_file, path, replicate, options, database, schema) as home:
        home.trial()
        yield Rehearsed(home, replicate)


def _made_or_opened(
    protocol_file: Path,
    path: Path,
    replicate: Replicate,
    options: dict[str, str],
    database: str | None,
    schema: str | None,
) -> Home:
    """A new home for the replicate, or the one it was begun in; `UserError` where that is another's."""
    from equipoise.home import Home, RehearsalSettings
    from equipoise.rehearsal import first_instant

    seed, number = replicate.seed, replicate.replicate
    if not (path / "settings.json").exists():
        start = first_instant(replicate).isoformat()
        settings = RehearsalSettings(seed, number, start, options)
        return Home.create(
            path, protocol_file, rehearsal=settings, database=database, schema=schema
        )
    home = Home.open(path)
    kept = home.rehearsal
    if kept is None:
        raise UserError(f"{path}: is a real trial; nobody virtual takes part in it")
    if home.protocol.version != replicate.protocol.version:
        raise UserError(
            f"{path}: was made with another text of the protocol; name a new folder for this one"
        )
    if (kept.seed, kept.replicate, kept.options) != (seed, number, options):
        raise UserError(
            f"{path}: holds another rehearsal (seed {kept.seed}, replicate {kept.replicate}); "
            "name a new folder, or that seed, replicate, staff and numbers"
        )
    return home


def _load(path: Path) -> Protocol:
    from equipoise.protocol.reading import ProtocolError, load_protocol

    try:
        return load_protocol(path)
    except ProtocolError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; name a protocol file"
        ) from error


@contextmanager
def _bars(protocol: Protocol) -> Iterator[Progress]:
    """A progress bar a site on standard error; silent where that is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    size = protocol.design.sample_size
    target = size.target if size else None
    sites = protocol.identity.sites
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[day]}"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        disable=not sys.stderr.isatty(),
    )
    with bars:
        tasks = {site.id: bars.add_task(site.city.en, total=site.target, day="") for site in sites}
        tasks[""] = bars.add_task("All sites", total=target, day="")

        def show(day: date, randomized: Mapping[str, int]) -> None:
            for site, count in randomized.items():
                bars.update(tasks[site], completed=count)
            bars.update(tasks[""], completed=sum(randomized.values()), day=str(day))

        yield show
