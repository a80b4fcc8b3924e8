"""What the ledger holds of a site for the report of a monitoring visit, counted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from equipoise.protocol.document import Protocol, RoleGrant

from .state import Finding, ParticipantState


def visit_facts(
    protocol: Protocol,
    people: Iterable[ParticipantState],
    began_on: date,
    ended_on: date,
    zone: tzinfo,
    role: RoleGrant | None,
) -> dict[str, int]:
    """Counts for a report: of the days of the visit, and as they stand.

    `values_verified`, `forms_verified`, `queries_raised`, `deviations_logged`: on the days of the visit (the
    site's). `screened`, `consented`, `randomized`, `consents_outdated`, `queries_open`, `values_outstanding`,
    `deviations`, `deviations_important`, `deviations_unassessed`, `serious_events`: now. Units as
    `supply.<intervention>.<dispensed|returned_unused|returned_used>`, where they tell `role` no allocation.
    """
    found: Counter[str] = Counter()
    shown = [
        one.intervention
        for one in protocol.supply
        if (role is not None and role.sees_allocation)
        or all(one.intervention in arm.interventions for arm in protocol.arms)
    ]

    def during(instant: str) -> bool:
        return began_on <= datetime.fromisoformat(instant).astimezone(zone).date() <= ended_on

    for person in people:
        found["screened"] += 1
        found["randomized"] += person.randomized is not None
        if person.consent is not None:
            found["consented"] += 1
            versions = [one.version for one in person.protocol.consents]
            found["consents_outdated"] += bool(versions) and person.consent.version != versions[-1]
        for form in person.forms.values():
            seen = sum(
                mark.void is None and during(mark.stamp.at) for mark in form.verified.values()
            )
            found["values_verified"] += seen
            found["forms_verified"] += seen > 0
        for query in person.queries.values():
            found["queries_open"] += query.status != "closed"
            found["queries_raised"] += during(query.raised.at)
        for deviation in person.deviations:
            found["deviations"] += 1
            found["deviations_logged"] += during(deviation.stamp.at)
            found["deviations_important"] += bool(deviation.important)
            found["deviations_unassessed"] += deviation.important is None
        found["serious_events"] += sum(one.serious for one in person.adverse_events.values())
        for intervention in shown:
            balance = person.supply.get(intervention)
            if balance is not None:
                found[f"supply.{intervention}.dispensed"] += balance.dispensed
                found[f"supply.{intervention}.returned_unused"] += balance.returned_unused
                found[f"supply.{intervention}.returned_used"] += balance.returned_used
    return {name: found[name] for name in sorted({*found, *_ALWAYS})}


_ALWAYS = (
    "screened", "consented", "randomized", "consents_outdated", "values_verified", "forms_verified",
    "queries_raised", "queries_open", "deviations", "deviations_logged", "deviations_important",
    "deviations_unassessed", "serious_events",
)  # fmt: skip


def report_hash(said: Mapping[str, Any], findings: Sequence[Finding]) -> str:
    """SHA-256 (hex) of everything a report says, its findings included: what signatures are bound to."""
    content = {
        **said,
        "findings": [
            [one.number, one.text, one.action, one.owner, str(one.due), one.important]
            for one in findings
        ],
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
