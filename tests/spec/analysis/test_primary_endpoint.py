"""The first trial's primary endpoint: what its text says, what its variable declares, what is counted."""

from __future__ import annotations

from collections import Counter

import pytest

from equipoise.analysis import analyze
from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import Occurs
from equipoise.rehearsal import Replicate
from support.played import person_of, whole_trial
from support.story import seed_protocol

WHOLE = pytest.mark.xdist_group("whole-rehearsal")


def test_the_text_of_the_primary_endpoint_and_its_rules_agree() -> None:
    """What the description promises in words, the variable declares, and an analysis turns around."""
    protocol = seed_protocol()
    (primary,) = [endpoint for endpoint in protocol.endpoints if endpoint.role == "primary"]
    assert primary.description is not None
    assert "count as no event here and as an event in the sensitivity analysis" in (
        primary.description.en
    )
    variable = primary.variable
    assert isinstance(variable, Occurs)
    assert (variable.never_assessed, variable.left_without_event) == ("no_event", "no_event")
    turned = [
        endpoint
        for endpoint in protocol.endpoints
        if endpoint.variable
        == variable.model_copy(update={"never_assessed": "event", "left_without_event": "event"})
    ]
    assert len(turned) == 1
    roles = {one.role for one in protocol.analyses if one.endpoint == turned[0].id}
    assert roles == {"sensitivity"}


def seen(replicate: Replicate, state: ParticipantState, person: int) -> str:
    """Event, no event, left or never graded: from the forms, on the true days of radiotherapy."""
    first, last = int(replicate.course.first[person]), int(replicate.course.last[person])
    grades = [
        int(captured.value.value)
        for form in state.forms.values()
        for name, captured in form.values.items()
        if name == "who_grade"
        and captured.value.value
        and first <= form.performed_on.toordinal() <= last
    ]
    left = [w.on.toordinal() for w in state.withdrawals if w.scope == "follow_up"]
    if any(grade >= 3 for grade in grades):
        return "event"
    if not grades:
        return "never_assessed"
    return "left_without_event" if left and min(left) < last else "no event"


@WHOLE
def test_everybody_randomized_is_counted_as_declared() -> None:
    """Nobody is missing from the primary analysis; the sensitivity analysis counts them as events."""
    trial, replicate, _ = whole_trial()
    results = analyze(trial)
    counted: dict[str, Counter[str]] = {}
    for state in trial.participants():
        if state.arm is None or state.data_use_withdrawn:
            continue
        person = person_of(trial, state.id)
        assert person is not None
        counted.setdefault(state.arm, Counter())[seen(replicate, state, person)] += 1
    unseen = ("never_assessed", "left_without_event")
    assert sum(counts[rule] for counts in counted.values() for rule in unseen) > 0
    primary = results.analysis("primary_risk_difference")
    turned = results.analysis("withdrawal_as_event_risk_difference")
    for group in primary.groups:
        assert group.missing == ()
        assert group.analyzed == group.population == counted[group.arm].total()
        assert group.events == counted[group.arm]["event"]
        rules = {rule.id: rule.count for rule in group.counted}
        assert rules == {
            rule: counted[group.arm][rule] for rule in unseen if counted[group.arm][rule]
        }
    for group in turned.groups:
        assert group.analyzed == group.population
        assert group.events == sum(counted[group.arm][what] for what in ("event", *unseen))
    graded = results.analysis("graded_risk_difference")
    for group in graded.groups:
        counts = counted[group.arm]
        assert group.population == counts.total() - counts["never_assessed"]
