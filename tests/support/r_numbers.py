"""The numbers that R gave, one by one: each is a case of a test, and the methods page states how many there are."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

ANALYSIS = Path(__file__).parents[1] / "reference" / "analysis"

NOT_NUMBERS_OF_OURS = frozenset({"names", "gls_b"})
"""Parts of R's values that name something, or of which another part is the refinement."""


class Given(NamedTuple):
    """A number of R's: under which call it stands, as which part, and at which place of it."""

    name: str
    part: str
    at: int
    value: float

    @property
    def id(self) -> str:
        return "-".join(filter(None, (self.name, self.part, str(self.at))))


def r_values(file: str) -> dict[str, Any]:
    """The values of one of the files that an R script beside it makes."""
    values: dict[str, Any] = json.loads((ANALYSIS / file).read_text(encoding="utf-8"))["values"]
    return values


def numbers(file: str) -> list[Given]:
    """Every number of such a file."""
    out = []
    for name, values in r_values(file).items():
        parts = values if isinstance(values, dict) else {"": values}
        for part, value in parts.items():
            if part not in NOT_NUMBERS_OF_OURS:
                listed = value if isinstance(value, list) else [value]
                out += [Given(name, part, at, float(one)) for at, one in enumerate(listed)]
    return out


def published() -> list[dict[str, str]]:
    """The rows of the table of published and independently computed values."""
    with (ANALYSIS / "published_values.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def stated_arguments(row: dict[str, str]) -> bool:
    """Whether a row says what it was computed from: `same` alone, without a row before it, does not."""
    family = row["id"].split("_")[0]
    others = [one["id"] for one in published() if one["id"].split("_")[0] == family]
    return row["inputs"] != "same" or others != [row["id"]]
