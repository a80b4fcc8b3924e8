"""All participants in one group: the same cut, with nothing in it that tells one arm from another."""

from __future__ import annotations

from dataclasses import replace

from equipoise.protocol.document import Arm
from equipoise.quantity.text import Text

from .data import DataCut

EVERYBODY = Arm(id="everybody", label=Text({"en": "All participants", "zh-Hans": "全体受试者"}))


def pooled(data: DataCut) -> DataCut:
    """The cut with everybody randomized in one group, under a protocol that has no other and compares nothing.

    Arms leave both the participants and the protocol, so that no table made from the cut can show one; with them
    go doses, judgements of causality, and the reporters' own words about an event.
    """
    planned = data.protocol
    randomization = planned.randomization
    parts: dict[str, object] = {
        "arms": [EVERYBODY],
        "analyses": [],
        "multiplicity": [],
        "endpoints": [one for one in planned.endpoints if one.role == "primary"],
    }
    if randomization is not None:
        parts["randomization"] = randomization.model_copy(update={"ratio": {EVERYBODY.id: 1}})
    protocol = planned.model_copy(update=parts)
    for derived in ("version", "arm_by_id", "endpoint_by_id"):
        protocol.__dict__.pop(derived, None)
    subjects = tuple(
        replace(one, arm=EVERYBODY.id, doses={}) if one.arm is not None else one
        for one in data.subjects
    )
    # in a trial where one arm takes nothing, a judgement of causality says that a person is in another;
    # so may a reporter's words, and what was done about the product
    events = tuple(
        one._replace(causality={}, verbatim="", action="") for one in data.adverse_events
    )
    return replace(
        data,
        protocol=protocol,
        subjects=subjects,
        adverse_events=events,
        dummy_arms=False,
        one_group=True,
    )
