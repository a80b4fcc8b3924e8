"""Refusals about supply, queries, deviations and leaving the trial."""

from __future__ import annotations

from .template import Template

CARE: dict[str, Template] = {
    "already-completed": Template(
        "{participant} completed the study on {day}",
        "{participant} 已于 {day} 完成研究",
        "conduct.completion",
        "nothing to do",
        "无需操作",
    ),
    "already-withdrawn": Template(
        "{participant} has already left {left}",
        "{participant} 已退出（{left}）",
        "conduct.withdrawal",
        "nothing to do",
        "无需操作",
    ),
    "data-use-withdrawn": Template(
        "{participant} withdrew the use of data",
        "{participant} 已撤回数据使用同意",
        "conduct.withdrawal",
        "nothing more may be recorded",
        "不得再记录任何数据",
    ),
    "impossible-count": Template(
        "{count} units",
        "{count} 支",
        "supply",
        "give a whole number of units that were there",
        "请填写实际存在的整数数量",
    ),
    "left-study": Template(
        "left the study on {day}",
        "已于 {day} 退出研究",
        "conduct.completion",
        "a withdrawn participant does not complete",
        "已退出者不能登记为完成",
    ),
    "no-reason": Template(
        "a reason is needed",
        "须填写原因",
        "conduct.reasons",
        "say why",
        "请说明原因",
    ),
    "no-text": Template(
        "the text is empty",
        "文字为空",
        "conduct.texts",
        "write it",
        "请填写",
    ),
    "not-assigned": Template(
        "{intervention} is not given to this participant",
        "该受试者不使用 {intervention}",
        "arms.interventions",
        "check the participant and the product",
        "请核对受试者和产品",
    ),
    "nothing-to-query": Template(
        "nothing stands at {address} {item}",
        "{address} {item} 没有内容",
        "conduct.queries",
        "ask about a saved form and one of its items",
        "请针对已保存的表单及其项目提出",
    ),
    "off-study": Template(
        "{participant} left the study on {day}",
        "{participant} 已于 {day} 退出研究",
        "conduct.withdrawal",
        "only what was done up to that day may be recorded",
        "只能登记该日及之前的内容",
    ),
    "off-treatment": Template(
        "treatment was left on {day}",
        "已于 {day} 停止治疗",
        "conduct.withdrawal",
        "nothing more is dispensed",
        "不再发放",
    ),
    "other-site": Template(
        "{actor} acts for site {own_site}, not {site}",
        "{actor} 属于中心 {own_site}，不能代表 {site}",
        "conduct.sites",
        "ask the staff of that site",
        "请联系该中心人员",
    ),
    "query-not-open": Template(
        "query {number} of {participant} is not open",
        "{participant} 的第 {number} 号质疑未处于打开状态",
        "conduct.queries",
        "see the list of queries",
        "请查看质疑列表",
    ),
    "query-not-settled": Template(
        "query {number} of {participant} is neither answered nor closed",
        "{participant} 的第 {number} 号质疑尚未回答或关闭",
        "conduct.queries",
        "wait for the answer, or raise a further query",
        "请等待回答，或另提质疑",
    ),
    "same-site": Template(
        "{participant} is at that site",
        "{participant} 已在该中心",
        "conduct.transfer",
        "nothing to do",
        "无需操作",
    ),
    "unknown-intervention": Template(
        "the protocol has no intervention {intervention}",
        "方案中没有干预 {intervention}",
        "interventions",
        "use an intervention of the protocol",
        "请使用方案中的干预",
    ),
}
