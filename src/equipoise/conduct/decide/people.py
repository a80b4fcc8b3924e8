"""Decisions about the people who act: delegation of tasks, its end, and training."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import get_args

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from .administration import known_site, own_site
from .context import Context, Decided
from .permission import GRANTING, rights_of, works_by_delegation

GCP = "gcp"
"""Good clinical practice, as a subject of training."""
REVIEW_MEANING = "I went through this list; everybody on it still needs the access shown"
MEANING = "I delegate these tasks and answer for how they are done"


def delegation_hash(site: str, person: str, role: str, since: str, until: str) -> str:
    """SHA-256 (hex) of what a delegation says: what its signature is bound to."""
    said = {"site": site, "person": person, "role": role, "since": since, "until": until}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def delegate_tasks(command: c.DelegateTasks, context: Context) -> Decided:
    """The investigator of the site signs that a person has a role's tasks from a day on."""
    reasons = known_site(command.site, context) or own_site(command.site, context)
    role = next((one for one in context.protocol.roles if one.role == command.role), None)
    if role is None or not works_by_delegation(role):
        may = [one.role for one in context.protocol.roles if works_by_delegation(one)]
        reasons.append(
            reason("role-not-delegated", "role", role=command.role, roles=", ".join(may))
        )
    elif not context.trial.may_act(command.person, command.role, command.site):
        reasons.append(reason("not-granted", "person", actor=command.person, role=command.role))
    today = context.today(command.site)
    since = command.since or today
    if since < today:
        reasons.append(reason("delegated-backwards", "since", day=since, today=today))
    if command.until is not None and command.until < since:
        reasons.append(reason("delegation-ends-early", "until", until=command.until, since=since))
    until = str(command.until or "")
    if not reasons and any(
        one.person == command.person
        and one.role == command.role
        and one.meets(since, command.until)
        for one in context.site_state(command.site).delegations
    ):
        reasons.append(
            reason("already-delegated", "person", person=command.person, role=command.role)
        )
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        command.site,
        e.TasksDelegated(
            number=len(context.site_state(command.site).delegations) + 1,
            person=command.person,
            delegated_role=command.role,
            since=str(since),
            until=until,
            content_hash=delegation_hash(
                command.site, command.person, command.role, str(since), until
            ),
            meaning=MEANING,
        ),
    )


def end_delegation(command: c.EndDelegation, context: Context) -> Decided:
    """From now on the person has the tasks no more; what was done under them stands."""
    reasons = known_site(command.site, context) or own_site(command.site, context)
    if reasons:
        raise RefusedError(reasons)
    found = next(
        (
            one
            for one in context.site_state(command.site).delegations
            if one.number == command.number and one.ended is None
        ),
        None,
    )
    if found is None:
        raise RefusedError([reason("no-such-delegation", number=command.number, site=command.site)])
    if not command.reason.strip():
        raise RefusedError([reason("no-reason-for-ending", "reason")])
    ended = e.DelegationEnded(
        number=found.number, person=found.person, delegated_role=found.role, reason=command.reason
    )
    return Decided().on_site(command.site, ended)


def review_access(command: c.ReviewAccess, context: Context) -> Decided:
    """The list of who has access was gone through, as it stood."""
    if not _is_hash(command.list_hash):
        raise RefusedError([reason("not-a-hash", "list_hash")])
    return Decided().on_trial(
        e.AccessReviewed(
            list_hash=command.list_hash, accounts=command.accounts, meaning=REVIEW_MEANING
        )
    )


def reset_second_factor(command: c.ResetSecondFactor, context: Context) -> Decided:
    """Who keeps the list of who may act took a person's second factor back, and says why."""
    if not command.reason.strip():
        raise RefusedError([reason("no-reason-for-reset", "reason")])
    return Decided().on_trial(
        e.SecondFactorReset(person=command.person, reason=command.reason.strip())
    )


def change_second_factor(command: c.ChangeSecondFactor, context: Context) -> Decided:
    """Who acts changed their own second factor."""
    known = get_args(e.FactorChange)
    if command.change not in known:
        raise RefusedError(
            [
                reason(
                    "unknown-factor-change", "change", change=command.change, known=", ".join(known)
                )
            ]
        )
    return Decided().on_trial(e.SecondFactorChanged(person=context.actor.id, change=command.change))


def link_identity(command: c.LinkIdentity, context: Context) -> Decided:
    """Who acts can sign in with this identity from now on; nobody else's account is opened by it."""
    reasons = []
    if not _is_hash(command.identity):
        reasons.append(reason("not-a-hash", "identity"))
    if not command.issuer.strip():
        reasons.append(reason("no-issuer", "issuer"))
    holder = context.trial.who_has(command.identity)
    if holder not in (None, context.actor.id):
        # whose it is stays unsaid: an outside identity must not tell who has an account here
        reasons.append(reason("identity-taken", "identity"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.IdentityLinked(person=context.actor.id, issuer=command.issuer, identity=command.identity)
    )


def unlink_identity(command: c.UnlinkIdentity, context: Context) -> Decided:
    """The identity opens the account no more: at one's own wish, or by who keeps the list of who may act."""
    actor = context.actor
    if command.person != actor.id and not any(
        one.role == actor.role and GRANTING in rights_of(one) for one in context.protocol.roles
    ):
        raise RefusedError([reason("not-your-identity", "person", person=command.person)])
    linked = context.trial.identities.get(command.person)
    if linked is None:
        raise RefusedError([reason("no-identity-linked", "person", person=command.person)])
    if not command.reason.strip():
        raise RefusedError([reason("no-reason-for-unlinking", "reason")])
    return Decided().on_trial(
        e.IdentityUnlinked(
            person=command.person,
            issuer=linked.issuer,
            identity=linked.identity,
            reason=command.reason.strip(),
        )
    )


def _is_hash(text: str) -> bool:
    """Whether this is a SHA-256 in hexadecimal."""
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def record_training(command: c.RecordTraining, context: Context) -> Decided:
    """A person with a role was trained; one at a site records it for that site's people."""
    actor, reasons = context.actor, []
    if not any(
        person == command.person and (not actor.site or site in ("", actor.site))
        for person, _role, site in context.trial.grants
    ):
        reasons.append(reason("person-without-role", "person", person=command.person))
    known = (GCP, *context.trial.versions)
    if command.subject not in known:
        reasons.append(reason("unknown-training", "subject", subject=command.subject))
    if command.trained_on > context.today(actor.site) or command.trained_on < date(1950, 1, 1):
        reasons.append(reason("training-day", "trained_on", day=command.trained_on))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.TrainingRecorded(
            person=command.person, subject=command.subject, trained_on=str(command.trained_on)
        )
    )
