"""Decisions about the essential-document log and the ethics committees' continuing review."""

from __future__ import annotations

from typing import get_args

from equipoise.quantity.dates import months_after

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from .administration import known_site, own_site
from .context import Context, Decided

_DIGITS = frozenset("0123456789abcdef")


def file_document(command: c.FileDocument, context: Context) -> Decided:
    """A record is on file, as a new version of what was filed before."""
    site = command.site
    reasons = known_site(site, context) if site else []
    reasons = reasons or own_site(site, context)
    if reasons:
        raise RefusedError(reasons)
    known = {one.id: one for one in context.protocol.monitoring.essential_documents}
    required = known.get(command.document)
    if required is None:
        reasons.append(
            reason(
                "unknown-document",
                "document",
                document=command.document,
                documents=", ".join(known) or "–",
            )
        )
    else:
        if required.level == "site" and not site:
            reasons.append(reason("document-of-a-site", "site", document=required.label))
        if required.level == "trial" and site:
            reasons.append(reason("document-of-the-trial", "site", document=required.label))
        if required.expires and command.expires_on is None:
            reasons.append(reason("no-expiry", "expires_on", document=required.label))
    if command.dated > context.today(site):
        reasons.append(reason("date-in-future", "dated", day=command.dated))
    if command.expires_on is not None and command.expires_on <= command.dated:
        reasons.append(
            reason(
                "expires-before-dated", "expires_on", day=command.expires_on, dated=command.dated
            )
        )
    if not command.location.strip():
        reasons.append(reason("no-location", "location"))
    if command.sha256 and (len(command.sha256) != 64 or set(command.sha256.lower()) - _DIGITS):
        reasons.append(reason("not-a-file-hash", "sha256"))
    if command.about and not any(
        person == command.about and (not site or at in ("", site))
        for person, _role, at in context.trial.grants
    ):
        reasons.append(reason("person-without-role", "about", person=command.about))
    if reasons:
        raise RefusedError(reasons)
    return Decided().at(
        site,
        e.DocumentFiled(
            number=len(context.trial.oversight.documents) + 1,
            document=command.document,
            about=command.about,
            version=command.version.strip(),
            dated=str(command.dated),
            expires_on=str(command.expires_on or ""),
            location=command.location,
            sha256=command.sha256.lower(),
        ),
    )


def withdraw_document(command: c.WithdrawDocument, context: Context) -> Decided:
    """A line of the log should not stand there; what it replaced is in force again."""
    found = next(
        (
            one
            for one in context.trial.oversight.documents
            if one.number == command.number and not one.withdrawn
        ),
        None,
    )
    if found is None or own_site(found.site, context):
        raise RefusedError([reason("no-such-document", "number", number=command.number)])
    if not command.reason.strip():
        raise RefusedError([reason("no-reason", "reason")])
    return Decided().at(found.site, e.DocumentWithdrawn(number=found.number, reason=command.reason))


def record_ethics_review(command: c.RecordEthicsReview, context: Context) -> Decided:
    """A report was sent in, or the committee has decided for how long the trial may go on at the site."""
    site = command.site
    reasons = known_site(site, context) or own_site(site, context)
    if reasons:
        raise RefusedError(reasons)
    here = context.site_state(site)
    if here.approved_on is None:
        reasons.append(reason("site-never-opened", "site", site=site))
    elif command.on < here.approved_on:
        reasons.append(
            reason("review-before-approval", "on", day=command.on, approved=here.approved_on)
        )
    if command.on > context.today(site):
        reasons.append(reason("date-in-future", "on", day=command.on))
    if not command.reference.strip():
        reasons.append(reason("no-ethics-approval", "reference"))
    if command.decision not in get_args(e.EthicsDecision):
        reasons.append(
            reason(
                "unknown-ethics-decision",
                "decision",
                given=command.decision,
                known=", ".join(get_args(e.EthicsDecision)),
            )
        )
    reasons += _validity(command, context)
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        site,
        e.EthicsReviewRecorded(
            decision=command.decision,
            on=str(command.on),
            reference=command.reference.strip(),
            valid_until=str(command.valid_until or ""),
        ),
    )


def _validity(command: c.RecordEthicsReview, context: Context) -> list[Reason]:
    until = command.valid_until
    if until is None:
        return []
    if command.decision not in ("approved", "approved_with_conditions"):
        return [reason("validity-without-approval", "valid_until")]
    if until < command.on:
        return [reason("approval-ends-early", "valid_until", until=until, day=command.on)]
    plan = context.protocol.monitoring.continuing_review
    if plan is not None and until > months_after(command.on, plan.months):
        return [reason("approval-too-long", "valid_until", until=until, months=plan.months)]
    return []
