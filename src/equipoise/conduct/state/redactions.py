"""Redactions of texts about no participant: of the trial's own stream, or of a site's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from .. import events as e


class TrialRedaction(Struct, frozen=True):
    """As `Redaction`, in the stream of `site` or (empty) of the trial; numbers count within the stream."""

    number: int
    site: str
    value: str
    reason: str
    requested_by: str
    requested_at: str
    status: str = "open"
    decided_by: str = ""
    answer: str = ""


Redactions = Mapping[tuple[str, int], TrialRedaction]
"""By site and number."""


def _requested(
    s: Redactions, h: e.TrialRedactionRequested, site: str, at: str, actor: str
) -> Redactions:
    asked = TrialRedaction(h.redaction, site, h.value, h.reason, actor, at)
    return {**s, (site, h.redaction): asked}


def _redacted(s: Redactions, h: e.TrialValueRedacted, site: str, at: str, actor: str) -> Redactions:
    done = replace(s[site, h.redaction], status="done", decided_by=actor)
    return {**s, (site, h.redaction): done}


def _declined(
    s: Redactions, h: e.TrialRedactionDeclined, site: str, at: str, actor: str
) -> Redactions:
    left = replace(s[site, h.redaction], status="declined", decided_by=actor, answer=h.reason)
    return {**s, (site, h.redaction): left}


REDACTION_FOLDS: dict[type[e.Happening], Callable[[Redactions, Any, str, str, str], Redactions]] = {
    e.TrialRedactionRequested: _requested,
    e.TrialValueRedacted: _redacted,
    e.TrialRedactionDeclined: _declined,
}
"""How each of these events changes them: (redactions, event, site, server time, actor)."""
