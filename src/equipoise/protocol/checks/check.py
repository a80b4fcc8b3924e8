"""All checks of a protocol, settled by its decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import Places, Reading

from .allocation import check_allocation
from .calendar import check_calendar
from .dictionary import check_dictionary
from .estimands import check_estimands
from .examination import Examination
from .finding import Finding, ordered, settle
from .interim import check_interim
from .names import check_names
from .order import check_order
from .outcomes import check_outcomes
from .reach import check_reach
from .readiness import check_readiness, idle_decisions, unearned
from .stock import check_stock
from .texts import check_texts

_CHECKS: Sequence[Callable[[Examination], None]] = (
    check_names,
    check_dictionary,
    check_order,
    check_reach,
    check_calendar,
    check_outcomes,
    check_interim,
    check_estimands,
    check_allocation,
    check_stock,
    check_texts,
    check_readiness,
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

    return conclude(
        protocol,
        [*check_structure(protocol, places), *check_record(facts_of(protocol), today)],
        places,
    )


def conclude(
    protocol: Protocol, findings: Sequence[Finding], places: Places | None = None
) -> list[Finding]:
    """The findings with their lines, settled by the protocol's decisions, and in order.

    Adds what is about the findings themselves: decisions that settle none of them, and a readiness
    that open errors belie.
    """
    located = [
        replace(finding, line=places.line(finding.place))
        if places is not None and finding.line is None
        else finding
        for finding in findings
    ]
    examination = Examination(protocol, places)
    idle_decisions(examination, protocol.decisions, located)
    unearned(examination, settle(located, protocol.decisions))
    return ordered(settle([*located, *examination.findings], protocol.decisions))


def findings_of_sound_parts(reading: Reading) -> list[Finding]:
    """The errors in what is sound of a file at fault, at their places in the file.

    Names that stand in the parts at fault are not missed, and nothing is said about what is absent.
    """
    salvage = reading.salvage
    if salvage is None:
        return []
    return ordered(
        replace(
            finding,
            place=salvage.places.original(finding.place),
        )
        for finding in check_structure(salvage.protocol, salvage.places, salvage.lost)
        if finding.severity == "error"
    )
