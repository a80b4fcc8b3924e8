"""`equipoise demo`: the first trial, rehearsed into a fresh home and served."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .rehearse import DatabaseOption, SchemaOption, rehearsing
from .serve import check_port, serve_home, sign_ins_of, sign_ins_table

if TYPE_CHECKING:
    from equipoise.home import Home

DEMO_TRIAL = "nct07312656"
DEMO_SEED = 20261201
"""A trial in which every kind of event happens, the rare ones too (a stratum found wrong, a transfer)."""
STOP_AT = 143
"""The clock stands still on the day on which so many are randomized."""


@main.command()
def demo(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Play to the end, print the result, serve nothing.")
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            help="A new folder, or that of a demonstration to go on with (default: a temporary one).",
            metavar="DIR",
        ),
    ] = None,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Watch a trial happen: 200 virtual participants at three sites, then sign in and take part."""
    if not no_serve:
        # before anybody has waited for a rehearsal that cannot be shown
        check_port(port)
    path = home or Path(tempfile.mkdtemp(prefix="equipoise-demo-"))
    with rehearsing(
        shipped_protocol(DEMO_TRIAL), path, DEMO_SEED, 0, database=database, schema=schema
    ) as rehearsed:
        played = rehearsed.play(
            randomized=None if no_serve else STOP_AT,
            again=f"`equipoise demo --home {path}` goes on",
        )
        sign_ins = sign_ins_of(rehearsed.home)
        summary = {**rehearsed.summary(played), "primary": _primary(rehearsed.home)}
    if output == "json":
        typer.echo(json.dumps(summary, ensure_ascii=False, allow_nan=False))
    elif no_serve:
        typer.echo(_told(summary))
        typer.echo(f"Look at it: equipoise serve --home {path}")
    if no_serve:
        return
    greeting = f"{_told(summary)}\n\n{sign_ins_table(sign_ins)}\n"
    from equipoise.web.server import Address

    serve_home(path, Address(port=port), greeting=greeting, on_stderr=output == "json")


def shipped_protocol(trial: str) -> Path:
    """The protocol of a trial that ships with Equipoise: in the package, or beside its sources."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "trials", package.parents[1] / "trials"):
        found = folder / trial / "protocol.yaml"
        if found.is_file():
            return found
    raise UserError(f"the protocol of {trial} does not ship with this installation")


def _primary(home: Home) -> dict[str, Any] | None:
    """The primary result, from the data captured; None where the protocol declares none."""
    from equipoise.analysis import analyze

    primary = analyze(home.trial()).primary
    if primary is None or not primary.comparisons:
        return None
    comparison = primary.comparisons[0]
    numbers = comparison.estimate
    return {
        "analysis": primary.id,
        "endpoint": primary.endpoint,
        "measure": comparison.measure,
        "estimate": _finite(numbers.estimate),
        "lower": _finite(numbers.lower),
        "upper": _finite(numbers.upper),
    }


def _finite(number: float) -> float | None:
    return number if number == number and abs(number) != float("inf") else None


def _told(summary: dict[str, Any]) -> str:
    told = (
        f"{summary['day']}: {summary['screened']} screened, {summary['randomized']} randomized at "
        f"{summary['sites']} sites; {summary['events']} events, ledger root {summary['ledger_root']}"
    )
    primary = summary["primary"]
    if primary and None not in (primary["estimate"], primary["lower"], primary["upper"]):
        told += (
            f"\n{primary['endpoint']}, {primary['measure'].replace('_', ' ')}: "
            f"{primary['estimate']:.3f} ({primary['lower']:.3f} to {primary['upper']:.3f})"
        )
    return told
