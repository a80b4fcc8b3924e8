"""Participant flow: how many started, came through, and why the others did not."""

from __future__ import annotations

from typing import Any

from equipoise.analysis import Results
from equipoise.analysis.results import ArmFlow
from equipoise.protocol.document import Protocol

from .groups import NOT_AVAILABLE, Groups, words
from .registered import given
from .words import known, listed, say


def flow_module(results: Results, protocol: Protocol, language: str) -> dict[str, Any]:
    """`participantFlowModule`: one period over the whole study."""
    flow = results.flow
    arms = flow.arms
    groups = Groups(results, protocol, "FG", language, [arm.arm for arm in arms])

    def achieved(counts: list[int | None]) -> list[dict[str, Any]]:
        return [
            {"groupId": groups.ids[arm.arm], "numSubjects": str(count)}
            if count is not None
            else {
                "groupId": groups.ids[arm.arm],
                "numSubjects": NOT_AVAILABLE,
                "comment": say("no_product", language),
            }
            for arm, count in zip(arms, counts, strict=True)
        ]

    milestones = [
        {"type": "STARTED", "achievements": achieved([arm.allocated for arm in arms])},
    ]
    if any(arm.has_product for arm in arms):
        received = [arm.received if arm.has_product else None for arm in arms]
        milestones.append({"type": say("received", language), "achievements": achieved(received)})
    if flow.primary_endpoint is not None:
        analyzed: list[int | None] = [arm.analyzed for arm in arms]
        milestones.append({"type": say("analyzed", language), "achievements": achieved(analyzed)})
    milestones += [
        {"type": "COMPLETED", "achievements": achieved([arm.completed for arm in arms])},
        {
            "type": "NOT COMPLETED",
            "achievements": achieved([arm.allocated - arm.completed for arm in arms]),
        },
    ]
    return given(
        ("preAssignmentDetails", _before(results, language)),
        ("recruitmentDetails", _recruited(results, protocol, language)),
        ("groups", groups.listed),
        (
            "periods",
            [
                given(
                    ("title", say("overall_study", language)),
                    ("milestones", milestones),
                    ("dropWithdraws", _reasons(arms, groups, language)),
                )
            ],
        ),
    )


def _reasons(arms: tuple[ArmFlow, ...], groups: Groups, language: str) -> list[dict[str, Any]]:
    """Every reason that occurs in any group, with its count in each: they add up to those not completed."""
    counts: dict[str, dict[str, int]] = {}
    for arm in arms:
        for one in arm.left_follow_up:
            counts.setdefault(one.id, {})[arm.arm] = one.count
        if arm.on_study:
            counts.setdefault("still_on_study", {})[arm.arm] = arm.on_study
    return [
        {
            "type": say(reason, language) if known(reason) else reason.replace("_", " "),
            "reasons": [
                {"groupId": groups.ids[arm.arm], "numSubjects": str(by_arm.get(arm.arm, 0))}
                for arm in arms
            ],
        }
        for reason, by_arm in counts.items()
    ]


def _before(results: Results, language: str) -> str:
    flow = results.flow
    reasons = [
        say(key, language, n=count)
        for key, count in (
            ("not_eligible", flow.not_eligible),
            ("consent_refused", flow.consent_refused),
            ("other_reason", flow.other_reason),
            ("withdrawn_before", flow.withdrawn_before),
            ("data_use_before", flow.data_use_withdrawn_before),
            ("in_screening", flow.in_screening),
        )
        if count
    ]
    counts = {"screened": flow.screened, "randomized": flow.randomized}
    said = (
        say("pre_assignment", language, reasons=listed(reasons, language), **counts)
        if reasons
        else say("all_randomized", language, **counts)
    )
    if flow.data_use_withdrawn_after:
        said += " " if language == "en" else ""
        said += say("data_use_after", language, n=flow.data_use_withdrawn_after)
    return said


def _recruited(results: Results, protocol: Protocol, language: str) -> str:
    course = results.course
    if course.first_randomized_on is None:
        return ""
    sites = [words(site.name, language) for site in protocol.identity.sites]
    return say(
        "recruited", language, sites=("; " if language == "en" else "；").join(sites),
        first=course.first_randomized_on, last=course.last_randomized_on,
    )  # fmt: skip
