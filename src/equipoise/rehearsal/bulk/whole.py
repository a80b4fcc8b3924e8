"""Whole trials in a compiled kernel: the tables it needs of a protocol, and its replicates as batches.

`WholeTrials` goes through a protocol and its assumptions and refuses (`BeyondError`) whatever the kernel does not repeat;
the caller then computes replicates on arrays. Nothing stands twice that can be asked: visit days come from the
calendar of virtual participants for every course there can be, levels from the tables they are drawn with, criteria from
what is certain of them (`certain`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from equipoise.allocation.rules import PermutedBlocks
from equipoise.allocation.scheme import scheme_of
from equipoise.allocation.uniforms import STREAM_ALLOCATION, stratum_word
from equipoise.analysis.methods.estimate import critical_value
from equipoise.design.interim import futile_p
from equipoise.protocol.document import Endpoint, Occurs
from equipoise.protocol.expression import compile_expression

from ..accrual import (
    YEARS,
    candidates_wanted,
    expected_by_day,
    rate_of,
    registered_start,
)
from ..assumptions import Given, VirtualEvent
from ..columns import kind_of
from ..generate import hazard_units, leaving_hazards
from ..histories import cells
from ..histories.course import read_parameters
from ..histories.latent_mucosal_injury import FLOOR, LatentMucosalInjury
from ..histories.latent_mucosal_injury import tables_of as course_tables
from ..lean import UNIT, key_words, normal_levels, stream_word, waiting_levels
from ..play.calendar import morning
from .attendance import Calendar
from .certain import Days, Facts, UncertainError, certainly_eligible, certainly_fail, holds
from .enrollment import ScreeningPlan
from .operating import Batch, Potential, batch_of, compared
from .outcomes import numbers_of

if TYPE_CHECKING:
    from .kernels.trial import Trial
    from .replicates import Simulator

_MONDAY = 700_001
"""The ordinal of some Monday."""
_MOST_WEEKS = 15
_NEVER_LOOKED = -1.0


class BeyondError(Exception):
    """The kernel does not repeat something that this protocol asks for; the message says what."""


class DisagreementError(RuntimeError):
    """The kernel and the arrays gave different results of a replicate: neither may be believed."""


class WholeTrials:
    """A simulator's replicates, computed in a kernel. Raises `BeyondError` where the protocol asks for more than it knows."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._comparisons = compared(simulator.analyses)
        tables = _Tables(simulator)
        self.trial = tables.trial()
        self._strata = tables.strata
        self._methods = {one.id: one.method for one in simulator.analyses}
        self._stratified = {one.id: one.stratified_by for one in simulator.analyses}

    @property
    def measures(self) -> tuple[str, ...]:
        """What each comparison estimates."""
        kinds = {"cmh": "odds_ratio", "risk_difference_mn": "risk_difference"}
        return tuple(kinds[self._methods[one.analysis]] for one in self._comparisons)

    def batch(self, first: int, count: int) -> Batch:
        """The results of consecutive replicates. Those of which the kernel is in doubt are computed on arrays."""
        return self._computed(first, count, np.zeros((0, 0), dtype=np.int64))

    def with_potential(self, first: int, count: int) -> tuple[Batch, Potential]:
        """The same, and the sums of what the participants would have shown in each arm."""
        arms = [arm.id for arm in self._simulator.protocol.arms]
        sums = np.zeros((len(self._strata), 1 + len(arms)), dtype=np.int64)
        batch = self._computed(first, count, sums)
        found: Potential = {}
        for one in self._comparisons:
            treated, control = arms.index(one.treatment), arms.index(one.control)
            for levels, row in zip(self._strata, sums.tolist(), strict=True):
                stratum = tuple(levels.get(name, "") for name in self._stratified[one.analysis])
                many, first_sum, second = found.get((one.id, stratum), (0, 0.0, 0.0))
                found[one.id, stratum] = (
                    many + row[0],
                    first_sum + row[1 + treated],
                    second + row[1 + control],
                )
        return batch, {key: sums_of for key, sums_of in found.items() if sums_of[0]}

    def check(self, replicates: Sequence[int]) -> None:
        """Compute some replicates on arrays as well. Raises `DisagreementError` where the results are not equal."""
        for replicate in replicates:
            mine = self.batch(replicate, 1)
            other = batch_of([self._simulator.simulate(replicate)], self._simulator.plan)
            alike = np.allclose(mine.values, other.values, rtol=1e-9, atol=1e-12, equal_nan=True)
            for part in ("crossings", "stopped", "size", "days", "randomized"):
                alike = alike and bool((getattr(mine, part) == getattr(other, part)).all())
            if not alike:
                raise DisagreementError(
                    f"replicate {replicate} of seed {self._simulator.seed}: the kernel and the arrays give different "
                    "results; this is a fault of Equipoise, please report it; simulate with --numbers 1"
                )

    def _computed(self, first: int, count: int, potential: npt.NDArray[np.int64]) -> Batch:
        from .kernels.trial import ANALYSES, whole_trials

        many, looks = len(self._comparisons), len(self._simulator.plan.looks) + 1
        values = np.full((count, many, 4), np.nan)
        crossings = np.zeros((count, many, looks), dtype=np.int8)
        stopped, size, days, randomized = (np.zeros(count, dtype=np.int64) for _ in range(4))
        doubtful = np.zeros(count, dtype=np.bool_)
        at = 0
        while at < count:
            # a key holds for 2^32 replicates
            piece = min(count - at, 2**32 - (first + at) % 2**32)
            key = (np.uint64(word) for word in key_words(self._simulator.seed, first + at))
            rows = slice(at, at + piece)
            whole_trials(
                first + at, piece, *key, self.trial, ANALYSES, values[rows], crossings[rows], stopped[rows],
                size[rows], days[rows], randomized[rows], doubtful[rows], potential,
            )  # fmt: skip
            at += piece
        # the tests of the analyses: two-sided normal, and chi-squared with one degree of freedom
        for place, measure in enumerate(self.measures):
            statistic = values[:, place, 3]
            values[:, place, 3] = (
                2 * ndtr(-np.abs(statistic))
                if measure == "risk_difference"
                else chdtrc(1, statistic)
            )
        for place in np.nonzero(doubtful)[0].tolist():
            one = batch_of([self._simulator.simulate(first + place)], self._simulator.plan)
            values[place], crossings[place] = one.values[0], one.crossings[0]
            stopped[place], size[place] = one.stopped[0], one.size[0]
            days[place], randomized[place] = one.days[0], one.randomized[0]
        return Batch(first, values, crossings, stopped, size, days, randomized)


class _Tables:
    """Makes the tables of a simulator's protocol."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._protocol, self._given = simulator.protocol, simulator.assumptions
        if simulator.numbers != 2:
            raise BeyondError("random numbers of the first scheme")
        if self._given.history != "latent_mucosal_injury":
            raise BeyondError(f"the natural history {self._given.history}")
        self._p = read_parameters(LatentMucosalInjury, self._given.history_parameters)
        staff = self._given.staff
        if staff.visit_missed or staff.visit_late:
            raise BeyondError("visits that are missed or late")
        if not simulator.as_arrays:
            raise BeyondError("an analysis set, or visits, that depend on what is observed")
        self._arms = [arm.id for arm in self._protocol.arms]
        self._starts = self._given.accrual.starts or registered_start(self._protocol)
        self._sites = [site.id for site in self._protocol.identity.sites]
        assert self._protocol.randomization is not None
        self._scheme = scheme_of(self._protocol.randomization)
        # one replicate, of which only what is the same in all is asked
        self._screening = ScreeningPlan(simulator.generate(0))
        self._endpoint = self._one_endpoint()
        self._categories = self._category_items()

    # -- what is asked for -------------------------------------------------------------------------

    def _one_endpoint(self) -> Endpoint:
        simulator, p = self._simulator, self._p
        names = {one.endpoint for one in simulator.analyses}
        names |= {simulator.plan.endpoint} if simulator.plan.looks else set()
        if len(names) != 1:
            raise BeyondError("operating analyses of several endpoints")
        endpoint = self._protocol.endpoint_by_id[names.pop()]
        variable = endpoint.variable
        if not isinstance(variable, Occurs):
            raise BeyondError(f"an endpoint of kind {variable.kind}")
        if (variable.never_assessed, variable.left_without_event) != ("no_event", "no_event"):
            raise BeyondError("an endpoint that is not `no_event` where nothing was seen")
        self._exact_grade(variable.item)
        anchors = {anchor.id: anchor for anchor in self._protocol.schedule.anchors}
        start, end = anchors[variable.window.start.anchor], anchors[variable.window.end.anchor]
        if (start.item, start.planned) != (p.items.first, p.items.planned_start):
            raise BeyondError("a window that does not begin with the course")
        if (end.item, end.planned) != (p.items.last, p.items.planned_end):
            raise BeyondError("a window that does not end with the course")
        if variable.window.start.day < 0 or variable.window.end.day != 0:
            raise BeyondError("a window beyond the course")
        if p.items.planned_start is None or p.items.planned_end is None or p.items.last is None:
            raise BeyondError("a course whose days are not planned, or not recorded")
        self._recorded_in_time(start.id, p.items.first, first=True)
        self._recorded_in_time(end.id, p.items.last, first=False)
        for one in simulator.analyses:
            if one.method == "risk_difference_mn" and not one.stratified_by:
                continue
            if one.method != "cmh":
                raise BeyondError(
                    f"the method {one.method}{' over strata' * bool(one.stratified_by)}"
                )
        return endpoint

    def _exact_grade(self, item: str) -> None:
        scale = self._p.items.grades.get(item)
        if scale is None or min(scale.agreement, scale.severe_agreement) < 1:
            raise BeyondError(f"{item}, which is not the model's own grade")

    def _recorded_in_time(self, anchor: str, item: str | None, *, first: bool) -> None:
        """The planned day stands on a form of screening; the last day is written down on that very day."""
        planned = next(one.planned for one in self._protocol.schedule.anchors if one.id == anchor)
        collected = self._screening.collected
        if planned is None or planned not in collected or item in collected:
            raise BeyondError(f"{anchor}, which is not planned at screening")
        if collected[planned][1] is not None:
            raise BeyondError(f"{planned}, which is asked under a condition")
        if first:
            return
        forms = self._protocol.form_by_id
        for visit in self._protocol.schedule.visits:
            there = any(entry.item == item for name in visit.forms for entry in forms[name].items)
            if there and visit.anchor == anchor and visit.day == 0 and visit.until is None:
                return
        raise BeyondError(f"{item}, which no visit of that day records")

    # -- items that decide something ---------------------------------------------------------------

    def _category_items(self) -> dict[str, tuple[tuple[str, ...], npt.NDArray[np.float64]]]:
        """Items that decide strata, susceptibility or deaths: levels, and their cumulated chances."""
        p = self._p
        names: list[str] = []
        assert self._protocol.randomization is not None
        names += [one.item for one in self._protocol.randomization.strata if one.item]
        by_level = (p.susceptibility, p.radiotherapy.dose, p.radiotherapy.fractions)
        names += [one.item for one in by_level if one.item]
        names += [p.chemotherapy.item] if p.chemotherapy else []
        names += [name for event in self._fatal() for name in event.only_when]
        forced = {
            name for one in self._given.participants.screening_failures for name in one.values
        }
        found = {}
        for name in dict.fromkeys(names):
            if name in forced or name in p.items.grades or name in self._given.participants.series:
                raise BeyondError(f"{name}, which decides more than one thing")
            found[name] = self._levels(name, self._given.participants.items.get(name))
        for factor in self._protocol.randomization.strata:
            if factor.item is None:
                continue
            asked = self._screening.collected.get(factor.item)
            if asked is None or asked[1] is not None:
                raise BeyondError(f"{factor.item}, which is not always asked before allocation")
            if not set(found[factor.item][0]) <= set(factor.levels):
                raise BeyondError(f"levels of {factor.item} that are no stratum")
        return found

    def _levels(
        self, name: str, way: Given | None
    ) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
        item = self._protocol.item_by_id[name]
        if way is not None and way.choose is not None and kind_of(item) in ("code", "boolean"):
            cumulated = np.cumsum(np.array(list(way.choose.values()), dtype=np.float64))
            return tuple(way.choose), cumulated / cumulated[-1]
        if way is not None and way.probability is not None and kind_of(item) == "boolean":
            return ("true", "false"), np.array([way.probability, 1.0])
        raise BeyondError(f"{name}, whose levels are not chosen by chance alone")

    def _fatal(self) -> list[VirtualEvent]:
        return [
            one
            for one in self._given.adverse_events
            if 5 in one.grades or (one.serious and one.serious_grade >= 5)
        ]

    def _joint(self) -> list[dict[str, str]]:
        """Every joint level, the last item moving first."""
        names = list(self._categories)
        return [
            dict(zip(names, levels, strict=True))
            for levels in itertools.product(*(self._categories[name][0] for name in names))
        ]

    # -- what is certain ---------------------------------------------------------------------------

    def _check_screening(self) -> None:
        """Who is not made to fail is randomized on the day planned; whoever is fails."""
        given, plan, p = self._given, self._screening, self._p
        low, high = given.accrual.days_to_randomization
        if plan.decided_twice:
            raise BeyondError("criteria that are decided anew on the day of randomization")
        if low < 1 or given.accrual.rescreening_after_days[0] < 6:
            raise BeyondError("randomization, or a second screening, within a day or a week")
        spans = [
            count + 2 * ((weekday + count) // 5)
            for count in range(low, high + 1)
            for weekday in range(5)
        ]
        start, shift = p.radiotherapy.start_after_randomization, p.radiotherapy.shift
        if min(spans) + start - shift.known_before[1] <= 0 and shift.probability:
            raise BeyondError("a course whose start may have moved by the day of screening")
        assert p.items.planned_start is not None
        days = {p.items.planned_start: Days(min(spans) + start, max(spans) + start + 6)}
        numbers: dict[str, Mapping[tuple[str, str], float]] = {}
        if p.items.planned_dose is not None:
            numbers[p.items.planned_dose] = self._planned_doses()
        facts = Facts(
            self._protocol, given, plan.collected, plan.ranges, days, numbers, {},
        )  # fmt: skip
        later = given.accrual.rescreening_after_days[1] + 2 if given.accrual.rescreening else 0
        forced = Facts(
            self._protocol, given, plan.collected, plan.ranges, days, numbers, {}, later,
        )  # fmt: skip
        try:
            if not certainly_eligible(facts):
                raise BeyondError("criteria that not everybody meets who is not made to fail")
            for index, one in enumerate(given.participants.screening_failures):
                if one.probability and not certainly_fail(forced, index):
                    raise BeyondError(f"a violation of {one.criterion} that is not certain")
            self._check_moment(facts, start)
        except UncertainError as error:
            raise BeyondError(f"criteria that depend on {error}") from error

    def _planned_doses(self) -> dict[tuple[str, str], float]:
        """The planned dose by the item that decides it."""
        plan, found = self._p.radiotherapy, {}
        items = {one.item for one in (plan.dose, plan.fractions) if one.item is not None}
        if len(items) > 1:
            raise BeyondError("a planned dose that several items decide")
        item = next(iter(items), None)
        levels = self._categories[item][0] if item else ("",)
        for level in levels:
            dose = plan.dose.levels.get(level, plan.dose.otherwise)
            fractions = int(plan.fractions.levels.get(level, plan.fractions.otherwise))
            # rounding moves it by less than this
            found[item or "", level] = round(dose * fractions, 6)
        return found

    def _check_moment(self, facts: Facts, start: int) -> None:
        """The conditions of the day of randomization hold for everybody."""
        randomization = self._protocol.randomization
        assert randomization is not None
        if randomization.latest is not None:
            anchors = {one.id: one for one in self._protocol.schedule.anchors}
            anchor = anchors[randomization.latest.anchor]
            if anchor.planned != self._p.items.planned_start:
                raise BeyondError("a latest day of randomization that is not before the course")
            if start + randomization.latest.day < 0:
                raise BeyondError("a day of randomization that may come too late")
        for condition in randomization.requires:
            tree = compile_expression(condition, self._protocol).tree
            if holds(facts, tree) != frozenset({True}):
                raise BeyondError(f"the condition {condition}, which may not hold")

    # -- the tables --------------------------------------------------------------------------------

    def trial(self) -> Trial:
        """All of them."""
        from .kernels.trial import Allocation, Analyses, Course, Leaving, Recruitment, Trial

        self._check_screening()
        streams = (
            "candidate", "failure", "history/radiotherapy", "history/frailty", "history/lag", "history/kind",
            "history/noise", "adherence/level", "adherence/doses", "attrition/day", "attrition/kind",
        )  # fmt: skip
        return Trial(
            streams=np.array([stream_word(name) for name in streams], dtype=np.uint64),
            waiting=waiting_levels(),
            recruitment=Recruitment(**self._recruitment()),
            allocation=Allocation(**self._allocation()),
            course=Course(**self._course()),
            leaving=Leaving(**self._calendars(), **self._leaving()),
            analyses=Analyses(**self._analyses()),
        )

    def _recruitment(self) -> dict[str, Any]:
        protocol, given = self._protocol, self._given
        plan = given.accrual
        starts = self._starts.toordinal()
        days = YEARS * 366
        working = (starts + np.arange(days) - 1) % 7 < 5
        rates = [rate_of(protocol, plan, site) for site in self._sites]
        expected = [np.cumsum(expected_by_day(rate, working)) * UNIT for rate in rates]
        size = protocol.design.sample_size
        assert size is not None
        zones = [protocol.site_by_id[site].timezone for site in self._sites]
        later = days + 200
        mornings = np.array([_mornings(zone, starts, later) for zone in zones], dtype=np.int64)
        specs = given.participants.screening_failures
        shares = np.cumsum(
            [*(one.probability for one in specs), 1 - sum(s.probability for s in specs)]
        )
        fails = sum(one.probability for one in specs) * (1 - plan.rescreening)
        stays = (1 - plan.consent_refusal) * (1 - fails)
        return {
            "target": size.target,
            "wanted": candidates_wanted(protocol, given),
            "enough": math.ceil(size.target / max(stays, 0.05) * 1.03) + 4,
            "starts": starts,
            "weekday_0": (starts - 1) % 7,
            "expected": np.floor(np.array(expected)).astype(np.int64),
            "mornings": mornings,
            "refusal": float(plan.consent_refusal),
            "fails": float(shares[-2] / shares[-1]) if specs else 0.0,
            "wait": _whole(plan.days_to_randomization),
            "rescreening": float(plan.rescreening),
            "rescreened_after": _whole(plan.rescreening_after_days),
        }

    def _allocation(self) -> dict[str, Any]:
        scheme, randomization = self._scheme, self._protocol.randomization
        assert randomization is not None
        if not isinstance(scheme.rule, PermutedBlocks):
            raise BeyondError(f"randomization by {scheme.rule.type}")
        joint = self._joint()
        items = list(self._categories)
        most = max((len(self._categories[name][0]) for name in items), default=1)
        cumulated = np.ones((max(len(items), 1), most))
        for at, name in enumerate(items):
            cumulated[at, : len(self._categories[name][0])] = self._categories[name][1]
        places: dict[str, int] = {}
        levels_of: list[dict[str, str]] = []
        stratum_of = np.zeros((len(self._sites), len(joint)), dtype=np.int64)
        for at, site in enumerate(self._sites):
            for to, levels in enumerate(joint):
                strata = {
                    factor.id: site if factor.source == "site" else levels[factor.item or ""]
                    for factor in randomization.strata
                }
                name = scheme.stratum(strata)
                if name not in places:
                    places[name] = len(places)
                    levels_of.append(strata)
                stratum_of[at, to] = places[name]
        self.strata = levels_of
        return {
            "item_streams": np.array(
                [stream_word(f"item/{name}") for name in items], dtype=np.uint64
            ),
            "item_levels": _whole([len(self._categories[name][0]) for name in items]),
            "item_cumulated": cumulated,
            "stratum_of": stratum_of,
            "stratum_words": np.array([stratum_word(name) for name in places], dtype=np.uint64),
            "block_sizes": _whole(scheme.rule.sizes),
            "ratio": _whole(scheme.ratio),
            "arm_of": _whole([self._arms.index(arm) for arm in scheme.arm_ids]),
            "seed": np.uint64(self._simulator.seed & (2**64 - 1)),
            "stream": np.uint64(STREAM_ALLOCATION),
        }

    def _by_category(self, given: Any) -> npt.NDArray[np.float64]:
        return np.array(
            [
                given.levels.get(levels.get(given.item or "", ""), given.otherwise)
                for levels in self._joint()
            ],
            dtype=np.float64,
        )

    def _course(self) -> dict[str, Any]:
        p, given = self._p, self._given
        plan, radiotherapy = given.adherence, p.radiotherapy
        occasions = max(
            (len(diary.dose_items) for diary in self._protocol.schedule.diaries), default=1
        )
        known = course_tables(p, plan.alpha, plan.beta, max(occasions, 1))
        strength = self._by_category(radiotherapy.dose) * self._by_category(p.susceptibility)
        if p.chemotherapy is not None:
            item, kappa = p.chemotherapy.item, p.chemotherapy.kappa
            treated = np.array([levels[item] == "true" for levels in self._joint()])
            strength = strength * (1 + kappa * treated)
        fractions = self._by_category(radiotherapy.fractions).astype(np.int64)
        if fractions.min() < 2:
            raise BeyondError("a course of less than two fractions")
        effect = [p.effect.get(arm, 0.0) for arm in self._arms]
        noise = known.noise.astype(np.float64)
        reach = max(
            fresh / (1 - keep) if keep < 1 else math.inf
            for keep, fresh in ((noise[1], noise[2]), (noise[3], noise[4]))
        )
        variable = self._endpoint.variable
        assert isinstance(variable, Occurs)
        bars = sorted(p.thresholds)
        if list(p.thresholds) != bars:
            raise BeyondError("thresholds that do not rise")
        above, leaving = plan.while_above, given.attrition.while_above
        if leaving is not None:
            self._exact_grade(leaving.item)
        chosen = [
            self._bar(bars, self._least_grade(variable.item, float(variable.at_least))),
            self._bar(bars, None if leaving is None else math.ceil(leaving.at_least)),
            self._bar(bars, None if above is None else math.ceil(above.at_least)),
        ]
        return {
            "start_after": radiotherapy.start_after_randomization,
            "shift": _reals((radiotherapy.shift.probability, *radiotherapy.shift.days)),
            "stopped_early": float(radiotherapy.stopped_early),
            "interruption": _reals(
                (radiotherapy.interruption.probability, *radiotherapy.interruption.days)
            ),
            "fractions": fractions,
            "susceptibility": strength.astype(np.float32),
            "patterns": self._patterns(int(fractions.max())),
            "insensitive": (float(p.insensitive.fraction), np.float32(p.insensitive.shift)),
            "slow": float(p.slow_healing.fraction),
            "frailty": known.frailty,
            "transit": known.transit,
            "healing": known.healing,
            "healing_slowly": known.healing_slowly,
            "floor": np.float32(FLOOR),
            "normal": normal_levels(),
            "noise": known.noise,
            "adherence": known.adherence,
            "declines": cells.declines(plan, range(_MOST_WEEKS)),
            "doses": known.doses,
            "left": np.stack([known.remaining(share) for share in effect]),
            "acts": _whole([share != 0 for share in effect]),
            "bias": np.array(
                [p.assessor_bias.get(arm, 0.0) for arm in self._arms], dtype=np.float32
            ),
            "bars": np.array(chosen, dtype=np.float32),
            "severe_factor": np.float32(1.0 if above is None else above.factor),
            "widest": np.float32(reach * float(normal_levels()[-1]) * 1.001),
        }

    @staticmethod
    def _bar(bars: Sequence[float], grade: int | None) -> float:
        if grade is None or grade > len(bars):
            return math.inf
        if grade < 1:
            raise BeyondError("a grade that everybody has")
        return bars[grade - 1]

    def _least_grade(self, item: str, at_least: float) -> int:
        """The least grade whose code counts."""
        definition = self._protocol.item_by_id[item]
        codes = tuple(str(grade) for grade in range(5))
        if kind_of(definition) == "code":
            listed = self._protocol.codelist_by_id[definition.codelist or ""].codes
            named = tuple(code.code for code in listed)
            codes = (named + (named[-1],) * 5)[:5]
        counts = (numbers_of(codes) >= at_least).tolist()
        if counts != sorted(counts):
            raise BeyondError(f"codes of {item} that do not rise with the grade")
        return counts.index(True) if True in counts else 5

    def _longest(self, fractions: int) -> int:
        """The last day of the longest course, counted from its first."""
        gap = self._p.radiotherapy.interruption.days[1]
        return max(_working_span(weekday, fractions - 1 + gap) for weekday in range(5))

    def _patterns(self, most: int) -> npt.NDArray[np.uint32]:
        """Bits of the days with a fraction, by weekday of the first and number of fractions together, and week."""
        patterns = np.zeros((5, most + 1, _MOST_WEEKS), dtype=np.uint32)
        for weekday in range(5):
            for fractions in range(1, most + 1):
                given, day = 0, 0
                while given < fractions:
                    if (weekday + day) % 7 < 5:
                        patterns[weekday, fractions, day // 7] |= np.uint32(1 << day % 7)
                        given += 1
                    day += 1
        return patterns.reshape(-1, _MOST_WEEKS)

    def _calendars(self) -> dict[str, Any]:
        """For every weekday of a first day and every last one: visits in the window, and the day of completing."""
        protocol, p = self._protocol, self._p
        longest = self._longest(int(self._by_category(p.radiotherapy.fractions).max()))
        if longest // cells.WEEK + 1 > _MOST_WEEKS:
            raise BeyondError(f"a course of more than {_MOST_WEEKS} weeks")
        weekdays, lasts = np.meshgrid(np.arange(5), np.arange(longest + 1), indexing="ij")
        first = _MONDAY + weekdays.ravel()
        last = first + lasts.ravel()
        true = {}
        for anchor in protocol.schedule.anchors:
            if anchor.event is None:
                if anchor.item not in (p.items.first, p.items.last):
                    raise BeyondError(f"the anchor {anchor.id}, which is no day of the course")
                true[anchor.id] = first if anchor.item == p.items.first else last
        planned = [
            one for one in protocol.schedule.visits if one.phase not in ("screening", "baseline")
        ]
        for visit in planned:
            if visit.anchor not in true or (visit.until is not None and visit.until not in true):
                raise BeyondError(f"the visit {visit.id}, which does not follow the course")
        if p.radiotherapy.start_after_randomization < 4:
            raise BeyondError("a course that begins within days of randomization")
        nothing = np.zeros((first.size, len(protocol.schedule.visits)), dtype=np.int64)
        calendar = Calendar(protocol, true, first - 100, nothing, nothing.astype(np.bool_))
        variable = self._endpoint.variable
        assert isinstance(variable, Occurs)
        forms = {
            form.id
            for form in protocol.forms
            for entry in form.items
            if entry.item == variable.item
        }
        asks = np.array([bool(forms & set(visit.forms)) for visit in calendar.visits])
        day = calendar.day - first[:, None]
        inside = calendar.done & asks & (day >= variable.window.start.day)
        inside &= day <= (last - first)[:, None]
        held = np.sort(np.where(inside, day, 10_000), axis=1)
        counted = inside.sum(axis=1)
        shape = (5, longest + 1)
        bits = np.where(inside, np.left_shift(1, np.clip(cells.cell_of(day), 0, 31)), 0)
        return {
            "seen_on": held[:, : max(int(counted.max()), 1)].reshape(*shape, -1).astype(np.int64),
            "visits": counted.reshape(shape).astype(np.int64),
            "all_seen": np.bitwise_or.reduce(bits, axis=1).reshape(shape).astype(np.uint32),
            "completes": (calendar.completes - first).reshape(shape).astype(np.int64),
        }

    def _leaving(self) -> dict[str, Any]:
        given, p = self._given, self._p
        plan = given.attrition
        if plan.until_day > p.days_after or plan.until_day > 300:
            raise BeyondError("leaving later than the course is followed")
        first, last = -p.radiotherapy.start_after_randomization, 1000
        if any(one.from_day < first or one.until_day > last for one in self._fatal()):
            raise BeyondError("deaths before randomization, or years after it")
        kinds = {"treatment": 0, "follow_up": 1, "data_use": 2}
        weights = np.cumsum(np.array(list(plan.scopes.values()), dtype=np.float64))
        fatal = self._fatal()
        joint = self._joint()
        most = max((len(one.grades) for one in fatal), default=1)
        grades = np.ones((len(fatal), most))
        kills = np.zeros((len(fatal), most), dtype=np.bool_)
        names: list[str] = []
        seen: dict[str, int] = {}
        for spec in given.adverse_events:
            turn = seen.get(spec.term, 0)
            seen[spec.term] = turn + 1
            if spec in fatal:
                names.append(f"event/{spec.term}" + (f"/{turn}" if turn else ""))
        for at, one in enumerate(fatal):
            cumulated = np.cumsum(np.array(list(one.grades.values()), dtype=np.float64))
            grades[at, : cumulated.size] = cumulated / cumulated[-1]
            kills[at, : cumulated.size] = [grade == 5 for grade in one.grades]
        return {
            "hazard": hazard_units(leaving_hazards(plan, self._arms)),
            "risk_from": plan.from_day,
            "risk_until": plan.until_day,
            "scopes": weights / weights[-1],
            "scope_kinds": _whole([kinds[scope] for scope in plan.scopes]),
            "products": np.array([bool(arm.interventions) for arm in self._protocol.arms]),
            "death_streams": np.array([stream_word(name) for name in names], dtype=np.uint64),
            "death_chances": _reals([one.probability for one in fatal]),
            "death_days": _whole([(one.from_day, one.until_day) for one in fatal]).reshape(-1, 2),
            "death_arms": np.array(
                [[not one.arms or arm in one.arms for arm in self._arms] for one in fatal],
                dtype=np.bool_,
            ).reshape(-1, len(self._arms)),
            "death_categories": np.array(
                [
                    [
                        all(levels[name] == level for name, level in one.only_when.items())
                        for levels in joint
                    ]
                    for one in fatal
                ],
                dtype=np.bool_,
            ).reshape(-1, len(joint)),
            "death_grades": grades,
            "death_fatal": kills,
            "death_serious": _reals(
                [one.serious if one.serious_grade >= 5 else 0.0 for one in fatal]
            ),
        }

    def _analyses(self) -> dict[str, Any]:
        simulator = self._simulator
        plan, comparisons = simulator.plan, compared(simulator.analyses)
        of = {one.id: one for one in simulator.analyses}
        tables, bounds = [], []
        for one in comparisons:
            analysis = of[one.analysis]
            names = [
                tuple(levels.get(factor, "") for factor in analysis.stratified_by)
                for levels in self.strata
            ]
            order = sorted(set(names))
            tables.append([order.index(name) for name in names])
            looked = analysis.endpoint == plan.endpoint
            at_looks = [_level(look.critical) if looked else _NEVER_LOOKED for look in plan.looks]
            bounds.append([*at_looks, _level(plan.critical_at_the_end(analysis.endpoint))])
        confidences = [of[one.analysis].confidence for one in comparisons]
        return {
            "looks": _whole([look.participants for look in plan.looks]),
            "comparisons": _whole(
                [
                    (self._arms.index(one.treatment), self._arms.index(one.control))
                    for one in comparisons
                ]
            ),
            "methods": _whole([int(of[one.analysis].method == "cmh") for one in comparisons]),
            "tables": _whole(tables),
            "bounds": np.array(bounds, dtype=np.float64),
            "one_sided": plan.favorable if plan.sided == 1 else 0,
            "futile": _reals(
                [
                    *(
                        0.0 if one.futility is None else futile_p(one.futility)
                        for one in plan.looks
                    ),
                    0.0,
                ]
            ),
            "favorable": plan.favorable,
            "quantiles": _reals(
                [critical_value(0.95 if one is None else float(one)) for one in confidences]
            ),
            "first": 0,
        }


def _level(critical: float) -> float:
    """The two-sided p of a critical value."""
    return math.erfc(critical / math.sqrt(2))


def _working_span(weekday: int, count: int) -> int:
    return count + 2 * ((weekday + count) // 5)


def _mornings(zone: str, starts: int, days: int) -> list[int]:
    """Minutes from the midnight before, of Greenwich, at which work begins, by day."""
    found = []
    for day in range(starts, starts + days):
        begins = morning(zone, day)
        found.append(1440 * (begins.toordinal() - day + 1) + 60 * begins.hour + begins.minute)
    return found


def _whole(values: Any) -> npt.NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _reals(values: Any) -> npt.NDArray[np.float64]:
    return np.array(list(values), dtype=np.float64)
