"""Interim looks: whether a rule for futility can be computed, and is what the texts say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from equipoise.protocol.document import Futility, InterimLook, SampleSize

from .examination import Examination

_Words = tuple[str, str]
"""English and Chinese."""

_BOUNDS_ALPHA = re.compile(
    r"futility[^.;。；]*\b(?:controls?|protects?|preserves?|maintains?|lowers?|reduces?)\b[^.;。；]*"
    r"\b(?:alpha|type[ -](?:I|1|one) error)\b|无效性?[^。；;]*(?:控制|保护|保持|降低)[^。；;]*(?:α|[IⅠ一1] ?类错误)",
    re.IGNORECASE,
)
_NOT_BINDING = re.compile(
    r"futility[^.;。；]*\b(?:non-?binding|not (?:be )?binding)|\bnon-?binding futility|无效性?[^。；;]*(?:不具约束力|非约束)|非约束性?无效",
    re.IGNORECASE,
)


def check_interim(examination: Examination) -> None:
    """The rules for futility of interim looks."""
    protocol = examination.protocol
    size = protocol.design.sample_size
    looks = list(enumerate(protocol.design.interim_looks))
    for index, look in looks:
        if look.futility is None:
            continue
        place = f"design.interim_looks[{index}].futility"
        earlier = [one for at, one in looks if at < index and one.endpoint == look.endpoint]
        for key, problem, remedy in _unfit(look, look.futility, size, earlier):
            examination.error(
                "futility-unfit", f"{look.id}.{key}", f"{place}.{key}" if key else place, problem, remedy
            )  # fmt: skip
        _check_texts(examination, look, look.futility, place)


def _unfit(
    look: InterimLook, rule: Futility, size: SampleSize | None, earlier: list[InterimLook]
) -> Iterator[tuple[str, _Words, _Words]]:
    """Key, problem and remedy of what keeps the rule from being computed."""
    if size is None or size.endpoint != look.endpoint:
        yield (
            "method",
            (
                f"the look {look.id!r} has a bound for futility, and is not at the endpoint of the sample size",
                f"期中分析 {look.id!r} 声明了无效性界值，但其终点不是样本量所依据的终点",
            ),
            (
                "name that endpoint, or leave the bound out: a look decides only at the sample size's endpoint",
                "请改用该终点，或删去无效性界值：期中分析仅就样本量所依据的终点作出决定",
            ),
        )
        return
    spends = rule.method == "beta_spending"
    if spends == (rule.below is not None):
        yield (
            "method" if rule.below is None else "below",
            (
                f"{rule.method!r} " + ("asks for no threshold" if spends else "asks for a threshold"),
                f"{rule.method!r} " + ("不需要阈值" if spends else "需要阈值"),
            ),
            (
                "leave `below` out, or write `method: conditional_power`"
                if spends
                else "write `below`, the power under which the trial stops, for instance 0.2",
                "请删去 `below`，或改为 `method: conditional_power`"
                if spends
                else "请填写 `below`(低于该把握度即停止)，例如 0.2",
            ),
        )  # fmt: skip
    if size.power is None and (spends or rule.effect == "design"):
        yield (
            "method",
            (
                f"{rule.method!r} rests on the power planned, and the sample size names none",
                f"{rule.method!r} 依据计划的检验效能，而样本量未说明",
            ),
            ("write `design.sample_size.power`", "请填写 `design.sample_size.power`"),
        )
    rates = (size.treatment_rate, size.control_rate)
    if (None in rates or rates[0] == rates[1]) and not size.difference:
        yield (
            "method",
            (
                "the sample size hopes for no direction, so that nothing falls short of it",
                "样本量未说明预期的效应方向，无法判断结果是否不足",
            ),
            (
                "write two different rates, or a difference",
                "请填写两个不同的率，或一个差值",
            ),
        )
    if rule.binding and size.sided == 2:
        yield (
            "binding",
            (
                "in a two-sided design no critical value counts on a bound for futility",
                "双侧设计中，没有临界值以无效性界值为前提",
            ),
            (
                "write `binding: false`, or `sided: 1` with half the alpha",
                "请写 `binding: false`，或改为 `sided: 1` 并将 α 减半",
            ),
        )
    for other in earlier:
        told = other.futility
        if told is not None and _kind(told) != _kind(rule):
            yield (
                "method",
                (
                    f"the looks {other.id!r} and {look.id!r} decide on futility in different ways",
                    f"期中分析 {other.id!r} 与 {look.id!r} 的无效性判断方式不同",
                ),
                (
                    "give all looks one method, spending and effect, binding or not; only `below` may differ",
                    "各次期中分析须采用相同的方法、消耗函数、效应假设及约束性；仅 `below` 可以不同",
                ),
            )
            return


def _kind(rule: Futility) -> tuple[object, ...]:
    return (rule.method, rule.binding, rule.spending, rule.effect)


def _check_texts(examination: Examination, look: InterimLook, rule: Futility, place: str) -> None:
    """Whoever reads the protocol's texts is told the same as whoever computes with it."""
    protocol = examination.protocol
    size = protocol.design.sample_size
    texts = {
        "safety.monitoring_board": protocol.safety.monitoring_board,
        "design.sample_size.rationale": size.rationale if size is not None else None,
    }
    said, problem = (
        (_NOT_BINDING, ("is called not binding", "称其不具约束力"))
        if rule.binding
        else (_BOUNDS_ALPHA, ("is said to control alpha", "称其控制 I 类错误"))
    )
    for where, text in texts.items():
        if text is None or not any(said.search(one) for one in text.as_mapping().values()):
            continue
        examination.warning(
            "futility-text",
            look.id,
            f"{place}.binding" if rule.binding else place,
            (
                f"the bound for futility is{'' if rule.binding else ' not'} binding, and in {where} it {problem[0]}",
                f"无效性界值{'具有' if rule.binding else '不具'}约束力，而 {where} 中{problem[1]}",
            ),
            (
                "a bound that is not binding may be overruled, and alpha holds without it; one that is binding "
                "must be kept: mend the text or `binding`",
                "不具约束力的界值可以不遵守，I 类错误的控制与其无关；具有约束力的界值必须遵守：请更正文字或 `binding`",
            ),
        )
