"""Decisions about the tokens that machines sign in with."""

from __future__ import annotations

from datetime import timedelta

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from .context import Context, Decided

LONGEST = timedelta(days=366)
"""A token that nobody has to think of for longer than a year is one that nobody thinks of."""


def issue_token(command: c.IssueToken, context: Context) -> Decided:
    """A machine may sign in from today through the last day, in one role at one site or at all."""
    reasons = []
    if not context.trial.may_act(command.person, command.role, command.site):
        reasons.append(reason("not-granted", "person", actor=command.person, role=command.role))
    if not command.token.strip() or command.token in context.trial.tokens:
        reasons.append(reason("token-name-taken", "token", token=command.token))
    today = context.today(command.site)
    if not today <= command.until <= today + LONGEST:
        last = today + LONGEST
        reasons.append(reason("token-days", "until", until=command.until, today=today, last=last))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.TokenIssued(
            token=command.token,
            person=command.person,
            granted_role=command.role,
            at_site=command.site,
            until=str(command.until),
        ),
        command.site,
    )


def revoke_token(command: c.RevokeToken, context: Context) -> Decided:
    """From now on the token opens nothing; what was done with it stands."""
    token = context.trial.tokens.get(command.token)
    if token is None or token.revoked_at is not None:
        raise RefusedError([reason("no-such-token", token=command.token)])
    if not command.reason.strip():
        raise RefusedError([reason("no-reason-for-revoking", "reason")])
    return Decided().on_trial(e.TokenRevoked(token=token.id, reason=command.reason), token.site)
