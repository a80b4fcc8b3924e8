"""The arithmetic of the supply: whether what is dispensed covers what is taken."""

from __future__ import annotations

from decimal import Decimal

from equipoise.protocol.document import Intervention, Regimen, Supply
from equipoise.quantity.units import UnitError, commensurable, convert

from .collection import BEFORE_RANDOMIZATION
from .examination import Examination


def check_stock(examination: Examination) -> None:
    """Each supply against the regimen it serves, and each regimen against the supplies."""
    protocol = examination.protocol
    for index, supply in enumerate(protocol.supply):
        intervention = protocol.intervention_by_id.get(supply.intervention)
        if intervention is None:
            continue
        if intervention.regimen is None:
            examination.error(
                "supply-without-regimen",
                intervention.id,
                f"supply[{index}].intervention",
                (
                    f"{intervention.id!r} is dispensed, and has no regimen that says how much is taken",
                    f"{intervention.id!r} 有发放计划，但没有给药方案",
                ),
                ("give it a regimen", "请为其指定给药方案"),
            )
            continue
        place = f"supply[{index}]"
        _check_amount(examination, supply, intervention, intervention.regimen, place)
        _check_dispensing(examination, supply, intervention.regimen, place)
    supplied = {supply.intervention for supply in protocol.supply}
    given = {name for arm in protocol.arms for name in arm.interventions}
    for index, intervention in enumerate(protocol.interventions):
        if intervention.id in given and intervention.regimen and intervention.id not in supplied:
            examination.warning(
                "supply-missing",
                intervention.id,
                f"interventions[{index}].id",
                (
                    f"nothing says how {intervention.id!r} is dispensed",
                    f"未说明 {intervention.id!r} 如何发放",
                ),
                ("declare it under `supply`", "请在 `supply` 中声明"),
            )


def _check_amount(
    examination: Examination,
    supply: Supply,
    intervention: Intervention,
    regimen: Regimen,
    place: str,
) -> None:
    if supply.units_per_day <= 0:
        examination.error(
            "supply-short",
            intervention.id,
            f"{place}.units_per_day",
            ("no unit a day is dispensed", "每日发放数量不为正"),
            ("write how many units a day needs", "请填写每日所需数量"),
        )
        return
    if supply.usable_volume is None or supply.volume_unit is None:
        return
    try:
        if not commensurable(regimen.dose_unit, supply.volume_unit):
            examination.error(
                "supply-unit",
                intervention.id,
                f"{place}.volume_unit",
                (
                    f"the dose is in {regimen.dose_unit!r} and the supply in {supply.volume_unit!r}",
                    f"剂量单位为 {regimen.dose_unit!r}，而供应单位为 {supply.volume_unit!r}",
                ),
                ("state both in units that convert", "请使用可互相换算的单位"),
            )
            return
        dose = convert(regimen.dose, regimen.dose_unit, supply.volume_unit)
    except UnitError:
        return
    needed = dose * regimen.times_a_day
    available = supply.usable_volume * supply.units_per_day
    unit = supply.volume_unit
    if needed > available:
        units = -(-needed // supply.usable_volume) if supply.usable_volume > 0 else Decimal(0)
        remedy = f"units_per_day: {units}" if units else "usable_volume"
        examination.error(
            "supply-short",
            intervention.id,
            f"{place}.units_per_day",
            (
                f"{regimen.times_a_day} × {dose.normalize():f} {unit} = {needed.normalize():f} {unit} a day"
                f" are taken, and {available.normalize():f} {unit} dispensed",
                f"每日用量 {regimen.times_a_day} × {dose.normalize():f} {unit} = {needed.normalize():f} {unit}，"
                f"而每日发放 {available.normalize():f} {unit}",
            ),
            (f"dispense more, for instance {remedy}", f"请增加发放，例如 {remedy}"),
        )
    _check_preparation(examination, supply, intervention, regimen, place)


def _check_preparation(
    examination: Examination,
    supply: Supply,
    intervention: Intervention,
    regimen: Regimen,
    place: str,
) -> None:
    preparation = regimen.preparation
    if (
        preparation is None
        or preparation.volume is None
        or preparation.unit is None
        or supply.usable_volume is None
        or supply.volume_unit is None
    ):
        return
    try:
        prepared = convert(preparation.volume, preparation.unit, supply.volume_unit)
    except UnitError:
        return
    if supply.usable_volume > prepared:
        examination.error(
            "supply-exceeds-preparation",
            intervention.id,
            f"{place}.usable_volume",
            (
                f"{supply.usable_volume} {supply.volume_unit} of a unit are said to be usable,"
                f" and {preparation.volume} {preparation.unit} are prepared",
                f"可用量 {supply.usable_volume} {supply.volume_unit} 超过配制量"
                f" {preparation.volume} {preparation.unit}",
            ),
            ("mend one of the two volumes", "请更正其中一个体积"),
        )


def _check_dispensing(
    examination: Examination, supply: Supply, regimen: Regimen, place: str
) -> None:
    """The first dispensing comes before the first dose, and none after the last."""
    protocol = examination.protocol
    visits = [
        (at, visit)
        for at, name in enumerate(supply.dispensing_visits)
        if (visit := protocol.visit_by_id.get(name)) is not None
    ]
    if not supply.dispensing_visits:
        examination.warning(
            "never-dispensed",
            supply.intervention,
            f"{place}.dispensing_visits",
            (
                f"no visit dispenses {supply.intervention!r}",
                f"没有访视发放 {supply.intervention!r}",
            ),
            ("list the visits that do", "请列出发放访视"),
        )
    if not visits:
        return
    first = next(
        (visit for visit in protocol.schedule.visits if visit.id in supply.dispensing_visits),
        visits[0][1],
    )
    comparable = all(visit.anchor == regimen.start.anchor for _, visit in visits)
    if comparable and all(visit.day > regimen.start.day for _, visit in visits):
        examination.error(
            "dispensing-gap",
            supply.intervention,
            f"{place}.dispensing_visits",
            (
                f"the first dose is due on day {regimen.start.day} of {regimen.start.anchor!r},"
                f" before the first dispensing at {first.id!r}",
                f"首次给药为 {regimen.start.anchor!r} 第 {regimen.start.day} 天，早于首次发放访视 {first.id!r}",
            ),
            ("dispense at a visit on or before that day", "请在该日或之前的访视发放"),
        )
    for at, visit in visits:
        late = visit.anchor == regimen.stop.anchor and visit.day - visit.before > regimen.stop.day
        early = visit.phase in BEFORE_RANDOMIZATION and visit.phase == "screening"
        if late or early:
            examination.error(
                "dispensing-visit",
                f"{supply.intervention}.{visit.id}",
                f"{place}.dispensing_visits[{at}]",
                (
                    f"{visit.id!r} dispenses {'after the last dose' if late else 'at screening, before anybody is allocated'}",
                    f"访视 {visit.id!r} 的发放{'晚于末次给药' if late else '在筛选期，尚未分组'}",
                ),
                ("dispense within the regimen", "请在给药期内发放"),
            )
