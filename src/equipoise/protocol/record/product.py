"""Whether a trial gives a product that acts on the body: asked by several checks."""

from __future__ import annotations

import re

from .facts import RecordFacts
from .language import normal

_PRODUCT_TYPES = frozenset({"drug", "biological", "genetic"})
_ADMINISTRATION = re.compile(
    r"\b(?:dos(?:e|es|age|ing)|administ\w+|tablets?|capsules?|inject\w+|infus\w+|spray\w*|mg|ml)\b"
)


def gives_product(facts: RecordFacts) -> bool:
    """By the interventions' types; where the record lost them, by a described administration."""
    types = {intervention.type for intervention in facts.interventions}
    if types & _PRODUCT_TYPES:
        return True
    if not types or types != {None}:
        return False
    said = " ".join(normal(one.description.text) for one in facts.interventions)
    return _ADMINISTRATION.search(said) is not None
