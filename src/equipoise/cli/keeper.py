"""`equipoise keeper`: the holder of the randomization seed, from its making to its reveal."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened, told

if TYPE_CHECKING:
    from equipoise.home import Archive
    from equipoise.keeper import FileKeeper
    from equipoise.keeper.escrow import Share

keeper = typer.Typer(help="The holder of the randomization seed.", no_args_is_help=True)
main.add_typer(keeper, name="keeper")

Directory = Annotated[
    Path,
    typer.Argument(
        help="The keeper's directory, or a home that keeps its own seed.", metavar="DIR"
    ),
]
Trial = Annotated[str, typer.Option(help="The trial, where the keeper holds several.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print.")]


@contextmanager
def _opened(directory: Path, trial: str) -> Iterator[FileKeeper]:
    from equipoise.keeper import FILE, FileKeeper

    with told():
        opened = FileKeeper.open(directory / FILE, trial)
        try:
            yield opened
        finally:
            opened.close()


@keeper.command()
def init(
    directory: Directory,
    protocol: Annotated[Path, typer.Option(help="The protocol file.", metavar="PROTOCOL")],
    key: Annotated[
        str, typer.Option(help="The ledger's public key; without it the first ledger is bound.")
    ] = "",
    output: Format = "text",
) -> None:
    """Make a keeper with a new random seed, and print what it commits to."""
    from equipoise.keeper import FILE, FileKeeper
    from equipoise.protocol.reading import load_protocol

    document = load_protocol(protocol)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with told():
        made = FileKeeper.create(directory / FILE, document, key)
        commitment = made.commitment()
        made.close()
    if output == "json":
        typer.echo(json.dumps({"commitment": commitment.hash, "source": commitment.source}))
        return
    typer.echo(f"commitment {commitment.hash} ({commitment.source})")
    typer.echo(f"Let it answer: equipoise keeper serve {directory}")


@keeper.command()
def serve(
    directory: Directory,
    socket: Annotated[
        Path | None, typer.Option(help="Where to listen; by default keeper.sock in DIR.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="The group of the web application, which may ask.")
    ] = None,
    trial: Trial = "",
) -> None:
    """Answer on a Unix domain socket until interrupted."""
    from equipoise.keeper import serve_keeper
    from equipoise.keeper.process import SOCKET

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    path = socket or directory / SOCKET
    with _opened(directory, trial) as opened:
        status = opened.status()

        def started() -> None:
            typer.echo(
                f"keeper of {status.trial} at {path}, {status.allocations} allocations so far"
            )

        serve_keeper(opened, path, group=group, started=started, stop=stop)


@keeper.command()
def status(directory: Directory, trial: Trial = "", output: Format = "text") -> None:
    """What the keeper holds, with every line of its log and every allocation recomputed."""
    with _opened(directory, trial) as opened:
        told = opened.status()
    facts: dict[str, Any] = {name: getattr(told, name) for name in told.__slots__}
    if output == "json":
        typer.echo(json.dumps({**facts, "versions": list(told.versions)}, ensure_ascii=False))
        return
    typer.echo(f"trial        {told.trial}")
    typer.echo(f"commitment   {told.commitment}")
    typer.echo(f"believes     {told.public_key or 'no ledger yet'}")
    for version in told.versions:
        typer.echo(f"protocol     {version}")
    typer.echo(f"allocations  {told.allocations}, as seed and scheme give them")
    typer.echo(f"log          {told.lines} lines, ending {told.log_hash}")
    typer.echo(f"sealed copy  {'made' if told.escrowed else 'NONE: run `equipoise keeper escrow`'}")
    typer.echo(f"seed         {'revealed' if told.revealed else 'secret'}")


@keeper.command()
def accept(
    directory: Directory,
    protocol: Annotated[Path, typer.Argument(help="The amended protocol.", metavar="PROTOCOL")],
    trial: Trial = "",
) -> None:
    """Know a further version of the protocol, whose randomization must be the one committed to."""
    from equipoise.protocol.reading import load_protocol

    document = load_protocol(protocol)
    with _opened(directory, trial) as opened:
        opened.accept(document)
    typer.echo(f"accepted {document.version}")


@keeper.command()
def escrow(
    directory: Directory,
    first: Annotated[Path, typer.Option(help="The file for the first person.")],
    second: Annotated[Path, typer.Option(help="The file for the second person.")],
    trial: Trial = "",
) -> None:
    """Seal the seed into two shares for two people; either share alone is worthless."""
    from equipoise.keeper.escrow import new_set, split

    for path in (first, second):
        if path.exists():
            raise UserError(f"{path}: is there already; name a new file")
    with _opened(directory, trial) as opened:
        name = new_set()
        shares = split(opened.status().trial, opened.escrow(name), name)
    for path, share in zip((first, second), shares, strict=True):
        write_secret(path, json.dumps(share.as_document(), indent=2, ensure_ascii=False) + "\n")
    typer.echo(f"{first}\n{second}")
    typer.echo(f"Sealing {name}. Give each file to one person, and delete both from this machine.")


@keeper.command()
def recover(
    directory: Directory,
    home: Annotated[Path, typer.Option(help="The trial's home, with its ledger.", metavar="HOME")],
    first: Annotated[Path, typer.Option(help="The first person's share.")],
    second: Annotated[Path, typer.Option(help="The second person's share.")],
) -> None:
    """Rebuild a lost keeper from both shares and the ledger, every allocation recomputed."""
    from equipoise.home import Home
    from equipoise.keeper import FILE, FileKeeper
    from equipoise.keeper.escrow import join, past_allocations

    target = directory / FILE
    if target.exists():
        raise UserError(f"{target}: a keeper is there already; move it away first")
    shares = [_read_share(path) for path in (first, second)]
    with told(), Home.open(home) as trial_home:
        archive = trial_home.archive()
        seed = join(*shares)
        committed, key, randomized = _known_to(archive)
        if shares[0].trial != archive.protocol.id or committed != shares[0].commitment:
            raise UserError(
                f"{home}: its ledger committed to {committed}, the shares to {shares[0].commitment};"
                " these are the shares of another trial"
            )
        past = past_allocations(randomized)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Built beside its place: a recovery that fails leaves no keeper behind.
        unfinished = target.with_suffix(".recovering")
        unfinished.unlink(missing_ok=True)
        try:
            made = FileKeeper.create(unfinished, archive.protocol, key, seed=seed)
            try:
                made.restore(past)
            finally:
                made.close()
            unfinished.rename(target)
        finally:
            unfinished.unlink(missing_ok=True)
    typer.echo(f"{target}: rebuilt, {len(past)} allocations are those that seed and scheme give")


def _known_to(archive: Archive) -> tuple[str, str, list[tuple[int, str, str, Any, str]]]:
    """The commitment, the ledger's public key, and every randomization the ledger knows."""
    from equipoise.conduct import events as e

    committed, key = "none", ""
    randomized = []
    for event, happening in archive.events():
        if isinstance(happening, e.TrialCreated):
            key = happening.public_key
        elif isinstance(happening, e.RandomizationCommitted):
            committed = happening.commitment
        elif isinstance(happening, e.ParticipantRandomized):
            participant = event.stream.partition("/")[2]
            facts = (happening.number, happening.request, participant)
            randomized.append((*facts, dict(happening.strata), happening.arm))
    return committed, key, randomized


@keeper.command()
def reveal(
    directory: Directory,
    out: Annotated[Path, typer.Option(help="The file to write (JSON).")],
    trial: Trial = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Disclose seed, scheme and every allocation. From then on nobody can be randomized.

    `equipoise verify HOME --reveal FILE` recomputes every allocation from the file.
    """
    if out.exists():
        raise UserError(f"{out}: is there already; name a new file")
    with _opened(directory, trial) as opened:
        held = opened.status()
        if not yes:
            typer.echo(
                f"This ends the concealment of {held.trial} after {held.allocations} allocations."
            )
            if typer.prompt("Write the trial's name to go on") != held.trial:
                raise UserError("nothing was revealed: that is not the trial's name")
        disclosed = opened.reveal()
    write_secret(out, json.dumps(disclosed.as_document(), indent=2, ensure_ascii=False) + "\n")
    typer.echo(f"{out}: seed and {len(disclosed.allocations)} allocations of {held.trial}")


@keeper.command()
def publish(
    revealed: Annotated[
        Path, typer.Argument(help="What the keeper revealed (JSON).", metavar="REVEAL")
    ],
    home: Annotated[Path, typer.Option("--home", help="The trial's home.", metavar="HOME")],
    output: Format = "text",
) -> None:
    """Write a revealed seed into the trial's ledger, where `verify`, trust page and public record find it.

    Refused until recruitment is closed and nobody is on study; in a masked trial until it is unblinded.
    The server must not be running on the home.
    """
    from equipoise.conduct.commands import RevealSeed
    from equipoise.home.home import ADMINISTRATOR
    from equipoise.keeper import Reveal

    try:
        held = Reveal.from_document(json.loads(revealed.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{revealed}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{revealed}: {error}") from None
    command = RevealSeed(seed=held.seed, source=held.source, scheme=held.scheme_text)
    with opened(home) as installation:
        outcome = installation.trial().do(command, ADMINISTRATOR)
        if not outcome:
            raise UserError(f"{home}: {outcome}")
        installation.trial().checkpoint("reveal")
    if output == "json":
        typer.echo(json.dumps({"seed": held.seed, "source": held.source}))
        return
    typer.echo(
        f"{home}: the seed stands in the ledger; `equipoise verify {home}` recomputes from it"
    )


def _read_share(path: Path) -> Share:
    from equipoise.keeper import KeeperError
    from equipoise.keeper.escrow import Share

    try:
        return Share.from_document(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeeperError) as error:
        raise UserError(f"{path}: {error}") from None


def write_secret(path: Path, text: str) -> None:
    """A new file that only its owner may read; a file that is there is not touched."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
