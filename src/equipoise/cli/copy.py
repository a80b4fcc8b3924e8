"""`equipoise copy`: a participant's copy of their own data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import main
from .errors import UserError
from .files import write_whole
from .opening import opened


@main.command()
def copy(
    participant: Annotated[str, typer.Argument(metavar="NUMBER", help="The participant's number.")],
    home: Annotated[Path, typer.Option("--home", help="The home.", metavar="DIR")],
    given_to: Annotated[
        str, typer.Option("--to", help="Who receives it: the participant, or whom they name.")
    ],
    reason: Annotated[str, typer.Option(help="Why it is given.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Where to write it: .html to read and print, .json for a machine."
        ),
    ],
    language: Annotated[
        Literal["en", "zh-Hans"], typer.Option("--lang", help="The language of the copy.")
    ] = "en",
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print what was written.")
    ] = "text",
) -> None:
    """Write everything recorded about a participant, in plain words, for that person; and record that it was given.

    Other people's data are left out, and the allocation while the trial is masked. The file can be read by
    its owner only. It names the person: hand it over, and keep no second one.
    """
    from equipoise.conduct.commands import GiveCopy
    from equipoise.home.home import ADMINISTRATOR
    from equipoise.web import configure, release

    file_format = out.suffix.removeprefix(".").lower()
    if file_format not in ("html", "json"):
        raise UserError(f"{out}: a copy is HTML or JSON; end the name in .html or .json")
    if out.exists():
        raise UserError(f"{out}: is there already; name another file, or take it away")
    with opened(home) as installation:
        trial = installation.trial()
        state = trial.participant(participant)
        if state is None:
            raise UserError(f"{participant}: no such participant; see the list of participants")
        configure(installation)
        try:
            # the web's modules can be read only once Django knows its settings
            from equipoise.web.personal_copy import RENDERERS, copy_of

            own = copy_of(
                trial,
                state,
                language=language,
                role=ADMINISTRATOR.role,
                given_to=given_to,
                reason=reason,
            )
            content = RENDERERS[file_format](own)
        finally:
            release()
        give = GiveCopy(
            participant=participant,
            given_to=given_to,
            reason=reason,
            language=language,
            file_format=file_format,  # type: ignore[arg-type]
            upto=own.upto,
        )
        # what cannot be written was not given; what was written and is refused is taken back
        write_whole(out, content, mode=0o600)
        recorded = trial.do(give, ADMINISTRATOR)
        if not recorded:
            os.unlink(out)
            raise UserError(f"{participant}: {recorded}")
    if output == "json":
        typer.echo(json.dumps({"file": str(out), "participant": participant, "entries": own.upto}))
    else:
        typer.echo(f"{out}: written, {own.upto} entries; recorded as given to {given_to}")
