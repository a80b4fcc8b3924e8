"""Who is randomized, when, in which order and to which arm: the screening of a replicate, decided on its arrays.

It repeats, day for day, what `play.screening` brings about through the trial's commands when staff make no
mistakes; criteria, conditions and allocation are the trial's own rules. `test_twin_law.py` holds the
two roads equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.allocation.scheme import Scheme, scheme_of
from equipoise.conduct.eligibility import assess
from equipoise.conduct.environment import ParticipantEnvironment
from equipoise.conduct.state import ConsentRecord, LaboratoryRange, ParticipantState, Stamp
from equipoise.protocol.document import Form, Item, Protocol
from equipoise.protocol.expression import Datum, compile_expression
from equipoise.quantity.dates import PartialDate

from ..assumptions import AssumptionError
from ..columns import Days
from ..generate import NEVER, Replicate
from ..play.calendar import DAY_BEFORE_WEEKEND, appointment, morning
from ..play.screening import PATIENCE_DAYS
from .allocating import RowUniforms, arms_in_order
from .criteria import ArrayCriteria, Screenings, Sides

_NOBODY = Stamp(0, "", "", "")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A participant randomized in a replicate. Days are ordinals; `person` is the place in the arrays.

    `id` is the number the trial gives; `number` counts allocations from 1; `cured` says that a second screening
    led to the allocation.
    """

    person: int
    id: str
    site: str
    screened: int
    randomized: int
    number: int
    arm: int
    strata: Mapping[str, str]
    cured: bool
    previous: bool


@dataclass(frozen=True, slots=True)
class _Moment:
    """When something happens: the day, the instant of the appointment, the person."""

    day: int
    instant: datetime
    person: int

    @property
    def key(self) -> tuple[int, datetime, int]:
        """In the order in which a play goes through them."""
        return (self.day, self.instant, self.person)


@dataclass(frozen=True, slots=True)
class _Way:
    """A candidate's way: when screened (once or twice), and when randomized if ever."""

    screenings: tuple[_Moment, ...]
    randomized: _Moment | None


class _Typed(Mapping[str, Datum | None]):
    """What is on record of a candidate before allocation, read from the arrays when it is asked for."""

    def __init__(self, plan: ScreeningPlan, person: int, days: Mapping[str, int], cured: bool):
        self._plan = plan
        self._person = person
        self._days = days
        """By form: the day on which it is filled."""
        self._cured = cured
        self._found: dict[str, Datum | None] = {}
        self.environment: ParticipantEnvironment | None = None

    def __contains__(self, name: object) -> bool:
        return name in self._plan.collected

    def __len__(self) -> int:
        return len(self._plan.collected)

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.collected)

    def __getitem__(self, name: str) -> Datum | None:
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name]

    def _read(self, name: str) -> Datum | None:
        form, condition = self._plan.collected[name]
        day = self._days.get(form)
        if day is None:
            return None
        if condition is not None:
            assert self.environment is not None
            asked = compile_expression(condition, self._plan.protocol).evaluate(self.environment)
            if asked.value is not True:
                return None
        text = self._plan.replicate.typed(name, self._person, None, day, cured=self._cured)
        if text is None or text == "":
            return None
        return _datum(self._plan.protocol.item_by_id[name], text, day)


def _datum(item: Item, text: str, day: int) -> Datum:
    on = date.fromordinal(day)
    if item.type in ("decimal", "integer"):
        return Datum(Decimal(text), item.unit, on)
    if item.type == "boolean":
        return Datum(text == "true", None, on)
    if item.type == "date":
        return Datum(date.fromisoformat(text), None, on)
    if item.type == "partial_date":
        return Datum(PartialDate.parse(text), None, on)
    return Datum(text, None, on)


class ScreeningPlan:
    """What a protocol asks before allocation, and how its candidates fare in one replicate."""

    def __init__(self, replicate: Replicate) -> None:
        self.replicate = replicate
        self.protocol = replicate.protocol
        if self.protocol.randomization is None:
            raise AssumptionError(["randomization: a trial without one cannot be simulated"])

    @cached_property
    def collected(self) -> Mapping[str, tuple[str, str | None]]:
        """Items asked before allocation: the form, and the condition under which they are asked."""
        found: dict[str, tuple[str, str | None]] = {}
        for form in (*self._forms("screening"), *self._forms("baseline")):
            for entry in form.items:
                item = self.protocol.item_by_id[entry.item]
                if item.derived is None and item.type != "identity":
                    found[entry.item] = (form.id, entry.only_when)
        return found

    def _forms(self, phase: str) -> list[Form]:
        visits = [visit for visit in self.protocol.schedule.visits if visit.phase == phase]
        return [self.protocol.form_by_id[form] for visit in visits for form in visit.forms]

    @cached_property
    def ranges(self) -> Mapping[str, tuple[LaboratoryRange, ...]]:
        """The laboratory ranges in force at each site."""
        return {site: tuple(_ranges(self.replicate, site)) for site in self.replicate.sites}

    # -- all candidates ----------------------------------------------------------------------------

    @cached_property
    def _arrays(self) -> ArrayCriteria:
        return ArrayCriteria(self.replicate, self.collected, self.ranges)

    @cached_property
    def decided_twice(self) -> bool:
        """Whether what is decided the day after screening can differ from what is decided at the end."""
        texts = [one.met_when for one in self.protocol.eligibility.criteria if one.met_when]
        names = [compile_expression(text, self.protocol).names for text in texts]
        return bool(self._forms_of["baseline"]) or any("today" in found for found in names)

    def ways(self) -> list[_Way]:
        """How every candidate fares, as long as recruitment is open."""
        replicate = self.replicate
        everyone = np.arange(replicate.persons)
        come = everyone[~replicate.refuses]
        randomized, failed = self._screenings(come, replicate.screened[come], cured=False)
        moments = [
            [self._moment(day, person)] for person, day in enumerate(replicate.screened.tolist())
        ]
        days = np.full(replicate.persons, NEVER)
        days[come] = randomized
        again = come[(failed < NEVER) & (replicate.rescreened[come] < NEVER)]
        if again.size:
            failed_on = np.full(replicate.persons, NEVER)
            failed_on[come] = failed
            returned = np.maximum(replicate.rescreened[again], working_days(failed_on[again] + 1))
            days[again], _ = self._screenings(again, returned, cured=True)
            for person, day in zip(again.tolist(), returned.tolist(), strict=True):
                moments[person].append(self._moment(day, person))
        return [
            _Way(tuple(moments[person]), self._moment(day, person) if day < NEVER else None)
            for person, day in enumerate(days.tolist())
        ]

    def _screenings(
        self, persons: npt.NDArray[np.int64], screened: Days, *, cured: bool
    ) -> tuple[Days, Days]:
        """The day of randomization and the day on which the screening failed, `NEVER` where not."""
        decide = working_days(screened + 1)
        planned = np.maximum(self.replicate.randomized[persons], decide)
        randomized, failed = np.full(persons.size, NEVER), np.full(persons.size, NEVER)
        undecided = np.ones(persons.size, dtype=np.bool_)
        if self.decided_twice:
            early = self._verdicts(persons, screened, decide, False, cured)
            out = (early == 0) & (decide < planned)
            failed[out] = decide[out]
            undecided = ~out
        verdicts = self._verdicts(persons, screened, planned, True, cured)
        late = undecided & (verdicts < 0)
        failed[late] = working_days(planned[late] + PATIENCE_DAYS)
        out = undecided & (verdicts == 0)
        failed[out] = planned[out] if self.decided_twice else decide[out]
        passed = undecided & (verdicts == 1)
        timely = self._timely(persons, screened, planned, cured)
        randomized[passed & timely] = planned[passed & timely]
        failed[passed & ~timely] = planned[passed & ~timely]
        return randomized, failed

    def screenings(
        self,
        persons: npt.NDArray[np.int64],
        screened: Days,
        today: Days,
        baseline: bool,
        cured: bool,
    ) -> Screenings:
        """What is on record of some candidates on a day."""
        forms = {form.id: screened for form in self._forms_of["screening"]}
        if baseline:
            for form in self._forms_of["baseline"]:
                forms.setdefault(form.id, today)
        return Screenings(persons, screened, today, forms, cured)

    def _verdicts(
        self,
        persons: npt.NDArray[np.int64],
        screened: Days,
        today: Days,
        baseline: bool,
        cured: bool,
    ) -> Sides:
        among = self.screenings(persons, screened, today, baseline, cured)
        sides, doubtful = self._arrays.eligible(among)
        for at in np.nonzero(doubtful)[0].tolist():
            verdict = self.eligible(
                int(persons[at]), int(screened[at]), int(today[at]), baseline, cured
            )
            sides[at] = -1 if verdict is None else int(verdict)
        return sides

    def _timely(
        self, persons: npt.NDArray[np.int64], screened: Days, today: Days, cured: bool
    ) -> npt.NDArray[np.bool_]:
        sides, doubtful = self._arrays.in_time(
            self.screenings(persons, screened, today, True, cured)
        )
        holds = np.asarray(sides == 1)
        for at in np.nonzero(doubtful)[0].tolist():
            holds[at] = self.in_time(int(persons[at]), int(screened[at]), int(today[at]), cured)
        return holds

    def levels(self, ways: Sequence[_Way]) -> list[dict[str, str] | None]:
        """The strata of some who are to be randomized, in their order."""
        found: list[dict[str, str] | None] = [None] * len(ways)
        for cured in (False, True):
            places = [at for at, way in enumerate(ways) if (len(way.screenings) > 1) == cured]
            if not places:
                continue
            chosen = [ways[at] for at in places]
            among = self.screenings(
                np.array([way.screenings[0].person for way in chosen]),
                np.array([way.screenings[-1].day for way in chosen]),
                np.array([way.randomized.day if way.randomized else 0 for way in chosen]),
                True,
                cured,
            )
            levels = self._arrays.strata(among)
            if levels is None:
                levels = [
                    self.strata(int(person), int(day), int(today), cured)
                    for person, day, today in zip(
                        among.persons, among.screened, among.today, strict=True
                    )
                ]
            for at, level in zip(places, levels, strict=True):
                found[at] = level
        return found

    # -- one candidate, by the language itself -----------------------------------------------------

    def _moment(self, day: int, person: int) -> _Moment:
        site = self.protocol.site_by_id[self.replicate.sites[int(self.replicate.site[person])]]
        return _Moment(day, appointment(morning(site.timezone, day), day, person), person)

    def _environment(
        self, person: int, screened: int, today: int, baseline: bool, cured: bool
    ) -> tuple[ParticipantState, _Typed, ParticipantEnvironment]:
        on = date.fromordinal(screened)
        version = self.protocol.consents[-1].version if self.protocol.consents else "1"
        state = ParticipantState(
            id="",
            protocol=self.protocol,
            site=self.replicate.sites[int(self.replicate.site[person])],
            screened_on=on,
            consents=(ConsentRecord(version, on, _NOBODY),),
        )
        days = {form.id: screened for form in self._forms_of["screening"]}
        if baseline:
            for form in self._forms_of["baseline"]:
                days.setdefault(form.id, today)
        typed = _Typed(self, person, days, cured)
        environment = ParticipantEnvironment(
            state, self.ranges[state.site], typed, date.fromordinal(today)
        )
        typed.environment = environment
        return state, typed, environment

    @cached_property
    def _forms_of(self) -> Mapping[str, list[Form]]:
        return {phase: self._forms(phase) for phase in ("screening", "baseline")}

    def eligible(
        self, person: int, screened: int, today: int, baseline: bool, cured: bool
    ) -> bool | None:
        """The criteria on what is on record by then, with the judgements of the investigator."""
        replicate = self.replicate
        failure = int(replicate.failure[person])
        forced = None
        if failure >= 0 and not cured:
            forced = replicate.assumptions.participants.screening_failures[failure]
        judgements = {}
        for criterion in self.protocol.eligibility.criteria:
            if criterion.judgement:
                fits = criterion.kind == "inclusion"
                if forced and forced.judgement is not None and forced.criterion == criterion.id:
                    fits = forced.judgement
                judgements[criterion.id] = fits
        state, typed, _ = self._environment(person, screened, today, baseline, cured)
        return assess(
            self.protocol,
            state,
            judgements,
            self.ranges[state.site],
            overlay=typed,
            today=date.fromordinal(today),
        ).eligible

    def in_time(self, person: int, screened: int, today: int, cured: bool) -> bool:
        """Whether the conditions of the moment of randomization hold."""
        randomization = self.protocol.randomization
        assert randomization is not None
        _, _, environment = self._environment(person, screened, today, True, cured)
        if randomization.latest is not None:
            anchor = environment.value(randomization.latest.anchor)
            if anchor is None or not isinstance(anchor.value, date):
                return False
            if date.fromordinal(today) > anchor.value + timedelta(days=randomization.latest.day):
                return False
        return all(
            compile_expression(condition, self.protocol).evaluate(environment).value is True
            for condition in randomization.requires
        )

    def strata(self, person: int, screened: int, today: int, cured: bool) -> dict[str, str] | None:
        """The level of every factor, or None where one is unknown."""
        randomization = self.protocol.randomization
        assert randomization is not None
        _, _, environment = self._environment(person, screened, today, True, cured)
        levels = {}
        for factor in randomization.strata:
            if factor.source == "site":
                levels[factor.id] = self.replicate.sites[int(self.replicate.site[person])]
                continue
            datum = environment.value(factor.item) if factor.item else None
            level = None if datum is None else _plain(datum.value)
            if level is None or level not in factor.levels:
                return None
            levels[factor.id] = level
        return levels


def working_days(days: Days) -> Days:
    """`working_day` of each."""
    over = (days - 1) % 7 - DAY_BEFORE_WEEKEND
    return np.where(over <= 0, days, days + 3 - over)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ranges(replicate: Replicate, site: str) -> Iterator[LaboratoryRange]:
    laboratory = replicate.assumptions.laboratory
    own = laboratory.sites[site].ranges if site in laboratory.sites else {}
    for item, entries in {**laboratory.ranges, **own}.items():
        for entry in entries:
            yield LaboratoryRange(
                item,
                None if entry.lower is None else Decimal(entry.lower),
                None if entry.upper is None else Decimal(entry.upper),
                entry.unit or replicate.protocol.item_by_id[item].unit or "1",
                date.min,
                entry.sex,
            )


def enroll(replicate: Replicate) -> tuple[Enrolled, ...]:
    """Everyone randomized, in the order of the allocations."""
    plan = ScreeningPlan(replicate)
    protocol = replicate.protocol
    target = (
        protocol.design.sample_size.target if protocol.design.sample_size else replicate.persons
    )
    ways = plan.ways()
    reached = sorted(
        (way for way in ways if way.randomized is not None),
        key=lambda way: way.randomized.key,  # type: ignore[union-attr]
    )
    numbers = _numbers(replicate, ways)
    levels = plan.levels(reached)
    chosen = [
        (way, strata) for way, strata in zip(reached, levels, strict=True) if strata is not None
    ][:target]
    arms = arms_in_order(
        _scheme(protocol),
        [strata for _, strata in chosen],
        RowUniforms(replicate.seed, replicate.replicate),
    )
    enrolled = []
    for number, ((way, strata), arm) in enumerate(zip(chosen, arms, strict=True), start=1):
        assert way.randomized is not None
        person, screened = way.randomized.person, way.screenings[-1]
        cured = len(way.screenings) > 1
        site = replicate.sites[int(replicate.site[person])]
        enrolled.append(
            Enrolled(
                person=person,
                id=f"{site}-{numbers[screened.key]:04d}",
                site=site,
                screened=screened.day,
                randomized=way.randomized.day,
                number=number,
                arm=replicate.arms.index(arm),
                strata=strata,
                cured=cured,
                previous=cured,
            )
        )
    return tuple(enrolled)


def _numbers(replicate: Replicate, ways: list[_Way]) -> dict[tuple[int, datetime, int], int]:
    """The number each screening gets at its site, as long as recruitment is open."""
    counts: dict[int, int] = {}
    numbers = {}
    for moment in sorted((m for way in ways for m in way.screenings), key=lambda m: m.key):
        site = int(replicate.site[moment.person])
        counts[site] = counts.get(site, 0) + 1
        numbers[moment.key] = counts[site]
    return numbers


def _scheme(protocol: Protocol) -> Scheme:
    assert protocol.randomization is not None
    return scheme_of(protocol.randomization)
