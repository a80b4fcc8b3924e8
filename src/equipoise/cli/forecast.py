"""`equipoise forecast`: when will the last participant be randomized, and when will the last one finish?"""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import main
from .drawing import FigureOption, LanguageOption
from .errors import UserError
from .files import write_text
from .opening import opened

if TYPE_CHECKING:
    from equipoise.conduct.state import TrialState
    from equipoise.design import Forecast
    from equipoise.design.forecast import Interval
    from equipoise.protocol.document import Protocol
    from equipoise.rehearsal.outlook import Outlook


@main.command()
def forecast(
    protocol: Annotated[
        Path | None, typer.Argument(help="The protocol file, of a trial not begun.")
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="A home: what its ledger tells updates the forecast.", metavar="DIR"),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="The day by which the last participant is to have finished (default: the registered "
            "completion).",
            metavar="DATE",
        ),
    ] = None,
    one_more: Annotated[
        float | None,
        typer.Option(
            help="What one more site would change that randomizes so many a month.", metavar="RATE"
        ),
    ] = None,
    opens: Annotated[
        str | None,
        typer.Option(help="The day the further site opens (default: at once).", metavar="DATE"),
    ] = None,
    confidence: Annotated[float, typer.Option(help="The probability of each interval.")] = 0.9,
    figure: FigureOption = None,
    lang: LanguageOption = "en",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """When the last participant of PROTOCOL, or of the trial in a home, will be randomized and finish."""
    if (protocol is None) == (home is None):
        raise UserError("name a PROTOCOL, or a trial's home with --home DIR: one of the two")
    if opens is not None and one_more is None:
        raise UserError(
            "--opens is the day of the further site: give its rate with --one-more RATE"
        )
    given = (_day("--by", by), one_more, _day("--opens", opens), confidence)
    if protocol is not None:
        from equipoise.protocol.reading import load_protocol

        past: list[date] = []
        found = _outlook(load_protocol(protocol), str(protocol), given)
    else:
        assert home is not None
        found, past = _of_home(home, given)
    if figure is not None:
        _draw(figure, found, past, lang)
    if output == "json":
        typer.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
        return
    _print(found)


_Given = tuple[date | None, float | None, date | None, float]


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text}: write a day as 2027-03-31") from None


def _outlook(
    protocol: Protocol,
    where: str,
    given: _Given,
    state: TrialState | None = None,
    today: date | None = None,
) -> Outlook:
    from equipoise.design import DesignError
    from equipoise.rehearsal import AssumptionError
    from equipoise.rehearsal.outlook import outlook

    by, one_more, opens, confidence = given
    try:
        return outlook(
            protocol,
            state,
            today,
            completion=by,
            extra_per_month=one_more,
            extra_opens=opens,
            confidence=confidence,
        )
    except AssumptionError as error:
        raise UserError("\n".join(f"{where}: {fault}" for fault in error.faults)) from error
    except DesignError as error:
        raise UserError(f"{where}: {error}") from error


def _of_home(path: Path, given: _Given) -> tuple[Outlook, list[date]]:
    from equipoise.conduct.decide import local_day_of

    with opened(path) as home:
        trial = home.trial()
        past = [
            local_day_of(trial.protocol, event.site, event.server_time)
            for event in trial.ledger.events(types=["ParticipantRandomized"])
        ]
        return _outlook(trial.protocol, str(path), given, trial.state, trial.today()), past


def _draw(path: Path, found: Outlook, past: list[date], lang: str) -> None:
    from equipoise.reporting.figures import forecast_figure

    write_text(path, forecast_figure(found.forecast, lang, randomized_on=past, extra=found.extra))


# -- for people ----------------------------------------------------------------------------------


def _print(found: Outlook) -> None:
    one = found.forecast
    done = sum(found.randomized.values())
    since = "before the first site opens" if found.as_of is None else f"as of {found.as_of}"
    typer.echo(f"{done} of {one.target} randomized, {since}")
    typer.echo(f"\n  site  opens       closes      randomized  a month (mean, {_level(one)})")
    for site in found.sites:
        closes = "–" if site.closes is None else str(site.closes)
        so_far = found.randomized.get(site.site, 0)
        typer.echo(
            f"  {site.site:<4}  {site.opens}  {closes:<10}  {so_far:>10}  "
            f"{site.per_month:.2f} ({_limits(site.per_month, site.shape, one.confidence)})"
        )
    typer.echo()
    _say(one, found)
    if found.extra is not None and found.extra_site is not None:
        more = found.extra_site
        typer.echo(f"\nwith one more site, open from {more.opens}, {more.per_month:g} a month:")
        _say(found.extra, found)
    typer.echo(
        f"\nA participant finishes within {found.follow_up_days} days of the allocation (19 of 20 do)."
    )


def _say(one: Forecast, found: Outlook) -> None:
    typer.echo(f"  the last participant is randomized  {_span(one.reached, one)}")
    typer.echo(f"  the last participant has finished   {_span(one.finished, one)}")
    if one.chance is not None:
        typer.echo(f"  chance to have finished by {found.completion}  {one.chance:.0%}")


def _span(interval: Interval, one: Forecast) -> str:
    def shown(day: date | None) -> str:
        return "beyond ten years" if day is None else str(day)

    if interval.median is None:
        return "not within ten years"
    return f"{interval.median} ({_level(one)}: {shown(interval.lower)} to {shown(interval.upper)})"


def _level(one: Forecast) -> str:
    return f"{100 * one.confidence:g} %"


def _limits(mean: float, shape: float, confidence: float) -> str:
    from scipy.stats import gamma

    if mean == 0 or math.isinf(shape):
        return f"{mean:.2f}"
    low, high = gamma.interval(confidence, shape, scale=mean / shape)
    return f"{low:.2f} to {high:.2f}"
