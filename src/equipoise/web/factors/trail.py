"""What somebody did about their own second factor, told to the ledger."""

from __future__ import annotations

from equipoise.conduct import commands as c
from equipoise.conduct.events import FactorChange
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor
from equipoise.web.log import tell
from equipoise.web.models import Account
from equipoise.web.request import TrialRequest


def leave_trail(request: TrialRequest, account: Account, change: FactorChange) -> None:
    """Bring the command in the role of the session, or in one the account holds.

    An account to which no role has been granted yet cannot act in the trial: then the server's log says that
    somebody did so. Raises what the ledger raises where it cannot be written; call it within the transaction
    that makes the change, so that neither stands without the other.
    """
    trial = request.trial
    grants = sorted(one for one in trial.state.grants if one[0] == account.username)
    actors = [Actor(*grant) for grant in grants]
    if request.person is not None:
        actors.insert(0, request.person.actor)
    for actor in actors:
        if not isinstance(trial.do(c.ChangeSecondFactor(change=change), actor), Refusal):
            return
    tell("second-factor-without-a-role", change=change)
