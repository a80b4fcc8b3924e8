"""Making a finding of the record, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from equipoise.protocol.checks.finding import Finding, Severity
from equipoise.quantity.text import Text

KIND_ZH = {"inclusion": "入选标准", "exclusion": "排除标准"}
"""The two lists of criteria in Chinese."""


def finding(
    code: str,
    severity: Severity,
    place: str,
    message: tuple[str, str],
    remedy: tuple[str, str],
    *,
    qualifier: str | None = None,
) -> Finding:
    """A finding; `message` and `remedy` are English and Simplified Chinese."""
    return Finding(
        code=code,
        id=f"{code}/{qualifier}" if qualifier else code,
        severity=severity,
        place=place,
        line=None,
        message=_both(message),
        remedy=_both(remedy),
    )


def _both(words: tuple[str, str]) -> Text:
    return Text({"en": words[0], "zh-Hans": words[1]})


def distinct(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Ids made unique: the second finding of the same id becomes `id/2`, and so on."""
    seen: dict[str, int] = {}
    for found in findings:
        count = seen.get(found.id, 0) + 1
        seen[found.id] = count
        yield found if count == 1 else replace(found, id=f"{found.id}/{count}")


def quoted(text: str, *, longest: int = 160) -> str:
    """The beginning of a text, for a message."""
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[: longest - 1].rstrip()}…"
