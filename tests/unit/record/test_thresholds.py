"""Limits are read with their direction, value and scale."""

from __future__ import annotations

from decimal import Decimal

import pytest

from equipoise.protocol.record.thresholds import thresholds


@pytest.mark.parametrize(
    ("text", "analyte", "is_lower", "value", "scale"),
    [
        ("Serum creatinine ≤1.5 × ULN", "creatinine", False, "1.5", "uln"),
        ("creatinine clearance ≥50 mL/min", "creatinine clearance", True, "50", "ml/min"),
        ("hemoglobin of at least 90 g/L", "hemoglobin", True, "90", "g/l"),
        ("Platelets (PLT) not less than 100x10^9/L", "platelets", True, "100", "x109/l"),
        ("ALT no more than 3 times the upper limit of normal", "ALT", False, "3", "uln"),
    ],
)
def test_a_limit(text: str, analyte: str, is_lower: bool, value: str, scale: str) -> None:
    (one,) = [limit for limit in thresholds(text) if limit.analyte == analyte]
    assert (one.is_lower, one.value, one.scale) == (is_lower, Decimal(value), scale)
