"""Refusals about adverse events and their reporting clocks."""

from __future__ import annotations

from .template import Template

SAFETY: dict[str, Template] = {
    "clock-not-running": Template(
        "no clock {clock} is running for this event",
        "该事件没有正在计时的 {clock}",
        "safety.clocks",
        "see the safety page",
        "请查看安全性页面",
    ),
    "death-and-grade": Template(
        "grade 5 and death go together",
        "5 级与死亡须一致",
        "CTCAE v5.0",
        "make grade and seriousness agree",
        "请使分级与严重性一致",
    ),
    "death-and-outcome": Template(
        "grade 5 and a fatal outcome go together",
        "5 级与致死结局须一致",
        "CTCAE v5.0",
        "make grade and outcome agree",
        "请使分级与结局一致",
    ),
    "ends-before-start": Template(
        "it ends {ended_on}, before {started_on}",
        "结束日期 {ended_on} 早于开始日期 {started_on}",
        "conduct.dates",
        "correct one of the dates",
        "请更正日期",
    ),
    "event-before-consent": Template(
        "it began {started_on}, before consent on {signed_on}",
        "开始日期 {started_on} 早于签署知情同意的 {signed_on}",
        "ICH E6(R3) glossary, adverse event",
        "correct the date; of what was there before, report the day on which it grew worse",
        "请更正日期；原已存在的情况，请填写其加重的日期",
    ),
    "no-such-grade": Template(
        "grade {grade} does not exist in {grading}",
        "{grading} 没有 {grade} 级",
        "safety.grading",
        "use 1 to 5",
        "请使用 1 至 5",
    ),
    "no-term": Template(
        "the event is not named",
        "未填写事件名称",
        "safety.terms",
        "choose a term or describe the event",
        "请选择术语或描述事件",
    ),
    "unknown-adverse-event": Template(
        "{participant} has no adverse event {number}",
        "{participant} 没有第 {number} 号不良事件",
        "conduct.safety",
        "check the number",
        "请核对编号",
    ),
}
