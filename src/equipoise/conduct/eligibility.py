"""Deciding the criteria: each is met, not met, or unknown, with the values it was decided on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from equipoise.protocol.document import Criterion, Protocol
from equipoise.protocol.expression import Datum, compile_expression
from equipoise.quantity.truth import Truth, conjunction, disjunction

from .environment import ParticipantEnvironment
from .state import LaboratoryRange, ParticipantState

WITHHELD = "(text)"
"""Stands in an assessment for words that the ledger keeps sealed elsewhere."""


class CriterionAnswer(Struct, frozen=True):
    """How one criterion stands.

    `answer` is about the criterion's own wording (`met`, `not_met`, `unknown`); `passes` says
    whether the person may take part as far as this criterion goes. `missing` names what would have
    to be known: items, or `judgement`.
    """

    criterion: Criterion
    answer: str
    passes: Truth
    source: str
    used: Mapping[str, Datum | None]
    missing: tuple[str, ...]
    judged: bool | None = None

    def payload(self) -> dict[str, Any]:
        """The answer as it enters the ledger."""
        used = {
            name: {
                "value": _plain(datum.value),
                "unit": datum.unit,
                "on": str(datum.on) if datum.on else None,
            }
            for name, datum in sorted(self.used.items())
            if datum is not None
        }
        return {
            "id": self.criterion.id,
            "answer": self.answer,
            "source": self.source,
            "used": used,
            "missing": list(self.missing),
            "judged": self.judged,
        }


class Assessment(Struct, frozen=True):
    """All criteria together: eligible, not eligible, or (None) not to be decided yet."""

    eligible: Truth
    criteria: tuple[CriterionAnswer, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Ids of the criteria that keep the person out."""
        return tuple(answer.criterion.id for answer in self.criteria if answer.passes is False)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Ids of the criteria that cannot be decided yet."""
        return tuple(answer.criterion.id for answer in self.criteria if answer.passes is None)

    def payload(self) -> tuple[dict[str, Any], ...]:
        """The criteria as they enter the ledger."""
        return tuple(answer.payload() for answer in self.criteria)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def assess(
    protocol: Protocol,
    participant: ParticipantState,
    judgements: Mapping[str, bool],
    ranges: Sequence[LaboratoryRange] = (),
    *,
    overlay: Mapping[str, Datum | None] | None = None,
    today: date | None = None,
) -> Assessment:
    """Decide every criterion of the protocol for one person.

    `overlay` holds values still being typed. A criterion decided both by data and by judgement is
    met for an inclusion only if both say so, and for an exclusion if either does.
    """
    environment = ParticipantEnvironment(participant, ranges, overlay, today)
    answers = tuple(
        _decide(criterion, protocol, environment, judgements)
        for criterion in protocol.eligibility.criteria
    )
    return Assessment(conjunction(answer.passes for answer in answers), answers)


def _withheld(name: str, datum: Datum | None, protocol: Protocol) -> Datum | None:
    """The datum without its words where they are free text or identify the person: these stay sealed."""
    item = protocol.item_by_id.get(name)
    if datum is None or item is None or item.type not in ("text", "identity"):
        return datum
    return replace(datum, value=WITHHELD)


def _decide(
    criterion: Criterion,
    protocol: Protocol,
    environment: ParticipantEnvironment,
    judgements: Mapping[str, bool],
) -> CriterionAnswer:
    parts: list[Truth] = []
    sources = []
    used: Mapping[str, Datum | None] = {}
    missing: list[str] = []
    if criterion.met_when is not None:
        answer = compile_expression(criterion.met_when, protocol).evaluate(environment)
        truth = answer.value
        decided = truth if isinstance(truth, bool) else None
        parts.append(decided)
        sources.append("data")
        used = {name: _withheld(name, datum, protocol) for name, datum in answer.used.items()}
        if decided is None:
            missing += [name for name, datum in used.items() if datum is None]
    if criterion.judgement:
        judged = judgements.get(criterion.id)
        parts.append(judged)
        sources.append("judgement")
        if judged is None:
            missing.append("judgement")
    inclusion = criterion.kind == "inclusion"
    met = conjunction(parts) if inclusion else disjunction(parts)
    passes = met if inclusion or met is None else not met
    word = "unknown" if met is None else "met" if met else "not_met"
    return CriterionAnswer(
        criterion,
        word,
        passes,
        "+".join(sources),
        used,
        tuple(missing) if met is None else (),
        judgements.get(criterion.id) if criterion.judgement else None,
    )


def assessment_hash(criteria: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the criteria as they entered the ledger: what the investigator signs."""
    text = json.dumps(list(criteria), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def strata_of(
    protocol: Protocol, participant: ParticipantState
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The participant's level of every stratum factor, and the factors that are still unknown."""
    levels: dict[str, str] = {}
    unknown = []
    environment = ParticipantEnvironment(participant)
    for factor in protocol.randomization.strata if protocol.randomization else []:
        if factor.source == "site":
            levels[factor.id] = participant.site
            continue
        datum = environment.value(factor.item) if factor.item else None
        level = _plain(datum.value) if datum is not None else None
        if level is None or level not in factor.levels:
            unknown.append(factor.id)
        else:
            levels[factor.id] = level
    return levels, tuple(unknown)
