"""Decisions about the trial and its sites."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from equipoise.quantity.units import commensurable

from .. import commands as c
from .. import events as e
from ..oversight import lacking_to_open
from ..reasons import reason
from ..refusal import Reason, RefusedError
from .context import Context, Decided


def create_trial(command: c.CreateTrial, context: Context) -> Decided:
    """Begin the ledger; the person who does so becomes administrator."""
    if context.trial.created:
        raise RefusedError([reason("already-created")])
    created = e.TrialCreated(
        title=context.protocol.identity.titles.brief.en,
        public_key=command.public_key,
        rehearsal=command.mode == "rehearsal",
    )
    decided = Decided().on_trial(created)
    if command.mode == "training":
        decided.on_trial(e.TrainingDeclared())
    grant = e.RoleGranted(person=context.actor.id, granted_role=context.actor.role, at_site="")
    return decided.on_trial(grant)


def commit_randomization(command: c.CommitRandomization, context: Context) -> Decided:
    """One commitment, before the first allocation, for ever."""
    if context.trial.commitment is not None:
        raise RefusedError([reason("already-committed")])
    return Decided().on_trial(
        e.RandomizationCommitted(commitment=command.commitment, source=command.source)
    )


def known_site(site: str, context: Context) -> list[Reason]:
    """Why this is no site of the protocol; empty where it is one."""
    if site in context.protocol.site_by_id:
        return []
    return [reason("unknown-site", "site", site=site, sites=", ".join(context.protocol.site_by_id))]


def own_site(site: str, context: Context) -> list[Reason]:
    """Why the actor, bound to one site, may not act at this one, or (no site) for the whole trial."""
    if context.actor.site in ("", site):
        return []
    return [reason("not-granted", "site", actor=context.actor.id, role=context.actor.role)]


def _role_reasons(person: str, role: str, site: str, context: Context) -> list[Reason]:
    reasons = known_site(site, context) if site else []
    roles = [grant.role for grant in context.protocol.roles]
    if role not in roles:
        reasons.append(reason("unknown-role", "role", role=role, roles=", ".join(roles)))
    if not person.strip():
        reasons.append(reason("no-person", "person"))
    return reasons


def grant_role(command: c.GrantRole, context: Context) -> Decided:
    """Give a role of the protocol to a person."""
    reasons = _role_reasons(command.person, command.role, command.site, context)
    if (command.person, command.role, command.site) in context.trial.grants:
        reasons.append(reason("already-granted", person=command.person, role=command.role))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.RoleGranted(person=command.person, granted_role=command.role, at_site=command.site),
        command.site,
    )


def revoke_role(command: c.RevokeRole, context: Context) -> Decided:
    """Take a role back from a person who holds it."""
    if (command.person, command.role, command.site) not in context.trial.grants:
        raise RefusedError([reason("grant-not-found", person=command.person, role=command.role)])
    return Decided().on_trial(
        e.RoleRevoked(person=command.person, granted_role=command.role, at_site=command.site),
        command.site,
    )


def open_site(command: c.OpenSite, context: Context) -> Decided:
    """A site opens with its ethics approval; it may open again after a closure."""
    reasons = known_site(command.site, context)
    if context.site_state(command.site).open:
        reasons.append(reason("already-open", site=command.site))
    if not command.ethics_approval.strip():
        reasons.append(reason("no-ethics-approval", "ethics_approval"))
    if not reasons and command.approved_on > context.today(command.site):
        reasons.append(reason("approval-in-future", "approved_on", day=command.approved_on))
    if context.trial.live and not reasons:
        today = context.today(command.site)
        reasons += [
            reason("document-not-on-file", site=command.site, document=line.required.label)
            for line in lacking_to_open(context.protocol, context.trial, command.site, today)
        ]
    if context.protocol.readiness != "activatable":
        reasons.append(reason("protocol-not-activatable", readiness=context.protocol.readiness))
    if reasons:
        raise RefusedError(reasons)
    opened = e.SiteOpened(
        ethics_approval=command.ethics_approval, approved_on=str(command.approved_on)
    )
    return Decided().on_site(command.site, opened)


def close_site(command: c.CloseSite, context: Context) -> Decided:
    """Recruitment stops at one site."""
    reasons = known_site(command.site, context)
    if not reasons and not context.site_state(command.site).open:
        reasons.append(reason("not-open", site=command.site))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(command.site, e.SiteClosed(reason=command.reason))


def close_recruitment(command: c.CloseRecruitment, context: Context) -> Decided:
    """Recruitment stops everywhere."""
    if not context.trial.recruitment_open:
        raise RefusedError([recruitment_closed()])
    if not command.reason.strip():
        raise RefusedError([reason("no-reason", "reason")])
    return Decided().on_trial(e.RecruitmentClosed(reason=command.reason))


def recruitment_closed() -> Reason:
    """Why nobody can be screened or randomized any more."""
    return reason("recruitment-closed")


def release_results(command: c.ReleaseResults, context: Context) -> Decided:
    """The public record shows the results as the data are now: by group, so that nothing may be masked or open any more.

    Released again, they replace those that were public: data are corrected after a release too.
    """
    trial, masking = context.trial, context.protocol.design.masking
    reasons = []
    if masking is not None and masking.level != "none" and not trial.unblinded:
        reasons.append(reason("results-still-masked"))
    if trial.recruitment_open:
        reasons.append(reason("results-while-recruiting"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(e.ResultsReleased())


def set_laboratory_range(command: c.SetLaboratoryRange, context: Context) -> Decided:
    """A reference range of a site's laboratory, in a unit that fits the item."""
    reasons = known_site(command.site, context)
    item = context.protocol.item_by_id.get(command.item)
    if item is None or not item.laboratory:
        reasons.append(reason("not-a-laboratory-item", "item", item=command.item))
    elif item.unit and not commensurable(command.unit, item.unit):
        reasons.append(
            reason(
                "unit-not-commensurable",
                "unit",
                unit=command.unit,
                item_unit=item.unit,
                item=item.id,
            )
        )
    bounds = []
    for name, text in (("lower", command.lower), ("upper", command.upper)):
        try:
            bounds.append(Decimal(text) if text is not None else None)
        except InvalidOperation:
            reasons.append(reason("limit-not-a-number", name, text=text))
    if bounds == [None, None]:
        reasons.append(reason("empty-range"))
    given = [bound for bound in bounds if bound is not None]
    if len(given) == 2 and given[0] >= given[1]:
        reasons.append(reason("range-order"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        command.site,
        e.LaboratoryRangeSet(
            item=command.item,
            lower=command.lower,
            upper=command.upper,
            unit=command.unit,
            valid_from=str(command.valid_from),
            sex=command.sex,
        ),
    )
