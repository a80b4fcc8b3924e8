"""What stands in a participant's record and is not about them, or would tell a masked allocation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from equipoise.conduct import events as e
from equipoise.conduct.values import Address
from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Protocol

Told = tuple[Event, e.Happening]

_OF_A_QUERY = (e.QueryAnswered, e.QueryClosed, e.QueryReopened)
_OF_AN_INTERVENTION = (e.DoseRecorded, e.SupplyOrdered, e.SupplyDispensed, e.SupplyReturned)


def telling_interventions(protocol: Protocol) -> frozenset[str]:
    """Interventions that not every arm has: who is known to receive one is known by group."""
    return frozenset(
        one.id
        for one in protocol.interventions
        if not all(one.id in arm.interventions for arm in protocol.arms)
    )


def telling_diaries(protocol: Protocol) -> frozenset[str]:
    """Diaries that not everybody keeps."""
    telling = telling_interventions(protocol)
    return frozenset(
        one.id for one in protocol.schedule.diaries if one.arms or one.intervention in telling
    )


def own_events(
    protocol: Protocol, events: Iterable[Told], *, sees_allocation: bool
) -> tuple[list[Told], frozenset[int]]:
    """The events about the person, and the numbers of the queries that are not.

    A form that was moved to the participant it belongs to had been saved here by mistake: everything
    said about it up to then is about somebody else.
    """
    every = list(events)
    others = _entered_by_mistake(every)
    queries = frozenset(
        happening.query
        for _event, happening in every
        if isinstance(happening, e.QueryRaised) and _event.seq in others
    )
    interventions = frozenset() if sees_allocation else telling_interventions(protocol)
    diaries = frozenset() if sees_allocation else telling_diaries(protocol)

    def about(event: Event, happening: e.Happening) -> bool:
        if event.seq in others:
            return False
        if isinstance(happening, _OF_A_QUERY):
            return happening.query not in queries
        if isinstance(happening, _OF_AN_INTERVENTION):
            return happening.intervention not in interventions
        if isinstance(happening, e.DiaryDayRecorded):
            return happening.diary not in diaries
        if isinstance(happening, e.QueryRaised) and happening.visit == "diary":
            return happening.form not in diaries
        return True

    return [one for one in every if about(*one)], queries


def _place(happening: e.Happening) -> Address | None:
    """The form an event is about, whichever kind of event it is."""
    if isinstance(happening, e.TermCoded):
        parts = happening.target.split("/")
        return Address(*parts[:3]) if len(parts) == 4 else None
    named = [getattr(happening, name, None) for name in ("visit", "form", "repeat")]
    return Address(*map(str, named)) if None not in named else None


def _entered_by_mistake(events: Sequence[Told]) -> frozenset[int]:
    """Positions of the events about a form that stood here and was another participant's."""
    standing: dict[Address, list[int]] = {}
    others: set[int] = set()
    for event, happening in events:
        address = _place(happening)
        if address is None:
            continue
        if isinstance(happening, e.ValuesMovedAway):
            others.update(standing.pop(address, ()))
        else:
            standing.setdefault(address, []).append(event.seq)
    return frozenset(others)
