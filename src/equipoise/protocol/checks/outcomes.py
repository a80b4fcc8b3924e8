"""Endpoints and analyses: whether the forms can supply them, and the methods fit them."""

from __future__ import annotations

from decimal import Decimal

from equipoise.protocol.document import (
    METHOD_KINDS,
    NO_TEST,
    Analysis,
    ChangeAt,
    DaysAtLeast,
    Endpoint,
    Item,
    Multiplicity,
    Occurs,
    Repeated,
    TimeTo,
    ValueAt,
    Window,
)

from .collection import BEFORE_RANDOMIZATION, backwards, within
from .examination import Examination


def check_outcomes(examination: Examination) -> None:
    """Endpoints, analysis sets, analyses and sample size."""
    for index, endpoint in enumerate(examination.protocol.endpoints):
        place = f"endpoints[{index}].variable"
        _check_variable(examination, endpoint, place)
        _check_supplied(examination, endpoint, place)
    for index, analysis in enumerate(examination.protocol.analyses):
        _check_analysis(examination, analysis, f"analyses[{index}]")
    for index, family in enumerate(examination.protocol.multiplicity):
        _check_family(examination, family, f"multiplicity[{index}]")
    _check_primary_analyzed(examination)
    _check_sets(examination)
    _check_proportions(examination)


def _check_variable(examination: Examination, endpoint: Endpoint, place: str) -> None:
    """The item is a number or a numbered grade, and the threshold one it can have."""
    variable = endpoint.variable
    item = examination.protocol.item_by_id.get(variable.item)
    if item is None:
        return
    values = _possible(examination, item)
    threshold: Decimal | None = getattr(variable, "at_least", None)
    if values is None:
        if item.type == "boolean" and isinstance(variable, Occurs | TimeTo | DaysAtLeast):
            values = (Decimal(0), Decimal(1))
        else:
            codelist = examination.protocol.codelist_by_id.get(item.codelist or "")
            if item.type == "code" and codelist is None:
                return
            examination.error(
                "endpoint-type",
                endpoint.id,
                f"{place}.item",
                (
                    f"the endpoint {endpoint.id!r} needs numbers, and {item.id!r} gives none",
                    f"终点 {endpoint.id!r} 需要数值，而 {item.id!r} 不提供数值",
                ),
                (
                    "name a numeric item, or a code item whose codes are numbers",
                    "请使用数值型数据项，或编码为数字的编码型数据项",
                ),
            )
            return
    low, high = values
    if threshold is not None and (
        (low is not None and threshold <= low) or (high is not None and threshold > high)
    ):
        never = high is not None and threshold > high
        examination.error(
            "threshold-out-of-range",
            endpoint.id,
            f"{place}.at_least",
            (
                f"{item.id!r} {'never' if never else 'always'} reaches {threshold}:"
                f" it goes from {low} to {high}",
                f"{item.id!r} 的取值范围为 {low} 至 {high}，{'永远达不到' if never else '总是达到'} {threshold}",
            ),
            ("mend the threshold, or the item's range", "请更正阈值或数据项范围"),
        )


def _possible(examination: Examination, item: Item) -> tuple[Decimal | None, Decimal | None] | None:
    """The least and greatest number the item can have; None where it is no number."""
    if item.type in ("integer", "decimal"):
        return item.minimum, item.maximum
    if item.type == "code":
        known = examination.scope.names.get(item.id)
        numbers = known.codes.numbers if known is not None and known.codes is not None else None
        if numbers:
            return min(numbers.values()), max(numbers.values())
    return None


def _check_supplied(examination: Examination, endpoint: Endpoint, place: str) -> None:
    variable = endpoint.variable
    protocol = examination.protocol
    if variable.item not in protocol.item_by_id or examination.lost:
        return
    sources = examination.collection.sources([variable.item])
    for source in sources:
        if source not in protocol.item_by_id:
            continue
        if not examination.collection.collected(source):
            _not_supplied(
                examination,
                endpoint,
                f"{place}.item",
                source,
                ("no form of the schedule collects it", "日程中没有表单采集它"),
            )
            continue
        if isinstance(variable, ValueAt | ChangeAt | Repeated):
            for key, name in _visits_named(variable):
                visit = protocol.visit_by_id.get(name)
                if visit is not None and visit not in examination.collection.visits_of.get(
                    source, ()
                ):
                    _not_supplied(
                        examination,
                        endpoint,
                        f"{place}.{key}",
                        source,
                        (
                            f"the visit {visit.id!r} does not collect it",
                            f"访视 {visit.id!r} 不采集它",
                        ),
                    )
        else:
            _check_window(examination, endpoint, place, source, variable.window)
    if isinstance(variable, ValueAt | ChangeAt | Repeated):
        _check_after_randomization(examination, endpoint, place, variable)


def _visits_named(variable: ValueAt | ChangeAt | Repeated) -> list[tuple[str, str]]:
    """The visits whose values the endpoint takes, each with the key that names it."""
    if isinstance(variable, Repeated):
        found = [(f"visits[{at}]", name) for at, name in enumerate(variable.visits)]
    else:
        found = [("visit", variable.visit)]
    baseline = getattr(variable, "baseline", None)
    return [*found, ("baseline", baseline)] if baseline is not None else found


def _check_window(
    examination: Examination, endpoint: Endpoint, place: str, source: str, window: Window
) -> None:
    if backwards(window.start, window.end):
        examination.error(
            "stretch-backwards",
            f"endpoint.{endpoint.id}",
            f"{place}.window.end",
            (
                f"the window of {endpoint.id!r} ends before it starts",
                f"终点 {endpoint.id!r} 的时间窗结束早于开始",
            ),
            ("exchange the two, or mend the days", "请对调或更正日期"),
        )
        return
    collection = examination.collection
    if source in collection.diaries_of or source in collection.logged:
        return
    visits = collection.visits_of.get(source, ())
    later = [visit for visit in visits if visit.phase not in BEFORE_RANDOMIZATION]
    if later and not any(within(visit, window.start, window.end) for visit in later):
        _not_supplied(
            examination,
            endpoint,
            f"{place}.window",
            source,
            ("no visit in its window collects it", "时间窗内没有访视采集它"),
        )
    elif not later:
        _too_early(examination, endpoint, f"{place}.item")


def _not_supplied(
    examination: Examination, endpoint: Endpoint, place: str, item: str, why: tuple[str, str]
) -> None:
    examination.error(
        "endpoint-not-supplied",
        f"{endpoint.id}.{item}",
        place,
        (
            f"the endpoint {endpoint.id!r} needs {item!r}, and {why[0]}",
            f"终点 {endpoint.id!r} 需要 {item!r}，但{why[1]}",
        ),
        (
            "put a form with the item on a visit where the endpoint looks",
            "请在终点所涉访视中安排包含该数据项的表单",
        ),
    )


def _too_early(examination: Examination, endpoint: Endpoint, place: str) -> None:
    examination.error(
        "endpoint-before-randomization",
        endpoint.id,
        place,
        (
            f"the endpoint {endpoint.id!r} is measured before randomization only",
            f"终点 {endpoint.id!r} 仅在随机化之前测量",
        ),
        ("measure it at a visit after randomization", "请在随机化之后的访视中测量"),
    )


def _check_after_randomization(
    examination: Examination,
    endpoint: Endpoint,
    place: str,
    variable: ValueAt | ChangeAt | Repeated,
) -> None:
    named = dict(_visits_named(variable))
    before = named.pop("baseline", None)
    baseline = examination.protocol.visit_by_id.get(before) if before is not None else None
    for key, name in named.items():
        visit = examination.protocol.visit_by_id.get(name)
        if visit is None:
            continue
        if visit.phase in BEFORE_RANDOMIZATION:
            _too_early(examination, endpoint, f"{place}.{key}")
        if baseline is not None and (
            baseline.id == visit.id or not examination.collection.not_after(baseline, visit)
        ):
            examination.error(
                "baseline-after-visit",
                endpoint.id,
                f"{place}.baseline",
                (
                    f"the baseline {baseline.id!r} does not come before {visit.id!r}",
                    f"基线访视 {baseline.id!r} 不早于 {visit.id!r}",
                ),
                ("name an earlier visit as baseline", "请指定更早的访视作为基线"),
            )
            break


def _check_analysis(examination: Examination, analysis: Analysis, place: str) -> None:
    protocol = examination.protocol
    endpoint = protocol.endpoint_by_id.get(analysis.endpoint)
    if endpoint is not None and endpoint.variable.kind not in METHOD_KINDS[analysis.method]:
        fitting = [
            method for method, kinds in METHOD_KINDS.items() if endpoint.variable.kind in kinds
        ]
        examination.error(
            "method-unfit",
            analysis.id,
            f"{place}.method",
            (
                f"{analysis.method!r} does not apply to {endpoint.id!r}, which is {endpoint.variable.kind!r}",
                f"方法 {analysis.method!r} 不适用于 {endpoint.variable.kind!r} 型终点 {endpoint.id!r}",
            ),
            (f"use {' or '.join(fitting)}", f"请使用 {' 或 '.join(fitting)}"),
        )
    for at, pair in enumerate(analysis.comparisons):
        if pair[0] == pair[1]:
            examination.error(
                "comparison-with-itself",
                f"{analysis.id}.{pair[0]}",
                f"{place}.comparisons[{at}]",
                (f"the arm {pair[0]!r} is compared with itself", f"组别 {pair[0]!r} 与其自身比较"),
                ("name the treatment arm and the control arm", "请分别指定试验组与对照组"),
            )
    if analysis.method == "cmh" and not analysis.stratified_by:
        examination.warning(
            "cmh-without-strata",
            analysis.id,
            f"{place}.method",
            (
                "the Cochran–Mantel–Haenszel test has no strata to combine",
                "Cochran–Mantel–Haenszel 检验未指定分层因素",
            ),
            ("list the stratum factors in `stratified_by`", "请在 `stratified_by` 中列出分层因素"),
        )


def _check_family(examination: Examination, family: Multiplicity, place: str) -> None:
    """What is tested at a shared level has a p-value; in a graph it is one hypothesis."""
    declared = {analysis.id: analysis for analysis in examination.protocol.analyses}
    for at, name in enumerate(family.analyses):
        analysis = declared.get(name)
        if analysis is None:
            continue
        if analysis.method in NO_TEST:
            problem = (
                f"{name!r} is a {analysis.method!r}, which tests nothing",
                f"分析 {name!r} 的方法 {analysis.method!r} 不含检验",
            )
            fix = ("name an analysis that gives a p-value", "请指定给出 P 值的分析")
        elif family.procedure == "graphical" and len(analysis.comparisons) > 1:
            problem = (
                f"{name!r} makes {len(analysis.comparisons)} comparisons, and has one weight",
                f"分析 {name!r} 含 {len(analysis.comparisons)} 项比较，却只有一个权重",
            )
            fix = ("declare an analysis for each comparison", "请为每项比较分别声明分析")
        else:
            continue
        examination.error(
            "family-unfit", f"{family.id}.{name}", f"{place}.analyses[{at}]", problem, fix
        )


def _check_primary_analyzed(examination: Examination) -> None:
    analyzed = {analysis.endpoint for analysis in examination.protocol.analyses}
    for index, endpoint in enumerate(examination.protocol.endpoints):
        if endpoint.role == "primary" and endpoint.id not in analyzed:
            examination.warning(
                "endpoint-not-analyzed",
                endpoint.id,
                f"endpoints[{index}].id",
                (
                    f"no analysis is declared for the primary endpoint {endpoint.id!r}",
                    f"主要终点 {endpoint.id!r} 未声明任何分析",
                ),
                ("declare one under `analyses`", "请在 `analyses` 中声明"),
            )


def _check_sets(examination: Examination) -> None:
    for index, analysis_set in enumerate(examination.protocol.analysis_sets):
        if analysis_set.rule == "evaluable" and analysis_set.endpoint is None:
            examination.error(
                "analysis-set-endpoint",
                analysis_set.id,
                f"analysis_sets[{index}].rule",
                (
                    f"{analysis_set.id!r} holds the evaluable, and does not say for which endpoint",
                    f"分析集 {analysis_set.id!r} 为可评价人群，但未说明针对哪个终点",
                ),
                ("name the `endpoint`", "请指定 `endpoint`"),
            )


def _check_proportions(examination: Examination) -> None:
    protocol = examination.protocol
    numbers: list[tuple[str, Decimal | None]] = [
        (f"analyses[{index}].{key}", getattr(analysis, key))
        for index, analysis in enumerate(protocol.analyses)
        for key in ("confidence", "margin")
    ]
    numbers += [
        (f"design.interim_looks[{index}].fraction", look.fraction)
        for index, look in enumerate(protocol.design.interim_looks)
    ]
    numbers += [
        (f"design.interim_looks[{index}].futility.below", look.futility.below)
        for index, look in enumerate(protocol.design.interim_looks)
        if look.futility is not None
    ]
    numbers += [
        (f"multiplicity[{index}].alpha", family.alpha)
        for index, family in enumerate(protocol.multiplicity)
    ]
    size = protocol.design.sample_size
    if size is not None:
        numbers += [
            (f"design.sample_size.{key}", getattr(size, key))
            for key in ("alpha", "power", "control_rate", "treatment_rate", "attrition")
        ]
    for place, number in numbers:
        closed = place.endswith(("_rate", "attrition"))
        if number is None or 0 < number < 1 or (closed and number in (0, 1)):
            continue
        hint = f"{number / 100}" if 1 < number < 100 else "0.95"
        examination.error(
            "not-a-proportion",
            place.replace("[", ".").replace("]", ""),
            place,
            (f"{number} is not between 0 and 1", f"{number} 不在 0 与 1 之间"),
            (f"write a proportion, for instance {hint}", f"请填写比例，例如 {hint}"),
        )
