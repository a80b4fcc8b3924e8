"""Attendance of all participants of a replicate at once: visits, leaving, and what dates are on record.

It repeats `participation` on arrays; a generative test holds both equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from equipoise.protocol.document import Protocol, Visit

from ..columns import Days
from ..generate import NEVER, Replicate
from ..play.calendar import DAY_BEFORE_WEEKEND, never_missed
from ..play.visits import VISIT_GRACE_DAYS
from .enrollment import Enrolled, working_days

Marks = npt.NDArray[np.bool_]


class Calendar:
    """The visits after allocation: which take place, on which days (`[participant, visit]`), and the day of completing.

    `true` gives the anchors' days, `begins` the first day on which anything happens, `late` and `missed` (`[participant,
    visit of the schedule]`) the days by which visits are late, and to which nobody comes.
    """

    def __init__(
        self, protocol: Protocol, true: Mapping[str, Days], begins: Days, late: Days, missed: Marks
    ) -> None:
        self.visits: tuple[Visit, ...] = ()
        size = begins.size
        unmissable = never_missed(protocol)
        visits, target, opens, closes, day, skips, there = [], [], [], [], [], [], []
        for index, visit in enumerate(protocol.schedule.visits):
            if visit.phase in ("screening", "baseline") or visit.anchor not in true:
                continue
            aim = true[visit.anchor] + visit.day
            until = true.get(visit.until) if visit.until else None
            late_by = late[:, index]
            over = (aim - 1) % 7 - DAY_BEFORE_WEEKEND
            near = np.where(
                over <= 0,
                aim,
                np.where(
                    (over == 1) & (aim - over >= aim - visit.before), aim - over, working_days(aim)
                ),
            )
            visits.append(visit)
            target.append(aim)
            opens.append(aim - visit.before)
            closes.append(aim + visit.after)
            day.append(working_days(np.where(late_by > 0, aim + late_by, near)))
            skips.append(missed[:, index] & (visit.id not in unmissable))
            there.append(
                np.ones(size, dtype=np.bool_) if until is None else np.asarray(aim < until)
            )
        self.visits = tuple(visits)
        if not visits:
            self.done = np.zeros((size, 0), dtype=np.bool_)
            self.day = np.zeros((size, 0), dtype=np.int64)
            self.completes = np.full(size, NEVER)
            return
        stack = [np.stack(part, axis=1) for part in (target, opens, closes, day)]
        goals, first, last, days = (part.astype(np.int64) for part in stack)
        skipped, asked = np.stack(skips, axis=1), np.stack(there, axis=1)
        days = _apart(goals, first, days, asked)
        coming = np.where(skipped, working_days(last + 1), days)
        acts = np.maximum(coming, begins[:, None])
        too_late = acts > working_days(np.maximum(last, days) + VISIT_GRACE_DAYS)
        self.day = acts
        self.done = asked & ~skipped & ~too_late
        settled = np.where(asked, acts, 0).max(axis=1)
        ending = np.where(asked, days, 0).max(axis=1)
        done = np.maximum(working_days(ending + 1), np.maximum(settled, begins))
        self.completes = np.where(asked.any(axis=1), done, NEVER)


def _apart(target: Days, opens: Days, day: Days, asked: Marks) -> Days:
    """A late visit never reaches the day of the next one, in the order of their targets."""
    order = np.argsort(np.where(asked, target, NEVER), axis=1, kind="stable")
    held = np.take_along_axis(day, order, axis=1)
    known = np.take_along_axis(asked, order, axis=1)
    earliest = np.take_along_axis(opens, order, axis=1)
    following = np.full_like(held, NEVER)
    following[:, :-1] = np.where(known[:, 1:], held[:, 1:], NEVER)
    moved = np.maximum(np.minimum(held, following - 1), earliest)
    over = (moved - 1) % 7 - DAY_BEFORE_WEEKEND
    moved = np.where(over > 0, moved - over, moved)
    held = np.where(held >= following, moved, held)
    back = np.empty_like(held)
    np.put_along_axis(back, order, held, axis=1)
    return back


class Attendance:
    """The participants of a replicate as arrays, in the order of their numbers (`[participant]`, `[participant, visit]`)."""

    def __init__(
        self, replicate: Replicate, enrolled: Sequence[Enrolled], *, complete: bool = False
    ) -> None:
        self._complete = complete
        """Whether nobody leaves or misses a visit: what would be seen of all if all were followed to the end."""
        self._replicate = replicate
        self._protocol = replicate.protocol
        self.enrolled = tuple(sorted(enrolled, key=lambda one: one.id))
        self._person = np.array([one.person for one in self.enrolled], dtype=np.int64)
        self._arm = np.array([one.arm for one in self.enrolled], dtype=np.int64)
        self._cured = np.array([one.cured for one in self.enrolled], dtype=np.bool_)
        self.screened = np.array([one.screened for one in self.enrolled], dtype=np.int64)
        self.randomized = np.array([one.randomized for one in self.enrolled], dtype=np.int64)
        self._begins = working_days(self.randomized + 1)
        self._true = self._true_anchors()
        self._attend()
        self._leave()

    @property
    def size(self) -> int:
        """How many."""
        return len(self.enrolled)

    # -- the calendar ------------------------------------------------------------------------------

    def _event_days(self, event: str) -> Days:
        return self.randomized if event == "randomization" else self.screened

    def _true_anchors(self) -> dict[str, Days]:
        days: dict[str, Days] = {}
        for anchor in self._protocol.schedule.anchors:
            if anchor.event is not None:
                days[anchor.id] = self._event_days(anchor.event)
                continue
            for item in (anchor.item, anchor.planned):
                if item is None or anchor.id in days:
                    continue
                history = self._replicate.course.dates.get(item)
                if history is not None:
                    days[anchor.id] = history.values[self._person, -1]
                elif item in self._asked_early and item in self._replicate.columns:
                    column = self._replicate.columns[item]
                    days[anchor.id] = column.values[self._person].astype(np.int64)
        return days

    @cached_property
    def _early(self) -> tuple[Visit, ...]:
        visits = self._protocol.schedule.visits
        screening = tuple(visit for visit in visits if visit.phase == "screening")
        return (*screening, *(visit for visit in visits if visit.phase == "baseline"))

    @cached_property
    def _asked_early(self) -> frozenset[str]:
        forms = self._protocol.form_by_id
        return frozenset(
            entry.item
            for visit in self._early
            for name in visit.forms
            for entry in forms[name].items
        )

    def _attend(self) -> None:
        """`true_visits` and `Participation._attend` for all."""
        staff = self._replicate.staff
        missed = staff.missed[self._person]
        calendar = Calendar(
            self._protocol,
            self._true,
            self._begins,
            staff.late[self._person],
            missed & (not self._complete),
        )
        self._visits, self._done, self._day = calendar.visits, calendar.done, calendar.day
        self._completes = calendar.completes

    # -- leaving -------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """`Participation._leavings` for all: when they are off study, and whose data may not be used."""
        replicate, person, arm = self._replicate, self._person, self._arm
        death = np.full(self.size, NEVER)
        for event in replicate.events:
            mine = event.occurs[person] & (event.grade[person] == 5)
            if event.arms:
                mine &= np.isin(arm, event.arms)
            death = np.where(mine, np.minimum(death, event.started[person]), death)
        day = replicate.attrition.day[arm, person]
        scope = replicate.attrition.scope[person]
        products = np.array([bool(one.interventions) for one in self._protocol.arms])
        scope = np.where((scope == "treatment") & ~products[arm], "follow_up", scope)
        earliest = np.minimum(day, death)
        leaves = (earliest < NEVER) & (not self._complete)
        recorded = np.maximum(working_days(np.where(leaves, earliest, 0)), self._begins)
        dies = leaves & (death <= recorded)
        stays = leaves & ~dies & (scope == "treatment")
        later = stays & (death < NEVER)
        on = np.where(dies | later, death, day)
        second = np.maximum(working_days(np.where(later, death, 0)), working_days(recorded + 1))
        recorded = np.where(later, second, recorded)
        off = leaves & (~stays | later) & (recorded <= self._completes)
        self.off_on = np.where(off, on, NEVER)
        self.off_recorded = np.where(off, recorded, NEVER)
        self._data_use = off & ~dies & (scope == "data_use")
        self.completed = np.where(off | (self._completes >= NEVER), NEVER, self._completes)
        self._ends = np.where(
            off, recorded, np.where(self.completed < NEVER, self.completed + 1, NEVER)
        )
        self._attended = self._done & (self._day < self._ends[:, None])

    @property
    def last_day(self) -> int:
        """The day on which the last participant completed or left."""
        days = np.where(self.off_recorded < NEVER, self.off_recorded, self.completed)
        days = days[days < NEVER]
        return int(days.max()) if days.size else self._replicate.starts.toordinal()

    # -- what is on record ---------------------------------------------------------------------------

    def _forms_with(self, item: str) -> frozenset[str]:
        return frozenset(
            form.id for form in self._protocol.forms for entry in form.items if entry.item == item
        )

    def _record(self, item: str, until: int) -> Days:
        """A date item's value as it stood at the end of a day; `NEVER` while there is none."""
        history = self._replicate.course.dates.get(item)
        nothing = np.full(self.size, NEVER)
        if history is None:
            column = self._replicate.columns.get(item)
            if column is None or item not in self._asked_early:
                return nothing
            return column.values[self._person].astype(np.int64)
        known, values = history.known_on[self._person], history.values[self._person]
        forms = self._forms_with(item)
        first = nothing
        for visit in self._early:
            if forms.intersection(visit.forms):
                days = self.screened if visit.phase == "screening" else self.randomized
                seen = (known <= days[:, None]).any(axis=1)
                first = np.where(seen, np.minimum(first, days), first)
        for at, visit in enumerate(self._visits):
            if forms.intersection(visit.forms):
                days = self._day[:, at]
                seen = (known <= days[:, None]).any(axis=1) & self._attended[:, at]
                first = np.where(seen, np.minimum(first, days), first)
        looked = np.minimum(until, self._ends - 1)
        over = (looked - 1) % 7 - DAY_BEFORE_WEEKEND
        looked = np.where(over > 0, looked - over, looked)
        asked = np.maximum(np.where(looked >= self._begins, looked, first), first)
        reached = known <= asked[:, None]
        last = reached.shape[1] - 1 - np.argmax(reached[:, ::-1], axis=1)
        found = values[np.arange(self.size), last]
        return np.where((first <= until) & reached.any(axis=1), found, NEVER)

    def anchors(self, until: int) -> dict[str, Days]:
        """Every anchor's day as known at the end of a day (`NEVER` where unknown)."""
        days = {}
        for anchor in self._protocol.schedule.anchors:
            if anchor.event is not None:
                happened = self._event_days(anchor.event)
                days[anchor.id] = np.where(happened <= until, happened, NEVER)
                continue
            found = np.full(self.size, NEVER)
            for item in (anchor.item, anchor.planned):
                if item is not None:
                    found = np.where(found < NEVER, found, self._record(item, until))
            days[anchor.id] = found
        return days

    def usable(self, until: int) -> Marks:
        """Who has been randomized by the end of a day and has not withdrawn the use of their data."""
        gone = self._data_use & (self.off_recorded <= until)
        return np.asarray((self.randomized <= until) & ~gone)
