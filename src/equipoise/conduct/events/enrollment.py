"""From screening to randomization."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .base import SEALED_ALLOCATION, SEALED_IDENTITY, SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantScreened(Happening):
    """`identity` is a JSON object of identity items."""

    number: int
    screened_on: str
    identity: str = field(metadata=SEALED_IDENTITY)
    previous: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecorded(Happening):
    version: str
    signed_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRefused(Happening):
    version: str
    on: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityAssessed(Happening):
    """`criteria` holds per criterion: id, answer (`met`, `not_met`, `unknown`), source
    (`data`, `judgement`, `both`), and the values used as {name: {value, unit, on}}."""

    eligible: bool | None
    criteria: tuple[dict[str, Any], ...]
    assessment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilitySigned(Happening):
    assessment: int
    assessment_hash: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningFailed(Happening):
    criteria: tuple[str, ...]
    """Criteria not met; empty where the reason is another one."""
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRandomized(Happening):
    """`strata` are the levels as used. `arm` is sealed."""

    number: int
    strata: dict[str, str]
    arm: str = field(metadata=SEALED_ALLOCATION)
    request: str
    randomized_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumCorrected(Happening):
    """The strata as they truly were; those used for allocation stay as they were used."""

    strata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsScheduled(Happening):
    """Target days by visit id, as far as anchors are known; provisional ones are named."""

    targets: dict[str, str]
    provisional: tuple[str, ...]
