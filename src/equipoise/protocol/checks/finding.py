"""A finding: something in a protocol that needs mending, or a decision with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from equipoise.protocol.document import Decision
from equipoise.quantity.text import Text

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the gravest to the lightest: an unsettled error keeps a protocol from being activatable."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    `code` names the kind of finding and is stable. `id` names this one: the code itself, or
    `code/qualifier` (`timing-conflict/start`) where a protocol can have several; it does not move
    when text is renumbered or paraphrased. `place` is a path into the document
    (`eligibility.criteria[3].met_when`), `line` its line in the file where known. `settled_by` is
    the decision that answers it.
    """

    code: str
    id: str
    severity: Severity
    place: str
    line: int | None
    message: Text
    remedy: Text
    settled_by: Decision | None = None

    @property
    def settled(self) -> bool:
        """Whether a decision answers it."""
        return self.settled_by is not None

    @property
    def blocks(self) -> bool:
        """Whether it keeps the protocol from being activated: an error nobody has settled."""
        return self.severity == "error" and self.settled_by is None

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The finding as printed by `equipoise check --format json`."""
        return {
            "code": self.code,
            "id": self.id,
            "severity": self.severity,
            "place": self.place,
            "line": self.line,
            "message": self.message.in_language(language),
            "remedy": self.remedy.in_language(language),
            "settled": self.settled_by is not None,
            "decision": None
            if self.settled_by is None
            else {
                "choice": self.settled_by.choice.in_language(language),
                "reason": self.settled_by.reason.in_language(language),
                "by": self.settled_by.by,
                "on": str(self.settled_by.on),
                "status": self.settled_by.status,
            },
        }


def answers(decision: Decision, finding: Finding) -> bool:
    """Whether the decision names this finding, or every finding of its code."""
    return decision.finding in (finding.id, finding.code)


def settle(findings: Iterable[Finding], decisions: Sequence[Decision]) -> list[Finding]:
    """The findings with the decision that answers each; one naming the id goes before one naming the code.

    Of several decisions on one finding the last stands: decisions are added, not rewritten.
    """
    last_by_name = {decision.finding: decision for decision in decisions}
    return [
        replace(
            finding,
            settled_by=last_by_name.get(finding.id) or last_by_name.get(finding.code),
        )
        for finding in findings
    ]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Unsettled before settled, grave before light, then in the order of the document."""
    return sorted(
        findings,
        key=lambda finding: (
            finding.settled,
            SEVERITIES.index(finding.severity),
            finding.line if finding.line is not None else 10**9,
            finding.code,
            finding.id,
            finding.place,
        ),
    )
