"""Wherever a rehearsal is stopped, and whatever its numbers, it goes on to the same end."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from equipoise.protocol.document import Protocol
from equipoise.rehearsal import play
from support.played import rehearsed, second_protocol, smaller, stage


@lru_cache(maxsize=1)
def tiny() -> Protocol:
    """The second trial with three participants."""
    return smaller(second_protocol(), 3)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    st.integers(1, 50),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.lists(st.integers(1, 3), max_size=2),
)
def test_stopping_changes_nothing(seed: int, days: list[int], counts: list[int]) -> None:
    """Stopped after some days, or at some numbers randomized: the root is that of an unbroken play."""
    whole, _, played = rehearsed(tiny(), seed=seed)
    trial, replicate = stage(tiny(), seed=seed)
    for count in sorted(counts):
        stopped = play(trial, replicate, randomized=count)
        assert stopped.randomized >= count
    day = replicate.starts
    for step in days:
        day += timedelta(days=step)
        play(trial, replicate, until=day)
    assert play(trial, replicate).finished
    assert played.finished
    assert trial.ledger.root() == whole.ledger.root()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.integers(0, 50))
def test_every_replicate_ends_at_its_target(seed: int, replicate: int) -> None:
    """Three are randomized, everyone is accounted for, and the chain of events holds."""
    trial, _, played = rehearsed(tiny(), seed=seed, replicate=replicate)
    assert played.finished
    assert played.randomized == 3
    assert {codes for _, codes in played.refused} <= {("out-of-range",)}
    assert trial.ledger.verify().ok
    assert trial.state.screened == len(trial.participant_ids())
