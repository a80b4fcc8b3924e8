"""Limits on measured things, as criteria write them: `creatinine clearance ≥50 mL/min`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from .language import normal

_ANALYTES = (
    ("creatinine clearance", r"creatinine clearance(?: rate)?|crcl|ccr|clcr"),
    ("glomerular filtration rate", r"e?gfr|(?:estimated )?glomerular filtration rate"),
    ("hemoglobin", r"ha?emoglobin|hgb|hb(?!a1c|v|s)"),
    ("platelets", r"platelets?(?: counts?)?|plt|thrombocytes?"),
    ("neutrophils", r"(?:absolute )?neutrophils?(?: counts?)?|anc"),
    ("white blood cells", r"white blood cells?(?: counts?)?|wbc|leu[ck]ocytes?(?: counts?)?"),
    ("bilirubin", r"(?:total |serum )*bilirubin|tbil|tbili"),
    ("ALT", r"alt|sgpt|alanine (?:amino)?transferase"),
    ("AST", r"ast|sgot|aspartate (?:amino)?transferase"),
    ("transaminases", r"transaminases?|aminotransferases?"),
    ("creatinine", r"(?:serum )?creatinine(?! clearance)"),
    ("ejection fraction", r"(?:left ventricular )?ejection fraction|lvef|ef"),
    ("body mass index", r"bmi|body mass index"),
    ("HbA1c", r"hba1c|glycated ha?emoglobin"),
    ("life expectancy", r"life expectancy|expected survival"),
    ("ECOG", r"ecog(?: performance status| ps)?"),
)
_COMPARATORS = {
    ">=": True, "≥": True, ">": True, "at least": True, "not less than": True, "more than": True,
    "greater than": True, "above": True, "over": True, "exceeding": True, "higher than": True,
    "not lower than": True, "no less than": True, "greater than or equal to": True, "minimum of": True,
    "<=": False, "≤": False, "<": False, "at most": False, "less than": False, "below": False,
    "under": False, "lower than": False, "not more than": False, "no more than": False,
    "less than or equal to": False, "not exceeding": False, "up to": False, "not higher than": False,
}  # fmt: skip
_COMPARATOR = "|".join(re.escape(word) for word in sorted(_COMPARATORS, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit: `is_lower` says that values above it satisfy the comparison.

    `scale` is `uln` for multiples of the upper limit of normal, else the unit as written.
    """

    analyte: str
    is_lower: bool
    words: str
    value: Decimal
    scale: str

    def __str__(self) -> str:
        return f"{self.words} {self.value.normalize():f}{' × ULN' if self.scale == 'uln' else ''}"


_UNIT = re.compile(
    r"\s*((?:[x×*]\s*10\s*\^?\s*\d+\s*)?(?:%|[a-zμµ]+(?:\s*/\s*[a-zμµ\d.^]+)+|/\s*[a-zμµ\d^]+|years?|months?|weeks?))"
)


def _unit(rest: str) -> str:
    match = _UNIT.match(rest)
    return re.sub(r"[\s^]+", "", match[1]).rstrip("s") if match else ""


def thresholds(text: str) -> list[Threshold]:
    """The limits a text sets, in order."""
    words = normal(text)
    found = []
    for analyte, names in _ANALYTES:
        pattern = re.compile(
            rf"\b(?:{names})\b(?:\s*\([^)]*\))?\s*(?:\w+\s+){{0,3}}?(?:is|are|of|=|:|,)?\s*"
            rf"(?P<comparator>{_COMPARATOR})\s*(?P<value>\d+(?:\.\d+)?)(?P<rest>.{{0,45}})"
        )
        for match in pattern.finditer(words):
            by_uln = re.match(
                r"\s*(?:times|fold|x|×|\*)?\s*(?:the\s+)?(?:uln|upper limit)", match["rest"]
            )
            found.append(
                Threshold(
                    analyte,
                    _COMPARATORS[match["comparator"]],
                    match["comparator"],
                    Decimal(match["value"]),
                    "uln" if by_uln else _unit(match["rest"]),
                )
            )
    return found
