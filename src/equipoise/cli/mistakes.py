"""`equipoise mistakes`: what the mistakes of staff cost a trial."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import main
from .drawing import FigureOption, LanguageOption
from .errors import UserError
from .files import write_text

if TYPE_CHECKING:
    from equipoise.home.mistakes import Mean, Outcome

_WORDS = {
    "queries": "queries",
    "queries_automatic": "  of them by edit checks",
    "visits_missed": "visits missed",
    "visits_out_of_window": "visits outside their window",
    "strata_wrong": "allocated in a wrong stratum",
    "commands_refused": "commands refused",
}
_KINDS = {
    "faultless": "no mistakes, every visit in time",
    "careful": "no mistakes; visits missed and late as assumed",
    "assumed": "staff as the protocol assumes them",
}


@main.command()
def mistakes(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL")],
    replicates: Annotated[
        int,
        typer.Option(min=1, max=1000, help="How many replicates are played out, three times each."),
    ] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all random numbers.")] = 1,
    first: Annotated[int, typer.Option("--from", min=0, help="The first replicate.")] = 0,
    figure: FigureOption = None,
    lang: LanguageOption = "en",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Play the same replicates of PROTOCOL out with and without the mistakes of staff, and compare."""
    from rich.console import Console
    from rich.progress import track

    from equipoise.home.mistakes import KINDS, outcomes
    from equipoise.protocol.reading import load_protocol
    from equipoise.rehearsal import AssumptionError, PlayError

    document = load_protocol(protocol)
    chosen = range(first, first + replicates)
    console = Console(file=sys.stderr)
    try:
        found = list(
            track(
                outcomes(document, chosen, seed),
                "Playing out",
                total=replicates * len(KINDS),
                console=console,
                disable=not sys.stderr.isatty(),
            )
        )
    except AssumptionError as error:
        raise UserError("\n".join(f"{protocol}: {fault}" for fault in error.faults)) from error
    except PlayError as error:
        raise UserError(f"{protocol}: {error}") from error
    size = document.design.sample_size
    alpha = 0.05 if size is None or size.alpha is None else float(size.alpha)
    if figure is not None:
        from equipoise.reporting.figures import mistakes_figure

        write_text(figure, mistakes_figure(_points(found), lang))
    if output == "json":
        typer.echo(json.dumps(_record(found, alpha), indent=2, allow_nan=False))
    else:
        _print(found, alpha)


def _points(found: Sequence[Outcome]) -> dict[str, list[dict[str, float]]]:
    """By comparison: each replicate's estimate by kind of staff."""
    names = found[0].estimates
    return {
        name: [
            {one.staff: one.estimates[name][0] for one in found if one.replicate == replicate}
            for replicate in dict.fromkeys(one.replicate for one in found)
        ]
        for name in names
    }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _record(found: Sequence[Outcome], alpha: float) -> dict[str, object]:
    from equipoise.home.mistakes import KINDS, compared, rejected

    def mean(one: Mean) -> dict[str, float | None]:
        return {"value": _plain(one.value), "error": one.error}

    return {
        "alpha": alpha,
        "replicates": [
            {
                "replicate": one.replicate,
                "staff": one.staff,
                "randomized": one.randomized,
                "estimates": {
                    name: {"estimate": _plain(estimate), "p": _plain(p)}
                    for name, (estimate, p) in one.estimates.items()
                },
                **one.counts,
            }
            for one in found
        ],
        "differences": {
            f"{staff} less {KINDS[0]}": {
                name: mean(one) for name, one in compared(found, staff, KINDS[0]).items()
            }
            for staff in KINDS[1:]
        },
        "rejected": {
            name: {staff: mean(rejected(found, staff, name, alpha)) for staff in KINDS}
            for name in found[0].estimates
        },
    }


def _print(found: Sequence[Outcome], alpha: float) -> None:
    from equipoise.home.mistakes import COUNTED, KINDS, Mean, compared, rejected

    number = len({one.replicate for one in found})
    plural = "s, each" if number > 1 else ","
    typer.echo(
        f"{number} replicate{plural} played out three times; means with their Monte Carlo error"
    )
    for staff in KINDS:
        typer.echo(f"  {staff:<10} {_KINDS[staff]}")
    typer.echo(
        f"\n  {'':<38}" + "".join(f"{staff:>20}" for staff in KINDS) + f"{'cost of mistakes':>22}"
    )
    cost = compared(found, "assumed", "careful")
    for name in found[0].estimates:
        shown = [
            Mean.of([one.estimates[name][0] for one in found if one.staff == staff])
            for staff in KINDS
        ]
        _row(f"{name}: estimate", shown, cost[name], 4)
        shares = [rejected(found, staff, name, alpha) for staff in KINDS]
        less = Mean(shares[2].value - shares[1].value, None)
        _row(f"  p below {alpha:g}", shares, less, 3)
    for name in COUNTED:
        shown = [
            Mean.of([float(one.counts[name]) for one in found if one.staff == staff])
            for staff in KINDS
        ]
        _row(_WORDS[name], shown, cost[name], 1)
    typer.echo("\nThe cost of mistakes is assumed less careful, replicate by replicate.")


def _row(label: str, values: Sequence[Mean], cost: Mean, decimals: int) -> None:
    def shown(one: Mean, sign: str = "") -> str:
        if not math.isfinite(one.value):
            return "not defined"
        error = "" if one.error is None else f" ({one.error:.{decimals}f})"
        return f"{one.value:{sign}.{decimals}f}{error}"

    typer.echo(
        f"  {label:<38}"
        + "".join(f"{shown(one):>20}" for one in values)
        + f"{shown(cost, '+'):>22}"
    )
