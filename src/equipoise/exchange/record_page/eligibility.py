"""Eligibility: ages, sex, and the criteria."""

from __future__ import annotations

import re
from typing import Any

from equipoise.protocol.record.facts import plain

from ..criteria import criterion_entry, criterion_ids, split_criteria
from ..record import language_map
from .lines import Line, labeled
from .page import Page

_AGE = re.compile(
    r"(?:\d{1,3} (?:years?|months?|weeks?|days?|hours?|minutes?)(?: old)?|n/?a)", re.I
)


def read_eligibility(page: Page) -> dict[str, Any]:
    """Ages, sex, healthy volunteers, and the criteria one by one; or their text as a whole."""
    eligibility: dict[str, Any] = {}
    rest: list[Line] = []
    pending = ""
    for line in page.sections.get("eligibility", []):
        label, value = labeled(line.words)
        about = label or pending
        word = value if label else line.words
        key = Line(line.number, word, word).code
        if _AGE.fullmatch(word) and (not label or "age" in label):
            name = (
                "maximum_age"
                if "max" in about or "upper" in about or "minimum_age" in eligibility
                else "minimum_age"
            )
            if name not in eligibility:
                eligibility[name] = word
                page.take(line, f"eligibility.{name}", word)
        elif key in ("all", "female", "male", "both") and (
            line.words.isupper() or "sex" in about or "gender" in about
        ):
            eligibility["sex"] = "all" if key == "both" else key
            page.take(line, "eligibility.sex", eligibility["sex"])
        elif key in ("yes", "no") and (not label or "health" in label):
            eligibility["healthy_volunteers"] = key == "yes"
            page.take(line, "eligibility.healthy_volunteers", key == "yes")
        else:
            rest.append(line)
            pending = line.words.lower() if len(line.words) < 40 else ""
            continue
        pending = ""
    if not rest:
        return eligibility
    criteria = split_criteria("\n".join(plain(line.raw) for line in rest))
    if not criteria:
        eligibility["text"] = language_map("\n".join(line.words for line in rest))
        for line in rest:
            page.take(line, "eligibility.text.en", eligibility["text"]["en"])
        return eligibility
    eligibility["criteria"] = []
    for index, (name, criterion) in enumerate(zip(criterion_ids(criteria), criteria, strict=True)):
        path = f"eligibility.criteria[{index}]"
        eligibility["criteria"].append(
            criterion_entry(name, criterion.kind, criterion.number, criterion.text, criterion.group)
        )
        for offset in criterion.lines:
            if criterion.number is not None:
                page.take(rest[offset], f"{path}.number", criterion.number)
            page.take(rest[offset], f"{path}.text.en", criterion.text)
    return eligibility
