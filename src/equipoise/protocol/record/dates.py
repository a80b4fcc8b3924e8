"""Checks against the calendar: what has passed, and what the target asks of each site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from equipoise.protocol.checks.finding import Finding

from .facts import RecordFacts
from .findings import finding

CODES = ("start-date-passed", "completion-date-passed", "recruitment-rate")

_NOT_STARTED = frozenset({"not_yet_recruiting"})
_UNDER_WAY = frozenset({"not_yet_recruiting", "recruiting", "enrolling_by_invitation"})

MONTH_DAYS = Decimal("30.4375")

BRISK_RATE = Decimal(2)
"""Participants per site and month from which the rate is reported."""

DEMANDING_RATE = Decimal(4)
"""From here a warning: few hospital sites enroll one participant a week in one trial."""


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on dates; none without a `today`."""
    if today is None:
        return
    yield from _start_passed(facts, today)
    yield from _completion_passed(facts, today)
    yield from _recruitment_rate(facts, today)


def _start_passed(facts: RecordFacts, today: date) -> Iterator[Finding]:
    if facts.start is None or facts.start.latest >= today:
        return
    if facts.status is not None and facts.status not in _NOT_STARTED:
        return
    yield finding(
        "start-date-passed",
        "warning",
        "identity.dates.start",
        (
            f"The start date {facts.start} has passed ({today}), and the trial is not yet "
            "recruiting.",
            f"开始日期 {facts.start} 已过（今日 {today}），而试验仍未开始招募。",
        ),
        (
            "Register a new start date, or the status the trial really has.",
            "更新开始日期，或更新为实际状态。",
        ),
    )


def _completion_passed(facts: RecordFacts, today: date) -> Iterator[Finding]:
    if (
        facts.completion is None
        or facts.completion.latest >= today
        or facts.status not in _UNDER_WAY
    ):
        return
    yield finding(
        "completion-date-passed",
        "warning",
        "identity.dates.completion",
        (
            f"The completion date {facts.completion} has passed ({today}), and the status still "
            f"says “{facts.status}”.",
            f"完成日期 {facts.completion} 已过（今日 {today}），而状态仍为“{facts.status}”。",
        ),
        ("Update the completion date or the status.", "更新完成日期或状态。"),
    )


def _recruitment_rate(facts: RecordFacts, today: date) -> Iterator[Finding]:
    if (
        facts.study_type != "interventional"
        or facts.target is None
        or facts.completion is None
        or (facts.status is not None and facts.status not in _UNDER_WAY)
        or facts.completion.latest <= today
    ):
        return
    begin = today
    if facts.start is not None and (facts.status == "recruiting" or facts.start.earliest > today):
        begin = facts.start.earliest
    months = Decimal((facts.completion.latest - begin).days) / MONTH_DAYS
    if months <= 0:
        return
    sites = max(1, len(facts.sites))
    rate = Decimal(facts.target) / months / sites
    if rate < BRISK_RATE:
        return
    shown = rate.quantize(Decimal("0.1"), ROUND_HALF_UP)
    span = months.quantize(Decimal("0.1"), ROUND_HALF_UP)
    listed = f"{sites} site{'s' if sites != 1 else ''}"
    if not facts.sites:
        listed = "one site (none is listed)"
    yield finding(
        "recruitment-rate",
        "warning" if rate >= DEMANDING_RATE else "note",
        "design.sample_size.target",
        (
            f"{facts.target} participants by {facts.completion} at {listed} ask for {shown} "
            f"participants per site per month over {span} months from {begin}, before any "
            "follow-up is taken off.",
            f"在 {facts.completion} 前由 {sites} 个中心入组 {facts.target} 例，自 {begin} 起 {span} 个月内"
            f"每中心每月需 {shown} 例，尚未扣除随访时间。",
        ),
        (
            "Add sites, move the completion date, lower the target, or record what the forecast "
            "rests on.",
            "增加中心、推迟完成日期、减少例数，或记录该预测的依据。",
        ),
    )
