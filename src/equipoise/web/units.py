"""UCUM units as people write them."""

from __future__ import annotations

import re

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def unit_words(unit: str | None) -> str:
    """`10*9/L` becomes ×10⁹/L; `mL/min/{1.73_m2}` loses its braces."""
    if not unit or unit == "1":
        return ""
    words = re.sub(r"10\*(-?\d+)", lambda found: "×10" + found[1].translate(_SUPERSCRIPT), unit)
    words = re.sub(r"\{([^}]*)\}", lambda found: found[1].replace("_", " "), words)
    return words.replace("[", "").replace("]", "").replace("umol", "µmol").replace("Cel", "°C")
