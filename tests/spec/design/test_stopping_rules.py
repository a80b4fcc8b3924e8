"""A protocol's stopping rules are evaluated as data arrive, and shown to whom they may tell what they count."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from scipy.stats import beta

from equipoise.conduct.state import AdverseEvent, ParticipantState, Stamp
from equipoise.design.stopping import RuleStanding, matches, rule_standing
from equipoise.protocol.checks.check import check_structure
from equipoise.protocol.document import CountedEvents, Protocol, StoppingRule
from support.story import seed_protocol

STAMP = Stamp(1, "a", "r", "2027-01-01T00:00:00+00:00")


def event(term: str = "anaphylaxis", grade: int = 3, **more: Any) -> AdverseEvent:
    given: dict[str, Any] = {
        "number": 1, "term": term, "verbatim": "", "grade": grade, "scale": "CTCAE v5.0",
        "started_on": date(2027, 1, 1), "ended_on": None, "seriousness": (),
        "causality": {"exosome_spray": "possible"}, "outcome": "recovered", "action": "none",
        "narrative": "", "reported": STAMP, **more,
    }  # fmt: skip
    return AdverseEvent(**given)


def person(name: str, arm: str, *events: AdverseEvent) -> ParticipantState:
    state = ParticipantState(name, seed_protocol())
    state.arm = arm
    state.adverse_events = dict(enumerate(events, start=1))
    return state


def rule(**parts: Any) -> StoppingRule:
    return StoppingRule.model_validate({"id": "one", "text": "One", **parts})


def standing(asked: StoppingRule, *people: ParticipantState, randomized: int = 0) -> RuleStanding:
    """The rule over these people; of those who are candidates none is spared the closer look."""
    known = {one.id: one for one in people}
    return rule_standing(asked, lambda events: known, known.get, lambda arms: randomized)


ALLERGY = {"events": {"terms": ["anaphylaxis"], "grade": 3, "related": True}, "arms": ["spray"]}


def test_a_rule_is_reached_at_its_count_of_participants_not_of_events() -> None:
    asked = rule(**ALLERGY, at_least=2)
    twice = person("01-1", "spray", event(), event(number=2))
    assert standing(asked, twice).reached is False
    other = person("01-2", "spray", event())
    found = standing(asked, twice, other)
    assert (found.reached, found.participants) == (True, ("01-1", "01-2"))


def test_other_arms_and_events_of_another_kind_do_not_count() -> None:
    asked = rule(**ALLERGY, at_least=1)
    people = [
        person("01-1", "control", event()),
        person("01-2", "spray", event(grade=2)),
        person("01-3", "spray", event("nausea", 4)),
        person("01-4", "spray", event(causality={"exosome_spray": "unlikely"})),
        person("01-5", "spray"),
    ]
    assert standing(asked, *people).participants == ()


def test_serious_ones_only_where_the_rule_says_so() -> None:
    counted = CountedEvents(serious=True)
    assert not matches(event(), counted)
    assert matches(event(seriousness=("hospitalization",)), counted)


@pytest.mark.parametrize(("seen", "total"), [(0, 10), (3, 10), (6, 10), (20, 50)])
def test_a_rate_is_too_probable_by_its_posterior(seen: int, total: int) -> None:
    """Beta(1, 1) before; pbeta(0.3, 1 + x, 1 + n - x, lower.tail = FALSE) in R, scipy's survival function here."""
    asked = rule(events={"terms": ["nausea"]}, too_probable={"rate": "0.3", "probability": "0.9"})
    people = [person(f"01-{n}", "spray", event("nausea", 1)) for n in range(seen)]
    found = standing(asked, *people, randomized=total)
    exact = beta(1 + seen, 1 + total - seen).sf(0.3)
    assert found.probability == pytest.approx(exact, abs=1e-12)
    assert found.reached is bool(exact > 0.9)
    assert found.randomized == total


def test_what_no_data_decide_is_the_boards() -> None:
    assert standing(rule(), person("01-1", "spray", event())).reached is None


@pytest.mark.parametrize(
    "parts",
    [
        {"events": {}},
        {"events": {}, "at_least": 2, "too_probable": {"rate": "0.1", "probability": "0.9"}},
        {"at_least": 2},
        {"arms": ["spray"]},
        {"events": {"grade": 6}, "at_least": 1},
        {"events": {}, "at_least": 0},
        {"events": {}, "too_probable": {"rate": "1.2", "probability": "0.9"}},
    ],
)
def test_a_rule_that_says_half_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**parts)


def test_a_rule_over_what_the_protocol_does_not_know_is_found() -> None:
    protocol = seed_protocol()
    made = rule(events={"terms": ["hiccup"]}, arms=["placebo"], at_least=1)
    safety = protocol.safety.model_copy(update={"stopping_rules": [made]})
    document = protocol.model_copy(update={"safety": safety})
    document.__dict__.pop("version", None)
    places = {one.place for one in check_structure(document) if one.severity == "error"}
    assert {
        "safety.stopping_rules[0].arms[0]",
        "safety.stopping_rules[0].events.terms[0]",
    } <= places


def test_both_trials_say_what_their_rules_count() -> None:
    def decidable(protocol: Protocol) -> dict[str, bool]:
        return {one.id: one.events is not None for one in protocol.safety.stopping_rules}

    assert decidable(seed_protocol()) == {
        "airway_or_anaphylaxis": True,
        "excess_deaths": True,
        "tumor_growth": False,
    }
