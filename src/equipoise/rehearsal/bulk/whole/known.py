"""What the kernel knows of a protocol and its assumptions; whatever else they ask for is refused."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from equipoise.protocol.document import Occurs

from ...assumptions import Given
from ...columns import kind_of
from ...histories.course import read_parameters
from ...histories.latent_mucosal_injury import LatentMucosalInjury
from ..enrollment import ScreeningPlan
from .errors import BeyondError

if TYPE_CHECKING:
    from ..replicates import Simulator


class Known:
    """A simulator's protocol and assumptions, where the kernel repeats what they ask for. Raises `BeyondError` elsewhere."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.protocol, self.given = simulator.protocol, simulator.assumptions
        if simulator.numbers != 2:
            raise BeyondError("random numbers of the first scheme")
        if self.given.history != "latent_mucosal_injury":
            raise BeyondError(f"the natural history {self.given.history}")
        self.parameters = read_parameters(LatentMucosalInjury, self.given.history_parameters)
        staff = self.given.staff
        if staff.visit_missed or staff.visit_late:
            raise BeyondError("visits that are missed or late")
        if not simulator.as_arrays:
            raise BeyondError("an analysis set, or visits, that depend on what is observed")
        self.arms = [arm.id for arm in self.protocol.arms]
        self.sites = [site.id for site in self.protocol.identity.sites]
        assert self.protocol.randomization is not None
        self.randomization = self.protocol.randomization
        # one replicate, of which only what is the same in all is asked
        self.screening = ScreeningPlan(simulator.generate(0))
        self.variable = self._one_variable()
        """What the only endpoint asks for."""
        self.fatal = [
            one
            for one in self.given.adverse_events
            if 5 in one.grades or (one.serious and one.serious_grade >= 5)
        ]
        self.categories = self._category_items()
        """Items that decide strata, susceptibility or deaths: levels, and their cumulated chances."""

    @cached_property
    def joint(self) -> list[dict[str, str]]:
        """The categories of the kernel: every joint level of the items that decide, the last item moving first."""
        return [
            dict(zip(self.categories, levels, strict=True))
            for levels in itertools.product(*(levels for levels, _ in self.categories.values()))
        ]

    # -- what is asked for -------------------------------------------------------------------------

    def _one_variable(self) -> Occurs:
        simulator, p = self.simulator, self.parameters
        names = {one.endpoint for one in simulator.analyses}
        names |= {simulator.plan.endpoint} if simulator.plan.looks else set()
        if len(names) != 1:
            raise BeyondError("operating analyses of several endpoints")
        variable = self.protocol.endpoint_by_id[names.pop()].variable
        if not isinstance(variable, Occurs):
            raise BeyondError(f"an endpoint of kind {variable.kind}")
        if (variable.never_assessed, variable.left_without_event) != ("no_event", "no_event"):
            raise BeyondError("an endpoint that is not `no_event` where nothing was seen")
        self.exact_grade(variable.item)
        anchors = {anchor.id: anchor for anchor in self.protocol.schedule.anchors}
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
        return variable

    def exact_grade(self, item: str) -> None:
        """Raise `BeyondError` where the item is not the grade of the model itself."""
        scale = self.parameters.items.grades.get(item)
        if scale is None or min(scale.agreement, scale.severe_agreement) < 1:
            raise BeyondError(f"{item}, which is not the model's own grade")

    def _recorded_in_time(self, anchor: str, item: str | None, *, first: bool) -> None:
        """The planned day stands on a form of screening; the last day is written down on that very day."""
        planned = next(one.planned for one in self.protocol.schedule.anchors if one.id == anchor)
        collected = self.screening.collected
        if planned is None or planned not in collected or item in collected:
            raise BeyondError(f"{anchor}, which is not planned at screening")
        if collected[planned][1] is not None:
            raise BeyondError(f"{planned}, which is asked under a condition")
        if first:
            return
        forms = self.protocol.form_by_id
        for visit in self.protocol.schedule.visits:
            there = any(entry.item == item for name in visit.forms for entry in forms[name].items)
            if there and visit.anchor == anchor and visit.day == 0 and visit.until is None:
                return
        raise BeyondError(f"{item}, which no visit of that day records")

    # -- items that decide something ---------------------------------------------------------------

    def _category_items(self) -> dict[str, tuple[tuple[str, ...], npt.NDArray[np.float64]]]:
        p = self.parameters
        names: list[str] = []
        names += [one.item for one in self.randomization.strata if one.item]
        by_level = (p.susceptibility, p.radiotherapy.dose, p.radiotherapy.fractions)
        names += [one.item for one in by_level if one.item]
        names += [p.chemotherapy.item] if p.chemotherapy else []
        names += [name for event in self.fatal for name in event.only_when]
        forced = {name for one in self.given.participants.screening_failures for name in one.values}
        found = {}
        for name in dict.fromkeys(names):
            if name in forced or name in p.items.grades or name in self.given.participants.series:
                raise BeyondError(f"{name}, which decides more than one thing")
            found[name] = self._levels(name, self.given.participants.items.get(name))
        for factor in self.randomization.strata:
            if factor.item is None:
                continue
            asked = self.screening.collected.get(factor.item)
            if asked is None or asked[1] is not None:
                raise BeyondError(f"{factor.item}, which is not always asked before allocation")
            if not set(found[factor.item][0]) <= set(factor.levels):
                raise BeyondError(f"levels of {factor.item} that are no stratum")
        return found

    def _levels(
        self, name: str, way: Given | None
    ) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
        item = self.protocol.item_by_id[name]
        if way is not None and way.choose is not None and kind_of(item) in ("code", "boolean"):
            cumulated = np.cumsum(np.array(list(way.choose.values()), dtype=np.float64))
            return tuple(way.choose), cumulated / cumulated[-1]
        if way is not None and way.probability is not None and kind_of(item) == "boolean":
            return ("true", "false"), np.array([way.probability, 1.0])
        raise BeyondError(f"{name}, whose levels are not chosen by chance alone")

    def by_category(self, given: Any) -> npt.NDArray[np.float64]:
        """What an item decides, for each category."""
        return np.array(
            [
                given.levels.get(levels.get(given.item or "", ""), given.otherwise)
                for levels in self.joint
            ],
            dtype=np.float64,
        )


def working_span(weekday: int, count: int) -> int:
    """The days from a working day (0 for Monday) to the one `count` working days later."""
    return count + 2 * ((weekday + count) // 5)
