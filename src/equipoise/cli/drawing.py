"""The two options of commands that also draw a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

FigureOption = Annotated[
    Path | None, typer.Option("--figure", help="Also draw the figure.", metavar="FILE.svg")
]
LanguageOption = Annotated[
    Literal["en", "zh-Hans"], typer.Option("--lang", help="The language of the figure.")
]
