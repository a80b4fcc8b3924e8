"""Checks of what a registry record says: of a draft, of a complete protocol, of anybody's record.

`facts_of` brings a protocol document into the neutral `RecordFacts`; `check_record` finds what is
missing, contradictory or open to two readings in its meaning. The rules live one family a module.
"""

from __future__ import annotations

from datetime import date

from equipoise.protocol.checks.finding import Finding

from . import dates, design, dosing, eligibility, identity, masking, randomization
from .facts import RecordFacts, facts_of
from .findings import distinct

_FAMILIES = (identity, design, randomization, masking, dosing, eligibility, dates)

CODES: tuple[str, ...] = tuple(code for family in _FAMILIES for code in family.CODES)
"""Every code a record check can report; `docs/reference/findings.md` explains each."""


def check_record(facts: RecordFacts, today: date | None) -> list[Finding]:
    """All findings of the record, in the order of the families.

    Without `today` what depends on the calendar is left out. Ids are unique.
    """
    return list(distinct(found for family in _FAMILIES for found in family.check(facts, today)))


__all__ = ["CODES", "RecordFacts", "check_record", "facts_of"]
