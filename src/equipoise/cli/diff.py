"""`equipoise diff`: what an amendment changes, and what it does to each enrolled participant."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened

if TYPE_CHECKING:
    from equipoise.conduct.amendment import Days, ParticipantEffect
    from equipoise.protocol.comparison import Change
    from equipoise.protocol.document import Protocol

_LONGEST = 100
"""Characters of a value shown in a line; JSON shows all of it."""


@main.command()
def diff(
    old: Annotated[
        Path, typer.Argument(help="The protocol in force.", metavar="OLD", show_default=False)
    ],
    new: Annotated[
        Path, typer.Argument(help="The amended protocol.", metavar="NEW", show_default=False)
    ],
    trial: Annotated[
        Path | None,
        typer.Option(
            "--trial", help="A home: also show what follows for its participants.", metavar="DIR"
        ),
    ] = None,
    today: Annotated[
        str | None,
        typer.Option(help="The day on which the new version takes force (YYYY-MM-DD)."),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Every change from OLD to NEW, its kind, and its effect on each enrolled participant."""
    from equipoise.protocol.comparison import compare_protocols
    from equipoise.protocol.reading import load_protocol

    before, after = load_protocol(old), load_protocol(new)
    if before.id != after.id:
        raise UserError(f"{new}: is the protocol of {after.id}, not of {before.id}")
    changes = compare_protocols(before, after)
    effects = _effects(before, after, trial, _day(today)) if trial is not None else None
    if output == "json":
        typer.echo(
            json.dumps(_as_json(before, after, changes, effects), ensure_ascii=False, indent=2)
        )
        return
    _print_changes(changes)
    if effects is not None:
        _print_effects(effects)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--today {text}: not a day; write YYYY-MM-DD") from None


def _effects(
    old: Protocol, new: Protocol, folder: Path, today: date | None
) -> list[ParticipantEffect]:
    from equipoise.conduct.amendment import amendment_effect
    from equipoise.conduct.decide import local_day
    from equipoise.conduct.state import fold_participants

    with opened(folder) as home:
        archive = home.archive()
        if archive.protocol.version != old.version:
            raise UserError(
                f"{folder}: runs protocol version {archive.protocol.version[:12]}, and OLD is "
                f"{old.version[:12]}; compare with {folder}/protocol.yaml"
            )
        states = fold_participants(archive.documents, archive.events())
        return [
            amendment_effect(old, new, state, today or local_day(old, state.site, archive.now))
            for _, state in sorted(states.items())
        ]


def _as_json(
    old: Protocol,
    new: Protocol,
    changes: list[Change],
    effects: list[ParticipantEffect] | None,
) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = {
        "old": old.version,
        "new": new.version,
        "substantial": any(change.substantial for change in changes),
        "changes": [change.as_json() for change in changes],
    }
    if effects is not None:
        shown["participants"] = [
            {**asdict(effect), "touched": effect.touched} for effect in effects
        ]
    plain: dict[str, Any] = json.loads(json.dumps(shown, default=str))
    return plain


def _print_changes(changes: list[Change]) -> None:
    if not changes:
        typer.echo("The two protocols say the same.")
        return
    for change in changes:
        found = change.difference
        weight = (
            "translation"
            if change.translation
            else ("substantial" if change.substantial else "minor")
        )
        typer.echo(f"{found.kind:<9} {found.place}  ({change.area}, {weight})")
        if found.kind != "added":
            typer.echo(f"    - {_short(found.before)}")
        if found.kind != "removed":
            typer.echo(f"    + {_short(found.after)}")
    substantial = sum(change.substantial for change in changes)
    typer.echo(
        f"\n{len(changes)} changes, {substantial} substantial"
        + (
            ": every site's ethics committee approves before the new version takes force there."
            if substantial
            else "."
        )
    )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _print_effects(effects: list[ParticipantEffect]) -> None:
    touched = [effect for effect in effects if effect.touched]
    typer.echo(f"\nParticipants: {len(effects)} on the log, {len(touched)} touched")
    for effect in touched:
        typer.echo(f"  {effect.participant}  {effect.status.replace('_', ' ')}")
        for line in _lines(effect):
            typer.echo(f"    {line}")


def _lines(effect: ParticipantEffect) -> list[str]:
    lines = []
    if effect.reassess:
        lines.append("eligibility is to be assessed and signed again")
    for version in effect.reconsent:
        lines.append(f"consent version {version} is to be signed before the next visit")
    for name in effect.treatment:
        lines.append(f"regimen of {name} changes")
    for visit in effect.visits:
        words = f"visit {visit.visit} {visit.kind}"
        if visit.kind == "moved":
            words += f": {_span(visit.before)} → {_span(visit.after)}"
        elif visit.kind == "added":
            words += f": {_span(visit.after)}"
        if visit.overdue:
            words += ", overdue at once"
        for mark, forms in (("+", visit.forms_added), ("-", visit.forms_removed)):
            if forms and visit.kind in ("moved", "forms"):
                words += f"; {mark} {', '.join(forms)}"
        lines.append(words)
    for form in effect.incomplete:
        lines.append(f"form asks for more: {form}")
    for diary in effect.diaries:
        lines.append(f"diary {diary.diary}: {_span(diary.before)} → {_span(diary.after)}")
    for supply in effect.supply:
        lines.append(
            f"supply of {supply.intervention} still needed: {supply.before} → {supply.after}"
        )
    if effect.kept:
        lines.append(f"no longer asked, data kept under their version: {', '.join(effect.kept)}")
    if effect.reread:
        lines.append(f"defined anew, data kept as entered: {', '.join(effect.reread)}")
    return lines


def _span(days: Days) -> str:
    return "not known yet" if days is None else f"{days[0]} to {days[1]}"
