"""Units convert exactly, or refuse."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from equipoise.quantity.units import UnitError, check_unit, commensurable, convert, unit

# 37 of the first in the second; made with ucumvert 0.3.2 on Pint 0.25.3 (Python 3.11, Decimal).
# Left out: mm[Hg] and [degF], where Pint's own definitions differ from UCUM's or round.
CONVERTED_ELSEWHERE = [
    ("10*3/uL", "10*9/L", "37"),
    ("g/dL", "g/L", "370"),
    ("wk", "d", "259"),
    ("a", "d", "13514.25"),
    ("mo", "d", "1126.1875"),
    ("cGy", "Gy", "0.37"),
    ("U/L", "nkat/L", "616.6666666666666666666666668"),
    ("mL/min", "L/h", "2.22"),
    ("ug/kg/min", "mg/kg/h", "2.22"),
    ("[lb_av]", "kg", "16.78291769"),
    ("[in_i]", "cm", "93.98"),
    ("%", "1", "0.37"),
    ("mg/dL", "g/L", "0.37"),
    ("mmol/L", "umol/mL", "37"),
    ("kcal", "kJ", "154.808"),
    ("Cel", "K", "310.15"),
    ("mCi", "MBq", "1369"),
    ("cm[H2O]", "Pa", "3628.4605"),
    ("/min", "Hz", "0.6166666666666666666666666668"),
    ("ng/mL", "ug/L", "37"),
    ("kg/m2", "g/cm2", "3.7"),
    ("[oz_av]", "g", "1048.932355625"),
    ("bar", "kPa", "3700"),
    ("atm", "kPa", "3749.025"),
]


@pytest.mark.parametrize(("source", "target", "expected"), CONVERTED_ELSEWHERE)
def test_conversions_agree_with_an_independent_library(
    source: str, target: str, expected: str
) -> None:
    assert abs(convert(Decimal(37), source, target) - Decimal(expected)) < Decimal("1e-24")


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("100", "10*3/uL", "10*9/L", "100"),
        ("0.1", "g/dL", "g/L", "1.0"),
        ("120", "mm[Hg]", "kPa", "15.99864"),
        ("100.4", "[degF]", "Cel", "38"),
        ("38", "Cel", "[degF]", "100.4"),
        ("1", "k[IU]/L", "[IU]/mL", "1"),
        ("7", "d", "wk", "1"),
        ("123456789012345678901234567890.123", "mg", "kg", "123456789012345678901234.567890123"),
    ],
)
def test_exact_factors_give_exact_decimals(
    value: str, source: str, target: str, expected: str
) -> None:
    assert convert(Decimal(value), source, target) == Decimal(expected)


def test_the_callers_decimal_context_changes_nothing() -> None:
    with localcontext() as context:
        context.prec = 3
        assert convert(Decimal("123.456"), "g/L", "mg/L") == Decimal("123456")


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("[IU]/L", "U/L", "arbitrary"),
        ("mg/dL", "umol/L", "molar mass"),
        ("mL/min/{1.73_m2}", "mL/min", "annotations"),
        ("meq/L", "mmol/L", "different"),
        ("Gy", "Sv", "different"),
        ("kg", "cm", "different"),
        ("K/uL", "10*3/uL", "different"),
        ("[CFU]/mL", "[PFU]/mL", "arbitrary"),
    ],
)
def test_what_does_not_convert_is_refused_with_the_reason(
    source: str, target: str, words: str
) -> None:
    assert not commensurable(source, target)
    with pytest.raises(UnitError, match=words):
        convert(Decimal(1), source, target)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("×10⁹/L", "10*9/L"),
        ("x10^9/L", "10*9/L"),
        ("µmol/L", "umol/L"),
        ("mcg", "ug"),
        ("mmHg", "mm[Hg]"),
        ("°C", "Cel"),
        ("IU/L", "[IU]/L"),
        ("weeks", "wk"),
        ("tablets", "{tablet}"),
    ],
)
def test_what_people_write_is_refused_with_the_code_to_write(written: str, remedy: str) -> None:
    with pytest.raises(UnitError) as caught:
        check_unit(written)
    assert repr(remedy) in caught.value.remedy
    check_unit(remedy)


@pytest.mark.parametrize(
    "code",
    ["", "foo", "mg//L", "mg/", "(mg", "mg)", "m0", "Cel2", "Cel/min", "{open", "mg L", "m" * 90,
     "m99", "-5", "0", "((((((((((m))))))))))", "1e5", "\u0661"],
)  # fmt: skip
def test_nonsense_is_no_unit(code: str) -> None:
    with pytest.raises(UnitError):
        check_unit(code)


def test_ten_to_the_nine_may_be_written_in_both_of_ucums_ways() -> None:
    assert convert(Decimal(3), "10^9/L", "10*9/L") == 3


def test_a_bare_number_may_stand_for_counts_and_whole_units_of_time_only() -> None:
    assert all(unit(code).countable for code in ("1", "%", "{score}", "d", "wk", "mo", "a"))
    assert not any(unit(code).countable for code in ("kg", "10*9/L", "h", "mg/d", "Cel"))
