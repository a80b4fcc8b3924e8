"""The part of a protocol that the statistical analysis plan says: what is compared, in whom, how.

Two protocols with the same part have the same plan, whatever else differs: an amendment that moves a visit's
window by a day asks for no new signature under the plan.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .document import Protocol
from .once import once_for_each_protocol

_PARTS: dict[str, Any] = {
    "endpoints": True,
    "analyses": True,
    "multiplicity": True,
    "analysis_sets": True,
    "intercurrent_events": True,
    "arms": {"__all__": {"id"}},
    "randomization": True,
    "design": {"sample_size", "interim_looks", "masking"},
    "safety": {"grading", "collect_from", "collect_until", "stopping_rules"},
}


def plan_content(protocol: Protocol) -> dict[str, Any]:
    """What the plan rests on, as JSON values; what says only what would hold anyway is left out."""
    return protocol.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=_PARTS)


@once_for_each_protocol
def plan_hash(protocol: Protocol) -> str:
    """The SHA-256 (hex) of the plan's content: what a signature under the plan holds for."""
    content = json.dumps(
        plan_content(protocol), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(content.encode()).hexdigest()
