"""What becomes of a randomized participant: visits, leaving, completing, doses, and the dates on record.

It repeats, day for day, what `play.person` and its steps bring about through the trial's commands when staff
make no mistakes in writing down; `test_twin_law.py` holds the two roads equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import Diary, Offset, Protocol, Visit

from ..generate import NEVER, Replicate
from ..histories import DateHistory
from ..play.calendar import TrueVisit, never_missed, true_visits, working_day
from ..play.visits import DIARY_LOOKBACK_DAYS, VISIT_GRACE_DAYS, forgotten_day
from .enrollment import Enrolled


@dataclass(frozen=True, slots=True)
class Leaving:
    """Leaving treatment, follow-up or the use of data: the day it holds from, and the day it is recorded."""

    on: int
    recorded: int
    scope: str
    category: str


@dataclass(frozen=True, slots=True)
class Attended:
    """A visit that took place, on a day (ordinal)."""

    visit: Visit
    day: int


class Course:
    """The protocol's calendar, worked out once for all participants of a replicate."""

    def __init__(self, replicate: Replicate) -> None:
        self.replicate = replicate
        self.protocol: Protocol = replicate.protocol
        self.unmissable = never_missed(self.protocol)

    @cached_property
    def forms_with(self) -> Mapping[str, frozenset[str]]:
        """By item: the forms it stands on."""
        found: dict[str, set[str]] = {}
        for form in self.protocol.forms:
            for entry in form.items:
                found.setdefault(entry.item, set()).add(form.id)
        return {item: frozenset(forms) for item, forms in found.items()}

    @cached_property
    def early(self) -> tuple[Visit, ...]:
        """The visits before allocation, in the order in which they take place."""
        visits = self.protocol.schedule.visits
        screening = [visit for visit in visits if visit.phase == "screening"]
        return (*screening, *(visit for visit in visits if visit.phase == "baseline"))


class Participation:
    """One randomized participant from allocation to the end.

    `complete` lets nobody leave or miss a visit: what would be seen of a participant who is followed to the end.
    """

    def __init__(self, course: Course, enrolled: Enrolled, *, complete: bool = False) -> None:
        self.enrolled = enrolled
        self._course = course
        self._replicate = course.replicate
        self._person = enrolled.person
        self.begins = working_day(enrolled.randomized + 1)
        """The first day on which anything happens after the allocation."""
        self.anchors = self._true_anchors()
        planned = self._planned()
        if complete:
            planned = [replace(entry, missed=False) for entry in planned]
        self._settled, self.attended_planned = self._attend(planned)
        self._last_planned = max((entry.day for entry in planned), default=None)
        self.leavings = () if complete else self._leavings()

    # -- the true calendar -------------------------------------------------------------------------

    def _true_anchors(self) -> dict[str, int]:
        enrolled = self.enrolled
        events = {
            "screening": enrolled.screened,
            "consent": enrolled.screened,
            "randomization": enrolled.randomized,
        }
        days: dict[str, int] = {}
        for anchor in self._course.protocol.schedule.anchors:
            if anchor.event is not None:
                days[anchor.id] = events[anchor.event]
                continue
            for item in (anchor.item, anchor.planned):
                if item is None or anchor.id in days:
                    continue
                history = self._replicate.course.dates.get(item)
                if history is not None:
                    days[anchor.id] = int(history.values[self._person][-1])
                else:
                    fixed = self._fixed_day(item)
                    if fixed is not None:
                        days[anchor.id] = fixed
        return days

    def _fixed_day(self, item: str) -> int | None:
        """A date item asked before allocation that never changes."""
        column = self._replicate.columns.get(item)
        asked = any(
            form in self._course.forms_with.get(item, ())
            for visit in self._course.early
            for form in visit.forms
        )
        return int(column.values[self._person]) if column and asked else None

    def _planned(self) -> list[TrueVisit]:
        state = ParticipantState(
            id=self.enrolled.id,
            protocol=self._course.protocol,
            site=self.enrolled.site,
            arm=self._replicate.arms[self.enrolled.arm],
        )
        return true_visits(
            self._replicate, self._person, state, self.anchors, self._course.unmissable
        )

    def _attend(self, planned: list[TrueVisit]) -> tuple[int, tuple[Attended, ...]]:
        """The day on which the last visit is done or stated as missed, and the visits that are done."""
        settled, attended = self.begins, []
        for entry in planned:
            begins = working_day(entry.closes + 1) if entry.missed else entry.day
            day = max(begins, self.begins)
            late = day > working_day(max(entry.closes, entry.day) + VISIT_GRACE_DAYS)
            if not (entry.missed or late):
                attended.append(Attended(entry.visit, day))
            settled = max(settled, day)
        return settled, tuple(attended)

    # -- leaving and completing ---------------------------------------------------------------------

    def _leavings(self) -> tuple[Leaving, ...]:
        replicate, person, arm = self._replicate, self._person, self.enrolled.arm
        plan = replicate.attrition
        death = min(
            (
                int(event.started[person])
                for event in replicate.events
                if event.grade[person] == 5 and event.has(person, arm)
            ),
            default=NEVER,
        )
        day = int(plan.day[arm, person])
        found: list[Leaving] = []
        if min(day, death) < NEVER:
            recorded = max(working_day(min(day, death)), self.begins)
            if death <= recorded:
                found.append(Leaving(death, recorded, "follow_up", "death"))
            else:
                scope = str(plan.scope[person])
                if scope == "treatment" and not replicate.protocol.arms[arm].interventions:
                    scope = "follow_up"
                found.append(Leaving(day, recorded, scope, str(plan.category[person])))
                if scope == "treatment" and death < NEVER:
                    recorded = max(working_day(death), working_day(recorded + 1))
                    found.append(Leaving(death, recorded, "follow_up", "death"))
        completed = self._completes()
        return tuple(one for one in found if completed is None or one.recorded <= completed)

    def _completes(self) -> int | None:
        """The day of completion, for those who stay."""
        if self._last_planned is None:
            return None
        return max(working_day(self._last_planned + 1), self._settled)

    @cached_property
    def off_study(self) -> Leaving | None:
        """The leaving that ends the participation, if any."""
        return next((one for one in self.leavings if one.scope != "treatment"), None)

    @cached_property
    def completed(self) -> int | None:
        """The day of completion; None for those who left."""
        return None if self.off_study is not None else self._completes()

    @cached_property
    def ends(self) -> int:
        """The first day on which nothing is done any more."""
        if self.off_study is not None:
            return self.off_study.recorded
        return NEVER if self.completed is None else self.completed + 1

    @cached_property
    def attended(self) -> tuple[Attended, ...]:
        """Visits done, those before allocation first."""
        enrolled = self.enrolled
        early = tuple(
            Attended(
                visit, enrolled.screened if visit.phase == "screening" else enrolled.randomized
            )
            for visit in self._course.early
        )
        return early + tuple(one for one in self.attended_planned if one.day < self.ends)

    # -- what is on record ---------------------------------------------------------------------------

    def day_on_record(self, item: str, until: int) -> int | None:
        """A date item's value as it stood at the end of a day (ordinals); None while there is none."""
        history = self._replicate.course.dates.get(item)
        if history is None:
            return self._fixed_day(item)
        first = self._first_record(item, history)
        if first is None or first > until:
            return None
        looked = _last_working_day(min(until, self.ends - 1))
        seen = looked if looked >= self.begins else first
        return history.at(self._person, max(seen, first))

    def _first_record(self, item: str, history: DateHistory) -> int | None:
        """The day on which the item is first written down."""
        forms = self._course.forms_with.get(item, frozenset())
        days = [
            one.day
            for one in self.attended
            if forms.intersection(one.visit.forms) and history.at(self._person, one.day) is not None
        ]
        return min(days, default=None)

    def anchors_on_record(self, until: int) -> tuple[dict[str, int], frozenset[str]]:
        """Every anchor's day as known at the end of a day, and those that are only planned."""
        days: dict[str, int] = {}
        planned = set()
        for anchor in self._course.protocol.schedule.anchors:
            if anchor.event is not None:
                if self.anchors[anchor.id] <= until:
                    days[anchor.id] = self.anchors[anchor.id]
                continue
            for item in (anchor.item, anchor.planned):
                found = self.day_on_record(item, until) if item is not None else None
                if found is not None:
                    days[anchor.id] = found
                    if item != anchor.item:
                        planned.add(anchor.id)
                    break
        return days, frozenset(planned)

    # -- doses ---------------------------------------------------------------------------------------

    def doses(self, until: int) -> dict[str, list[tuple[int, bool]]]:
        """By intervention: day and whether taken, of every administration on record at the end of a day."""
        found: dict[str, list[tuple[int, bool]]] = {}
        for diary in self._course.protocol.schedule.diaries:
            window = self._diary_window(diary)
            if diary.intervention is None or window is None:
                continue
            first, last = window
            for day in range(first, last + 1):
                told = self._told(day, first, last)
                if told is None or told > until or told >= self.ends:
                    continue
                index = self._replicate.course.index(self._person, day)
                taken = self._replicate.course.taken[self.enrolled.arm, self._person, index]
                found.setdefault(diary.intervention, []).extend(
                    (day, bool(taken[turn])) for turn in range(len(diary.dose_items))
                )
        return found

    def _told(self, day: int, first: int, last: int) -> int | None:
        """The day on which a diary day is written down, or None where it is forgotten.

        Whoever stops treatment has a shorter diary, by which it is judged anew what is forgotten.
        """
        told = max(working_day(day + 1), self.begins)
        stop = next((one for one in self.leavings if one.scope == "treatment"), None)
        if stop is None or told < stop.recorded:
            forgotten = forgotten_day(self._replicate, self._person, day - first, last - first)
            if not forgotten and day >= told - DIARY_LOOKBACK_DAYS:
                return told
        if stop is None:
            return None
        told, last = max(told, stop.recorded), min(last, stop.on - 1)
        if day > last or day < told - DIARY_LOOKBACK_DAYS:
            return None
        if forgotten_day(self._replicate, self._person, day - first, last - first):
            return None
        return told

    def _diary_window(self, diary: Diary) -> tuple[int, int] | None:
        protocol = self._course.protocol
        if diary.arms and self._replicate.arms[self.enrolled.arm] not in diary.arms:
            return None
        start, stop = diary.start, diary.stop
        if diary.intervention is not None:
            regimen = protocol.intervention_by_id[diary.intervention].regimen
            if regimen is not None:
                start, stop = start or regimen.start, stop or regimen.stop
        first, last = self._offset(start), self._offset(stop)
        if first is None or last is None:
            return None
        first = max(first, self.enrolled.randomized)
        return (first, last) if first <= last else None

    def _offset(self, offset: Offset | None) -> int | None:
        if offset is None or offset.anchor not in self.anchors:
            return None
        return self.anchors[offset.anchor] + offset.day


def _last_working_day(day: int) -> int:
    """The day itself, or the Friday before a weekend day."""
    over = (day - 1) % 7 - 4
    return day if over <= 0 else day - over
