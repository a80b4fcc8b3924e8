"""Whether the document is as far as it says, and what remains of odds and ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zoneinfo import available_timezones

from equipoise.protocol.document import Decision
from equipoise.quantity.closest import closest

from .examination import Examination
from .finding import Finding, answers

_AGE = re.compile(r"([0-9]{1,3}) (Year|Month|Week|Day|Hour|Minute)s?")
_DAYS = {
    "Year": 365.25,
    "Month": 30.4375,
    "Week": 7.0,
    "Day": 1.0,
    "Hour": 1 / 24,
    "Minute": 1 / 1440,
}

DATED_CODES = ("start-date-passed", "recruitment-rate")
"""Findings that come and go with the day of the check; a decision on one of them is never idle."""

GAP = "gap"
"""`gap/…` names a question the record leaves open and no check asks; it is decided all the same."""


def check_readiness(examination: Examination) -> None:
    """Sections that `complete` and `activatable` promise; dates, ages, time zones."""
    _check_sections(examination)
    _check_sites(examination)
    _check_dates(examination)
    _check_ages(examination)


def _check_sections(examination: Examination) -> None:
    protocol = examination.protocol
    if protocol.readiness == "draft" or examination.lost:
        return
    randomized = protocol.design.allocation == "randomized"
    needed: list[tuple[str, bool, str]] = [
        ("arms", bool(protocol.arms), "组别"),
        ("eligibility.criteria", bool(protocol.eligibility.criteria), "入排标准"),
        ("items", bool(protocol.items), "数据项"),
        ("forms", bool(protocol.forms), "表单"),
        ("schedule.visits", bool(protocol.schedule.visits), "访视"),
        ("randomization", protocol.randomization is not None or not randomized, "随机化"),
        ("endpoints", bool(protocol.endpoints), "终点"),
        ("analyses", bool(protocol.analyses), "分析"),
    ]
    if protocol.readiness == "activatable":
        needed += [
            ("identity.sites", bool(protocol.identity.sites), "研究中心"),
            ("consents", bool(protocol.consents), "知情同意书"),
            ("roles", bool(protocol.roles), "角色"),
        ]
    for section, present, chinese in needed:
        if not present:
            examination.error(
                "section-missing",
                section,
                section,
                (
                    f"the protocol says it is {protocol.readiness}, and {section} is empty",
                    f"方案声明为 {protocol.readiness}，但缺少{chinese}（{section}）",
                ),
                (
                    "write the section, or `readiness: draft`",
                    "请补写该部分，或改为 `readiness: draft`",
                ),
            )


def _check_sites(examination: Examination) -> None:
    zones = available_timezones()
    for index, site in enumerate(examination.protocol.identity.sites):
        if site.timezone not in zones:
            guess = closest(site.timezone, zones) or closest(f"Asia/{site.timezone}", zones)
            examination.error(
                "unknown-timezone",
                site.id,
                f"identity.sites[{index}].timezone",
                (f"there is no time zone {site.timezone!r}", f"不存在时区 {site.timezone!r}"),
                (
                    f"did you mean {guess!r}?"
                    if guess
                    else "write an IANA name such as Asia/Shanghai",
                    f"是否应为 {guess!r}？" if guess else "请使用 IANA 名称，例如 Asia/Shanghai",
                ),
            )


def _check_dates(examination: Examination) -> None:
    dates = examination.protocol.identity.dates
    known = [
        (key, value.date)
        for key in ("start", "primary_completion", "completion")
        if (value := getattr(dates, key)) is not None
    ]
    for at, (early_key, early) in enumerate(known):
        for late_key, late in known[at + 1 :]:
            if late.latest < early.earliest:
                examination.error(
                    "dates-backwards",
                    f"{early_key}.{late_key}",
                    f"identity.dates.{late_key}",
                    (
                        f"{late_key} {late} comes before {early_key} {early}",
                        f"{late_key}（{late}）早于 {early_key}（{early}）",
                    ),
                    ("mend one of the two", "请更正其中之一"),
                )
    for index, clock in enumerate(examination.protocol.safety.clocks):
        until = clock.in_force_until
        if until is not None and until.latest < clock.in_force_from.earliest:
            examination.error(
                "dates-backwards",
                f"clock.{clock.id}",
                f"safety.clocks[{index}].in_force_until",
                (
                    f"the clock {clock.id!r} goes out of force before it comes into force",
                    f"时限规则 {clock.id!r} 的失效日期早于生效日期",
                ),
                ("mend one of the two dates", "请更正其中一个日期"),
            )


def _check_ages(examination: Examination) -> None:
    eligibility = examination.protocol.eligibility
    days: dict[str, float] = {}
    for key in ("minimum_age", "maximum_age"):
        text: str | None = getattr(eligibility, key)
        if text is None or text in ("N/A", ""):
            continue
        match = _AGE.fullmatch(text)
        if match is None:
            examination.error(
                "age-text",
                key,
                f"eligibility.{key}",
                (f"{text!r} is no age of the registry", f"{text!r} 不是登记平台的年龄格式"),
                ("write for instance '18 Years'", "请写例如 '18 Years'"),
            )
        else:
            days[key] = int(match.group(1)) * _DAYS[match.group(2)]
    if len(days) == 2 and days["maximum_age"] < days["minimum_age"]:
        examination.error(
            "ages-backwards",
            "",
            "eligibility.maximum_age",
            ("the maximum age lies below the minimum age", "最大年龄小于最小年龄"),
            ("exchange the two", "请对调两者"),
        )


def idle_decisions(
    examination: Examination, decisions: Sequence[Decision], findings: Sequence[Finding]
) -> None:
    """Decisions that settle nothing: the finding is gone, or its id is misspelled.

    A decision that names a record check's whole code (`no-summary`) stays as the history of a text
    that has been mended.
    """
    from equipoise.protocol.record import CODES

    names = sorted({finding.id for finding in findings} | {finding.code for finding in findings})
    for index, decision in enumerate(decisions):
        if decision.finding.split("/")[0] in (*DATED_CODES, GAP) or decision.finding in CODES:
            continue
        if not any(answers(decision, finding) for finding in findings):
            guess = closest(decision.finding, names)
            examination.add(
                "warning" if guess else "note",
                "decision-settles-nothing",
                decision.finding,
                f"decisions[{index}].finding",
                (
                    f"no finding has the id {decision.finding!r}",
                    f"没有标识为 {decision.finding!r} 的检查结果",
                ),
                (
                    f"did you mean {guess!r}?"
                    if guess
                    else "keep it as the history of a text that has been mended, or remove it",
                    f"是否应为 {guess!r}？" if guess else "可作为已修正文本的记录保留，或删除",
                ),
            )


def unearned(examination: Examination, settled: Sequence[Finding]) -> None:
    """An `activatable` protocol with an error nobody has settled is not."""
    open_errors = [finding for finding in settled if finding.blocks]
    if examination.protocol.readiness == "activatable" and open_errors:
        count = len(open_errors)
        examination.error(
            "readiness-not-earned",
            "",
            "readiness",
            (
                f"the protocol says it can be activated, with {count} unsettled error{'s' if count > 1 else ''}"
                f" (the first: {open_errors[0].id})",
                f"方案声明可激活，但仍有 {count} 个未解决的错误（首个：{open_errors[0].id}）",
            ),
            (
                "mend or decide them, or write `readiness: complete`",
                "请修正或作出决定，或改为 `readiness: complete`",
            ),
        )
