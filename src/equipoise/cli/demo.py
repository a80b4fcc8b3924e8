"""`equipoise demo`: the first trial, rehearsed into a fresh home and served."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .rehearse import Rehearsed
from .serve import serve_home

DEMO_TRIAL = "nct07312656"
DEMO_SEED = 1
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
        typer.Option("--home", help="A new folder (default: a temporary one).", metavar="DIR"),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Watch a trial happen: 200 virtual participants at three sites, then sign in and take part."""
    path = home or Path(tempfile.mkdtemp(prefix="equipoise-demo-"))
    if home is not None and home.exists() and any(home.iterdir()):
        raise UserError(f"{home}: is not empty; name a new folder for the demonstration")
    rehearsed = Rehearsed.prepare(shipped_protocol(DEMO_TRIAL), path, DEMO_SEED, 0)
    rehearsed.play(randomized=None if no_serve else STOP_AT)
    sign_ins = _sign_ins(rehearsed)
    summary = _summary(rehearsed)
    rehearsed.home.close()
    if output == "json":
        typer.echo(json.dumps(summary, ensure_ascii=False, allow_nan=False))
    if no_serve:
        if output == "text":
            typer.echo(_told(summary))
            typer.echo(f"Look at it: equipoise serve --home {path}")
        return
    greeting = "" if output == "json" else f"{_told(summary)}\n\n{_table(sign_ins)}\n"
    serve_home(path, port=port, greeting=greeting)


def shipped_protocol(trial: str) -> Path:
    """The protocol of a trial that ships with Equipoise: in the package, or beside its sources."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "trials", package.parents[1] / "trials"):
        found = folder / trial / "protocol.yaml"
        if found.is_file():
            return found
    raise UserError(f"the protocol of {trial} does not ship with this installation")


def _sign_ins(rehearsed: Rehearsed) -> list[tuple[str, str, str, str]]:
    from equipoise.web import configure

    configure(rehearsed.home)
    # the web's modules can be read only once Django knows its settings
    from equipoise.web.accounts import create_demo_accounts

    return create_demo_accounts(rehearsed.home)


def _summary(rehearsed: Rehearsed) -> dict[str, Any]:
    """What was played, and the primary result."""
    from equipoise.analysis import analyze

    trial = rehearsed.home.trial()
    primary = None
    results = analyze(trial)
    if results.primary is not None and results.primary.comparisons:
        comparison = results.primary.comparisons[0]
        numbers = comparison.estimate
        primary = {
            "analysis": results.primary.id,
            "endpoint": results.primary.endpoint,
            "measure": comparison.measure,
            "estimate": _finite(numbers.estimate),
            "lower": _finite(numbers.lower),
            "upper": _finite(numbers.upper),
        }
    return {
        "home": str(rehearsed.home.path),
        "day": str(trial.today(trial.protocol.identity.sites[0].id)),
        "screened": trial.state.screened,
        "randomized": trial.state.randomized,
        "sites": len(trial.state.sites),
        "events": trial.ledger.head().seq,
        "ledger_root": trial.ledger.root(),
        "primary": primary,
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


def _table(sign_ins: list[tuple[str, str, str, str]]) -> str:
    """One sign-in a role, and for the roles of a site one at its first site."""
    seen = set()
    rows = [("role", "site", "user name", "password")]
    for name, password, role, site in sorted(sign_ins, key=lambda row: (row[2], row[3])):
        if role not in seen:
            seen.add(role)
            rows.append((role, site or "all", name, password))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
