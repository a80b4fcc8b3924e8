"""Refusals about the review of the audit trail."""

from __future__ import annotations

from .template import Template

REVIEW: dict[str, Template] = {
    "period-backwards": Template(
        "the period would end on {until}, before it begins on {since}",
        "期间结束日 {until} 早于开始日 {since}",
        "conduct.review",
        "correct one of the two dates",
        "请更正其中一个日期",
    ),
    "no-such-position": Template(
        "the ledger has no position {upto}",
        "账本没有位置 {upto}",
        "conduct.review",
        "open the audit trail again, and sign what it shows",
        "请重新打开稽查轨迹，并就其所示内容签名",
    ),
    "nothing-looked-at": Template(
        "what was looked at is missing",
        "未说明查看了哪些内容",
        "ICH E6(R3) 4.2.2",
        "say which entries you looked at, and how they were chosen",
        "请说明查看了哪些记录以及如何选取",
    ),
    "findings-missing": Template(
        "the findings are missing",
        "未填写发现的问题",
        "ICH E6(R3) 4.2.2",
        "write them down, or conclude that all is in order",
        "请写明发现的问题，或结论为无异常",
    ),
    "findings-though-in-order": Template(
        "there are findings, though all is said to be in order",
        "结论为无异常，却填写了发现的问题",
        "conduct.review",
        "choose the conclusion that fits",
        "请选择相符的结论",
    ),
}
