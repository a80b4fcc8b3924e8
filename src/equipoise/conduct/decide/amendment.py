"""Decisions about protocol versions: which the trial knows, and which is in force where."""

from __future__ import annotations

from equipoise.protocol.comparison import compare_protocols
from equipoise.protocol.document import Protocol

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from .administration import known_site
from .context import Context, Decided


def amend_protocol(command: c.AmendProtocol, context: Context) -> Decided:
    """A further version becomes known; nothing changes at any site until it is adopted there."""
    new = context.documents.get(command.version)
    if new is None:
        raise RefusedError([reason("unknown-protocol-version", "version", version=command.version)])
    latest = context.documents[context.trial.versions[-1]]
    reasons = _unfit(latest, new)
    if command.version in context.trial.versions:
        reasons.append(reason("version-already-known", "version", version=command.version[:12]))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.ProtocolAmended(version=command.version, substantial=substantial(latest, new))
    )


def _unfit(old: Protocol, new: Protocol) -> list[Reason]:
    """What no amendment of a running trial may do: it would break what has been promised or recorded."""
    reasons = []
    if new.id != old.id:
        reasons.append(reason("protocol-of-another-trial", "version", trial=new.id, this=old.id))
    if new.readiness != "activatable":
        reasons.append(reason("protocol-not-activatable", readiness=new.readiness))
    if new.randomization != old.randomization or list(new.arm_by_id) != list(old.arm_by_id):
        reasons.append(reason("randomization-amended", "version"))
    for site in old.site_by_id.keys() - new.site_by_id.keys():
        reasons.append(reason("site-left-out", "version", site=site))
    redefined = [
        item.id
        for item in old.items
        if (after := new.item_by_id.get(item.id)) is not None
        and (after.type, after.unit) != (item.type, item.unit)
    ]
    if redefined:
        reasons.append(reason("item-redefined", "version", items=", ".join(redefined)))
    return reasons


def substantial(old: Protocol, new: Protocol) -> bool:
    """Whether a site's ethics committee has to approve the step from one version to the other."""
    return any(change.substantial for change in compare_protocols(old, new))


def adopt_protocol(command: c.AdoptProtocol, context: Context) -> Decided:
    """A known version takes force at a site; it may not step back."""
    reasons = known_site(command.site, context)
    if reasons:
        raise RefusedError(reasons)
    versions = context.trial.versions
    here = context.site_state(command.site).version
    if not here:
        reasons.append(reason("site-never-opened", "site", site=command.site))
    if command.version not in versions:
        reasons.append(reason("version-not-known", "version", version=command.version[:12]))
    elif here and versions.index(command.version) <= versions.index(here):
        reasons.append(reason("version-not-newer", "version", version=command.version[:12]))
    if reasons:
        raise RefusedError(reasons)
    approved = command.ethics_approval.strip()
    if substantial(context.documents[here], context.documents[command.version]):
        if not approved:
            reasons.append(reason("no-ethics-approval", "ethics_approval"))
        if command.approved_on is None:
            reasons.append(reason("no-approval-day", "approved_on"))
    if command.approved_on is not None and command.approved_on > context.today(command.site):
        reasons.append(reason("approval-in-future", "approved_on", day=command.approved_on))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        command.site,
        e.ProtocolAdopted(
            version=command.version,
            ethics_approval=approved,
            approved_on=str(command.approved_on or ""),
        ),
    )
