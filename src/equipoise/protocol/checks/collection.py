"""Where and when each item is collected: at which visits, in which diaries, on which log forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from equipoise.protocol.document import Offset, Protocol, Visit
from equipoise.protocol.expression import Compiled

_PHASES = ("screening", "baseline", "treatment", "follow_up")

BEFORE_RANDOMIZATION = ("screening", "baseline")
"""The phases whose visits come before the participant is allocated."""


@dataclass(frozen=True)
class Collection:
    """Items by the places that collect them.

    `visits_of` gives the visits of an item in the order of the schedule; `always` the items of
    diaries and log forms, which are filled on any day.
    """

    protocol: Protocol
    visits_of: Mapping[str, tuple[Visit, ...]]
    diaries_of: Mapping[str, tuple[str, ...]]
    logged: frozenset[str]
    derived_from: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, protocol: Protocol, derived: Mapping[str, Compiled]) -> Collection:
        """The collection points of a protocol."""
        items_of = {form.id: [entry.item for entry in form.items] for form in protocol.forms}
        visits: dict[str, list[Visit]] = {}
        for visit in protocol.schedule.visits:
            for form in visit.forms:
                for item in items_of.get(form, ()):
                    places = visits.setdefault(item, [])
                    if visit not in places:
                        places.append(visit)
        diaries: dict[str, list[str]] = {}
        for diary in protocol.schedule.diaries:
            for item in items_of.get(diary.form, ()):
                diaries.setdefault(item, []).append(diary.id)
        logs = {form.id for form in protocol.forms if form.log} | set(protocol.schedule.log_forms)
        return cls(
            protocol,
            {item: tuple(places) for item, places in visits.items()},
            {item: tuple(places) for item, places in diaries.items()},
            frozenset(item for form in logs for item in items_of.get(form, ())),
            {item: compiled.names for item, compiled in derived.items()},
        )

    def collected(self, item: str) -> bool:
        """Whether anything records the item directly."""
        return item in self.visits_of or item in self.diaries_of or item in self.logged

    def sources(self, names: Iterable[str]) -> list[str]:
        """The names an expression rests on in the end: derived items resolved, sorted."""
        found: set[str] = set()
        pending, seen = list(names), set[str]()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.derived_from:
                pending.extend(self.derived_from[name])
            else:
                found.add(name)
        return sorted(found)

    def before_randomization(self, item: str) -> bool:
        """Whether a screening or baseline visit, or a log form, records the item."""
        visits = self.visits_of.get(item, ())
        return item in self.logged or any(visit.phase in BEFORE_RANDOMIZATION for visit in visits)

    def by_then(self, item: str, visit: Visit) -> bool:
        """Whether the item may have been recorded when `visit` takes place."""
        if item in self.logged or item in self.diaries_of:
            return True
        return any(self.not_after(other, visit) for other in self.visits_of.get(item, ()))

    def not_after(self, first: Visit, second: Visit) -> bool:
        """Whether `first` is planned before `second` or with it, as far as the plan tells."""
        if first.id == second.id:
            return True
        if first.anchor == second.anchor:
            return first.day <= second.day
        if first.phase != second.phase:
            return _PHASES.index(first.phase) < _PHASES.index(second.phase)
        order = [visit.id for visit in self.protocol.schedule.visits]
        return order.index(first.id) <= order.index(second.id)


def within(visit: Visit, start: Offset | None, end: Offset | None) -> bool:
    """Whether the visit's window may touch the days from `start` to `end`, as far as the plan tells.

    Days that count from different anchors cannot be compared before the trial: they may.
    """
    if start is not None and start.anchor == visit.anchor and visit.day + visit.after < start.day:
        return False
    return not (
        end is not None and end.anchor == visit.anchor and visit.day - visit.before > end.day
    )


def backwards(start: Offset | None, end: Offset | None) -> bool:
    """Whether a stretch of days ends before it starts, where both count from one anchor."""
    return (
        start is not None and end is not None and start.anchor == end.anchor and end.day < start.day
    )
