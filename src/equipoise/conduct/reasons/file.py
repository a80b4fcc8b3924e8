"""Refusals about essential documents and the ethics committees' continuing review."""

from __future__ import annotations

from .template import Template

FILE: dict[str, Template] = {
    "document-not-on-file": Template(
        "site {site} cannot open: not on file, or expired: {document}",
        "中心 {site} 不能开放：未归档或已过期：{document}",
        "monitoring.essential_documents",
        "file it in the essential-document log first",
        "请先在必备文件登记中归档",
    ),
    "unknown-document": Template(
        "the protocol asks for no document {document}",
        "方案未要求文件 {document}",
        "monitoring.essential_documents",
        "choose one of: {documents}",
        "请选择：{documents}",
    ),
    "document-of-a-site": Template(
        "{document} is kept for each site",
        "{document} 须按中心归档",
        "monitoring.essential_documents",
        "name the site",
        "请选择中心",
    ),
    "document-of-the-trial": Template(
        "{document} is kept once, for the trial",
        "{document} 由整个试验统一归档",
        "monitoring.essential_documents",
        "leave the site out; the sponsor or the monitor files it",
        "请勿选择中心；由申办方或监查员归档",
    ),
    "no-expiry": Template(
        "{document} holds for a time only, and its last day is missing",
        "{document} 有有效期，但未填写到期日",
        "monitoring.essential_documents",
        "give the day until which it holds",
        "请填写到期日",
    ),
    "expires-before-dated": Template(
        "it would expire on {day}, not after its own date {dated}",
        "到期日 {day} 不晚于文件日期 {dated}",
        "monitoring.essential_documents",
        "correct one of the two dates",
        "请更正其中一个日期",
    ),
    "no-location": Template(
        "where it is filed is missing",
        "未填写存放位置",
        "ICH E6(R3) appendix C",
        "name the binder, the archive or the system",
        "请填写文件夹、档案室或系统",
    ),
    "not-a-file-hash": Template(
        "this is no SHA-256 in 64 hexadecimal digits",
        "这不是 64 位十六进制的 SHA-256 值",
        "monitoring.essential_documents",
        "take it from the file itself (`sha256sum FILE`), or leave it out",
        "请由文件本身计算（`sha256sum 文件`），或留空",
    ),
    "no-such-document": Template(
        "no line {number} of the document log stands",
        "文件登记中没有有效的第 {number} 行",
        "monitoring.essential_documents",
        "choose a line of the log",
        "请选择登记中的一行",
    ),
    "ethics-approval-lapsed": Template(
        "the ethics approval of site {site} ended on {day}",
        "中心 {site} 的伦理批准已于 {day} 到期",
        "ICH E6(R3) 1.4",
        "record the committee's continuing approval; participants already enrolled go on",
        "请登记伦理委员会的跟踪审查批准；已入组的受试者继续参加",
    ),
    "review-before-approval": Template(
        "the review of {day} is older than the approval of {approved}",
        "审查日期 {day} 早于批准日期 {approved}",
        "monitoring.continuing_review",
        "give the day of the later review",
        "请填写之后一次审查的日期",
    ),
    "unknown-ethics-decision": Template(
        "{given} is no step of a continuing review",
        "{given} 不是跟踪审查的步骤",
        "monitoring.continuing_review",
        "choose one of: {known}",
        "请选择：{known}",
    ),
    "validity-without-approval": Template(
        "only an approval has a last day",
        "只有批准才有到期日",
        "monitoring.continuing_review",
        "leave the last day out",
        "请将到期日留空",
    ),
    "approval-ends-early": Template(
        "the approval would end on {until}, before it was given on {day}",
        "批准到期日 {until} 早于批准日期 {day}",
        "monitoring.continuing_review",
        "correct one of the two dates",
        "请更正其中一个日期",
    ),
    "approval-too-long": Template(
        "until {until} is longer than the {months} months after which the protocol asks for a review",
        "至 {until} 超过方案规定的 {months} 个月审查间隔",
        "monitoring.continuing_review",
        "give the day of the next review the protocol asks for, or an earlier one",
        "请填写方案规定的下次审查日期或更早日期",
    ),
}
