"""One virtual person and the staff around them: what happens on a day, from arrays and trial state.

Every step looks at the trial as it stands and does what is due and not done; it returns the day on
which it next has something to do. Nothing is remembered between days that could not be read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from operator import attrgetter, is_
from typing import TYPE_CHECKING, NamedTuple

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import ParticipantState
from equipoise.conduct.values import Address

from ..generate import NEVER
from . import aftermath, safety, screening, visits
from .calendar import TrueVisit, true_anchors, true_visits

if TYPE_CHECKING:
    from equipoise.trial import Done

    from .stage import Stage

_LOOKED_AT = attrgetter(
    "arm", "withdrawals", "forms", "missed", "adverse_events", "queries", "site"
)
_UNSEEN: tuple[object, ...] = (object(),)
_ENDED = ("withdrawn", "completed", "screen_failed", "consent_refused")


class VirtualPerson:
    """A candidate of the replicate. `pid` is the number on the screening log, once there is one."""

    def __init__(self, stage: Stage, index: int) -> None:
        self.stage = stage
        self.index = index
        self.label = f"{index + 1:04d}"
        replicate = stage.replicate
        self.home_site = replicate.sites[int(replicate.site[index])]
        self.pid: str | None = None
        self.earlier: str | None = None
        """The number of a first screening that failed, once the person is screened again."""
        self.next_day = int(replicate.screened[index])
        self.anchors: Mapping[str, int] = {}
        self.visits: list[TrueVisit] = []
        self.open_visits: list[TrueVisit] = []
        """Visits neither done nor missed when they were last looked at."""
        self._events: tuple[int, list[safety.PersonalEvent]] | None = None
        self._asked: dict[int, tuple[tuple[object, ...], int]] = {}
        """By step: what it looked at, and the day it named."""
        self._seen: tuple[object, ...] = _UNSEEN
        """What all of them had looked at when it was last the same for each."""
        self.diary_told: dict[str, tuple[int, int, int]] = {}
        """By diary: its window, and the day up to which all are told or forgotten."""
        self._did = False
        staff, plan = replicate.staff, replicate.assumptions.staff
        self.verified = tuple(
            int(visit)
            for visit in (
                (staff.typing[index] < plan.typing_error)
                & (staff.found[index] < plan.source_verification)
            ).nonzero()[0]
        )
        """Visits (by place in the schedule) whose typing errors a monitor would find."""
        self.may_move = bool(staff.transfer[index][0] < plan.transfer)
        """Whether another site looks after this person one day, if there is one."""
        self.log_entries = visits.log_entries(replicate, index)
        """The rows of log forms, each with the day on which it is written."""
        self.ticked_wrongly = screening.stratum_item(self)
        """The stratum item that staff get wrong for this person, or None."""

    # -- where the person stands ------------------------------------------------------------------

    @property
    def site(self) -> str:
        """The site that looks after the person now."""
        state = self.stage.trial.participant(self.pid) if self.pid else None
        return state.site if state else self.home_site

    @property
    def cured(self) -> bool:
        """Whether this is a second screening, in which the violated criterion is met."""
        return self.earlier is not None

    def state(self) -> ParticipantState:
        """The participant as the trial knows them now."""
        state = self.stage.trial.participant(self.pid or "")
        if state is None:
            raise RuntimeError(f"virtual person {self.label} has no participant")
        return state

    def arm_index(self, state: ParticipantState) -> int | None:
        """The arm's place in the arrays, or None before allocation."""
        return self.stage.replicate.arms.index(state.arm) if state.arm else None

    def events(self, arm: int) -> list[safety.PersonalEvent]:
        """The adverse events this person has in an arm."""
        if self._events is None or self._events[0] != arm:
            found = safety.personal_events(self.stage.replicate.events, self.index, arm)
            self._events = (arm, found)
        return self._events[1]

    def find(self, today: int) -> None:
        """Take up a play that was stopped: which numbers were given to this person?"""
        if self.next_day > today:
            return
        by_client = self.stage.trial.ledger.by_client
        first = by_client(self.client("screen"))
        if first:
            self.pid = first[0].stream.partition("/")[2]
            again = by_client(self.client("rescreen"))
            if again:
                self.earlier, self.pid = self.pid, again[0].stream.partition("/")[2]
        self.next_day = today + 1

    def wake(self, day: int) -> None:
        """Something that concerns everyone has changed: look again on this day."""
        if self.pid is not None:
            self.next_day = min(self.next_day, day)

    def stay_away(self) -> None:
        """Recruitment is closed: who has not come yet will not come."""
        if self.pid is None:
            self.next_day = NEVER

    # -- bringing commands ------------------------------------------------------------------------

    def client(self, what: str, day: int | None = None) -> str:
        """A client id that says who, what and when."""
        when = f"/{date.fromordinal(day)}" if day is not None else ""
        return f"rehearsal/{self.label}/{what}{when}"

    def do(
        self, command: c.Command, what: str, day: int | None = None, site: str | None = None
    ) -> Done | Refusal:
        """Bring a command about this person through the staff of the site."""
        outcome = self.stage.do(command, site or self.site, self.client(what, day))
        self._did = self._did or bool(outcome)
        return outcome

    def truth(self, item: str, day: int, state: ParticipantState) -> str | None:
        """What ought to stand in the record for an item on a day."""
        return self.truth_on(day, state)(item)

    def truth_on(self, day: int, state: ParticipantState) -> Callable[[str], str | None]:
        """What ought to stand in the record for any item on a day."""
        return self.stage.desk.truth_on(
            self.index, self.arm_index(state), day, state.site, cured=self.cured
        )

    def save(
        self,
        address: Address,
        values: Mapping[str, str],
        day: int,
        what: str,
        *,
        today: int | None = None,
        reason: str = "",
    ) -> Done | Refusal:
        """Save a form of the visit performed on `day`."""
        command = c.SaveForm(
            participant=self.pid or "",
            address=address,
            values=values,
            performed_on=date.fromordinal(day),
            reason=reason,
        )
        return self.do(command, f"{what}/{address}", today or day)

    # -- the day ----------------------------------------------------------------------------------

    def act(self, today: int) -> None:
        """Do what is due today, and find the next day on which something is."""
        self._did = False
        wanted = self._act(today)
        # what was done today may call for something tomorrow: look again then
        self.next_day = today + 1 if self._did else max(wanted, today + 1)

    def _act(self, today: int) -> int:
        if self.pid is None:
            return screening.arrive(self, today)
        state = self.state()
        status = state.status
        if state.data_use_withdrawn:
            return NEVER
        if status in _ENDED:
            again = screening.return_for_rescreening(self, state, today)
            if self.pid != state.id:
                # screened again today, under a new number: what is open under the old one stays
                return again
            return min(
                again,
                aftermath.answer_queries(self, state, today),
                safety.report(self, state, today),
            )
        if state.randomized is None:
            return min(
                screening.go_on(self, state, today), aftermath.answer_queries(self, state, today)
            )
        return self._take_part(state, today)

    def take_up_calendar(self, state: ParticipantState) -> None:
        """The visits as they will really take place; found again when an anchor has moved."""
        anchors = true_anchors(self.stage.replicate, self.index, state)
        if anchors != self.anchors or not self.visits:
            self.anchors = anchors
            self.visits = true_visits(
                self.stage.replicate, self.index, state, anchors, self.stage.unmissable
            )
            self.open_visits = self.visits

    def _take_part(self, state: ParticipantState, today: int) -> int:
        seen = self._looked_at(state)
        as_before, unmoved = all(map(is_, seen, self._seen)), True
        if not as_before:
            self.take_up_calendar(state)
            seen = self._looked_at(state)
        for place, step in enumerate(_STEPS):
            known = self._asked.get(place)
            if known is not None and today < known[1]:
                if as_before and unmoved and not step.looks_at_all:
                    continue
                if all(map(is_, step.looks_at(self, state), known[0])):
                    continue
            parts = step.looks_at(self, state)
            self._asked[place] = (parts, step.act(self, state, today))
            state = self.state()
            if state.off_study_on is not None or state.completed_on is not None:
                return today + 1
            unmoved = unmoved and all(map(is_, seen, self._looked_at(state)))
        # what moved while the steps were gone through is news to those that came before it
        self._seen = seen if unmoved else _UNSEEN
        return min(day for _, day in self._asked.values())

    def _looked_at(self, state: ParticipantState) -> tuple[object, ...]:
        """What calendar and steps look at, but those that look at all: a day of a diary leaves it as it was."""
        return (*_LOOKED_AT(state), self.visits, *map(state.latest.get, self.stage.watched))


class _Step(NamedTuple):
    """What may be due on a day, and the parts of a participant that decide when.

    While none of them has changed, nothing is due before the day the step named.
    """

    act: Callable[[VirtualPerson, ParticipantState, int], int]
    looks_at: Callable[[VirtualPerson, ParticipantState], tuple[object, ...]]
    looks_at_all: bool = False


_STEPS = (
    _Step(aftermath.leave, lambda person, state: (state.arm, state.withdrawals)),
    _Step(
        visits.follow_plan_changes,
        lambda person, state: tuple(map(state.latest.get, person.stage.replicate.course.dates)),
    ),
    _Step(visits.attend, lambda person, state: (state.forms, state.missed, person.visits)),
    _Step(visits.keep_diary, lambda person, state: (state,), looks_at_all=True),
    _Step(visits.fill_logs, lambda person, state: (state.forms,) if person.log_entries else ()),
    _Step(safety.report_events, lambda person, state: (state.adverse_events, state.arm)),
    _Step(safety.report, lambda person, state: (state.adverse_events, state.site)),
    _Step(
        aftermath.correct_stratum,
        lambda person, state: (state.latest.get(person.ticked_wrongly or ""),),
    ),
    _Step(
        aftermath.verify_sources,
        lambda person, state: (state.forms, state.site) if person.verified else (),
    ),
    _Step(aftermath.answer_queries, lambda person, state: (state.queries, state.site)),
    _Step(
        aftermath.move_away,
        lambda person, state: (state,) if person.may_move else (),
        looks_at_all=True,
    ),
    _Step(
        aftermath.complete,
        lambda person, state: (state.forms, state.missed, person.visits, state.adverse_events),
    ),
)
