"""`equipoise plan`: the statistical analysis plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened
from .report import FormOption, documents_shown


@main.command()
def plan(
    protocol: Annotated[
        Path | None,
        typer.Argument(help="The protocol document; or --home.", metavar="PROTOCOL"),
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="A home: its protocol in force.", metavar="DIR")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write into.", metavar="DIR")] = Path(),
    only: FormOption = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print what was written.")
    ] = "text",
) -> None:
    """The statistical analysis plan in English and Chinese: HTML, PDF (PDF/A-2a, PDF/UA-1) and Word.

    It is derived from the protocol alone: no data enter it. Of a home, it says who signed it and when.
    """
    from equipoise.analysis.cut import mode_of
    from equipoise.analysis.planning import PlanStanding, signed_plan
    from equipoise.protocol.analysis_plan import plan_hash
    from equipoise.protocol.reading import load_protocol
    from equipoise.quantity.text import LANGUAGES
    from equipoise.reporting import FORMATS, paper_files, plan_paper, write_files
    from equipoise.reporting.words import say

    if (protocol is None) == (home is None):
        raise UserError("name a protocol document, or a home by --home: one of the two")
    signed: PlanStanding | None = None
    mode: str = "live"
    if home is not None:
        with opened(home) as trial_home:
            archive = trial_home.archive()
            document, signed = archive.protocol, signed_plan(archive)
            mode = mode_of(archive)
    else:
        assert protocol is not None
        document = load_protocol(protocol)
    forms = [only] if only else list(FORMATS)
    papers = [
        plan_paper(document, language, signed, [] if mode == "live" else [say(mode, language)])
        for language in LANGUAGES
    ]
    found = {}
    with documents_shown(len(forms) * len(papers)) as made:
        for name, content in paper_files(papers, forms):
            found[name] = content
            made(name)
    try:
        written = write_files(found, out)
    except OSError as error:
        raise UserError(
            f"{out}: cannot be written: {error.strerror}; name another folder"
        ) from error
    holds = signed is not None and signed.plan_hash == plan_hash(document)
    if output == "json":
        answer = {
            "files": [str(path.relative_to(out)) for path in written],
            "protocol_version": document.version,
            "plan_hash": plan_hash(document),
            "signed_by": signed.signed_by if signed is not None and holds else None,
        }
        typer.echo(json.dumps(answer, indent=2))
        return
    state = "signed" if holds else "not signed"
    typer.echo(f"{len(written)} files in {out}, plan {plan_hash(document)[:12]}, {state}")
