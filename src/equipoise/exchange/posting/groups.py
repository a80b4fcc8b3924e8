"""The groups that posted results stand under, and numbers as the registry takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from equipoise.analysis import Results
from equipoise.protocol.document import Protocol
from equipoise.quantity.text import Text
from equipoise.reporting.format import number

from .registered import given
from .words import say

NOT_AVAILABLE = "NA"
"""How the registry writes a number that cannot be given; a comment says why."""


class Groups:
    """The arms under the ids of one module: `FG000`, `FG001`, … in the protocol's order."""

    def __init__(
        self, results: Results, protocol: Protocol, prefix: str, language: str, arms: Sequence[str]
    ) -> None:
        descriptions = {arm.id: arm.description for arm in protocol.arms}
        labels = {arm.id: arm.label for arm in results.arms}
        self.language = language
        self.ids = {arm: f"{prefix}{index:03d}" for index, arm in enumerate(arms)}
        self.listed = [
            given(
                ("id", self.ids[arm]),
                ("title", words(labels[arm], language)),
                ("description", words(descriptions.get(arm), language)),
            )
            for arm in arms
        ]

    def total(self, prefix: str) -> str:
        """A group more, of all arms together; answers with its id."""
        name = f"{prefix}{len(self.ids):03d}"
        self.listed.append(
            {
                "id": name,
                "title": say("total", self.language),
                "description": say("total_of_all", self.language),
            }
        )
        return name


def words(text: Text | None, language: str) -> str:
    """A text in the language, or nothing."""
    return "" if text is None else text.in_language(language)


def denominator(names: Iterable[str], counts: Iterable[int], language: str) -> list[dict[str, Any]]:
    """How many participants stand behind each group's numbers."""
    values = [
        {"groupId": name, "value": str(count)} for name, count in zip(names, counts, strict=True)
    ]
    return [{"units": say("participants", language), "counts": values}]


def figure(value: float, decimals: int) -> str:
    """A number with so many decimals, in ASCII; `NA` where it is undefined or infinite."""
    if not math.isfinite(value):
        return NOT_AVAILABLE
    return number(value, decimals).replace("\u2212", "-")
