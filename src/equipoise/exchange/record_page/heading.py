"""What stands above the sections, and the values told by vocabulary: status, dates, design."""

from __future__ import annotations

import re
from typing import Any

from equipoise.quantity.dates import PartialDate

from ..record import language_map
from .lines import Line, is_partial_date, labeled
from .page import Page
from .vocabulary import (
    ALLOCATIONS,
    MASKED,
    MASKINGS,
    MODELS,
    OBSERVATIONAL_MODELS,
    PERSPECTIVES,
    PHASES,
    PURPOSES,
    STATUSES,
    STUDY_TYPES,
)

_COUNT = re.compile(r"(?P<count>\d{1,7}) (?:participants?|patients?|subjects?|people)", re.I)


def read_preamble(page: Page, identity: dict[str, Any]) -> None:
    """Registry number, titles and dates that stand before the first heading."""
    numbers: list[dict[str, Any]] = []
    identity["identifiers"] = numbers
    dates: dict[str, Any] = {}
    for line in page.preamble:
        registered = re.fullmatch(
            r"(?:NCT (?:ID|number)\s*[::：]?\s*)?(NCT\d{8})", line.words, re.I
        )
        label, value = labeled(line.words)
        if registered and not any(entry["type"] == "nct" for entry in numbers):
            numbers.append({"id": registered[1].upper(), "type": "nct"})
            page.take(line, f"identity.identifiers[{len(numbers) - 1}].id", registered[1].upper())
        elif "updated" in label and is_partial_date(value):
            dates["last_updated"] = {"date": value}
            page.take(line, "identity.dates.last_updated.date", value)
        elif "posted" in label and is_partial_date(value):
            dates["first_posted"] = {"date": value}
            page.take(line, "identity.dates.first_posted.date", value)
        elif "official" in label and "title" in label and value:
            identity["titles"]["official"] = language_map(value)
            page.take(line, "identity.titles.official.en", identity["titles"]["official"]["en"])
        elif "brief" not in identity["titles"] and (
            not label or len(label) > 30 or "title" in label
        ):
            words = value if "title" in label and len(label) <= 30 else line.words
            if not words:
                continue
            identity["titles"]["brief"] = language_map(words)
            page.take(line, "identity.titles.brief.en", identity["titles"]["brief"]["en"])
    if dates:
        identity["dates"] = dates


def read_codes(page: Page, identity: dict[str, Any], design: dict[str, Any]) -> None:
    """Status, study type, phases, enrollment, dates and design, told by their words."""
    dates: list[tuple[str, Line, str]] = []
    pending = ""
    basic = page.sections.get("basic", [])
    for line in [*basic, *page.sections.get("results", []), *page.preamble]:
        label, value = labeled(line.words)
        word = Line(line.number, value, value) if label else line
        key = word.code
        count = _COUNT.fullmatch(value if label else line.words)
        if count or (line.words.isdigit() and re.search(r"enrol|participants|sample", pending)):
            number = int(count["count"]) if count else int(line.words)
            if number >= 1 and "sample_size" not in design:
                design["sample_size"] = {"target": number}
                page.take(line, "design.sample_size.target", number)
        elif key in STATUSES and "registry_status" not in identity:
            identity["registry_status"] = key
            page.take(line, "identity.registry_status", key)
        elif key in STUDY_TYPES and "study_type" not in design:
            design["study_type"] = key
            page.take(line, "design.study_type", key)
        elif key.replace("phase_", "phase") in PHASES:
            design.setdefault("phase", []).append(key.replace("phase_", "phase"))
            page.take(line, f"design.phase[{len(design['phase']) - 1}]", design["phase"][-1])
        elif line.leaf not in page.reading.placements and is_partial_date(
            value if label else line.words
        ):
            dates.append((label or pending, line, value if label else line.words))
        pending = "" if label else line.words.lower()
    _dates(page, identity, dates)
    texts: list[Line] = []
    for line in page.sections.get("design", []):
        if not _design_code(page, line, design):
            texts.append(line)
    if texts:
        joined = "\n".join(line.words for line in texts)
        page.record.setdefault("texts", {})["model_description"] = joined
        for line in texts:
            page.take(line, "record.texts.model_description", joined)


def _dates(page: Page, identity: dict[str, Any], found: list[tuple[str, Line, str]]) -> None:
    placed: dict[str, tuple[Line, str]] = {}
    open_dates = []
    for label, line, value in found:
        name = (
            "last_updated" if "update" in label
            else "first_posted" if "post" in label
            else "start" if "start" in label or "begin" in label
            else "primary_completion" if "primary" in label
            else "completion" if "complet" in label or "end" in label
            else None
        )  # fmt: skip
        if name and name not in placed:
            placed[name] = (line, value)
        else:
            open_dates.append((line, value))
    open_dates.sort(key=lambda entry: PartialDate.parse(entry[1]).earliest)
    names = [
        name
        for name in ("start", "primary_completion", "completion")
        if name not in placed and (name != "primary_completion" or len(open_dates) > 2)
    ]
    placed.update(zip(names, open_dates, strict=False))
    dates = identity.setdefault("dates", {})
    for name, (line, value) in placed.items():
        if name not in dates:
            dates[name] = {"date": value}
            page.take(line, f"identity.dates.{name}.date", value)
    if not dates:
        del identity["dates"]


def _design_code(page: Page, line: Line, design: dict[str, Any]) -> bool:
    """Place a line of the design section; False where it is no known value."""
    label, value = labeled(line.words)
    key = Line(line.number, value, value).code if label else line.code
    masking = design.get("masking")
    if "allocation" not in design and key in ALLOCATIONS and "mask" not in label:
        design["allocation"] = ALLOCATIONS[key]
        page.take(line, "design.allocation", ALLOCATIONS[key])
    elif "model" not in design and key in MODELS:
        design["model"] = key.removesuffix("_assignment")
        page.take(line, "design.model", design["model"])
    elif key in OBSERVATIONAL_MODELS and "observational_model" not in design:
        design["observational_model"] = key
        page.take(line, "design.observational_model", key)
    elif key in PERSPECTIVES and "time_perspective" not in design:
        design["time_perspective"] = key
        page.take(line, "design.time_perspective", key)
    elif key in PURPOSES and "purpose" not in design:
        design["purpose"] = key
        page.take(line, "design.purpose", key)
    elif key in MASKINGS and masking is None:
        design["masking"] = {"level": MASKINGS[key], "masked": []}
        page.take(line, "design.masking.level", MASKINGS[key])
    elif key in MASKED and masking is not None and key not in masking["masked"]:
        masking["masked"].append(key)
        page.take(line, f"design.masking.masked[{len(masking['masked']) - 1}]", key)
    else:
        return False
    return True
