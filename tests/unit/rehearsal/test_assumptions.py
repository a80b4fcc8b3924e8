"""Assumptions are read whole: every fault at once, each with its path."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from equipoise.protocol.document import NaturalHistory
from equipoise.rehearsal import (
    AssumptionError,
    OptionError,
    generate,
    read_assumptions,
    replicate_of,
)
from support.played import assuming, small_protocol


def faults_of(**parts: Any) -> tuple[str, ...]:
    """The faults of the first trial under changed assumptions."""
    with pytest.raises(AssumptionError) as caught:
        read_assumptions(assuming(small_protocol(), **parts))
    return caught.value.faults


def test_the_shipped_assumptions_fit() -> None:
    """The protocol that ships can be rehearsed."""
    assumptions = read_assumptions(small_protocol())
    assert assumptions.history == "latent_mucosal_injury"
    assert assumptions.attrition.arm_factors == {"control": 1.5}


def test_every_fault_is_told_with_its_path() -> None:
    """Two faults in two parts give two lines."""
    faults = faults_of(
        accrual={"sites": {"01": {"per_month": 0}}}, staff={"visit_missed": Decimal("1.2")}
    )
    assert len(faults) == 2
    assert faults[0].startswith("assumptions.accrual.sites.01.per_month:")
    assert faults[1].startswith("assumptions.staff.visit_missed:")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"accrual": {"sites": {"99": {"per_month": 3}}}}, "'99' is no site"),
        ({"participants": {"items": {"whiteness": {"constant": "1"}}}}, "'whiteness' is no item"),
        ({"participants": {"items": {"wbc": {"choose": {"a": 1}, "constant": "1"}}}}, "exactly one"),
        ({"participants": {"items": {"sex": {"choose": {"both": 1}}}}}, "not in the codelist"),
        ({"participants": {"items": {"sex": {"normal": {"mean": 1, "sd": 1}}}}}, "not a number"),
        ({"participants": {"items": {"wbc": {"day": {}}}}}, "not a date"),
        ({"participants": {"screening_failures": [{"criterion": "inc_99", "probability": 0,
          "judgement": True}]}}, "'inc_99' is no criterion"),
        ({"participants": {"screening_failures": [{"criterion": "inc_05", "probability": 0}]}},
         "that violates it"),
        ({"adverse_events": [{"term": "boredom", "probability": 1}]}, "no adverse event term"),
        ({"attrition": {"arm_factors": {"sham": 2}}}, "'sham' is no arm"),
        ({"staff": {"moods": 1}}, "assumptions.staff.moods"),
    ],
)  # fmt: skip
def test_names_and_types_are_checked_against_the_protocol(parts: Any, told: str) -> None:
    """A name the protocol does not have, or a way that does not fit the item, is a fault."""
    assert any(told in fault for fault in faults_of(**parts)), faults_of(**parts)


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (NaturalHistory(model="astrology"), "'astrology' is unknown"),
        (NaturalHistory(model="latent_mucosal_injury"), "radiotherapy"),
        (NaturalHistory(model="continuous_score", parameters={"scores": {"weight": {}}}), "change"),
    ],
)
def test_a_natural_history_that_is_unknown_or_incomplete_is_told(
    history: NaturalHistory, told: str
) -> None:
    """The model and its parameters are named."""
    with pytest.raises(AssumptionError, match="natural_history") as caught:
        generate(assuming(small_protocol(), natural_history=history), 1)
    assert told in str(caught.value)


def test_an_item_must_be_given_before_it_is_used() -> None:
    """A share of an item that comes later is a fault, not a guess."""
    items = {"anc": {"same_as": "wbc"}, "wbc": {"constant": "5"}}
    protocol = assuming(small_protocol(), participants={"items": items})
    with pytest.raises(AssumptionError, match="'wbc' must be given before it"):
        generate(protocol, 1)


def test_options_are_known_by_name() -> None:
    """A misspelt option is refused rather than ignored."""
    with pytest.raises(OptionError, match="'staf'"):
        replicate_of(small_protocol(), 1, 0, {"staf": "faultless"})
    with pytest.raises(OptionError, match="faultless"):
        replicate_of(small_protocol(), 1, 0, {"staff": "perfect"})
