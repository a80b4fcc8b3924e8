"""`equipoise export`: a trial in a form that others read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from .analyze import AsOfOption, DummyOption
from .app import main
from .errors import UserError
from .files import write_whole
from .opening import opened


@main.command()
def export(
    home: Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")],
    to: Annotated[
        Literal["ledger", "ctgov", "prs", "datasets"],
        typer.Option(
            "--to",
            help="ledger: an archive that is read and verified without Equipoise. ctgov: the study with its results as "
            "ClinicalTrials.gov's API gives one (JSON). prs: the results as its registration system takes them (XML). "
            "datasets: derived data sets (CSV with labels, Parquet), with R programs that read and analyze them.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="For the ledger a new folder or .zip file, for datasets a new folder; else a file.",
            metavar="DIR|FILE",
        ),
    ],
    as_of: AsOfOption = None,
    dummy_arms: DummyOption = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="ctgov: only what is registered, without results.")
    ] = False,
    texts: Annotated[
        bool, typer.Option("--texts", help="ledger: free texts stand in the tables in clear.")
    ] = False,
    allocations: Annotated[
        bool,
        typer.Option(
            "--allocations", help="ledger: an open-label trial's arms stand in the tables."
        ),
    ] = False,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the result.")
    ] = "text",
) -> None:
    """Write a trial out. Works while the home is served; a checkpoint is taken first.

    Names never stand in a table, and a masked trial's allocations only once it is unblinded.
    """
    given = {
        "--as-of": as_of is not None, "--dummy-arms": dummy_arms, "--plan": plan,
        "--texts": texts, "--allocations": allocations,
    }  # fmt: skip
    fitting = {
        "ledger": ("--texts", "--allocations"),
        "ctgov": ("--as-of", "--dummy-arms", "--plan"),
        "prs": ("--as-of", "--dummy-arms"),
        "datasets": ("--as-of", "--dummy-arms"),
    }[to]
    for option, is_given in given.items():
        if is_given and option not in fitting:
            raise UserError(f"{option}: not for --to {to}, which takes {' and '.join(fitting)}")
    if to == "ledger":
        _ledger(home, out, texts, allocations, output)
    elif to == "datasets":
        _datasets(home, out, as_of, dummy_arms, output)
    else:
        _study(home, to, out, as_of, dummy_arms, plan, output)


def _ledger(home: Path, out: Path, texts: bool, allocations: bool, output: str) -> None:
    from equipoise.exchange.archive import ArchiveError
    from equipoise.home.archiving import archive_home
    from equipoise.ledger.merkle import short_code

    with opened(home) as trial_home:
        try:
            written = archive_home(trial_home, out, texts=texts, allocations=allocations)
        except ArchiveError as error:
            raise UserError(str(error)) from error
    if output == "json":
        document = {
            "out": str(out), "to": "ledger", "events": written.events, "files": len(written.files),
            "allocations": written.allocations, "ledger_root": written.root,
            "code": short_code(written.root),
        }  # fmt: skip
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    arms = "with allocations" if written.allocations else "without allocations"
    typer.echo(f"{out}: {written.events} events in {len(written.files)} files, {arms}")
    place = "unpack it, then run" if out.suffix == ".zip" else "verify it with"
    if written.root:
        typer.echo(f"checkpoint {short_code(written.root)}")
    typer.echo(f"{place}: python3 -I {out if out.suffix != '.zip' else '.'}/verify_archive.py")


def _datasets(home: Path, out: Path, as_of: str | None, dummy_arms: bool, output: str) -> None:
    from equipoise.analysis import CutError
    from equipoise.home.datasets import export_datasets
    from equipoise.home.posting import PostingError

    with opened(home) as trial_home:
        try:
            written = export_datasets(trial_home, out, as_of, dummy_arms=dummy_arms)
        except (CutError, PostingError) as error:
            raise UserError(f"{home}: {error}") from error
        except FileExistsError as error:
            raise UserError(f"{out}: is there already; name a new folder") from error
        except OSError as error:
            raise UserError(f"{out}: cannot be written: {error.strerror or error}") from error
    position = written.position
    if output == "json":
        document = {
            "out": str(out), "to": "datasets", "rows": written.rows, "files": len(written.files),
            "dummy_arms": dummy_arms, "position": position.seq, "code": position.code,
        }  # fmt: skip
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    for name, rows in written.rows.items():
        typer.echo(f"{name}: {rows} rows")
    typer.echo(
        f"{len(written.files)} files in {out}, data cut at ledger position {position.seq} "
        f"({position.on}), ledger root {position.code}"
    )
    typer.echo(f"compute everything again in R: Rscript {out}/double_programming.R {out}")


def _study(
    home: Path, to: str, out: Path, as_of: str | None, dummy_arms: bool, plan: bool, output: str
) -> None:
    from equipoise.analysis import CutError
    from equipoise.exchange.posting import LEFT_OPEN, SCHEMA_VERSION, results_xml, study
    from equipoise.home.posting import PostingError, post_home

    with opened(home) as trial_home:
        if plan:
            whole, results, released = study(trial_home.archive().protocol, None), None, False
        else:
            try:
                posting = post_home(trial_home, as_of, dummy_arms=dummy_arms)
            except (CutError, PostingError) as error:
                raise UserError(f"{home}: {error}") from error
            whole, results, released = posting.study, posting.results, posting.released
    if to == "prs":
        if results is None:
            raise UserError(f"{home}: nobody has been randomized yet: there are no results")
        content = results_xml(whole["resultsSection"])
    else:
        content = json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"
    write_whole(out, content)
    missing = list(LEFT_OPEN) if results is not None else []
    if output == "json":
        document = {
            "out": str(out), "to": to, "results": results is not None, "released": released,
            "left_open": missing,
            "position": results.position.seq if results else None,
            "code": results.position.code if results else None,
        }  # fmt: skip
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    if results is None:
        typer.echo(f"{out}: what is registered, without results")
        return
    position = results.position
    typer.echo(
        f"{out}: results of {results.flow.randomized} randomized participants, data cut at ledger position "
        f"{position.seq} ({position.on}), ledger root {position.code}"
    )
    if to == "prs":
        typer.echo(f"valid against schema version {SCHEMA_VERSION}")
    for one in missing:
        typer.echo(f"to be added by a person: {one}")
    if not released:
        typer.echo("the results are not released: for review, not for publication")
