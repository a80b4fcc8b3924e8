"""Who may act: the protocol's rights, the grant, and in a live trial delegation and training.

The tasks a role has come from the protocol. That nobody acts before the investigator has delegated them
and training is logged does not: it holds in every live trial (ICH E6(R3) 2.3), whatever the protocol.
"""

from __future__ import annotations

from equipoise.protocol.document import Protocol, RoleGrant
from equipoise.protocol.once import once_for_each_protocol

from ..reasons import reason
from ..refusal import Reason
from .context import Context

SITE_DUTIES = frozenset({
    "ScreenParticipant", "RecordConsent", "AssessEligibility", "SignEligibility", "FailScreening",
    "Randomize", "SaveForm", "RecordDose", "MissVisit", "MoveValues", "SignForm", "DispenseSupply",
    "ReturnSupply", "ReportAdverseEvent", "UpdateAdverseEvent", "RewordAdverseEvent", "AnswerQuery",
    "Withdraw",
    "TransferParticipant", "CompleteParticipant", "EraseIdentity",
})  # fmt: skip
"""What only staff of a site do. A role that may bring any of them works under the investigator."""
INVESTIGATORS_OWN = "SignEligibility"
"""Who may sign this answers for the conduct at the site: delegates, and is not delegated to."""
GRANTING = "GrantRole"
"""Who may do this keeps the list of who may act: records training, and reviews it."""
SELF_REPORTING = frozenset({"RecordDiaryDay"})
"""What participants do; a role with no other right is theirs, and needs no training."""

_OF_THE_TRIAL = frozenset(
    {"RequestTrialRedaction", "ApproveTrialRedaction", "DeclineTrialRedaction"}
)
"""Texts about no participant: for who answers for the data of all of them, monitor and sponsor."""

_BY_GOOD_PRACTICE: dict[str, frozenset[str]] = {
    INVESTIGATORS_OWN: frozenset(
        {
            "DelegateTasks",
            "EndDelegation",
            "RecordTraining",
            "EraseIdentity",
            "RequestRedaction",
            "ApproveRedaction",
            "DeclineRedaction",
            "GiveCopy",
        }
    ),
    "SaveForm": frozenset({"RequestRedaction"}),
    "UpdateAdverseEvent": frozenset({"RewordAdverseEvent"}),
    "CodeTerm": frozenset({"AddSynonym", "RetireSynonym"}),
    "CloseQuery": frozenset({"RequestRedaction", "ApproveRedaction", "DeclineRedaction"})
    | _OF_THE_TRIAL,
    "LockTrial": _OF_THE_TRIAL,
    "CommitRandomization": frozenset({"RevealSeed"}),
    GRANTING: frozenset(
        {
            "RecordTraining",
            "ReviewAccess",
            "ResetSecondFactor",
            "IssueToken",
            "RevokeToken",
            "RecordRestoration",
            "GiveCopy",
        }
    ),
}
"""Rights that follow from another right, so that no protocol can leave them out."""
OF_EVERYBODY = frozenset({"ChangeSecondFactor", "LinkIdentity", "UnlinkIdentity"})
"""What everybody with a role may do about how they themselves sign in."""
_BEFORE_TRAINING = frozenset({
    "RecordRestoration", "CommitRandomization", "RevealSeed", "GrantRole", "RevokeRole", "RecordTraining", "ReviewAccess", "ResetSecondFactor",
    "RevokeToken",
    "EndDelegation", *OF_EVERYBODY,
    "OpenSite", "CloseSite", "AmendProtocol", "AdoptProtocol", "CloseRecruitment", "HaltRecruitment",
    "FileDocument", "WithdrawDocument", "RecordEthicsReview", "GiveCopy",
    "RegisterDictionary",
})  # fmt: skip
"""What has to be done before anybody can be trained on the version in force, and what stops conduct
or takes rights back, or is a person's right: that waits for no record."""


def rights_of(role: RoleGrant) -> frozenset[str]:
    """Every command the role may bring: those the protocol names, and those that follow from them."""
    named = frozenset(role.may)
    following = (more for right, more in _BY_GOOD_PRACTICE.items() if right in named)
    return named.union(OF_EVERYBODY, *following)


@once_for_each_protocol
def _granted(protocol: Protocol, role: str) -> tuple[RoleGrant | None, frozenset[str]]:
    """What the protocol grants a role, and every right that gives; nothing for a role it does not know."""
    granted = next((grant for grant in protocol.roles if grant.role == role), None)
    return granted, frozenset() if granted is None else rights_of(granted)


def works_by_delegation(role: RoleGrant) -> bool:
    """Whether the role's tasks are the site's, delegated by its investigator."""
    return bool(SITE_DUTIES.intersection(role.may)) and INVESTIGATORS_OWN not in role.may


def permission_reasons(name: str, context: Context, to_participant: str = "") -> list[Reason]:
    """Why the actor may not bring a command of this name; empty when allowed.

    `to_participant` is a second participant whom the command changes, maybe at another site.
    """
    actor = context.actor
    if name == "CreateTrial":
        return []
    if not context.trial.created:
        return [reason("not-created")]
    granted, rights = _granted(context.protocol, actor.role)
    if granted is None or name not in rights:
        return [reason("not-permitted", role=actor.role, name=name)]
    if not context.trial.may_act(actor.id, actor.role, actor.site):
        return [reason("not-granted", actor=actor.id, role=actor.role)]
    if not context.trial.live or name in _BEFORE_TRAINING or SELF_REPORTING.issuperset(granted.may):
        return []
    sites = [context.site or actor.site]
    other = context.participant(to_participant) if to_participant else None
    if other is not None and other.site not in sites:
        sites.append(other.site)
    return [one for site in sites for one in _people_reasons(granted, site, context)]


def _people_reasons(granted: RoleGrant, site: str, context: Context) -> list[Reason]:
    """What delegation log and training records lack for the actor to work at a site."""
    actor, trial = context.actor, context.trial
    reasons = []
    if works_by_delegation(granted) and not trial.delegated(
        actor.id, actor.role, site, context.today(site)
    ):
        reasons.append(reason("not-delegated", actor=actor.id, role=actor.role, site=site or "–"))
    if not trial.trained(actor.id, context.protocol.version):
        version = context.protocol.version
        reasons.append(reason("not-trained", actor=actor.id, version=version[:12]))
    return reasons
