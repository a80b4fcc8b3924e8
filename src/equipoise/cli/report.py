"""`equipoise report`: the study report with its tables and figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from .analyze import AsOfOption, DummyOption, HomeOption
from .app import main
from .errors import UserError
from .opening import opened

FormOption = Annotated[
    Literal["html", "pdf", "docx"] | None,
    typer.Option("--only", help="Make the document in this form only."),
]


@main.command()
def report(
    home: HomeOption,
    out: Annotated[Path, typer.Option(help="The folder to write into.", metavar="DIR")],
    as_of: AsOfOption = None,
    dummy_arms: DummyOption = False,
    only: FormOption = None,
    pack: Annotated[
        Literal["board-open", "board-closed"] | None,
        typer.Option(
            help="The monitoring board's pack instead: pooled, or by group in confidence."
        ),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print what was written.")
    ] = "text",
) -> None:
    """The study report along ICH E3 in English and Chinese: HTML, PDF (PDF/A-2a, PDF/UA-1) and Word; its tables
    (CSV, JSON), figures (SVG) and numbers (JSON).

    Made again from the same data cut it is the same, byte for byte. A checkpoint is taken first, so that the short code in
    the report is that of a signed statement.
    """
    from equipoise.analysis import CutError, analyze
    from equipoise.analysis.planning import signed_plan
    from equipoise.quantity.text import LANGUAGES
    from equipoise.reporting import (
        CLOSED,
        FORMATS,
        PACKS,
        board,
        pack_files,
        report_files,
        write_files,
    )

    forms = [only] if only else list(FORMATS)
    with opened(home) as trial_home:
        taken = trial_home.take_checkpoint("export")
        archive = trial_home.archive()
        try:
            if pack is not None:
                shown = board(archive, as_of, closed=pack == CLOSED, dummy_arms=dummy_arms)
                results = shown.results or shown.pooled
                papers = [PACKS[pack](shown, language) for language in LANGUAGES]
            else:
                results = analyze(archive, as_of, dummy_arms=dummy_arms)
        except CutError as error:
            raise UserError(f"{home}: {error}") from error
        with documents_shown(len(forms) * len(LANGUAGES)) as made:
            if pack is not None:
                found = pack_files(papers, forms, made)
            else:
                signed = signed_plan(archive, results.position.seq)
                found = report_files(results, archive.protocol, forms, made, signed)
    try:
        written = write_files(found, out)
    except OSError as error:
        raise UserError(
            f"{out}: cannot be written: {error.strerror}; name another folder"
        ) from error
    position = results.position
    if output == "json":
        answer = {
            "files": [str(path.relative_to(out)) for path in written],
            "position": position.seq,
            "on": str(position.on),
            "ledger_root": position.root,
            "code": position.code,
            "checkpoint": {"seq": taken.seq, "code": taken.code, "signature": taken.signature},
        }
        typer.echo(json.dumps(answer, indent=2))
        return
    typer.echo(
        f"{len(written)} files in {out}, data cut at ledger position {position.seq} "
        f"({position.on}), ledger root {position.code}"
    )
    first = f"{pack or 'report'}.{forms[0]}"
    typer.echo(f"open {out / first}")


@contextmanager
def documents_shown(total: int) -> Iterator[Callable[[str], None]]:
    """A bar of documents made, on standard error; silent where that is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task("Making", total=total)

        def made(name: str) -> None:
            bars.update(task, advance=1, description=name)

        yield made
