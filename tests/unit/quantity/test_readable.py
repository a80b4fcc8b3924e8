"""Units as a coordinator reads them, not as a computer does."""

from __future__ import annotations

import pytest

from equipoise.quantity.readable import beside, measured, readable_unit


@pytest.mark.parametrize(
    ("unit", "english", "chinese"),
    [
        ("a", "years", "岁"),
        ("mo", "months", "个月"),
        ("10*9/L", "10⁹/L", "10⁹/L"),
        ("kg", "kg", "kg"),
        ("mm[Hg]", "mmHg", "mmHg"),
        ("umol/L", "µmol/L", "µmol/L"),
        ("Cel", "°C", "°C"),
        ("/min", "/min", "/min"),
        ("[IU]/L", "IU/L", "IU/L"),
        ("mL/min/{1.73_m2}", "mL/min/1.73 m²", "mL/min/1.73 m²"),
        ("{score}", "score", "score"),
        ("1", "", ""),
        (None, "", ""),
    ],
)
def test_a_unit_is_read_as_people_write_it(unit, english, chinese):
    assert readable_unit(unit, "en") == english
    assert readable_unit(unit, "zh-Hans") == chinese


def test_a_value_stands_with_its_unit_and_one_is_singular():
    assert measured("59", "a", "en") == "59 years"
    assert measured("1", "mo", "en") == "1 month"
    assert measured("59", "a", "zh-Hans") == "59 岁"
    assert measured("1", "ms", "en") == "1 ms"
    assert measured("4", None, "en") == "4"


def test_a_power_of_ten_is_a_factor_beside_a_number():
    assert measured("294", "10*9/L", "en") == "294 ×10⁹/L"
    assert beside("g/L") == "g/L"
