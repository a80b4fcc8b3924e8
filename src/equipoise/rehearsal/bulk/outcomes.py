"""Endpoints of all participants of a replicate at once.

It repeats, on arrays, the rules of `analysis.endpoints`; a generative test holds them equal, outcome by outcome and day
by day. `suits` says whether a protocol's looks and analyses can be had this way; where not, the participants are
gone through one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from equipoise.analysis.cut import DataCut, Position, Subject
from equipoise.analysis.endpoints import LEFT_WITHOUT_EVENT, NEVER_ASSESSED, EndpointData, Outcome
from equipoise.analysis.intercurrent import carried_out
from equipoise.protocol.document import (
    AverageOverTime,
    ChangeAt,
    DaysAtLeast,
    Endpoint,
    Occurs,
    Offset,
    Protocol,
    Repeated,
    TimeTo,
    ValueAt,
    Worst,
)

from ..columns import Days
from ..generate import NEVER
from .attendance import Attendance, Marks

Floats = npt.NDArray[np.float64]


def suits(protocol: Protocol, populations: Sequence[str], endpoints: Collection[str]) -> bool:
    """Whether these analysis sets hold everyone randomized, no intercurrent event bears on these endpoints, which are of
    kinds that are computed here, and no visit depends on an expression."""
    sets = [one for one in protocol.analysis_sets if one.id in populations]
    everyone = all(one.rule == "randomized" and not one.exclusions for one in sets)
    named = [protocol.endpoint_by_id[name] for name in endpoints]
    observed = not any(carried_out(one) for one in named)
    computed = not any(isinstance(one.variable, Repeated | AverageOverTime) for one in named)
    return (
        everyone
        and observed
        and computed
        and all(v.only_when is None for v in protocol.schedule.visits)
    )


class NotOnArraysError(ValueError):
    """An endpoint of a kind that is computed participant by participant only: `suits` answers no to it."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(
            f"{endpoint.id}: {endpoint.variable.kind} is not computed on arrays; go through the participants"
        )


class Outcomes(Attendance):
    """The outcomes of those who attend."""

    def everyone_in(self, arm: int) -> Outcomes:
        """The same participants, all in one arm (by index), none of whom leaves or misses a visit."""
        others = [replace(one, arm=arm) for one in self.enrolled]
        return Outcomes(self._replicate, others, complete=True)

    # -- observations --------------------------------------------------------------------------------

    def _observed(self, item: str) -> tuple[Days, Floats, Marks, tuple[str, ...]]:
        """Day, value and presence `[participant, visit]` of an item, over the visits that ask for it, and their ids."""
        forms = self._forms_with(item)
        days, values, there, names = [], [], [], []
        for visit in self._early:
            if forms.intersection(visit.forms):
                day = self.screened if visit.phase == "screening" else self.randomized
                days.append(day)
                values.append(self._values(item, day, np.zeros_like(self._arm)))
                there.append(np.ones(self.size, dtype=np.bool_))
                names.append(visit.id)
        for at, visit in enumerate(self._visits):
            if forms.intersection(visit.forms):
                days.append(self._day[:, at])
                values.append(self._values(item, self._day[:, at], self._arm))
                there.append(self._attended[:, at])
                names.append(visit.id)
        if not names:
            nothing = np.zeros((self.size, 0))
            return nothing.astype(np.int64), nothing, nothing.astype(np.bool_), ()
        return (
            np.stack(days, axis=1), np.stack(values, axis=1), np.stack(there, axis=1), tuple(names),
        )  # fmt: skip

    def _values(self, item: str, day: Days, arm: npt.NDArray[np.int64]) -> Floats:
        """The numbers that would be recorded on a day (`nan` where the value is no number)."""
        replicate, person = self._replicate, self._person
        series, column = replicate.series.get(item), replicate.columns.get(item)
        still = replicate.still.get(item)
        if series is not None:
            at = day - replicate.course.first[person] + replicate.course.days_before
            drawn = series.values[arm, person, np.clip(at, 0, replicate.course.length - 1)]
            if series.codes is None:
                values = drawn.astype(np.float64)
            else:
                values = numbers_of(series.codes)[drawn.astype(np.int64)]
        elif still is not None:
            values = still.values[person]
        elif column is not None:
            values = self._of_column(column.values[person], column.kind)
        else:
            values = np.full(self.size, np.nan)
        failure = replicate.failure[person]
        for index, forced in replicate.failing.items():
            if item in forced:
                here = (failure == index) & ~self._cured
                other = self._of_column(forced[item].values[person], forced[item].kind)
                values = np.where(here, other, values)
        return np.asarray(values, dtype=np.float64)

    def _of_column(self, values: npt.NDArray[np.generic], kind: str) -> Floats:
        if kind == "code":
            return numbers_of(tuple(str(value) for value in values.tolist()))
        if kind in ("date", "text"):
            return np.full(values.size, np.nan)
        return values.astype(np.float64)

    # -- endpoints -----------------------------------------------------------------------------------

    def awaited_until(self, endpoint: Endpoint) -> Days:
        """The day from which nothing more is awaited of each for an endpoint (`NEVER`: something always is)."""
        variable = endpoint.variable
        if isinstance(variable, ValueAt | ChangeAt):
            days, _, there, names = self._observed(variable.item)
            seen = np.full(self.size, NEVER)
            for at, name in enumerate(names):
                if name == variable.visit:
                    seen = np.where(there[:, at], days[:, at], seen)
        elif isinstance(variable, Repeated | AverageOverTime):
            raise NotOnArraysError(endpoint)
        else:
            seen = _offset(self.anchors(NEVER), variable.window.end)
        return np.asarray(np.minimum(np.minimum(seen, self.off_on), self.completed), dtype=np.int64)

    def endpoint(self, endpoint: Endpoint, until: int) -> EndpointData:
        """The outcome of everyone randomized and usable by the end of a day."""
        arms = self._replicate.arms
        who = np.nonzero(self.usable(until))[0].tolist()
        value, event, baseline, missing, counted = self._outcome(endpoint, until)
        kinds = isinstance(endpoint.variable, Occurs | TimeTo)
        return EndpointData(
            endpoint,
            tuple(
                Outcome(self.enrolled[at].id, arms[self._arm[at]], missing=missing[at])
                if missing[at]
                else Outcome(
                    self.enrolled[at].id,
                    arms[self._arm[at]],
                    value[at],
                    event[at] if kinds else None,
                    baseline[at] if baseline else None,
                    "",
                    counted[at],
                )
                for at in who
            ),
        )

    def _outcome(
        self, endpoint: Endpoint, until: int
    ) -> tuple[list[float], list[bool], list[float] | None, list[str], list[str]]:
        variable = endpoint.variable
        if isinstance(variable, Repeated | AverageOverTime):
            raise NotOnArraysError(endpoint)
        days, values, there, names = self._observed(variable.item)
        there = there & (days <= until) & ~np.isnan(values)
        size = self.size
        missing = np.full(size, "", dtype="U16")
        counted = np.full(size, "", dtype="U20")
        event: Marks = np.zeros(size, dtype=np.bool_)
        if isinstance(variable, ValueAt | ChangeAt):
            here, seen = _at(names, values, there, variable.visit)
            missing = np.where(seen, missing, "no_assessment")
            if isinstance(variable, ValueAt):
                return here.tolist(), event.tolist(), None, missing.tolist(), counted.tolist()
            before, known = _at(names, values, there, variable.baseline)
            missing = np.where(seen & ~known, "no_baseline", missing)
            change = here - before
            return (
                change.tolist(),
                event.tolist(),
                before.tolist(),
                missing.tolist(),
                counted.tolist(),
            )
        anchors = self.anchors(until)
        first, last = _offset(anchors, variable.window.start), _offset(anchors, variable.window.end)
        dated = (first < NEVER) & (last < NEVER)
        off = (self.off_recorded <= until) | (self.completed <= until)
        if isinstance(variable, TimeTo):
            origin = _offset(anchors, variable.origin)
            begins = np.maximum(first, origin)
            dated = dated & (origin < NEVER)
        else:
            begins = first
        inside = there & (days >= begins[:, None]) & (days <= last[:, None]) & dated[:, None]
        any_seen = inside.any(axis=1)
        if isinstance(variable, Worst):
            result = np.where(inside, values, -np.inf).max(axis=1, initial=-np.inf)
        elif isinstance(variable, Occurs):
            event = np.asarray((inside & (values >= float(variable.at_least))).any(axis=1))
            result = event.astype(np.float64)
        else:
            reached = inside & (values >= float(variable.at_least))
            event = np.asarray(reached.any(axis=1))
            earliest = np.where(reached, days, NEVER).min(axis=1, initial=NEVER)
            latest = np.where(reached, days, 0).max(axis=1, initial=0)
            if isinstance(variable, TimeTo):
                stop = np.where(inside, days, 0).max(axis=1, initial=0)
                result = (np.where(event, earliest, stop) - origin).astype(np.float64)
            else:
                assert isinstance(variable, DaysAtLeast)
                result = np.where(event, latest - earliest, 0).astype(np.float64)
        waits = (last > until) & ~off
        if isinstance(variable, Occurs):
            missing = np.where(~dated & ~off, "no_anchor", missing)
            missing = np.where(dated & waits, "window_open", missing)
            unseen = np.where(dated, "no_assessment", "no_anchor")
            left = np.where(self.off_recorded <= until, self.off_on, NEVER)
            open_ = (missing == "") & ~event
            never = open_ & ~any_seen
            early = open_ & any_seen & dated & (left < last)
            for where, handling, rule, reason in (
                (never, variable.never_assessed, NEVER_ASSESSED, unseen),
                (
                    early,
                    variable.left_without_event,
                    LEFT_WITHOUT_EVENT,
                    np.full(size, "left_early"),
                ),
            ):
                if handling == "missing":
                    missing = np.where(where, reason, missing)
                else:
                    counted = np.where(where, rule, counted)
                    event = np.where(where, handling == "event", event)
            result = event.astype(np.float64)
        else:
            missing = np.where(~dated, "no_anchor", missing)
            if not isinstance(variable, TimeTo):
                missing = np.where(dated & waits, "window_open", missing)
            missing = np.where((missing == "") & ~any_seen, "no_assessment", missing)
        return result.tolist(), event.tolist(), None, missing.tolist(), counted.tolist()

    # -- the cut -------------------------------------------------------------------------------------

    @cached_property
    def _subjects(self) -> tuple[Subject, ...]:
        arms = self._replicate.arms
        return tuple(
            Subject(
                id=one.id,
                site=one.site,
                screened_on=date.fromordinal(one.screened),
                screening="randomized",
                randomized_on=date.fromordinal(one.randomized),
                number=one.number,
                arm=arms[one.arm],
                strata=one.strata,
                strata_true=one.strata,
            )
            for one in self.enrolled
        )

    def cut(self, until: int) -> DataCut:
        """Who is in the data at the end of a day: arms and strata, without observations."""
        usable = self.usable(until)
        gone = int(((self.randomized <= until) & ~usable).sum())
        return DataCut(
            protocol=self._protocol,
            position=Position(0, "", date.fromordinal(min(until, self.last_day))),
            mode="rehearsal",
            subjects=tuple(
                subject
                for subject, kept in zip(self._subjects, usable.tolist(), strict=True)
                if kept
            ),
            observations=(),
            adverse_events=(),
            data_use_withdrawn=gone,
            data_use_withdrawn_randomized=gone,
        )


def _offset(anchors: Mapping[str, Days], offset: Offset) -> Days:
    days = anchors[offset.anchor]
    return np.where(days < NEVER, days + offset.day, NEVER)


def _at(names: Sequence[str], values: Floats, there: Marks, visit: str) -> tuple[Floats, Marks]:
    """The values at a visit, and whose are known."""
    for at, name in enumerate(names):
        if name == visit:
            return values[:, at], there[:, at]
    return np.full(values.shape[0], np.nan), np.zeros(values.shape[0], dtype=np.bool_)


def numbers_of(codes: tuple[str, ...]) -> Floats:
    """Codes as numbers: those of a list are all numbers or none is; yes is 1 and no is 0."""
    truth = {"true": 1.0, "false": 0.0}
    return np.array(
        [
            truth[code]
            if code in truth
            else float(code)
            if code.lstrip("-").isdecimal()
            else np.nan
            for code in codes
        ]
    )
