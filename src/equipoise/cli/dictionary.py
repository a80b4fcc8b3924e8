"""`equipoise dictionary`: the user's own dictionaries for coding; none ships."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import main
from .errors import UserError
from .opening import opened

if TYPE_CHECKING:
    from equipoise.conduct.coding import Dictionary

dictionaries = typer.Typer(
    help="The user's own dictionaries for coding adverse events and drugs.", no_args_is_help=True
)
main.add_typer(dictionaries, name="dictionary")

Purpose = Annotated[
    Literal["events", "drugs"],
    typer.Argument(help="What it is for: adverse events and diagnoses, or drugs."),
]
HomeOption = Annotated[Path, typer.Option("--home", help="The trial's home.", metavar="DIR")]
Name = Annotated[str, typer.Option("--name", help="The dictionary's name, such as MedDRA.")]
Version = Annotated[str, typer.Option("--version", help="Its version, as its publisher writes it.")]
Files = Annotated[
    list[str],
    typer.Option(
        "--files",
        help="LANGUAGE=PATH, a folder of MedDRA's ASCII files or a CSV file; once for each language.",
        metavar="LANG=PATH",
    ),
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print.")]
_LANGUAGES = ("en", "zh-Hans")
_KINDS = ("same", "renamed", "moved", "not_current", "gone")


@dictionaries.command("import")
def import_(
    purpose: Purpose, home: HomeOption, name: Name, version: Version, files: Files,
    output: Format = "text",
) -> None:  # fmt: skip
    """Keep a dictionary in a home and code with it from now on.

    Look at `equipoise dictionary compare` first where another version is in use. The server must not be running
    on the home.
    """
    read = _read(purpose, name, version, files)
    with opened(home) as installation:
        from equipoise.conduct.commands import RegisterDictionary
        from equipoise.home.home import ADMINISTRATOR

        trial = installation.trial()
        kept = installation.shelf.keep(read)
        done = trial.do(
            RegisterDictionary(purpose=purpose, name=name, version=version, sha256=read.sha256),
            ADMINISTRATOR,
        )
        if not done:
            raise UserError(str(done))
    told = {
        "purpose": purpose, "name": name, "version": version, "sha256": read.sha256,
        "terms": len(read.entries), "file": str(kept),
    }  # fmt: skip
    if output == "json":
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"{name} {version}: {len(read.entries)} terms, {read.sha256}")


@dictionaries.command()
def compare(
    purpose: Purpose, home: HomeOption, name: Name, version: Version, files: Files,
    output: Format = "text",
) -> None:  # fmt: skip
    """Say what coding with this dictionary would change in terms coded so far; change nothing."""
    read = _read(purpose, name, version, files)
    from equipoise.conduct.coding import named, targets
    from equipoise.conduct.state import fold_participants
    from equipoise.exchange.dictionaries import compared

    lines: list[dict[str, Any]] = []
    with opened(home) as installation:
        archive = installation.archive()
        for state in fold_participants(archive.documents, archive.events()).values():
            for target in targets(state):
                coding = state.codings.get(target.key)
                if target.purpose != purpose or coding is None or coding.void:
                    continue
                change = compared(coding, read)
                after = change.after
                lines.append(
                    {
                        "participant": state.id,
                        "target": target.key,
                        "kind": change.kind,
                        "code": coding.code,
                        "before": f"{named(coding.group, 'en')} / {named(coding.preferred, 'en')}",
                        "after": f"{named(after.group, 'en')} / {named(after.preferred, 'en')}"
                        if after
                        else "",
                    }
                )
    if output == "json":
        typer.echo(json.dumps(lines, ensure_ascii=False, indent=2))
        return
    counts = Counter(line["kind"] for line in lines)
    typer.echo(", ".join(f"{kind}: {counts[kind]}" for kind in _KINDS))
    for line in lines:
        if line["kind"] != "same":
            then = line["after"] or "–"
            typer.echo(
                f"  {line['participant']} {line['target']} {line['code']} {line['kind']}: "
                f"{line['before']} → {then}"
            )


def _read(
    purpose: Literal["events", "drugs"], name: str, version: str, files: list[str]
) -> Dictionary:
    from equipoise.exchange.dictionaries import DictionaryError, read_dictionary

    for label, text in (("--name", name), ("--version", version)):
        if not 1 <= len(text) <= 80 or not text.isprintable():
            raise UserError(f"{label}: give 1 to 80 printable characters")
    sources: dict[str, Path] = {}
    for one in files:
        language, _equals, path = one.partition("=")
        if language not in _LANGUAGES or not path:
            raise UserError(
                f"--files {one}: write LANGUAGE=PATH, where LANGUAGE is {' or '.join(_LANGUAGES)}"
            )
        sources[language] = Path(path)
    try:
        return read_dictionary(purpose, name, version, sources)
    except DictionaryError as error:
        raise UserError(str(error)) from None
