"""`equipoise design`: a protocol's sample size, power and boundaries, recomputed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import main
from .errors import UserError

if TYPE_CHECKING:
    from equipoise.design import DesignReport


@main.command()
def design(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", show_default=False)],
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Sample size, power and boundaries of PROTOCOL; exact where the endpoint can be enumerated."""
    from equipoise.design import DesignError, design_protocol
    from equipoise.protocol.reading import load_protocol

    try:
        report = design_protocol(load_protocol(protocol))
    except DesignError as error:
        raise UserError(f"{protocol}: {error}") from error
    if output == "json":
        typer.echo(json.dumps(report.to_json(), indent=2, allow_nan=False))
        return
    _print(report)


def _print(report: DesignReport) -> None:
    ratio = ":".join(str(share) for share in report.ratio.values())
    typer.echo(
        f"{report.endpoint}: alpha {report.alpha:g} {'two' if report.sided == 2 else 'one'}-sided, "
        f"power {report.planned_power:g}, attrition {report.attrition:g}, "
        f"target {report.target} ({ratio})"
    )
    one = report.comparison
    typer.echo(f"\n{one.treatment} against {one.control}: {one.test}")
    rows = [
        ("evaluable, a group", f"{one.required[0]} and {one.required[1]}"),
        (
            "randomized, a group",
            f"{one.required_randomized[0]} and {one.required_randomized[1]}",
        ),
        (
            "power at the target",
            f"{one.power:.4f} after attrition, {one.power_complete:.4f} if nobody is lost",
        ),
    ]
    if len(one.looks) > 1:
        rows.append(("inflation by the looks", f"{one.inflation:.4f}"))
    if one.power_overruled is not None:
        rows += [
            ("power, futility overruled", f"{one.power_overruled:.4f}"),
            (
                "information expected",
                f"{one.expected_fraction_if_effect:.4f} of the whole if true, "
                f"{one.expected_fraction_if_none or 0:.4f} without effect",
            ),
        ]
    if one.exact is not None:
        rows += [
            ("exact power", f"{one.exact.power:.4f}"),
            (
                "exact level, one-sided",
                f"{one.exact.level_at_control_rate:.4f} at the control rate, at most "
                f"{one.exact.worst_level:.4f} (at {one.exact.worst_rate:.2f}); "
                f"nominal {one.exact.nominal:g}",
            ),
        ]
    for label, value in rows:
        typer.echo(f"  {label:<26}{value}")
    typer.echo(
        "  look  information  a group      critical z  nominal p  alpha spent  stops if true"
    )
    for number, look in enumerate(one.looks, 1):
        groups = f"{look.participants[0]} / {look.participants[1]}"
        typer.echo(
            f"  {number:>4}  {look.fraction:>11.2f}  {groups:<11}  {look.critical:>10.4f}  "
            f"{look.nominal_p:>9.5f}  {look.spent:>11.5f}  {look.stop_if_effect:>13.4f}"
        )
    futile = [(at, look) for at, look in enumerate(one.looks, 1) if look.futility is not None]
    if futile:
        kind = "binding" if one.binding else "not binding"
        typer.echo(f"  look  futility z ({kind})  stops if true  stops without effect")
        width = len(f"futility z ({kind})")
        for number, look in futile:
            typer.echo(
                f"  {number:>4}  {look.futility:>{width}.4f}  {look.futile_if_effect:>13.4f}  "
                f"{look.futile_if_none:>20.4f}"
            )
    for warning in report.warnings:
        typer.secho(f"\nwarning: {warning}", bold=True)
