"""Sites that differ are found, and sites that do not are left in peace as often as is stated."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache
from statistics import median

import pytest
from scipy import stats

from equipoise.analysis.central import LEVEL, Row, Statistic, review_sites, rows_of, statistics_of
from equipoise.analysis.cut import states_at
from support.played import rehearsed, second_protocol, whole_trial

pytestmark = pytest.mark.xdist_group("whole-rehearsal")
DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))
NULLS = 200


@lru_cache(maxsize=1)
def rehearsal() -> tuple[Row, ...]:
    """Two hundred virtual participants of three sites that share one natural history and one staff."""
    trial = whole_trial()[0]
    states, position, _mode = states_at(trial)
    return rows_of(trial.protocol, states.values(), position.on)


def shuffled(rows: Sequence[Row], seed: int) -> list[Row]:
    """The same participants dealt to sites of the same sizes by chance: no site differs."""
    sites = [row.site for row in rows]
    random.Random(seed).shuffle(sites)
    return [replace(row, site=site) for row, site in zip(rows, sites, strict=True)]


def of_site(rows: Sequence[Row], site: str, **changes: object) -> list[Row]:
    """The rows with something changed at one site: values, or functions of a row."""
    return [
        replace(row, **{name: one(row) if callable(one) else one for name, one in changes.items()})
        if row.site == site
        else row
        for row in rows
    ]


def found(rows: Sequence[Row]) -> dict[str, Statistic]:
    return {one.id: one for one in statistics_of(rows) if one.signal}


def fabricated(rows: Sequence[Row], site: str) -> list[Row]:
    """A site that invents: round numbers, hardly any variation, one page copied, no events, nothing missing."""
    page: dict[str, tuple[float, ...]] = {}

    def copied(row: Row) -> dict[str, tuple[float, ...]]:
        return {form: page.setdefault(form, vector) for form, vector in row.vectors.items()}

    def invented(row: Row) -> dict[str, tuple[float, float]]:
        none = ("adverse_events", "queries", "missed_visits", "empty_items", "corrections")
        counts = {**row.counts, **{name: (0.0, row.counts[name][1]) for name in none}}
        return {**counts, "on_target_visits": (row.counts["on_target_visits"][1],) * 2}

    middle = {
        item: median(row.latest[item] for row in rows if item in row.latest)
        for item in {name for row in rows for name in row.latest}
    }
    return of_site(
        rows, site, counts=invented, vectors=copied,
        digits=lambda row: {item: 5 * (digit % 2) for item, digit in row.digits.items()},
        latest=lambda row: {
            item: middle[item] + (one - middle[item]) / 10 for item, one in row.latest.items()
        },
        variation=lambda row: {item: one / 10 for item, one in row.variation.items()},
    )  # fmt: skip


def test_a_site_that_fabricates_is_signaled_by_every_sign_it_gives_and_no_other_site_is() -> None:
    signals = found(fabricated(rehearsal(), "02"))
    assert {one.named for one in signals.values()} == {("02",)}
    kinds = {one.kind for one in signals.values()}
    assert kinds >= {"rate", "heaping", "digits", "spread", "variation", "copies"}
    assert {"rate.adverse_events", "rate.on_target_visits", "heaping.pulse"} <= signals.keys()
    adverse = {one.site: one for one in signals["rate.adverse_events"].sites}["02"]
    assert adverse.observed == 0
    assert adverse.others > 0


def test_the_rehearsal_as_it_was_played_has_no_signal() -> None:
    assert found(rehearsal()) == {}


@pytest.mark.thorough
def test_in_two_hundred_null_data_sets_false_signals_hold_their_stated_level() -> None:
    """While no site differs any signal is a false one; more than the level allows by chance would show."""
    rows = rehearsal()
    wrong = sum(bool(found(shuffled(rows, seed))) for seed in range(NULLS if DEEP else 40))
    runs = NULLS if DEEP else 40
    assert wrong <= stats.binom.ppf(0.999, runs, LEVEL)


def test_single_p_values_of_null_data_sets_are_no_smaller_than_they_should_be() -> None:
    rows = rehearsal()
    p = [one.p for seed in range(15) for one in statistics_of(shuffled(rows, 1000 + seed))]
    assert len(p) > 1000
    for level in (0.05, 0.01):
        share = sum(one <= level for one in p) / len(p)
        assert share <= level * 1.25, (level, share)


@pytest.mark.parametrize(
    ("name", "times"),
    [("adverse_events", 3.0), ("missed_visits", 6.0), ("queries", 6.0), ("deviations", 4.0)],
)
def test_a_site_with_a_rate_several_times_higher_is_signaled_for_that_alone(
    name: str, times: float
) -> None:
    def more(row: Row) -> dict[str, tuple[float, float]]:
        count, exposure = row.counts[name]
        return {**row.counts, name: (round(times * count), exposure)}

    signals = found(of_site(rehearsal(), "03", counts=more))
    assert set(signals) == {f"rate.{name}"}
    assert signals[f"rate.{name}"].named == ("03",)


def test_a_site_that_enters_late_is_signaled() -> None:
    late = of_site(
        rehearsal(),
        "02",
        levels=lambda row: {**row.levels, "entry_lag": row.levels["entry_lag"] + 9},
    )
    assert set(found(late)) == {"level.entry_lag"}


def test_one_copied_page_is_told_from_pages_that_agree_everywhere() -> None:
    rows = rehearsal()
    form = "vital_signs"
    page = next(row.vectors[form] for row in rows)
    copied = of_site(rows, "03", vectors=lambda row: {**row.vectors, form: page})
    assert found(copied)[f"copies.{form}"].named == ("03",)
    everywhere = [replace(row, vectors={**row.vectors, form: page}) for row in rows]
    assert f"copies.{form}" not in {one.id for one in statistics_of(everywhere)}


def test_nothing_is_compared_with_fewer_than_five_participants_on_a_side() -> None:
    rows = rehearsal()[:9]
    few = [replace(row, site="01" if place < 5 else "02") for place, row in enumerate(rows)]
    assert statistics_of(few) == ()
    assert statistics_of(()) == ()
    enough = [replace(row, site="01" if place < 5 else "02") for place, row in enumerate(rehearsal()[:10])]  # fmt: skip
    assert len(statistics_of(enough)) > 10


def test_of_two_sites_both_are_named_for_one_comparison() -> None:
    rows = [replace(row, site="01" if row.site == "01" else "02") for row in rehearsal()]
    late = of_site(
        rows, "02", levels=lambda row: {**row.levels, "entry_lag": row.levels["entry_lag"] + 9}
    )
    signal = found(late)["level.entry_lag"]
    assert signal.named == ("01", "02")
    assert signal.p == min(one.p for one in signal.sites)


def test_no_statistic_can_depend_on_the_arm() -> None:
    """The rows hold no arm, and are the same when every arm is another."""
    assert not [one.name for one in fields(Row) if "arm" in one.name]
    trial, _arrays, _played = rehearsed(second_protocol())
    states, position, _mode = states_at(trial)
    rows = rows_of(trial.protocol, states.values(), position.on)
    arms = [arm.id for arm in trial.protocol.arms]
    for state in states.values():
        if state.arm is not None:
            state.arm = arms[(arms.index(state.arm) + 1) % len(arms)]
    assert rows_of(trial.protocol, states.values(), position.on) == rows
    assert len(rows) > 5


def test_a_review_names_its_cut_and_is_the_same_when_made_again() -> None:
    trial = whole_trial()[0]
    first, again = review_sites(trial), review_sites(trial)
    assert first == again
    assert first.position.seq == trial.ledger.head().seq
    assert first.participants == len(rehearsal())
    early = review_sites(trial, 2000)
    assert early.position.seq == 2000
    assert early.participants < first.participants
