"""`equipoise check`: what is wrong with a protocol, or undecided in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from equipoise.cli.app import main
from equipoise.cli.errors import EXIT_USER_ERROR, UserError

if TYPE_CHECKING:
    from equipoise.protocol.checks import Finding
    from equipoise.protocol.reading import Reading


class Format(StrEnum):
    """How results are printed."""

    text = "text"
    json = "json"


EXIT_UNSETTLED = 1
"""The exit code of a check that found an error nobody has settled."""


@main.command()
def check(
    protocol: Annotated[
        Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL", show_default=False)
    ],
    today: Annotated[
        str | None,
        typer.Option(help="Judge start dates and recruitment as of this day (YYYY-MM-DD)."),
    ] = None,
    output: Annotated[
        Format, typer.Option("--format", help="For people, or for programs.")
    ] = Format.text,
    language: Annotated[
        Literal["en", "zh-Hans"],
        typer.Option("--lang", "--language", help="The language of the findings."),
    ] = "en",
) -> None:
    """Show every finding about PROTOCOL with its severity, place, reason and remedy.

    Exit code 0: no error is left unsettled. 1: at least one is. 2: the file cannot be read.
    """
    from equipoise.protocol.checks import check_protocol
    from equipoise.protocol.reading import read_protocol

    day = _day(today)
    reading = read_protocol(protocol)
    if reading.protocol is None:
        if output is Format.text and not any(fault.line for fault in reading.faults):
            raise UserError("\n".join(str(fault) for fault in reading.faults))
        rows = _rows_of_broken(reading, language)
        _print(rows, output, protocol, language)
        raise typer.Exit(EXIT_UNSETTLED if reading.is_document else EXIT_USER_ERROR)
    findings = check_protocol(reading.protocol, day, reading.places)
    _print([finding.as_json(language) for finding in findings], output, protocol, language)
    if any(finding.blocks for finding in findings):
        raise typer.Exit(EXIT_UNSETTLED)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now().astimezone().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--today {text}: not a day; write YYYY-MM-DD") from None


def _rows_of_broken(reading: Reading, language: str) -> list[dict[str, Any]]:
    """The faults of a file that is no protocol, and the findings about its sound parts."""
    from equipoise.protocol.checks import findings_of_sound_parts

    found: Sequence[Finding] = findings_of_sound_parts(reading)
    rows = [fault.as_json() for fault in reading.faults]
    rows += [finding.as_json(language) for finding in found]
    return sorted(rows, key=lambda row: row["line"] or 0)


_HEADINGS = {
    "error": ("Errors", "错误"),
    "warning": ("Warnings", "警告"),
    "note": ("Notes", "提示"),
    "settled": ("Settled by decision", "已由决定解决"),
}


def _print(rows: list[dict[str, Any]], output: Format, file: Path, language: str) -> None:
    if output is Format.json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    from equipoise.protocol.checks import SEVERITIES

    which = 1 if language == "zh-Hans" else 0
    groups: dict[str, list[dict[str, Any]]] = {key: [] for key in _HEADINGS}
    for row in rows:
        groups["settled" if row["settled"] else row["severity"]].append(row)
    for key, members in groups.items():
        if not members:
            continue
        typer.secho(f"{_HEADINGS[key][which]} ({len(members)})", bold=True)
        for row in members:
            where = f"{file}:{row['line']}" if row["line"] else str(file)
            typer.echo(f"  {row['id']}")
            typer.echo(f"    {where}  {row['place']}".rstrip())
            typer.echo(f"    {row['message']}")
            decision = row["decision"]
            if decision is None:
                typer.echo(f"    → {row['remedy']}")
            else:
                typer.echo(f"    ✓ {decision['choice']} ({decision['status']}, {decision['by']})")
        typer.echo()
    counts = {key: len(members) for key, members in groups.items()}
    if which == 1:
        typer.echo("错误 {error}，警告 {warning}，提示 {note}，已解决 {settled}".format(**counts))
        return
    shown = [f"{counts[key]} {key}{'' if counts[key] == 1 else 's'}" for key in SEVERITIES]
    typer.echo(f"{', '.join(shown)}, {counts['settled']} settled by decision")
