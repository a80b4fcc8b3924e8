"""What a trial has on file apart from its participants: laboratory ranges by site, dictionaries by hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from equipoise.conduct.events import DictionaryRegistered, LaboratoryRangeSet
from equipoise.conduct.state import LaboratoryRange

NOTED = (LaboratoryRangeSet, DictionaryRegistered)
"""The events that are looked at."""

Noted = tuple[str, LaboratoryRangeSet | DictionaryRegistered]
"""The site of an event, and the event."""


@dataclass(frozen=True, slots=True)
class Around:
    """`ranges` by site, in the order in which they were set; `dictionaries` is name and version by hash."""

    ranges: Mapping[str, tuple[LaboratoryRange, ...]] = field(default_factory=dict)
    dictionaries: Mapping[str, str] = field(default_factory=dict)


def gathered(noted: Iterable[Noted]) -> Around:
    """Everything noted, in order."""
    ranges: dict[str, tuple[LaboratoryRange, ...]] = {}
    dictionaries: dict[str, str] = {}
    for site, happening in noted:
        if isinstance(happening, LaboratoryRangeSet):
            ranges[site] = (*ranges.get(site, ()), LaboratoryRange.of(happening))
        else:
            dictionaries[happening.sha256] = f"{happening.name} {happening.version}"
    return Around(ranges, dictionaries)
