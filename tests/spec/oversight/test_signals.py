"""A signal of central monitoring is opened as an issue, assessed, and closed with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import outstanding
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import TrialState
from support.masked_story import actor, live
from support.played import second_protocol, stage
from support.story import COORDINATOR, MONITOR, START, central, expect, new_trial

STATISTICIAN = central("statistician")


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def opened(trial: Any, by: Any = MONITOR, **changes: Any) -> Any:
    said = {"site": "02", "statistic": "rate.adverse_events", "cut": 5, "text": "none", **changes}
    return trial.do(c.OpenSignal(**said), by, at=START)


def assess(trial: Any, by: Any = STATISTICIAN, **changes: Any) -> Any:
    said = {"site": "02", "signal": 1, "text": "charts looked at", **changes}
    return trial.do(c.AssessSignal(**said), by, at=START)


def close(trial: Any, by: Any = MONITOR, **changes: Any) -> Any:
    said = {
        "site": "02", "signal": 1, "conclusion": "confirmed", "reason": "events unreported", **changes,
    }  # fmt: skip
    return trial.do(c.CloseSignal(**said), by, at=START)


def test_a_signal_goes_from_opened_over_assessed_to_closed_and_each_step_stays() -> None:
    trial = new_trial()
    expect(opened(trial))
    assert codes(opened(trial)) == ("signal-open-already",)
    expect(opened(trial, site="01"))
    assert [one.ref for one in outstanding(trial.protocol, trial.state, ["02"], START.date())] == [
        "1"
    ]
    assert codes(close(trial)) == ("signal-not-assessed",)
    expect(assess(trial))
    expect(assess(trial, text="staff asked"))
    expect(close(trial))
    assert codes(assess(trial)) == ("signal-not-open",)
    assert codes(close(trial)) == ("signal-not-open",)
    signal = trial.state.oversight.signals[0]
    assert [text for text, _at, _who in signal.assessments] == ["charts looked at", "staff asked"]
    assert (signal.conclusion, signal.reason) == ("confirmed", "events unreported")
    assert outstanding(trial.protocol, trial.state, ["02"], START.date()) == []
    expect(opened(trial, text="again"))
    again = TrialState(trial.protocol.id, trial.protocol)
    for event, happening in trial.events():
        again.apply(happening, event.site, event.server_time, event.actor)
    assert again.oversight == trial.state.oversight


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"site": "99"}, "unknown-site"),
        ({"statistic": "nothing"}, "no-statistic"),
        ({"cut": 0}, "no-such-cut"),
        ({"cut": 10**6}, "no-such-cut"),
        ({"text": " "}, "nothing-said"),
    ],
)
def test_a_signal_that_does_not_fit_is_refused(changes: dict[str, Any], code: str) -> None:
    trial = new_trial()
    assert codes(opened(trial, **changes)) == (code,)
    assert not trial.state.oversight.signals


def test_a_conclusion_is_one_of_three_and_has_a_reason() -> None:
    trial = new_trial()
    expect(opened(trial))
    assert codes(assess(trial, text="")) == ("nothing-said",)
    expect(assess(trial))
    assert codes(close(trial, conclusion="perhaps", reason="")) == (
        "unknown-conclusion",
        "no-reason",
    )
    assert codes(close(trial, site="01")) == ("signal-not-open",)


def test_the_sites_own_staff_open_and_close_no_signal() -> None:
    trial = new_trial()
    assert codes(opened(trial, COORDINATOR)) == ("not-permitted",)


def test_the_masked_trials_signals_follow_the_same_rules() -> None:
    trial, _arrays = stage(second_protocol())
    live(trial)
    done = c.OpenSignal(site="11", statistic="digits.sbp", cut=trial.state.seq, text="zeros")
    expect(trial.do(done, actor("statistician"), at=START))
