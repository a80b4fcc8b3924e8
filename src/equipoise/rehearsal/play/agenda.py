"""Who has something to do, and from which day on."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from ..generate import NEVER
from .person import VirtualPerson


class Agenda:
    """The people of a play by the day on which each looks at the trial next.

    A day costs what those cost who look on it, however many have ended or are still to come.
    """

    def __init__(self, people: Sequence[VirtualPerson]) -> None:
        """`people` in the order of their indexes."""
        self._people = people
        self._taking_part: set[int] = set()
        self._entries: list[tuple[int, int]] = []
        """Day and index. An entry whose person has since named another day counts no more."""
        self.rewrite()

    def rewrite(self) -> None:
        """Ask everybody anew: after something that concerns all of them."""
        self._entries = [
            (person.next_day, person.index) for person in self._people if person.next_day < NEVER
        ]
        heapify(self._entries)
        self._taking_part = {
            person.index for person in self._people if person.pid and person.next_day < NEVER
        }

    def enter(self, person: VirtualPerson) -> None:
        """Take down the day that a person has named."""
        if person.next_day < NEVER:
            heappush(self._entries, (person.next_day, person.index))
            if person.pid:
                self._taking_part.add(person.index)
        else:
            self._taking_part.discard(person.index)

    def due(self, day: int) -> list[VirtualPerson]:
        """Everybody who looks at the trial on this day (ordinal), in no order; each is to be entered again."""
        found: set[int] = set()
        while self._entries and self._entries[0][0] <= day:
            named, index = heappop(self._entries)
            if self._people[index].next_day == named:
                found.add(index)
        return [self._people[index] for index in found]

    @property
    def taking_part(self) -> int:
        """How many are on the screening log and have something left to do."""
        return len(self._taking_part)

    @property
    def done(self) -> bool:
        """Whether nobody has anything left to do."""
        while self._entries and self._people[self._entries[0][1]].next_day != self._entries[0][0]:
            heappop(self._entries)
        return not self._entries
