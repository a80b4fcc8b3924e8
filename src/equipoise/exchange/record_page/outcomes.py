"""Outcome measures."""

from __future__ import annotations

import re

from ..criteria import label_of
from .lines import labeled
from .page import Page


def read_outcomes(page: Page) -> None:
    """Outcome measures by role, each with time frame and description."""
    for section, first_role in (
        ("primary", "primary"),
        ("secondary", "secondary"),
        ("other", "other"),
        ("outcomes", "primary"),
    ):
        role, current = first_role, None
        for line in page.sections.get(section, []):
            label, value = labeled(line.words)
            entry = label_of(line.words)
            listed = page.record.get("outcomes", {}).get(role, [])
            path = f"record.outcomes.{role}[{len(listed) - 1}]"
            if re.fullmatch(
                r"(primary|secondary|other)(?: outcomes?| endpoints?)?(?: measures?)?:?",
                line.words,
                re.I,
            ):
                role, current = line.words.split()[0].lower().rstrip(":"), None
            elif (
                label in ("time frame", "timeframe", "time point", "timing")
                and current is not None
                and value
            ):
                current["time_frame"] = value
                page.take(line, f"{path}.time_frame", value)
            elif (
                current is None
                or entry is not None
                or "time_frame" in current
                or label in ("measure", "outcome")
            ):
                words = (
                    entry[2] if entry else value if label in ("measure", "outcome") else line.words
                )
                if not words:
                    continue
                current = {"measure": words}
                listed = page.record.setdefault("outcomes", {}).setdefault(role, [])
                listed.append(current)
                page.take(line, f"record.outcomes.{role}[{len(listed) - 1}].measure", words)
            elif "description" not in current:
                current["description"] = line.words
                page.take(line, f"{path}.description", line.words)
