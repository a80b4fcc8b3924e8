"""UCUM units as people read them, in each language."""

from __future__ import annotations

import re

from .text import LANGUAGES

_WORDS = {
    "a": ("years", "岁"), "mo": ("months", "个月"), "wk": ("weeks", "周"), "d": ("days", "天"),
    "h": ("hours", "小时"), "min": ("minutes", "分钟"), "1": ("", ""),
}  # fmt: skip
"""Units that stand alone and are said rather than written; English in the plural."""

_SIGNS = {"Cel": "°C", "[degF]": "°F", "umol": "µmol", "ug": "µg", "uL": "µL", "_m2": " m²"}
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def readable_unit(unit: str | None, language: str) -> str:
    """A UCUM unit in words or signs: `a` is years, `10*9/L` is 10⁹/L, `mm[Hg]` is mmHg.

    What stands in braces (an annotation) is kept without them: `mL/min/{1.73_m2}` is
    mL/min/1.73 m². An absent unit and the unit `1` are empty.
    """
    if not unit:
        return ""
    if unit in _WORDS:
        return _WORDS[unit][LANGUAGES.index(language)]
    shown = re.sub(r"10\*(-?\d+)", lambda power: "10" + power[1].translate(_RAISED), unit)
    for code, sign in _SIGNS.items():
        shown = shown.replace(code, sign)
    return re.sub(r"[][{}]", "", shown).replace("_", " ")


def measured(value: object, unit: str | None, language: str) -> str:
    """A value with its unit: `59 years`, `1 month`, `294 ×10⁹/L`, `103 mmHg`."""
    words = readable_unit(unit, language)
    if unit in _WORDS and language == "en" and str(value) == "1":
        words = words.removesuffix("s")
    return f"{value} {beside(words)}".rstrip()


def beside(unit: str) -> str:
    """A readable unit where it follows a number or a field: a power of ten is a factor there."""
    return f"×{unit}" if unit.startswith("10") else unit
