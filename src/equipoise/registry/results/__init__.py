"""Results as a public registry holds them, as tables a person can read: every leaf of them.

Source: ClinicalTrials.gov API version 2, `resultsSection`: participantFlowModule, baselineCharacteristicsModule,
outcomeMeasuresModule, adverseEventsModule, moreInfoModule. A trial's own released results have the same shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..blocks import Block, Group
from ..words import label
from .events import events_blocks
from .flow import flow_blocks
from .measures import baseline_blocks, outcome_blocks
from .more import more_blocks

__all__ = ["registered_results"]


def registered_results(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    """The results of a registry record as blocks; parts that are not there are left out."""
    for name, write in (
        ("flow", flow_blocks),
        ("baseline", baseline_blocks),
        ("outcomes", outcome_blocks),
        ("adverse", events_blocks),
        ("more", more_blocks),
    ):
        blocks = tuple(write(section, language))
        if blocks:
            yield Group(label(name, language), blocks, folded=name in ("baseline", "more"))
