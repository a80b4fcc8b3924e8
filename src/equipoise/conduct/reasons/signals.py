"""Refusals about signals of central monitoring."""

from __future__ import annotations

from .template import Template

SIGNALS: dict[str, Template] = {
    "no-statistic": Template(
        "{given} names no statistic",
        "{given} 不是统计量",
        "ICH E6(R3) 3.11.4.2",
        "open it from the page of central monitoring",
        "请从中心化监查页面提出",
    ),
    "no-such-cut": Template(
        "the ledger has no position {given}: positions run from 1 to {head}",
        "账本没有位置 {given}：位置为 1 至 {head}",
        "conduct.signals",
        "open it from the page of central monitoring",
        "请从中心化监查页面提出",
    ),
    "signal-open-already": Template(
        "signal {number} about this is open",
        "已有第 {number} 号信号处理中",
        "conduct.signals",
        "assess that one",
        "请评估该信号",
    ),
    "signal-not-open": Template(
        "signal {number} is not open here",
        "此处第 {number} 号信号未处于处理中",
        "conduct.signals",
        "choose an open one from the list",
        "请从列表中选择处理中的信号",
    ),
    "signal-not-assessed": Template(
        "signal {number} has not been assessed",
        "第 {number} 号信号尚未评估",
        "conduct.signals",
        "say first what was looked at",
        "请先说明评估内容",
    ),
    "unknown-conclusion": Template(
        "{given} is no conclusion",
        "{given} 不是结论",
        "conduct.signals",
        "choose one of: {known}",
        "请选择：{known}",
    ),
}
