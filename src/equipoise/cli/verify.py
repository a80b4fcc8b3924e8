"""`equipoise verify`: is the ledger whole, and were the allocations those committed to?"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened, told

if TYPE_CHECKING:
    from equipoise.keeper import Reveal
    from equipoise.ledger.checkpoint import Checkpoint
    from equipoise.ledger.store import Store
    from equipoise.ledger.verification import Problem

CLOCK_STEPS_SHOWN = 20


@main.command()
def verify(
    ledger: Annotated[
        Path,
        typer.Argument(
            help="A home, a ledger's SQLite file, or a proof (JSON).", metavar="LEDGER|DIR"
        ),
    ],
    head: Annotated[
        Path | None, typer.Option(help="The signed head file; by default `head` beside the ledger.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The signer's public key, where it is known from elsewhere.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="Checkpoints kept elsewhere, one a line; may be given several times."),
    ] = None,
    reveal: Annotated[
        Path | None,
        typer.Option(help="What the keeper revealed: seed, scheme and allocations (JSON)."),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Verify chain, signed heads, checkpoints and, with --reveal, every allocation.

    The checkpoints beside the ledger are held against it too; those kept elsewhere see what was
    changed together with them. Exit code 1 if anything fails.
    """
    from equipoise.home.storage import CHECKPOINTS, LEDGER_FILE, open_ledger
    from equipoise.ledger.checkpoint import CheckpointFile
    from equipoise.ledger.head import HeadFile
    from equipoise.ledger.verification import Problem, verify_ledger

    proof = _read_proof(ledger)
    if proof is not None:
        _verify_proof(proof, key, output)
        return
    beside = ledger / LEDGER_FILE if ledger.is_dir() else ledger
    head_path = head or beside.with_name("head")
    expected = ledger.is_dir() or head is not None or head_path.exists()
    revealed = _read_reveal(reveal) if reveal is not None else None
    # Read before the chain, so that a ledger that is being written is not found cut.
    checkpoints = CheckpointFile(beside.with_name(CHECKPOINTS)).read()
    for path in checkpoint or ():
        checkpoints += _read_checkpoints(path)
    with told():
        store = open_ledger(ledger)
    try:
        head_file = HeadFile(head_path) if expected else None
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        result = verify_ledger(
            store,
            head_file,
            key=key,
            trial=None,
            checkpoints=checkpoints,
            now=now,
            processes=os.cpu_count() or 1,
        )
        problems = list(result.problems)
        if result.events == 0:
            problems.append(Problem(0, "there are no events"))
        mode = _mode(store) if not problems else None
        # A rehearsal's clock is its own, and may be years ahead of ours.
        rehearsed = mode == "rehearsal"
        steps = [step for step in result.clock_steps if not (rehearsed and step.before == now)]
        allocations, source = None, "the file"
        if not problems:
            # a file is held against the ledger first; what the ledger itself reveals, in any case
            arms = _arms_opened(ledger)
            for where, held in (("the file", revealed), ("the ledger", _in_ledger(store, arms))):
                if held is None or problems:
                    continue
                source, allocations = where, len(held.allocations)
                problems += _reveal_problems(store, held, arms)
    finally:
        store.close()
    if output == "json":
        found = [{"seq": problem.seq, "what": problem.what} for problem in problems]
        document: dict[str, Any] = {
            "ok": not problems,
            "mode": mode,
            "events": result.events,
            "ledger_root": result.root,
            "head": {"seq": result.head.seq, "hash": result.head.hash},
            "public_key": result.key,
            "head_file": str(head_path) if expected else None,
            "checkpoints": result.checkpoints,
            "clock_steps": [asdict(step) for step in steps],
            "allocations": allocations,
            "seed": source if allocations is not None else None,
            "problems": found,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        if mode is not None:
            typer.echo(_MODES[mode])
        for problem in problems:
            typer.echo(f"event {problem.seq}: {problem.what}")
        if not expected:
            typer.echo("no head file: whether the tail was cut cannot be seen")
        if rehearsed and steps:
            typer.echo(_VIRTUAL_STEPS)
        for step in () if rehearsed else steps[:CLOCK_STEPS_SHOWN]:
            typer.echo(str(step))
        typer.echo(f"{result.events} events, Merkle root {result.root}")
        typer.echo(f"{result.checkpoints} checkpoints held against it")
        if allocations is not None and not problems:
            typer.echo(
                f"{allocations} allocations are those that seed and scheme give, by {source}"
            )
        typer.echo("NOT WHOLE" if problems else f"whole, signed by {result.key}")
    if problems:
        raise typer.Exit(1)


_VIRTUAL_STEPS = "a virtual day is played person by person: the times of its events are not in their order (--format json)"
_MODES = {
    "rehearsal": "a rehearsal with virtual participants",
    "training": "a trial for training, with invented participants",
    "live": "a live trial",
}


def _mode(store: Store) -> str | None:
    """What the first events of a whole ledger say the trial is; None where they say nothing."""
    from equipoise.ledger.envelope import event_of
    from equipoise.ledger.store import Selection

    mode = None
    for row in store.events(Selection(types=("TrialCreated", "TrainingDeclared"), limit=2)):
        event = event_of(row)
        if event.type == "TrainingDeclared":
            return "training" if mode == "live" else mode
        mode = "rehearsal" if event.payload.get("rehearsal") else "live"
    return mode


def _read_checkpoints(path: Path) -> list[Checkpoint | None]:
    from equipoise.ledger.checkpoint import read_checkpoints

    try:
        found = read_checkpoints(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if not found:
        raise UserError(f"{path}: holds no checkpoint; name a file written by `checkpoint --out`")
    return found


def _read_proof(path: Path) -> Any | None:
    """The JSON document in the file, or None where it is a database or a folder."""
    try:
        with path.open("rb") as file:
            if file.read(1) != b"{":
                return None
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:
        raise UserError(f"{path}: is no proof: {error}") from None


def _verify_proof(proof: Any, key: str | None, output: str) -> None:
    from equipoise.ledger.proof import proof_problems

    problems = proof_problems(proof, key=key)
    events = len(proof["events"]) if not problems else 0
    if output == "json":
        document: dict[str, Any] = {
            "ok": not problems,
            "subject": proof.get("subject"),
            "events": events,
            "checkpoint": proof.get("checkpoint"),
            "problems": [{"seq": seq, "what": what} for seq, what in problems],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for seq, what in problems:
            typer.echo(f"event {seq}: {what}")
        if not problems:
            stated = proof["checkpoint"]
            typer.echo(
                f"{proof['subject']}: {events} events stand in the ledger of {stated['trial']} as of "
                f"{stated['time']}, Merkle root {stated['root']}"
            )
        typer.echo("NOT PROVEN" if problems else f"proven, signed by {proof['checkpoint']['key']}")
    if problems:
        raise typer.Exit(1)


def _read_reveal(path: Path) -> Reveal:
    from equipoise.keeper import Reveal

    try:
        return Reveal.from_document(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def _in_ledger(store: Store, arms: dict[str, str]) -> Reveal | None:
    """What the ledger itself reveals, with its own randomizations; None while the seed is secret.

    Where the keys are not at hand to open an arm, the one that seed and scheme give stands for it.
    """
    from equipoise.keeper import Reveal
    from equipoise.keeper.reveal import Allocated
    from equipoise.ledger.envelope import event_of
    from equipoise.ledger.store import Selection

    seed = next((event_of(row) for row in store.events(Selection(types=("SeedRevealed",)))), None)
    if seed is None:
        return None
    events = [event_of(row).payload for row in store.events(Selection(types=_RANDOMIZED))]
    events.sort(key=lambda one: int(one["number"]))
    bare = Reveal(
        str(seed.payload["seed"]),
        str(seed.payload["source"]),
        json.loads(str(seed.payload["scheme"])),
        tuple(
            Allocated(int(one["number"]), str(one["request"]), dict(one["strata"]), "")
            for one in events
        ),
    )
    try:
        given = bare.recompute()
    except ValueError:
        return bare  # what is wrong with it is said when it is held against the ledger
    return replace(
        bare,
        allocations=tuple(
            replace(one, arm=arms.get(one.request, arm))
            for one, arm in zip(bare.allocations, given, strict=True)
        ),
    )


_RANDOMIZED = ("ParticipantRandomized",)


def _arms_opened(home: Path) -> dict[str, str]:
    """The arms as the trial gave them, by request, where the home's keys are at hand to open them."""
    from equipoise.conduct.events import ParticipantRandomized

    if not (home / "settings.json").is_file():
        return {}
    with opened(home) as trial_home:
        return {
            happening.request: happening.arm
            for _, happening in trial_home.archive().events()
            if isinstance(happening, ParticipantRandomized)
        }


def _reveal_problems(store: Store, revealed: Reveal, given_arms: dict[str, str]) -> list[Problem]:
    """Hold the reveal against the ledger: commitment, strata and order, and every arm by the seed.

    In the ledger arms are sealed; without the keys, what is checked there is that each randomization
    stands in the reveal under the same number, request and strata.
    """
    from equipoise.ledger.envelope import event_of
    from equipoise.ledger.store import Selection
    from equipoise.ledger.verification import Problem

    problems = [Problem(0, what) for what in revealed.problems()]
    types = ("RandomizationCommitted", "ParticipantRandomized")
    given = {allocated.request: allocated for allocated in revealed.allocations}
    committed = False
    for row in store.events(Selection(types=types)):
        event = event_of(row)
        if event.type == "RandomizationCommitted":
            committed = True
            stated = (event.payload.get("commitment"), event.payload.get("source"))
            if stated != (revealed.commitment, revealed.source):
                problems.append(Problem(event.seq, "seed and scheme are not those committed to"))
            continue
        if not committed:
            problems.append(Problem(event.seq, "a participant is randomized before the commitment"))
        request = event.payload.get("request")
        allocated = given.pop(request, None) if isinstance(request, str) else None
        if allocated is None:
            problems.append(Problem(event.seq, f"the reveal does not know the request {request}"))
        elif (allocated.number, allocated.strata) != (
            event.payload.get("number"),
            event.payload.get("strata"),
        ):
            problems.append(
                Problem(event.seq, f"number or strata of {request} differ from the reveal's")
            )
        elif given_arms.get(allocated.request, allocated.arm) != allocated.arm:
            problems.append(
                Problem(event.seq, f"the arm given to {request} is not the one in the reveal")
            )
    if not committed:
        problems.append(Problem(0, "no commitment to a seed stands in the ledger"))
    for request in given:
        problems.append(Problem(0, f"the ledger knows no randomization for the request {request}"))
    return problems
