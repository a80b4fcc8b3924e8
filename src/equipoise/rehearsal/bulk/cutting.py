"""A data cut made from a replicate's arrays: what a cut of the trial played out would hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from copy import copy
from dataclasses import replace
from datetime import date
from decimal import Decimal

from equipoise.analysis.cut import (
    NUMBER_TYPES,
    Administration,
    DataCut,
    Left,
    Observation,
    Position,
    Subject,
    doses_of,
    numeric_codes,
)
from equipoise.protocol.document import Item, Protocol

from ..assumptions import AssumptionError
from ..generate import Replicate
from .enrollment import enroll
from .participation import Course, Participation

END = 9_999_999
"""A day after everything: the cut of a finished trial."""


class Virtual:
    """A replicate with everybody's participation worked out, of which data cuts are made.

    `items` are those whose observations a cut holds, `doses` says whether it holds administrations.
    """

    def __init__(self, replicate: Replicate, items: Collection[str], *, doses: bool) -> None:
        self.replicate = replicate
        self.course = Course(replicate)
        self.participations = tuple(
            sorted(
                (Participation(self.course, one) for one in enroll(replicate)),
                key=lambda one: one.enrolled.id,
            )
        )
        self._doses = doses
        self._items = {item: replicate.protocol.item_by_id[item] for item in items}
        self._numeric = {
            name
            for name, item in self._items.items()
            if item.type in NUMBER_TYPES - {"code"} or numeric_codes(replicate.protocol, item)
        }

    def everyone_in(self, arm: int) -> Virtual:
        """The same participants, all in one arm (by index), none of whom leaves or misses a visit."""
        other = copy(self)
        other.participations = tuple(
            Participation(self.course, replace(one.enrolled, arm=arm), complete=True)
            for one in self.participations
        )
        return other

    def cut(self, until: int = END) -> DataCut:
        """The data at the end of a day (ordinal)."""
        subjects, observations = [], []
        gone = 0
        last = date.fromordinal(min(until, self.last_day))
        for one in self.participations:
            if one.enrolled.randomized > until:
                continue
            if any(left.scope == "data_use" and left.recorded <= until for left in one.leavings):
                gone += 1
                continue
            subjects.append(self._subject(one, until))
            observations.extend(self._observations(one, until))
        return DataCut(
            protocol=self.replicate.protocol,
            position=Position(0, "", last),
            mode="rehearsal",
            subjects=tuple(subjects),
            observations=tuple(observations),
            adverse_events=(),
            data_use_withdrawn=gone,
            data_use_withdrawn_randomized=gone,
        )

    @property
    def size(self) -> int:
        """How many were randomized."""
        return len(self.participations)

    @property
    def last_day(self) -> int:
        """The day on which the last participant completed or left."""
        days = [one.ends if one.off_study else one.ends - 1 for one in self.participations]
        return max((day for day in days if day < END), default=self.replicate.starts.toordinal())

    def _subject(self, one: Participation, until: int) -> Subject:
        enrolled = one.enrolled
        anchors, planned = one.anchors_on_record(until)
        leavings = [left for left in one.leavings if left.recorded <= until]
        off = [left for left in leavings if left.scope != "treatment"]
        first = min(leavings, key=lambda left: left.on, default=None)
        first_off = min(off, key=lambda left: left.on, default=None)
        done = one.completed is not None and one.completed <= until
        given = self._administered(one, until) if self._doses else {}
        died = next((left.on for left in leavings if left.category == "death"), None)
        return Subject(
            id=enrolled.id,
            site=enrolled.site,
            screened_on=date.fromordinal(enrolled.screened),
            screening="randomized",
            consented_on=date.fromordinal(enrolled.screened),
            randomized_on=date.fromordinal(enrolled.randomized),
            number=enrolled.number,
            arm=self.replicate.arms[enrolled.arm],
            strata=enrolled.strata,
            strata_true=enrolled.strata,
            anchors={name: date.fromordinal(day) for name, day in anchors.items()},
            provisional=planned,
            doses=doses_of(given),
            administrations=given,
            left_treatment=Left(date.fromordinal(first.on), first.category) if first else None,
            left_follow_up=Left(date.fromordinal(first_off.on), first_off.category)
            if first_off
            else None,
            died_on=date.fromordinal(died) if died is not None else None,
            completed_on=date.fromordinal(one.completed) if done and one.completed else None,
        )

    def _administered(
        self, one: Participation, until: int
    ) -> dict[str, tuple[Administration, ...]]:
        found = {}
        for name, given in sorted(one.doses(until).items()):
            occasions: Counter[int] = Counter()
            listed = []
            for day, taken in given:
                occasions[day] += 1
                listed.append(Administration(date.fromordinal(day), occasions[day], taken))
            found[name] = tuple(sorted(listed))
        return found

    def _observations(self, one: Participation, until: int) -> list[Observation]:
        found: list[Observation] = []
        protocol = self.replicate.protocol
        for attended in one.attended:
            if attended.day > until:
                continue
            before = attended.visit.phase in ("screening", "baseline")
            arm = None if before else one.enrolled.arm
            for form in attended.visit.forms:
                for entry in protocol.form_by_id[form].items:
                    item = self._items.get(entry.item)
                    if item is None:
                        continue
                    text = self.replicate.typed(
                        item.id, one.enrolled.person, arm, attended.day, cured=one.enrolled.cured
                    )
                    if text is None or text == "":
                        continue
                    found.append(
                        Observation(
                            one.enrolled.id,
                            item.id,
                            self._number(item, text),
                            text,
                            date.fromordinal(attended.day),
                            attended.visit.id,
                            form,
                            "1",
                            len(found),
                        )
                    )
        return found

    def _number(self, item: Item, text: str) -> float | None:
        if item.id not in self._numeric:
            return None
        if item.type == "boolean":
            return 1.0 if text == "true" else 0.0
        return float(Decimal(text))


def computable(protocol: Protocol, items: Collection[str]) -> None:
    """Refuse items that the bulk engine cannot observe: `AssumptionError` names each with the reason."""
    diary = {diary.form for diary in protocol.schedule.diaries}
    logs = set(protocol.schedule.log_forms)
    faults = []
    for name in sorted(items):
        item = protocol.item_by_id[name]
        if item.derived is not None:
            faults.append(f"items.{name}: a derived item cannot be an endpoint of the simulation")
        for form in protocol.forms:
            for entry in form.items:
                if entry.item != name:
                    continue
                if form.id in diary | logs:
                    faults.append(
                        f"forms.{form.id}: {name!r} is kept in a diary or log; the simulation "
                        "computes endpoints from visits only"
                    )
                elif entry.only_when is not None:
                    faults.append(
                        f"forms.{form.id}: {name!r} is asked only when {entry.only_when}; the "
                        "simulation computes endpoints from items that are always asked"
                    )
    if faults:
        raise AssumptionError(faults)
