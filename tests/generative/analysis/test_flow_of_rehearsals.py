"""The participant flow and the safety tables of random small rehearsals add up, and equal a naive recount of the events.

Both trials, with early stops, deaths before the first dose, lost people, refused consents, screening failures, wrong strata,
typing errors and protocol deviations drawn at random. EQUIPOISE_DEEP plays 500 of 12 to 60 participants.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from typing import Any

import pytest

from equipoise.analysis import Results, analyze_cut
from equipoise.analysis.cut import cut
from equipoise.conduct import events as e
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal.bulk.scenarios import with_settings
from equipoise.trial import Trial
from support.played import SECOND_PROTOCOL, rehearsed
from support.story import seed_protocol

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))
SEEDS = range(500) if DEEP else range(6)
TERM = {"first": "lung_infection", "second": "hypotension"}


@cache
def content_of(name: str) -> dict[str, Any]:
    protocol = seed_protocol() if name == "first" else load_protocol(SECOND_PROTOCOL)
    return protocol.model_dump(mode="json", by_alias=True)


def drawn(seed: int) -> tuple[Protocol, int, date | None]:
    """A small trial under assumptions of its own, and until when it is played (None: to its end)."""
    draw = random.Random(seed)
    name = ("first", "second")[seed % 2]
    content = content_of(name)
    assumed = content["assumptions"]
    early_death = {
        "term": TERM[name], "probability": draw.choice(["0", "0.1", "0.3"]), "grades": {"5": "1"},
        "from_day": draw.choice([-8, -3, 1]), "until_day": draw.choice([2, 30]), "duration": [1, 3],
        "serious": "1", "seriousness": "death", "serious_grade": 5,
    }  # fmt: skip
    scopes = [draw.random() for _ in range(3)]
    shares = [round(share / sum(scopes), 3) for share in scopes[:2]]
    settings: list[tuple[str, Any]] = [
        ("design.sample_size.target", draw.randint(12, 60 if DEEP else 14)),
        ("design.interim_looks", []),
        ("assumptions.attrition.weekly_hazard", draw.choice([0, 0.01, 0.05, 0.2])),
        (
            "assumptions.attrition.scopes",
            {"treatment": shares[0], "follow_up": shares[1], "data_use": round(1 - sum(shares), 3)},
        ),
        ("assumptions.adherence.alpha", draw.choice([0.5, 2, 8])),
        ("assumptions.adverse_events", [*assumed["adverse_events"], early_death]),
        ("assumptions.accrual.consent_refusal", draw.choice([0, 0.08, 0.4])),
        ("assumptions.staff.deviation", draw.choice([0, 0.004, 0.1])),
        ("assumptions.staff.visit_missed", draw.choice([0, 0.03, 0.4])),
        ("assumptions.staff.wrong_stratum", draw.choice([0, 0.2])),
        ("assumptions.staff.typing_error", draw.choice([0, 0.07, 0.2])),
    ]
    protocol = Protocol.model_validate(with_settings(content, settings))
    starts = date.fromisoformat(str(assumed["accrual"]["starts"]))
    until = (
        None
        if draw.random() < 0.7
        else date.fromordinal(starts.toordinal() + draw.randint(60, 250))
    )
    return protocol, draw.randrange(2**16), until


@dataclass
class Naive:
    """One participant, counted by hand."""

    refused: bool = False
    consented: bool = False
    failed: tuple[str, ...] | None = None
    arm: str = ""
    randomized_on: str = ""
    left: dict[str, tuple[str, str]] = field(default_factory=dict)
    completed: bool = False
    diary: dict[tuple[str, int], bool] = field(default_factory=dict)
    seen: dict[tuple[str, int], bool] = field(default_factory=dict)
    events: dict[int, tuple[str, int, str, bool]] = field(default_factory=dict)

    @property
    def used(self) -> bool:
        return "data_use" not in self.left

    @property
    def off(self) -> bool:
        return bool(self.left.keys() & {"follow_up", "data_use"})

    @property
    def doses(self) -> list[bool]:
        return list({**self.diary, **self.seen}.values())


def recount(trial: Trial) -> dict[str, Naive]:
    people: dict[str, Naive] = defaultdict(Naive)
    turns = {
        item: at
        for diary in trial.protocol.schedule.diaries
        for at, item in enumerate(diary.dose_items, start=1)
    }
    for event, what in trial.events():
        kind, _, who = event.stream.partition("/")
        if kind != "participant":
            continue
        one = people[who]
        if isinstance(what, e.ConsentRefused):
            one.refused = True
        elif isinstance(what, e.ConsentRecorded):
            one.consented = True
        elif isinstance(what, e.ScreeningFailed):
            one.failed = what.criteria
        elif isinstance(what, e.ParticipantRandomized):
            one.arm, one.randomized_on = what.arm, what.randomized_on
        elif isinstance(what, e.ParticipantWithdrawn):
            one.left.setdefault(what.scope, (what.on, what.category))
        elif isinstance(what, e.ParticipantCompleted):
            one.completed = True
        elif isinstance(what, e.DiaryDayRecorded):
            one.diary.update(
                {
                    (what.day, turns[v.item]): v.value == "true"
                    for v in what.values
                    if v.item in turns
                }
            )
        elif isinstance(what, e.DoseRecorded):
            one.seen[what.day, what.occasion] = what.taken
        elif isinstance(what, e.AdverseEventReported):
            one.events[what.number] = (
                what.term,
                what.grade,
                what.started_on,
                bool(what.seriousness),
            )
        elif isinstance(what, e.AdverseEventUpdated):
            term, _, start, _ = one.events[what.number]
            one.events[what.number] = (term, what.grade, start, bool(what.seriousness))
    return people


def check_flow(people: dict[str, Naive], results: Results) -> None:
    flow = results.flow
    everyone = people.values()
    assert flow.screened == len(people)
    assert flow.randomized == sum(bool(p.arm) for p in everyone)
    assert flow.screened == flow.randomized + (
        flow.not_eligible + flow.consent_refused + flow.other_reason + flow.withdrawn_before
        + flow.in_screening + flow.data_use_withdrawn_before
    )  # fmt: skip
    before = [p for p in everyone if not p.arm and p.used]
    assert flow.not_eligible == sum(bool(p.failed) for p in before)
    assert flow.other_reason == sum(p.failed == () for p in before)
    assert flow.consent_refused == sum(p.refused and not p.consented for p in before)
    assert flow.data_use_withdrawn_after == sum(bool(p.arm) and not p.used for p in everyone)
    assert {one.id: one.count for one in flow.criteria} == dict(
        Counter(criterion for p in before for criterion in p.failed or ())
    )
    for arm in flow.arms:
        members = [p for p in everyone if p.arm == arm.arm and p.used]
        assert arm.allocated == len(members)
        assert arm.allocated == arm.received + arm.not_received
        left = Counter(p.left["follow_up"][1] for p in members if "follow_up" in p.left)
        assert {one.id: one.count for one in arm.left_follow_up} == dict(left)
        stopped = Counter(
            p.left["treatment"][1] for p in members if "treatment" in p.left and not p.off
        )
        assert {one.id: one.count for one in arm.left_treatment} == dict(stopped)
        assert arm.completed == sum(p.completed and not p.off for p in members)
        assert arm.allocated == arm.completed + left.total() + arm.on_study
        assert arm.allocated == arm.analyzed + sum(one.count for one in arm.not_analyzed)
        if arm.has_product:
            assert arm.received == sum(any(p.doses) for p in members)


def check_safety(people: dict[str, Naive], results: Results, products: dict[str, bool]) -> None:
    table = results.adverse_events
    for at, arm in enumerate(results.arms):
        members = [
            p for p in people.values()
            if p.arm == arm.id and p.used and (any(p.doses) or not products[arm.id])
        ]  # fmt: skip
        assert table.totals[at] == len(members)
        for row in (table.any_event, *table.terms):
            cell, worst, events, serious = row.arms[at], Counter[int](), 0, 0
            for person in members:
                here = [
                    one for one in person.events.values()
                    if one[2] >= person.randomized_on and row.id in ("", one[0])
                ]  # fmt: skip
                events += len(here)
                if here:
                    worst[max(grade for _, grade, _, _ in here)] += 1
                    serious += any(flag for *_, flag in here)
            assert cell.worst == tuple(worst[grade] for grade in range(1, 6)), row.id
            assert (cell.participants, cell.events, cell.serious) == (
                worst.total(),
                events,
                serious,
            )
    used = [p for p in people.values() if p.arm and p.used]
    assert len(results.serious) == sum(one[3] for p in used for one in p.events.values())
    for row in results.exposure:
        doses = [p.doses for p in used if p.arm == row.arm and p.doses]
        assert (row.participants, row.recorded, row.taken) == (
            len(doses), sum(map(len, doses)), sum(map(sum, doses)),
        )  # fmt: skip


def check_sets(people: dict[str, Naive], results: Results) -> None:
    sizes = [arm.randomized for arm in results.arms]
    for counted in results.sets:
        for at, arm in enumerate(results.arms):
            out = [one for one in results.kept_out if (one.set, one.arm) == (counted.id, arm.id)]
            assert counted.members[at] + len(out) == sizes[at]
            assert all(one.reasons for one in out)
    for event in results.intercurrent:
        for arm in event.arms:
            members = [p for p in people.values() if p.arm == arm.arm and p.used]
            assert arm.participants <= len(members)
            if event.id == "death":
                # some assumptions drawn let people die before they are randomized
                assert arm.participants >= sum(
                    any(why == "death" and on >= p.randomized_on for on, why in p.left.values())
                    for p in members
                )
            elif event.id == "left_follow_up":
                assert arm.participants == sum(
                    "follow_up" in p.left and p.left["follow_up"][0] >= p.randomized_on
                    for p in members
                )


Found = tuple[Protocol, dict[str, Naive], Results]


@lru_cache(maxsize=6)
def played(seed: int) -> Found:
    """A rehearsal played, recounted and analyzed."""
    protocol, replicate, until = drawn(seed)
    trial, _, _ = rehearsed(protocol, until=until, seed=seed, replicate=replicate)
    return protocol, recount(trial), analyze_cut(cut(trial))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_flow_and_the_safety_tables_of_a_rehearsal_equal_a_recount(seed: int) -> None:
    protocol, people, results = played(seed)
    check_flow(people, results)
    products = {
        arm.id: any(protocol.intervention_by_id[one].regimen for one in arm.interventions)
        for arm in protocol.arms
    }
    check_safety(people, results, products)
    check_sets(people, results)


def test_the_rehearsals_drawn_hold_what_they_are_drawn_for() -> None:
    """Among those played: deaths, people who leave each way, some before a first dose, some cut short."""
    found: Counter[str] = Counter()
    for seed in SEEDS[:6]:
        for one in played(seed)[1].values():
            found.update(one.left.keys())
            found.update(reason for _, reason in one.left.values())
            found["undosed"] += bool(one.arm and one.left and not one.doses)
            found["on study"] += bool(one.arm and not one.off and not one.completed)
            found["failed"] += bool(one.failed)
    wanted = ("death", "treatment", "follow_up", "data_use", "undosed", "on study", "failed")
    assert all(found[what] for what in wanted), found
