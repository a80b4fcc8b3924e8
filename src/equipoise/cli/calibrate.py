"""`equipoise calibrate`: does the protocol's natural history give back what trials have published?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import main
from .drawing import FigureOption, LanguageOption
from .errors import UserError
from .files import write_text

if TYPE_CHECKING:
    from equipoise.rehearsal.calibration import Answer, Calibration, Target


@main.command()
def calibrate(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL")],
    against: Annotated[
        Path, typer.Option(help="The populations and published figures.", metavar="FILE.yaml")
    ],
    figure: FigureOption = None,
    lang: LanguageOption = "en",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Hold PROTOCOL's natural history against published figures; exit code 1 where one is not given back."""
    from equipoise.rehearsal import AssumptionError
    from equipoise.rehearsal.calibration import CalibrationError, calibrate, read_calibration

    try:
        given = read_calibration(against)
        answers = list(calibrate(protocol, given))
    except OSError as error:
        raise UserError(f"{against}: cannot be read: {error.strerror}") from error
    except (CalibrationError, AssumptionError) as error:
        raise UserError("\n".join(error.faults)) from error
    if figure is not None:
        from equipoise.reporting.figures import calibration_figure

        write_text(figure, calibration_figure(given, answers, lang))
    if output == "json":
        typer.echo(json.dumps([_record(one) for one in answers], indent=2, allow_nan=False))
    else:
        _print(given, answers)
    if not all(one.holds for one in answers):
        raise typer.Exit(1)


def _record(one: Answer) -> dict[str, object]:
    lower, upper = one.target.interval
    return {
        **one.target.model_dump(exclude={"within"}),
        "lower": lower,
        "upper": upper,
        "found": one.found if one.found < float("inf") else None,
        "error": one.error,
        "inside": one.inside,
        "holds": one.holds,
    }


def _print(given: Calibration, answers: Sequence[Answer]) -> None:
    for population in given.populations:
        typer.echo(population.label)
        for one in answers:
            if one.target.population == population.id:
                _row(one)
        typer.echo()
    inside = sum(one.inside for one in answers)
    typer.echo(f"{inside} of {len(answers)} published figures are given back within their interval")


def _row(one: Answer) -> None:
    target = one.target
    lower, upper = (shown(target, value) for value in target.interval)
    found = shown(target, one.found)
    if one.error is not None:
        found += f" (MC error {100 * one.error:.1f})"
    mark = "  " if one.inside else "! "
    typer.echo(
        f"  {mark}{what(target):<32}{shown(target, target.published):>7}  {f'{lower} to {upper}':<17}"
        f"model {found:<22}{target.source}"
    )
    if target.outside and not one.inside:
        typer.echo(f"      known: {target.outside}")
    elif target.outside:
        typer.echo(
            "      the file calls it known to lie outside, and it does not: take the reason out"
        )
    elif not one.inside:
        typer.echo("      not given back")


def what(target: Target) -> str:
    """A target's measure in words."""
    high = f"{target.item} ≥ {target.at_least}"
    if target.measure == "share":
        return f"{high}, ever"
    if target.measure == "share_on_day":
        return f"{high}, day {target.day}{' after the last' if target.after else ''}"
    return f"{high}, median {'onset' if target.measure == 'median_onset' else 'days'}"


def shown(target: Target, value: float) -> str:
    """A value of the target's measure: a share in per cent, days as they are."""
    if target.measure in ("share", "share_on_day"):
        return f"{100 * value:.1f} %"
    return "never" if value == float("inf") else f"{value:g} d"
