"""`equipoise page`: the public record page as HTML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from equipoise.cli.app import main
from equipoise.cli.errors import UserError
from equipoise.cli.files import write_whole

if TYPE_CHECKING:
    from equipoise.protocol.document import Protocol


@main.command()
def page(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="PROTOCOL|RECORD",
            help="protocol.yaml, a ClinicalTrials.gov study (JSON), or the text of a record page.",
        ),
    ],
    language: Annotated[
        Literal["en", "zh-Hans"], typer.Option("--lang", help="The language of the page.")
    ] = "en",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; else printed.")
    ] = None,
    nct: Annotated[
        str | None,
        typer.Option("--nct", help="The study to take from a file that holds several."),
    ] = None,
) -> None:
    """Show the public record of a protocol or a registry record as one HTML page.

    The page needs nothing else: no script, no other host. What the record leaves out is said
    plainly, and decisions stand beside what they settle.
    """
    from equipoise.registry import record_page, render_page

    html = render_page(record_page(_protocol(source, nct), language))
    if out is None:
        typer.echo(html, nl=False)
        return
    write_whole(out, html.encode())
    typer.echo(f"{out}: written")


def _protocol(source: Path, nct: str | None) -> Protocol:
    """The protocol in a file, or the draft made from a record."""
    from equipoise.exchange.draft import draft_from, read_record
    from equipoise.exchange.record import RecordError
    from equipoise.protocol.reading import ProtocolError, load_protocol

    if source.suffix in (".yaml", ".yml"):
        try:
            return load_protocol(source)
        except ProtocolError as error:
            raise UserError(str(error)) from error
    try:
        return draft_from(read_record(source, trial=nct)).protocol
    except RecordError as error:
        words = str(error)
        raise UserError(words if words.startswith(str(source)) else f"{source}: {words}") from error
