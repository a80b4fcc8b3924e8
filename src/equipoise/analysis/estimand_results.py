"""What the results say of analysis sets, intercurrent events and estimands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from equipoise.quantity.text import Text


@dataclass(frozen=True, slots=True)
class IntercurrentArm:
    """An intercurrent event in an arm: to how many it happened, and the median day from randomization.

    `applies` is False in an arm in which it is not looked for.
    """

    arm: str
    applies: bool
    participants: int
    median_day: float | None


@dataclass(frozen=True, slots=True)
class Intercurrent:
    """An intercurrent event as found in the data. `shown` is False where it would tell the arms behind dummies."""

    id: str
    label: Text
    shown: bool
    arms: tuple[IntercurrentArm, ...]


@dataclass(frozen=True, slots=True)
class Estimand:
    """An endpoint in a comparison of strategies: its analysis by id, and the strategy for each event it names."""

    endpoint: str
    analysis: str
    strategies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Estimands:
    """The endpoints of one variable under different strategies; `events` are all that any of them names."""

    id: str
    label: Text
    events: tuple[str, ...]
    rows: tuple[Estimand, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is not in an analysis set: a category, and the protocol's own words where it has any."""

    id: str
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """A reason and how many it keeps out, by arm."""

    id: str
    text: Text | None
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetCount:
    """An analysis set: members by arm, and the reasons of those who are not in it (somebody may have several)."""

    id: str
    label: Text
    members: tuple[int, ...]
    reasons: tuple[ReasonCount, ...]


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A randomized participant who is not in an analysis set, with every reason."""

    participant: str
    arm: str
    set: str
    reasons: tuple[Reason, ...]
