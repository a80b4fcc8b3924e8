"""Ends of a participation."""

from __future__ import annotations

from datetime import date
from typing import Literal

from .base import Command


class Withdraw(Command, frozen=True, kw_only=True):
    """Leave treatment (visits go on), follow-up (nothing more is collected), or withdraw data use."""

    participant: str
    scope: Literal["treatment", "follow_up", "data_use"]
    reason: str
    on: date
    category: Literal[
        "participant_decision", "adverse_event", "investigator_decision", "lost_to_follow_up", "death", "other"
    ] = "participant_decision"  # fmt: skip


class TransferParticipant(Command, frozen=True, kw_only=True):
    """Another site takes over the participant's care; the number stays."""

    participant: str
    to_site: str
    reason: str


class CompleteParticipant(Command, frozen=True, kw_only=True):
    """The participant reached the end of the study."""

    participant: str
    on: date
