"""`equipoise analyze`: every declared analysis of a home's trial."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import main
from .errors import UserError
from .files import write_text
from .opening import opened

if TYPE_CHECKING:
    from equipoise.analysis import Results

EACH_COLUMNS = ("replicate", "analysis", "estimate", "lower", "upper", "p")

HomeOption = Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Cut the data at a ledger position, or at the end of a day (2026-03-14).",
        metavar="SEQ|DATE",
    ),
]
DummyOption = Annotated[
    bool,
    typer.Option(
        "--dummy-arms", help="Deal the arms out anew, for use before allocations may be seen."
    ),
]


@main.command()
def analyze(
    home: HomeOption,
    as_of: AsOfOption = None,
    each: Annotated[
        Path | None,
        typer.Option(
            help="Also write estimate, limits and p of each analysis.", metavar="FILE.csv"
        ),
    ] = None,
    dummy_arms: DummyOption = False,
    lang: Annotated[
        Literal["en", "zh-Hans"], typer.Option(help="The language of the tables.")
    ] = "en",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print the results.")
    ] = "text",
) -> None:
    """Every declared analysis, the participant flow and the safety tables, from one data cut."""
    results, replicate = read_results(home, as_of, dummy_arms)
    if each is not None:
        write_text(each, each_csv(results, replicate))
    if output == "json":
        document = {**results.to_json(), "run": results.run.to_json()}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))
        return
    from equipoise.reporting import primary_sentence, study_tables, to_text

    typer.echo(f"{results.title.in_language(lang)}\n")
    typer.echo(f"{primary_sentence(results, lang)}\n")
    for table in study_tables(results, lang):
        typer.echo(to_text(table))


def read_results(path: Path, as_of: str | None, dummy_arms: bool) -> tuple[Results, int | None]:
    """The results of a home's trial, and which replicate it rehearses (None in a real trial)."""
    from equipoise.analysis import CutError
    from equipoise.analysis import analyze as analyze_trial

    with opened(path) as home:
        try:
            results = analyze_trial(home.archive(), as_of, dummy_arms=dummy_arms)
        except CutError as error:
            raise UserError(f"{path}: {error}") from error
        return results, home.rehearsal.replicate if home.rehearsal else None


def each_csv(results: Results, replicate: int | None) -> str:
    """One line an analysis (and pair of arms, where it has several), in full precision."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EACH_COLUMNS)
    for one in results.analyses:
        for comparison in one.comparisons:
            found = comparison.estimate
            values = (found.estimate, found.lower, found.upper, found.p)
            shown = ["" if math.isnan(value) else repr(value) for value in values]
            writer.writerow(
                ["" if replicate is None else replicate, one.comparison_id(comparison), *shown]
            )
    return out.getvalue()
