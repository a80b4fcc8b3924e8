"""`equipoise simulate`: what a trial does over many replicates, each figure with its Monte Carlo error."""

from __future__ import annotations

import csv
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .analyze import EACH_COLUMNS
from .app import main
from .drawing import FigureOption, LanguageOption
from .errors import UserError
from .files import growing, write_text
from .kept import find, keep, name_of

if TYPE_CHECKING:
    from equipoise.protocol.document import Protocol
    from equipoise.rehearsal.bulk import Batch, Characteristics, Figure, Scenario


class NamedScenario(StrEnum):
    """The scenarios by name."""

    assumed = "assumed"
    null = "null"
    biased_null = "biased_null"


Setting = tuple[str, str]
"""A path and the value given for it, as typed."""


@main.command()
def simulate(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL")],
    replicates: Annotated[int, typer.Option(min=1, help="How many trials to simulate.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all random numbers.")] = 1,
    first: Annotated[
        int, typer.Option("--from", min=0, help="The first replicate: with more, go on from there.")
    ] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Another value for a place in the protocol; may be repeated. A path given several times is "
            "a scan, several such paths a grid.",
            metavar="PATH=VALUE",
        ),
    ] = None,
    scenario: Annotated[
        list[NamedScenario] | None,
        typer.Option(help="Only these scenarios (default: every one the protocol allows)."),
    ] = None,
    staff: Annotated[
        Literal["faultless", "careful"],
        typer.Option(help="Whether visits are missed and late (careful) or not (faultless)."),
    ] = "faultless",
    numbers: Annotated[
        Literal["1", "2"],
        typer.Option(
            help="The scheme of random numbers, as `rehearse` has it: with 2 other trials come of the same "
            "seed, much faster where a compiled kernel knows the protocol."
        ),
    ] = "1",
    each: Annotated[
        Path | None,
        typer.Option(
            help="Also write estimate, limits and p of each analysis of each replicate.",
            metavar="FILE.csv",
        ),
    ] = None,
    standard: Annotated[
        bool,
        typer.Option(
            "--standard",
            help="Simulate the sample size's own assumptions (a rate in each group) instead of the "
            "protocol's virtual participants: millions of replicates a second.",
        ),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that compute.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Let the workers of this Dask scheduler compute, as tcp://127.0.0.1:8786.",
            metavar="ADDR",
        ),
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            help="Keep every answer in this folder, and take from it what the same protocol, numbers, code and "
            "libraries gave before.",
            metavar="DIR",
        ),
    ] = None,
    figure: FigureOption = None,
    lang: LanguageOption = "en",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Power, type I error, bias, coverage, size and duration of PROTOCOL by simulation.

    Replicate K of a seed is what `equipoise rehearse --seed S --replicate K --staff faultless` plays out, with the
    same `--numbers`.
    """
    grid = _grid(protocol, settings or [])
    if standard:
        if any(one is not None for one in (each, scenario, scheduler, kept, figure)):
            raise UserError(
                "--standard: knows neither --each, --scenario, --scheduler, --keep nor --figure; leave them out"
            )
        _standard(protocol, grid, replicates, seed, first, workers, output)
        return
    if scheduler is not None and workers > 1:
        raise UserError(
            "--workers: with --scheduler its own workers compute; leave one of them out"
        )
    if each is not None and len(grid) > 1:
        raise UserError("--each: one file holds one trial; give every --set path once")
    answers = []
    with _progress() as advance:
        for chosen, document in grid:
            for one in _scenarios(protocol, document, scenario, staff):
                rows = each if one.name == "assumed" else None
                name = name_of(
                    document,
                    one,
                    replicates=replicates,
                    seed=seed,
                    first=first,
                    numbers=int(numbers),
                )
                found = find(kept, name) if kept is not None and rows is None else None
                if found is None:
                    with _each(rows, document) as write:
                        found = _simulated(
                            protocol, document, one, replicates, seed, first, int(numbers), workers,
                            scheduler, write, advance,
                        )  # fmt: skip
                    if kept is not None:
                        keep(kept, name, found)
                answers.append((chosen, found))
    if figure is not None:
        _draw(figure, answers, lang)
    if output == "json":
        content = {
            "protocol_version": grid[0][1].version,
            "seed": seed,
            "first": first,
            "replicates": replicates,
            "staff": staff,
            "numbers": int(numbers),
            "scenarios": [{"set": dict(chosen), **found.to_json()} for chosen, found in answers],
        }
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False))
        return
    for chosen, found in answers:
        _print(chosen, found)
    for chosen in dict.fromkeys(chosen for chosen, _ in answers):
        by_name = {found.scenario: found for of, found in answers if of == chosen}
        for line in _told_apart(by_name):
            typer.echo(line)


def _draw(
    path: Path, answers: Sequence[tuple[tuple[Setting, ...], Characteristics]], lang: str
) -> None:
    """What the first analysis rejects, scenario by scenario, along the first path that was scanned."""
    from equipoise.reporting.figures import Rejecting, grid_figure

    points = []
    for chosen, found in answers:
        rejects = found.analyses[0].rejects
        if rejects.value is not None and rejects.error is not None:
            points.append(Rejecting(found.scenario, chosen, rejects.value, rejects.error))
    name = answers[0][1].analyses[0].id
    write_text(path, grid_figure(points, name, lang))


def _grid(path: Path, settings: Sequence[str]) -> list[tuple[tuple[Setting, ...], Protocol]]:
    """The protocol for every combination of the values given."""
    from pydantic import ValidationError

    from equipoise.protocol.document import Protocol
    from equipoise.protocol.reading import ProtocolError, read_protocol, read_value
    from equipoise.rehearsal.bulk import SettingError, with_settings

    reading = read_protocol(path)
    if reading.protocol is None:
        raise ProtocolError(reading.faults)
    values: dict[str, list[str]] = {}
    for setting in settings:
        place, equals, value = setting.partition("=")
        if not (equals and place.strip() and value.strip()):
            raise UserError(
                f"--set {setting}: write a path and a value, as design.sample_size.target=120"
            )
        values.setdefault(place.strip(), []).append(value.strip())
    grid = []
    for combination in itertools.product(*values.values()):
        chosen = tuple(zip(values, combination, strict=True))
        if not chosen:
            return [((), reading.protocol)]
        try:
            read = [(place, read_value(text)) for place, text in chosen]
            document = Protocol.model_validate(with_settings(reading.content(), read))
        except ValidationError as error:
            raise UserError(
                "\n".join(
                    f"--set: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                    for fault in error.errors(
                        include_url=False, include_context=False, include_input=False
                    )
                )
            ) from error
        except (SettingError, ValueError) as error:
            raise UserError(f"--set {error}") from error
        grid.append((chosen, document))
    return grid


def _scenarios(
    path: Path, protocol: Protocol, wanted: Sequence[str] | None, staff: str
) -> list[Scenario]:
    from equipoise.rehearsal import AssumptionError
    from equipoise.rehearsal.bulk import scenarios

    try:
        known = scenarios(protocol, staff)
    except AssumptionError as error:
        raise UserError("\n".join(f"{path}: {fault}" for fault in error.faults)) from error
    found = [one for one in known if wanted is None or one.name in wanted]
    if not found:
        raise UserError(
            f"{path}: its natural history knows the scenarios {', '.join(one.name for one in known)}"
        )
    return found


def _simulated(
    path: Path,
    protocol: Protocol,
    scenario: Scenario,
    replicates: int,
    seed: int,
    first: int,
    numbers: int,
    workers: int,
    scheduler: str | None,
    write: Callable[[Batch], None] | None,
    advance: Callable[[str, int, int], None],
) -> Characteristics:
    from equipoise.design import DesignError
    from equipoise.rehearsal import AssumptionError
    from equipoise.rehearsal.bulk import SimulationError, simulate

    try:
        return simulate(
            protocol,
            scenario,
            replicates=replicates,
            seed=seed,
            first=first,
            numbers=numbers,
            workers=workers,
            scheduler=scheduler,
            each=write,
            progress=lambda done: advance(scenario.name, done, replicates),
        )
    except AssumptionError as error:
        raise UserError("\n".join(f"{path}: {fault}" for fault in error.faults)) from error
    except (DesignError, SimulationError) as error:
        raise UserError(f"{path}: {error}") from error
    except KeyboardInterrupt:
        typer.echo("equipoise: stopped; nothing is kept of an unfinished simulation", err=True)
        raise typer.Exit(130) from None


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar a scenario on standard error; silent where that is not a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=not sys.stderr.isatty(),
    )
    with bars:
        tasks: list[tuple[str, Any]] = []

        def advance(name: str, done: int, total: int) -> None:
            if not tasks or tasks[-1][0] != name or bars.tasks[tasks[-1][1]].finished:
                tasks.append((name, bars.add_task(name, total=total)))
            bars.advance(tasks[-1][1], done)

        yield advance


@contextmanager
def _each(path: Path | None, protocol: Protocol) -> Iterator[Callable[[Batch], None] | None]:
    """Writes one row a comparison of each replicate, as the batches come."""
    if path is None:
        yield None
        return
    from equipoise.design.interim import operating_analyses
    from equipoise.rehearsal.bulk import compared

    names = [one.id for one in compared(operating_analyses(protocol))]
    with growing(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(EACH_COLUMNS)

        def write(batch: Batch) -> None:
            for at, rows in enumerate(batch.values.tolist()):
                for name, values in zip(names, rows, strict=True):
                    shown = ["" if math.isnan(value) else repr(value) for value in values]
                    writer.writerow([batch.first + at, name, *shown])

        yield write


# -- the standard trial ---------------------------------------------------------------------------


def _standard(
    path: Path,
    grid: Sequence[tuple[tuple[Setting, ...], Protocol]],
    replicates: int,
    seed: int,
    first: int,
    threads: int,
    output: str,
) -> None:
    """The trial that the sample size assumes: with its effect, and with the control's rate in both groups."""
    from equipoise.design import DesignError
    from equipoise.rehearsal.bulk.standard import as_designed

    answers = []
    for chosen, document in grid:
        try:
            found = as_designed(
                document, replicates=replicates, seed=seed, first=first, threads=threads
            )
        except DesignError as error:
            raise UserError(f"{path}: {error}") from error
        answers.append((chosen, found))
    if output == "json":
        content = {
            "protocol_version": grid[0][1].version,
            "seed": seed,
            "first": first,
            "standard": [
                {"set": dict(chosen), **{name: one.to_json() for name, one in found.items()}}
                for chosen, found in answers
            ],
        }
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False))
        return
    for chosen, found in answers:
        for name, one in found.items():
            overruled = ", futility overruled" if name.endswith("_overruled") else ""
            typer.echo(
                f"{name}: the sample size's own trial{overruled}; {one.replicates} replicates"
            )
            for place, value in chosen:
                typer.echo(f"  {place} = {value}")
            rows = [("rejects", _share(one.rejects))]
            for look, (above, below) in enumerate(zip(one.above, one.below, strict=True), 1):
                rows.append((f"  at look {look}, treatment higher", _share(above)))
                rows.append((f"  at look {look}, treatment lower", _share(below)))
                if look <= len(one.futile) - 1:
                    rows.append((f"  at look {look}, futile", _share(one.futile[look - 1])))
            rows += [
                ("participants randomized", _number(one.size, 2)),
                ("estimate at the end", _number(one.estimate)),
            ]
            for label, shown in rows:
                typer.echo(f"  {label:<32}{shown}")
        typer.echo("")


# -- for people ----------------------------------------------------------------------------------


def _print(chosen: Sequence[Setting], found: Characteristics) -> None:
    what = {
        "assumed": "as assumed",
        "null": "no effect: every arm takes the control's course",
        "biased_null": "no effect, and a grader who knows the arm sees less in the treatment arms",
    }
    typer.echo(f"{found.scenario}: {what[found.scenario]}; {found.replicates} replicates")
    for path, value in chosen:
        typer.echo(f"  {path} = {value}")
    if found.computed != "on arrays":
        typer.echo(f"  computed {found.computed}")
    label = "power" if found.effect else "rejects (type I error)"
    for one in found.analyses:
        typer.echo(f"  {one.id} ({one.treatment} against {one.control}, {one.measure})")
        rows = [
            (label, _share(one.rejects)),
            ("  in the direction hoped for", _share(one.favorable)),
            ("  in the other", _share(one.unfavorable)),
        ]
        if found.looks:
            rows += [
                (f"  at {name}", _share(figure))
                for name, figure in zip((*found.looks, "the end"), one.rejects_at, strict=True)
            ]
        if one.rejects_overruled is not None:
            rows += [
                (f"  futile at {name}", _share(figure))
                for name, figure in zip(found.looks, one.futile_at, strict=True)
            ]
            rows.append((f"{label}, futility overruled", _share(one.rejects_overruled)))
        log = "log " if one.measure.endswith("ratio") else ""
        rows += [
            (f"mean of the {log}estimate", _number(one.mean)),
            ("truth", "not defined" if one.truth is None else f"{one.truth:.4f}"),
            (f"bias{' (log)' if log else ''}", _number(one.bias)),
            ("coverage of the interval", _share(one.coverage)),
        ]
        if one.undefined:
            rows.append(("without a p-value", f"{one.undefined} replicates"))
        for name, shown in rows:
            typer.echo(f"    {name:<30}{shown}")
    for name, figure in zip(found.looks, found.stops, strict=True):
        typer.echo(f"  {f'stops at {name}':<32}{_share(figure)}")
    if found.stops_for_futility:
        for at, name in enumerate(found.looks):
            typer.echo(f"    {'for efficacy at ' + name:<30}{_share(found.stops_for_efficacy[at])}")
            typer.echo(f"    {'for futility at ' + name:<30}{_share(found.stops_for_futility[at])}")
        typer.echo(
            "  the bounds for futility are "
            + (
                "binding: type I error is held only where they are kept"
                if found.binding
                else "not binding: the type I error that counts is that with futility overruled"
            )
        )
    typer.echo(f"  {'participants randomized':<32}{_number(found.size, 1)}")
    typer.echo(f"  {'months from first site to end':<32}{_number(found.months, 2)}\n")


def _told_apart(found: Mapping[str, Characteristics]) -> list[str]:
    """In words: whether the design tells an effect from a grader who knows the arm."""
    if "null" not in found or "biased_null" not in found:
        return []
    null, biased = (found[name].analyses[0].rejects for name in ("null", "biased_null"))
    if None in (null.value, null.error, biased.value, biased.error):
        return []
    gap = (biased.value or 0.0) - (null.value or 0.0)
    error = math.hypot(null.error or 0.0, biased.error or 0.0)
    said = (
        f"Without any effect the first analysis rejects in {null.value:.1%} of trials; where whoever "
        f"grades knows the arm and sees a little less in the treatment arms, in {biased.value:.1%}."
    )
    if gap > 3 * error:
        return [
            said,
            "The design cannot tell such a grader from an effect: let whoever grades not know the arm.",
        ]
    return [said, "So few replicates do not show a difference between the two; more would tell."]


def _share(figure: Figure) -> str:
    if figure.value is None or figure.error is None:
        return "not defined"
    return f"{figure.value:.4f} (MC error {figure.error:.4f})"


def _number(figure: Figure, decimals: int = 4) -> str:
    if figure.value is None:
        return "not defined"
    error = "" if figure.error is None else f" (MC error {figure.error:.{decimals}f})"
    return f"{figure.value:.{decimals}f}{error}"
