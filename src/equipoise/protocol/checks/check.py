"""All checks of a protocol, settled by its decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import Places

from .dictionary import check_dictionary
from .examination import Examination
from .finding import Finding, ordered, settle
from .names import check_names

_CHECKS: Sequence[Callable[[Examination], None]] = (
    check_names,
    check_dictionary,
)


def check_structure(
    protocol: Protocol, places: Places | None = None, lost: frozenset[str] = frozenset()
) -> list[Finding]:
    """What any protocol needs, whatever its record says: findings not yet settled by decisions.

    `lost` holds ids from parts of the file that could not be read.
    """
    examination = Examination(protocol, places, lost)
    for check in _CHECKS:
        check(examination)
    return examination.findings


def check_protocol(
    protocol: Protocol, today: date | None = None, places: Places | None = None
) -> list[Finding]:
    """Every finding about a protocol, those of its record included, settled by its decisions.

    `today` is what start dates and recruitment rates are judged by; without it they are not judged.
    """
    from equipoise.protocol.record import check_record, facts_of

    findings = [*check_structure(protocol, places), *check_record(facts_of(protocol), today)]
    return ordered(settle(findings, protocol.decisions))
