"""Refusals about monitoring visits, their reports and actions, and deviations."""

from __future__ import annotations

from .template import Template

MONITORING: dict[str, Template] = {
    "unknown-visit-kind": Template(
        "{given} is no kind of monitoring visit",
        "{given} 不是监查访视类型",
        "ICH E6(R3) 3.11.4",
        "choose one of: {known}",
        "请选择：{known}",
    ),
    "no-such-visit": Template(
        "there is no monitoring visit {number} here",
        "此处没有第 {number} 号监查访视",
        "conduct.monitoring",
        "choose a visit from the list",
        "请从列表中选择",
    ),
    "visit-cancelled": Template(
        "visit {number} was cancelled",
        "第 {number} 号访视已取消",
        "conduct.monitoring",
        "plan another one",
        "请另行计划访视",
    ),
    "report-signed": Template(
        "the report of visit {number} was signed by {who} on {day}",
        "第 {number} 号访视的报告已由 {who} 于 {day} 签署",
        "ICH E6(R3) 3.11.4.6",
        "what is signed stays; put what is new into the next visit",
        "已签署内容不得更改；请将新内容记入下次访视",
    ),
    "visit-has-findings": Template(
        "visit {number} has findings: it took place",
        "第 {number} 号访视已有发现，说明已进行",
        "conduct.monitoring",
        "sign its report instead",
        "请签署其报告",
    ),
    "nothing-said": Template(
        "this is empty",
        "此处为空",
        "ICH E6(R3) 3.11.4.6",
        "say it in words",
        "请用文字说明",
    ),
    "finding-not-open": Template(
        "finding {number} is not open",
        "第 {number} 项发现未处于待办状态",
        "conduct.monitoring",
        "nothing to do",
        "无需操作",
    ),
    "visit-ends-early": Template(
        "the visit would end on {day}, before it began on {since}",
        "访视结束日期 {day} 早于开始日期 {since}",
        "conduct.monitoring",
        "correct one of the two days",
        "请更正其中一个日期",
    ),
    "no-consent-here": Template(
        "{participant} has signed no consent form at this site",
        "{participant} 在本中心未签署知情同意书",
        "conduct.monitoring",
        "name only participants of the site who have consented",
        "请只填写本中心已签署知情同意书的受试者",
    ),
    "report-not-signed": Template(
        "the monitor has not signed the report of visit {number}",
        "监查员尚未签署第 {number} 号访视的报告",
        "conduct.monitoring",
        "wait for the signed report",
        "请等待已签署的报告",
    ),
    "no-such-deviation": Template(
        "{participant} has no deviation {number}",
        "{participant} 没有第 {number} 项方案偏离",
        "conduct.deviations",
        "choose one from the list",
        "请从列表中选择",
    ),
    "already-assessed": Template(
        "it has been assessed so already",
        "已作出相同的评估",
        "conduct.deviations",
        "nothing to do",
        "无需操作",
    ),
}
