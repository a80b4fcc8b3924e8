"""The decision on a review of the audit trail (ICH E6(R3) 4.2.2, EU GMP Annex 11 section 9)."""

from __future__ import annotations

import hashlib
import json

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from .administration import known_site, own_site
from .context import Context, Decided


def review_trail(command: c.ReviewTrail, context: Context) -> Decided:
    """The trail was looked at up to a position; what was found is on record, signed."""
    site = command.site
    reasons = known_site(site, context) if site else []
    reasons = reasons or own_site(site, context)
    if command.until < command.since:
        reasons.append(
            reason("period-backwards", "until", since=command.since, until=command.until)
        )
    if command.until > context.today(site):
        reasons.append(reason("date-in-future", "until", day=command.until))
    if not 1 <= command.upto <= context.trial.seq:
        reasons.append(reason("no-such-position", "upto", upto=command.upto))
    if not command.looked_at.strip():
        reasons.append(reason("nothing-looked-at", "looked_at"))
    if command.conclusion == "findings" and not command.findings.strip():
        reasons.append(reason("findings-missing", "findings"))
    if command.conclusion == "in_order" and command.findings.strip():
        reasons.append(reason("findings-though-in-order", "findings"))
    if reasons:
        raise RefusedError(reasons)
    signed = {
        "site": site, "since": str(command.since), "until": str(command.until),
        "upto": command.upto, "looked_at": command.looked_at.strip(),
        "conclusion": command.conclusion, "findings": command.findings.strip(),
        "meaning": command.meaning,
    }  # fmt: skip
    content = json.dumps(signed, ensure_ascii=False, sort_keys=True).encode()
    return Decided().at(
        site,
        e.TrailReviewed(
            number=len(context.trial.trail_reviews) + 1,
            since=str(command.since),
            until=str(command.until),
            upto=command.upto,
            conclusion=command.conclusion,
            content_hash=hashlib.sha256(content).hexdigest(),
            meaning=command.meaning,
            looked_at=command.looked_at.strip(),
            findings=command.findings.strip(),
        ),
    )
