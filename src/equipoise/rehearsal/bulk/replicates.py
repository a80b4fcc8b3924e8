"""One replicate of a trial, simulated: its looks, its final analyses, its size and duration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from equipoise.allocation.scheme import AllocationError, scheme_of
from equipoise.analysis.cut import DataCut
from equipoise.analysis.effects import run_analysis
from equipoise.analysis.endpoints import EndpointData, endpoint_data
from equipoise.analysis.results import AnalysisResult
from equipoise.design.interim import (
    LookTaken,
    Monitoring,
    awaited_until,
    look_day,
    monitoring,
    operating_analyses,
    take_look,
)
from equipoise.protocol.document import Analysis, Endpoint, Protocol
from equipoise.protocol.expression import compile_derived, compile_expression

from ..assumptions import AssumptionError, RehearsalAssumptions
from ..generate import NEVER, Replicate, generate
from .cutting import END, Virtual, computable
from .enrollment import enroll
from .needs import in_need
from .outcomes import Outcomes, suits
from .participation import Participation

if TYPE_CHECKING:
    from .whole import WholeTrials


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a replicate comes to. `final` are the operating analyses on the whole trial, whether it stopped or not."""

    replicate: int
    randomized: int
    looks: tuple[LookTaken, ...]
    final: tuple[AnalysisResult, ...]
    starts: date
    ends: date

    @property
    def stopped(self) -> LookTaken | None:
        """The look that stopped the trial, for efficacy or for futility, if any did."""
        return next((look for look in self.looks if look.stops or look.futile), None)


class Simulator:
    """Simulates replicates of one protocol under one set of assumptions.

    Raises `AssumptionError` where the protocol asks for what cannot be simulated, and `DesignError` where it does
    not say how to decide.
    """

    def __init__(
        self,
        protocol: Protocol,
        assumptions: RehearsalAssumptions,
        seed: int,
        *,
        numbers: int = 1,
    ) -> None:
        self.protocol = protocol
        self.numbers = numbers
        """The scheme of random numbers."""
        self.assumptions = assumptions
        self.seed = seed
        self.analyses: tuple[Analysis, ...] = operating_analyses(protocol)
        if not self.analyses:
            raise AssumptionError(
                ["analyses: none is marked `operating: true`; mark those whose power is wanted"]
            )
        self.plan: Monitoring = monitoring(protocol)
        names = {analysis.endpoint for analysis in self.analyses}
        names |= {self.plan.endpoint} if self.plan.looks else set()
        sets = {
            analysis.population or protocol.endpoint_by_id[analysis.endpoint].population
            for analysis in self.analyses
        }
        rules = [one for one in protocol.analysis_sets if one.id in sets]
        names |= {one.endpoint for one in rules if one.endpoint}
        events = in_need(protocol, [protocol.endpoint_by_id[name] for name in names], rules)
        self.items = events.items
        self._doses = events.doses
        self.as_arrays = suits(protocol, sorted(sets), names)
        if protocol.randomization is None:
            raise AssumptionError(["randomization: a trial without one cannot be simulated"])
        try:
            scheme_of(protocol.randomization)
        except AllocationError as error:
            raise AssumptionError([f"randomization: {error}"]) from error
        computable(protocol, self.items)
        screened = decided_on(protocol) - set(assumptions.laboratory.items)
        self._generated = self.items | screened

    @cached_property
    def _kernel(self) -> tuple[WholeTrials | None, str]:
        # it needs this module
        from .whole import BeyondError, WholeTrials

        try:
            return WholeTrials(self), "in a compiled kernel"
        except BeyondError as beyond:
            return None, f"on arrays: the kernel does not know {beyond}"

    @property
    def whole(self) -> WholeTrials | None:
        """The kernel for whole trials, where it knows all that this protocol and its assumptions ask for."""
        return self._kernel[0] if self.numbers == 2 else None

    @property
    def computed(self) -> str:
        """How replicates are computed, and why not in a kernel."""
        return self._kernel[1] if self.numbers == 2 else "on arrays"

    def generate(self, replicate: int) -> Replicate:
        """The arrays of a replicate."""
        return generate(
            self.protocol,
            self.seed,
            replicate,
            assumptions=self.assumptions,
            items=self._generated,
            doses=self._doses,
            compiled=True,
            numbers=self.numbers,
        )

    def simulate(self, replicate: int) -> Simulated:
        """One replicate, from its random numbers to its analyses."""
        arrays = self.generate(replicate)
        return self.analyze(arrays, self.followed(arrays))

    def followed(self, arrays: Replicate) -> Outcomes | Virtual:
        """The replicate's participants: as arrays where the protocol's analyses allow it, else one by one."""
        if self.as_arrays:
            return Outcomes(arrays, enroll(arrays))
        return Virtual(arrays, self.items, doses=self._doses)

    def outcomes(
        self, followed: Outcomes | Virtual, data: DataCut, endpoint: str, until: int = END
    ) -> EndpointData:
        """The outcomes for an endpoint at the end of a day, of which `data` is the cut."""
        declared = self.protocol.endpoint_by_id[endpoint]
        if isinstance(followed, Outcomes):
            return followed.endpoint(declared, until)
        return endpoint_data(data, declared)

    def analyze(self, arrays: Replicate, followed: Outcomes | Virtual) -> Simulated:
        """The looks and the final analyses of a replicate."""
        data = followed.cut(END)
        known: dict[str, EndpointData] = {}
        results = []
        for analysis in self.analyses:
            if analysis.endpoint not in known:
                known[analysis.endpoint] = self.outcomes(followed, data, analysis.endpoint)
            results.append(run_analysis(data, analysis, known[analysis.endpoint]))
        return Simulated(
            replicate=arrays.replicate,
            randomized=followed.size,
            looks=tuple(self._looks(followed)),
            final=tuple(results),
            starts=arrays.starts,
            ends=date.fromordinal(followed.last_day),
        )

    def _looks(self, followed: Outcomes | Virtual) -> Iterable[LookTaken]:
        if not self.plan.looks:
            return
        endpoint = self.protocol.endpoint_by_id[self.plan.endpoint]
        days: list[date | None]
        if isinstance(followed, Outcomes):
            ordinals = followed.awaited_until(endpoint).tolist()
            days = [date.fromordinal(day) if day < NEVER else None for day in ordinals]
        else:
            days = [_awaited(one, endpoint, followed) for one in followed.participations]
        for look in self.plan.looks:
            day = look_day(look, days)
            if day is not None:
                data = followed.cut(day.toordinal())
                outcomes = self.outcomes(followed, data, self.plan.endpoint, day.toordinal())
                yield take_look(look, data, self.plan, outcomes)


def decided_on(protocol: Protocol) -> frozenset[str]:
    """The items that decide who is randomized and in which stratum, those they are derived from included."""
    randomization = protocol.randomization
    texts = [one.met_when for one in protocol.eligibility.criteria if one.met_when is not None]
    names: set[str] = set()
    if randomization is not None:
        texts += randomization.requires
        names.update(factor.item for factor in randomization.strata if factor.item)
        if randomization.latest is not None:
            names.add(randomization.latest.anchor)
    early = {
        form
        for visit in protocol.schedule.visits
        for form in visit.forms
        if visit.phase in ("screening", "baseline")
    }
    texts += [
        entry.only_when
        for form in protocol.forms
        for entry in form.items
        if form.id in early and entry.only_when is not None
    ]
    for text in texts:
        compiled = compile_expression(text, protocol)
        names |= compiled.names | compiled.references
    for anchor in protocol.schedule.anchors:
        if anchor.id in names:
            names.update(item for item in (anchor.item, anchor.planned) if item is not None)
    waiting = set(names)
    while waiting:
        item = protocol.item_by_id.get(waiting.pop())
        if item is not None and item.derived is not None:
            found = compile_derived(item, protocol).names - names
            names |= found
            waiting |= found
    return frozenset(names & set(protocol.item_by_id))


def _awaited(one: Participation, endpoint: Endpoint, virtual: Virtual) -> date | None:
    anchors, _ = one.anchors_on_record(END)
    forms = virtual.course.forms_with.get(endpoint.variable.item, frozenset())
    visits: Mapping[str, date] = {
        attended.visit.id: date.fromordinal(attended.day)
        for attended in one.attended
        if forms.intersection(attended.visit.forms)
    }
    return awaited_until(
        endpoint,
        {name: date.fromordinal(day) for name, day in anchors.items()},
        visits,
        date.fromordinal(one.off_study.on) if one.off_study else None,
        date.fromordinal(one.completed) if one.completed else None,
    )
