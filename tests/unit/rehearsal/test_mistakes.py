"""How numbers are mistyped."""

from __future__ import annotations

from decimal import Decimal

import pytest

from equipoise.quantity.units import convert
from equipoise.rehearsal.generate import in_site_unit
from equipoise.rehearsal.play.entries import mistyped, other_level
from support.played import small_protocol, small_trial

ITEMS = small_protocol().item_by_id


@pytest.mark.parametrize(
    ("item", "text", "kind", "wrong"),
    [
        ("weight", "63.5", 0.1, "635.0"),
        ("weight", "63.5", 0.5, "6.4"),
        ("hemoglobin", "138.0", 0.7, "13.8"),
        ("hemoglobin", "13.8 g/dL", 0.7, "13.8"),
        ("weight", "63.5", 0.9, "36.5"),
        ("platelets", "224", 0.9, "2240"),
        ("pain_nrs", "0", 0.1, None),
    ],
)
def test_a_point_a_unit_or_two_digits_go_wrong(
    item: str, text: str, kind: float, wrong: str | None
) -> None:
    """Shifted decimal points, forgotten units and exchanged digits; zero cannot go wrong."""
    assert mistyped(ITEMS[item], text, kind) == wrong


def test_a_mistake_always_shows() -> None:
    """What is mistyped differs from what was meant, for every kind of mistake."""
    for name, text in (("weight", "60.0"), ("alt", "11.0"), ("wbc", "5.55"), ("creatinine", "77")):
        for step in range(100):
            wrong = mistyped(ITEMS[name], text, (step + 0.5) / 100)
            assert wrong is None or Decimal(wrong.split()[0]) != Decimal(text), (name, step)


def test_another_level_is_ticked() -> None:
    """A yes becomes a no, a code another code of its list."""
    assert other_level(ITEMS["concurrent_chemo"], "true", ()) == "false"
    assert other_level(ITEMS["sex"], "male", ("male", "female")) == "female"
    assert other_level(ITEMS["sex"], "male", ("male",)) is None


def test_a_site_s_unit_converts_back_to_the_very_same_value() -> None:
    """What the laboratory reports in its own unit is the recorded value exactly."""
    _, arrays, _ = small_trial()
    for number in range(80, 181):
        shown = in_site_unit(arrays, "02", "hemoglobin", f"{number}.5")
        value, unit = shown.split()
        assert unit == "g/dL"
        assert convert(Decimal(value), "g/dL", "g/L") == number + Decimal("0.5")
    assert in_site_unit(arrays, "01", "hemoglobin", "138") == "138"
