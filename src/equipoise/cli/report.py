"""`equipoise report`: the study report with its tables and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from .analyze import AsOfOption, DummyOption, HomeOption, read_results
from .app import main
from .errors import UserError
from .opening import opened


@main.command()
def report(
    home: HomeOption,
    out: Annotated[Path, typer.Option(help="The folder to write into.", metavar="DIR")],
    as_of: AsOfOption = None,
    dummy_arms: DummyOption = False,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print what was written.")
    ] = "text",
) -> None:
    """The study report in English and Chinese (HTML), its tables (CSV), figures (SVG) and numbers (JSON).

    Made again from the same data cut it is the same, byte for byte. A checkpoint is taken first, so that the short code in
    the report is that of a signed statement.
    """
    from equipoise.reporting import write_report

    with opened(home) as trial_home:
        taken = trial_home.take_checkpoint("export")
    results, _ = read_results(home, as_of, dummy_arms)
    try:
        written = write_report(results, out)
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
    typer.echo(f"open {out / 'report.html'}")
