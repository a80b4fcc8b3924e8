"""From screening to randomization."""

from __future__ import annotations

from typing import Any

from .base import Happening, SealedAllocation, SealedIdentity, SealedText


class ParticipantScreened(Happening, frozen=True, kw_only=True):
    """`identity` is a JSON object of identity items."""

    number: int
    screened_on: str
    identity: SealedIdentity
    previous: str | None


class ConsentRecorded(Happening, frozen=True, kw_only=True):
    version: str
    signed_on: str


class ConsentRefused(Happening, frozen=True, kw_only=True):
    version: str
    on: str
    reason: SealedText


class EligibilityAssessed(Happening, frozen=True, kw_only=True):
    """`criteria` holds per criterion: id, answer (`met`, `not_met`, `unknown`), source
    (`data`, `judgement`, `both`), and the values used as {name: {value, unit, on}}."""

    eligible: bool | None
    criteria: tuple[dict[str, Any], ...]
    assessment: int


class EligibilitySigned(Happening, frozen=True, kw_only=True):
    assessment: int
    assessment_hash: str
    meaning: str


class ScreeningFailed(Happening, frozen=True, kw_only=True):
    criteria: tuple[str, ...]
    """Criteria not met; empty where the reason is another one."""
    reason: SealedText


class ParticipantRandomized(Happening, frozen=True, kw_only=True):
    """`strata` are the levels as used. `arm` is sealed."""

    number: int
    strata: dict[str, str]
    arm: SealedAllocation
    request: str
    randomized_on: str


class StratumCorrected(Happening, frozen=True, kw_only=True):
    """The strata as they truly were; those used for allocation stay as they were used."""

    strata: dict[str, str]


class VisitsScheduled(Happening, frozen=True, kw_only=True):
    """Target days by visit id, as far as anchors are known; provisional ones are named."""

    targets: dict[str, str]
    provisional: tuple[str, ...]
