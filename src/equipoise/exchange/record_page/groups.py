"""Arms and interventions."""

from __future__ import annotations

import re
from typing import Any

from ..record import language_map, slug
from .lines import Line, is_prose, key_of
from .page import Page
from .vocabulary import ARM_TYPES, INTERVENTION_TYPES

_NO_INTERVENTION = re.compile(
    r"no (?:study )?interventions? (?:is |are |was |were )?assigned", re.I
)
_GROUPISH = re.compile(
    r"\b(?:group|arm|cohort|control|comparator|placebo|experimental|standard of care|usual care)\b",
    re.I,
)


def read_groups(page: Page) -> None:
    """Take arms and interventions, whichever of the two sections tells of them."""
    page.document["arms"] = page.arms
    page.document["interventions"] = page.interventions
    _read_interventions(page)
    _read_arms(page)


def _intervention(page: Page, line: Line) -> int:
    """The index of the intervention a line names, which is made if it is new."""
    index = page.by_name.get(key_of(line.words))
    if index is None:
        index = len(page.interventions)
        taken = {entry["id"] for entry in page.interventions}
        page.interventions.append(
            {
                "id": slug(line.words, fallback="intervention", taken=taken),
                "name": language_map(line.words),
            }
        )
        page.by_name[key_of(line.words)] = index
    page.take(line, f"interventions[{index}].name.en", page.interventions[index]["name"]["en"])
    return index


def _describe(page: Page, index: int, line: Line) -> None:
    """Give an intervention its description, or note a second, different one."""
    entry = page.interventions[index]
    path = f"interventions[{index}].description.en"
    words = language_map(line.words)
    if "description" not in entry:
        entry["description"] = words
        page.take(line, path, words["en"])
    elif key_of(entry["description"]["en"]) == key_of(line.words):
        page.take(line, path, entry["description"]["en"])
    else:
        variants = page.record.setdefault("intervention_variants", [])
        variants.append({"intervention": entry["id"], "text": words["en"]})
        page.take(line, f"record.intervention_variants[{len(variants) - 1}].text", words["en"])


def _read_interventions(page: Page) -> None:
    current: int | None = None
    described = False
    for line in page.sections.get("interventions", []):
        if line.code in INTERVENTION_TYPES:
            if current is not None and "type" not in page.interventions[current]:
                page.interventions[current]["type"] = line.code
                page.take(line, f"interventions[{current}].type", line.code)
        elif current is None or (described and not is_prose(line.words)):
            current, described = _intervention(page, line), False
        elif not described:
            _describe(page, current, line)
            described = True
        else:
            _append(
                page, f"interventions[{current}].description", page.interventions[current], line
            )


def _append(page: Page, path: str, entry: dict[str, Any], line: Line) -> None:
    """Another paragraph of a description."""
    words = f"{entry['description']['en']}\n{line.words}"
    page.replace(f"{path}.en", entry["description"]["en"], words)
    entry["description"] = {"en": words}
    page.take(line, f"{path}.en", words)


def _read_arms(page: Page) -> None:
    arm: dict[str, Any] | None = None
    product: int | None = None
    closed = True
    for line in page.sections.get("groups", []):
        path = f"arms[{len(page.arms) - 1}]"
        if _NO_INTERVENTION.search(line.words) and len(line.words) < 80:
            product, closed = None, True
        elif (
            arm is not None
            and line.code in ARM_TYPES
            and "type" not in arm
            and line.words.isupper()
        ):
            arm["type"] = line.code
            page.take(line, f"{path}.type", line.code)
        elif product is not None and line.code in INTERVENTION_TYPES:
            if "type" not in page.interventions[product]:
                page.interventions[product]["type"] = line.code
                page.take(line, f"interventions[{product}].type", line.code)
        elif arm is not None and key_of(line.words) in page.by_name:
            product, closed = _intervention(page, line), False
            if page.interventions[product]["id"] not in arm["interventions"]:
                arm["interventions"].append(page.interventions[product]["id"])
        elif arm is not None and not closed and product is None and "description" not in arm:
            arm["description"] = language_map(line.words)
            page.take(line, f"{path}.description.en", arm["description"]["en"])
        elif product is not None and is_prose(line.words):
            _describe(page, product, line)
        elif (
            arm is None
            or closed
            or _GROUPISH.search(line.words)
            or (page.by_name and product is not None)
        ):
            if is_prose(line.words) and arm is not None and not closed and "description" in arm:
                _append(page, f"{path}.description", arm, line)
                continue
            taken = {entry["id"] for entry in page.arms}
            arm = {
                "id": slug(line.words, fallback="arm", taken=taken),
                "label": language_map(line.words),
                "interventions": [],
            }
            page.arms.append(arm)
            page.take(line, f"arms[{len(page.arms) - 1}].label.en", arm["label"]["en"])
            product, closed = None, False
        elif is_prose(line.words):
            _append(page, f"{path}.description", arm, line)
        else:
            product = _intervention(page, line)
            arm["interventions"].append(page.interventions[product]["id"])
