"""The data dictionary and every expression: types, units, ranges, codelists."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from equipoise.protocol.document import Item
from equipoise.protocol.expression import ExpressionError, faults_of
from equipoise.quantity.units import UnitError, check_unit, commensurable

from .examination import Examination

_NUMERIC = ("integer", "decimal")

_EXPRESSION_CODES = {
    "syntax": ("expression-syntax", "语法有误"),
    "unknown-name": ("expression-name", "使用了未知名称"),
    "type": ("expression-type", "类型不符"),
    "unit": ("expression-unit", "单位不符"),
}


def check_dictionary(examination: Examination) -> None:
    """Items, their units and ranges, and all expressions."""
    for index, item in enumerate(examination.protocol.items):
        _check_units(examination, item, f"items[{index}]")
        _check_fit(examination, item, f"items[{index}]")
        _check_range(examination, item, f"items[{index}]")
    _check_other_units(examination)
    _check_expressions(examination)
    _check_cycles(examination)


def unit_fault(examination: Examination, code: str, place: str, owner: str) -> bool:
    """Write down a unit that is not UCUM; whether it is not."""
    try:
        check_unit(code)
    except UnitError as error:
        examination.error(
            "unknown-unit",
            f"{owner}.{code}",
            place,
            (error.message, f"{code!r} 不是可识别的 UCUM 单位"),
            (error.remedy or "write a UCUM unit", "请使用 UCUM 单位代码"),
        )
        return True
    return False


def _check_units(examination: Examination, item: Item, place: str) -> None:
    if item.unit is None:
        if item.units:
            examination.error(
                "unit-missing",
                item.id,
                f"{place}.units",
                (
                    f"{item.id!r} lists other units but has none of its own to convert them to",
                    f"{item.id!r} 列出了其他单位，但没有自身的单位",
                ),
                ("give the item a `unit`", "请为该数据项指定 `unit`"),
            )
        return
    if unit_fault(examination, item.unit, f"{place}.unit", f"item.{item.id}"):
        return
    for at, other in enumerate(item.units):
        where = f"{place}.units[{at}]"
        if unit_fault(examination, other, where, f"item.{item.id}"):
            continue
        if not commensurable(other, item.unit):
            examination.error(
                "unit-incompatible",
                f"item.{item.id}.{other}",
                where,
                (
                    f"values in {other!r} do not convert to {item.unit!r}",
                    f"{other!r} 无法换算为 {item.unit!r}",
                ),
                (
                    "remove it, or make an item of its own for it",
                    "请删除该单位，或为其另设数据项",
                ),
            )


def _check_fit(examination: Examination, item: Item, place: str) -> None:
    if item.type == "code" and item.codelist is None:
        examination.error(
            "codelist-missing",
            item.id,
            f"{place}.type",
            (
                f"{item.id!r} is coded and names no codelist",
                f"编码型数据项 {item.id!r} 未指定编码表",
            ),
            ("give it a `codelist`", "请指定 `codelist`"),
        )
    unfit = [
        key
        for key, numeric_only in (
            ("unit", True),
            ("decimals", True),
            ("minimum", True),
            ("maximum", True),
            ("expected_minimum", True),
            ("expected_maximum", True),
            ("codelist", False),
        )
        if getattr(item, key) is not None
        and (item.type not in _NUMERIC if numeric_only else item.type != "code")
    ]
    if item.laboratory and item.type not in _NUMERIC:
        unfit.append("laboratory")
    if item.type == "integer" and item.decimals not in (None, 0):
        unfit.append("decimals")
    for key in unfit:
        examination.warning(
            "property-unfit",
            f"{item.id}.{key}",
            f"{place}.{key}",
            (
                f"{key!r} means nothing for {item.id!r}, which is of type {item.type!r}",
                f"{key!r} 不适用于类型为 {item.type!r} 的数据项 {item.id!r}",
            ),
            ("remove it, or change the type", "请删除该属性，或更改类型"),
        )


def _check_range(examination: Examination, item: Item, place: str) -> None:
    bounds: list[tuple[str, Decimal]] = [
        (key, value)
        for key in ("minimum", "expected_minimum", "expected_maximum", "maximum")
        if (value := getattr(item, key)) is not None
    ]
    for (low_key, low), (high_key, high) in pairwise(bounds):
        if low > high:
            examination.error(
                "range-backwards",
                f"{item.id}.{low_key}",
                f"{place}.{high_key}",
                (
                    f"{high_key} {high} of {item.id!r} lies below {low_key} {low}",
                    f"{item.id!r} 的 {high_key}（{high}）小于 {low_key}（{low}）",
                ),
                (
                    "the order is minimum, expected_minimum, expected_maximum, maximum",
                    "顺序应为 minimum ≤ expected_minimum ≤ expected_maximum ≤ maximum",
                ),
            )


def _check_other_units(examination: Examination) -> None:
    protocol = examination.protocol
    for index, intervention in enumerate(protocol.interventions):
        regimen = intervention.regimen
        if regimen is None:
            continue
        owner, place = f"intervention.{intervention.id}", f"interventions[{index}].regimen"
        unit_fault(examination, regimen.dose_unit, f"{place}.dose_unit", owner)
        if regimen.preparation is not None and regimen.preparation.unit is not None:
            unit = regimen.preparation.unit
            unit_fault(examination, unit, f"{place}.preparation.unit", f"{owner}.preparation")
    for index, supply in enumerate(protocol.supply):
        if supply.volume_unit is not None:
            place = f"supply[{index}].volume_unit"
            unit_fault(examination, supply.volume_unit, place, f"supply.{supply.intervention}")


def _check_expressions(examination: Examination) -> None:
    for expression in examination.expressions:
        target = expression.item.unit if expression.item is not None else None
        found = faults_of(
            expression.text, examination.scope, condition=expression.condition, target_unit=target
        )
        if not found and expression.item is not None:
            found = _derived_faults(examination, expression.item)
        for fault in found:
            if fault.kind == "unknown-name" and any(
                f"'{name}'" in fault.message for name in examination.lost
            ):
                continue
            code, chinese = _EXPRESSION_CODES[fault.kind]
            examination.error(
                code,
                f"{expression.owner}.{fault.column}",
                expression.place,
                (
                    f"column {fault.column} of {_shortened(expression.text)!r}: {fault.message}",
                    f"表达式第 {fault.column} 列{chinese}：{_shortened(expression.text)}（{fault.message}）",
                ),
                (
                    fault.remedy or "mend the expression",
                    f"请修正表达式（{fault.remedy}）" if fault.remedy else "请修正表达式",
                ),
            )


def _derived_faults(examination: Examination, item: Item) -> list[ExpressionError]:
    compiled = examination.compiled_derived.get(item.id)
    if compiled is None:
        return []
    expected = {
        "integer": "number",
        "decimal": "number",
        "partial_date": "date",
        "identity": "text",
    }.get(item.type, item.type)
    if compiled.type.kind in (expected, "unknown"):
        return []
    return [
        ExpressionError(
            f"the item is of type {item.type!r}, and the expression gives a {compiled.type.kind}",
            1,
            kind="type",
            remedy="change the type of the item, or the expression",
        )
    ]


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"


def _check_cycles(examination: Examination) -> None:
    uses = {name: compiled.names for name, compiled in examination.compiled_derived.items()}
    for index, item in enumerate(examination.protocol.items):
        seen: set[str] = set()
        pending = list(uses.get(item.id, ()))
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending.extend(uses.get(name, ()))
        if item.id in seen:
            examination.error(
                "derived-cycle",
                item.id,
                f"items[{index}].derived",
                (f"{item.id!r} is derived from itself", f"{item.id!r} 由其自身推导而来"),
                ("derive it from items that are collected", "请由实际采集的数据项推导"),
            )
