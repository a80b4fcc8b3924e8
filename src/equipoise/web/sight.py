"""What a person may see of a participant: allocation and identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise.protocol.document import Protocol

if TYPE_CHECKING:
    from equipoise.conduct.state import ParticipantState

    from .request import TrialRequest


def _grant(protocol: Protocol, role: str, what: str) -> bool:
    return any(one.role == role and bool(getattr(one, what)) for one in protocol.roles)


def sees_arm(request: TrialRequest, participant: ParticipantState) -> bool:
    """Whether the person may know which arm the participant is in.

    By the role's entry in the protocol; because the trial has been unblinded; or because this
    person unblinded this participant.
    """
    person, trial = request.someone, request.trial
    return (
        _grant(trial.protocol, person.role, "sees_allocation")
        or trial.state.unblinded
        or any(one.stamp.actor == person.username for one in participant.unblindings)
    )


def sees_identity(protocol: Protocol, role: str) -> bool:
    """Whether the role may see names and other identifying values."""
    return _grant(protocol, role, "sees_identity")
