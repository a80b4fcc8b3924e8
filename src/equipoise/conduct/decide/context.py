"""What a decision may look at, and the result it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from equipoise.protocol.document import Protocol

from .. import events as e
from ..coding import Dictionary
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..sealed import SealedValue
from ..state import ParticipantState, SiteState, TrialState
from ..values import Actor

Allocate = Callable[[str, Mapping[str, str]], tuple[str, int, str]]
"""(participant, strata) → (arm, randomization number, request id). The participant's eligibility is signed."""


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_of(protocol: Protocol, site: str) -> tzinfo:
    """A site's time zone; UTC where the site is unknown."""
    known = protocol.site_by_id.get(site)
    return _zone(known.timezone) if known else UTC


def local_day(protocol: Protocol, site: str, at: datetime) -> date:
    """The calendar day at a site; UTC's where the site is unknown."""
    return at.astimezone(zone_of(protocol, site)).date()


def local_day_of(protocol: Protocol, site: str, instant: str) -> date:
    """As `local_day`, of an instant as the ledger writes it (ISO 8601, UTC)."""
    return local_day(protocol, site, datetime.fromisoformat(instant))


def no_dictionary(sha256: str) -> Dictionary | None:
    """An installation that keeps no dictionary."""
    return None


class Context(Struct, frozen=True):
    """The world at the moment of a decision. `participant` answers None for an unknown number.

    `protocol` is the version in force where the decision takes effect, `documents` every version by its
    hash that this installation holds, known to the trial or not.
    """

    protocol: Protocol
    documents: Mapping[str, Protocol]
    trial: TrialState
    participant: Callable[[str], ParticipantState | None]
    actor: Actor
    at: datetime
    allocate: Allocate
    people: Callable[[str], Iterable[ParticipantState]]
    """Everybody at a site, or (asked for the empty site) in the trial."""
    sealed: Callable[[str], Sequence[SealedValue]]
    """Everything of a participant that is encrypted in the ledger, in its order."""
    texts: Callable[[str], Sequence[SealedValue]]
    """Every text about no participant that is encrypted: of a site, or (asked for the empty site) of the trial."""
    site: str = ""
    """The site the decision is about; empty where it is about none."""
    dictionary: Callable[[str], Dictionary | None] = no_dictionary
    """The dictionary with this hash that the installation keeps."""

    def today(self, site: str) -> date:
        """The site's calendar day now."""
        return local_day(self.protocol, site, self.at)

    def known(self, participant: str) -> ParticipantState:
        """The participant, or a refusal: unknown, or not at a site the actor may act for."""
        state = self.participant(participant)
        if state is None or (self.actor.site and state.site != self.actor.site):
            raise RefusedError([no_such_participant(participant)])
        return state

    def site_state(self, site: str) -> SiteState:
        """The site's state."""
        return self.trial.site(site)


class Decided(Struct):
    """Events to append, in order, each with its stream and site; and what to answer."""

    events: list[tuple[str, str, e.Happening]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)

    def on_participant(self, participant: ParticipantState, *happenings: e.Happening) -> Decided:
        """Add events to a participant's stream."""
        stream = f"participant/{participant.id}"
        for happening in happenings:
            self.events.append((stream, participant.site, happening))
        return self

    def on_site(self, site: str, happening: e.Happening) -> Decided:
        """Add an event to a site's stream."""
        self.events.append((f"site/{site}", site, happening))
        return self

    def on_trial(self, happening: e.Happening, site: str = "") -> Decided:
        """Add an event to the trial's stream."""
        self.events.append(("trial", site, happening))
        return self

    def at(self, site: str, happening: e.Happening) -> Decided:
        """Add an event to a site's stream, or (no site) to the trial's."""
        return self.on_site(site, happening) if site else self.on_trial(happening)


def no_such_participant(participant: str) -> Reason:
    """The same words whether the number does not exist or belongs to another site."""
    return reason("unknown-participant", "participant", participant=participant)


def must_be(condition: bool, reason: Reason, into: list[Reason]) -> None:
    """Collect a reason when its condition does not hold."""
    if not condition:
        into.append(reason)


def on_record(participant: ParticipantState) -> list[Reason]:
    """Reasons why nothing more may be recorded for this participant."""
    reasons = []
    if participant.data_use_withdrawn:
        reasons.append(reason("data-use-withdrawn", participant=participant.id))
    return reasons


def in_trial(participant: ParticipantState) -> list[Reason]:
    """Reasons why this participant is not under treatment or follow-up."""
    reasons = on_record(participant)
    if participant.randomized is None:
        reasons.append(reason("not-randomized", participant=participant.id))
    return reasons
