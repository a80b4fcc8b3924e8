"""What a person may see of a participant: allocation and identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise.protocol.document import Protocol

from .access import may_open

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
    name = request.someone.username
    return sees_allocations(request) or any(
        one.stamp.actor == name for one in participant.unblindings
    )


def sees_allocations(request: TrialRequest) -> bool:
    """Whether the person may know every participant's arm: by the role's entry, or since the trial is unblinded."""
    trial = request.trial
    return _grant(trial.protocol, request.someone.role, "sees_allocation") or trial.state.unblinded


def sees_groups_compared(request: TrialRequest) -> bool:
    """Whether the person may see results by group while the trial runs: a member of a board that the protocol does not blind.

    Site staff of an open trial know their own participants' arms, and not what all of them amount to (decision 047).
    """
    return may_open("board_closed", request.someone.role) and sees_allocations(request)


def sees_identity(protocol: Protocol, role: str) -> bool:
    """Whether the role may see names and other identifying values."""
    return _grant(protocol, role, "sees_identity")
