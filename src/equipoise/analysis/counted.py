"""Which adverse events a rule of the protocol counts: stopping rules and intercurrent events share it."""

from __future__ import annotations

from equipoise.conduct.decide.safety import RELATED
from equipoise.conduct.state import AdverseEvent
from equipoise.protocol.document import CountedEvents

from .cut import Adverse


def matches(event: AdverseEvent | Adverse, counted: CountedEvents) -> bool:
    """Whether an event is of the kind that is counted."""
    return (
        (not counted.terms or event.term in counted.terms)
        and event.grade >= counted.grade
        and (event.serious or not counted.serious)
        and (not counted.related or any(one in RELATED for one in event.causality.values()))
    )
