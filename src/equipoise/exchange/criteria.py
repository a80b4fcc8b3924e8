"""Splitting a record's eligibility text into criteria, with the numbering it came with.

The registry holds one markdown text: headings, bullets or numbers, sub-lists by indentation,
escapes. A criterion is a top-level entry of a list with everything nested under it. Nothing is
renumbered, nothing is invented; a text that shows no list is left whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from equipoise.protocol.record.facts import plain

_ROMAN = r"[ivxIVX]{1,5}"
LABEL = re.compile(
    rf"""^(?P<indent>\s*)
    (?:
        (?P<bullet>[*•●▪◦‣·–—■○-])\s+
      | [(（\[]?\s*(?:(?:no\.?|item|criterion|[IE](?=\d))\s*)?
        (?P<number>\d{{1,3}}(?:\.\d{{1,2}}){{0,3}}|[A-Za-z]|{_ROMAN})
        \s*(?:[.)）\]、:：．]|\s-(?=\s))\s*(?=\D)
      | (?P<circled>[①-⑳])\s*
    )(?P<text>\S.*)$""",
    re.VERBOSE | re.IGNORECASE,
)
_HEADING = re.compile(
    r"""^\W*(?:(?:[IVX]+|\d+)(?:\.\d+)*[.)]?\s+)?(?:(?:key|main|major|general|additional|the|participant|patient|subject|study)\s+)*
    (?P<kind>inclusion|exclusion|inclusive|exclusive)
    (?:\s*/?\s*criteri(?:a|on|um))?
    (?P<rest>(?:\s+(?:for|of|are|include|in|\()[^:]{0,80})?)\s*[\s:：.*_)-]*$""",
    re.VERBOSE | re.IGNORECASE,
)
_INLINE_HEADING = re.compile(
    r"(?<![a-z])(?P<heading>(?:key\s+)?(?:inclusion|exclusion)\s+criteri(?:a|on)\s*[:：])",
    re.IGNORECASE,
)


@dataclass(slots=True)
class SplitCriterion:
    """A criterion: its list, its number as found, its text for display, the lines it came from."""

    kind: str
    number: str | None
    text: str
    group: str | None = None
    lines: list[int] = field(default_factory=list)


def heading_kind(line: str) -> str | None:
    """`inclusion` or `exclusion` where the line is the heading of such a list."""
    match = _HEADING.match(plain(line).strip())
    if match is None:
        return None
    return "inclusion" if match["kind"].lower().startswith("inclu") else "exclusion"


def label_of(line: str) -> tuple[int, str | None, str] | None:
    """Indentation, number (None for a bullet) and text of a list entry; None for other lines."""
    match = LABEL.match(line)
    if match is None:
        return None
    indent = len(match["indent"].expandtabs(4))
    if match["bullet"]:
        return indent, None, match["text"].strip()
    if match["circled"]:
        return indent, str(ord(match["circled"]) - ord("①") + 1), match["text"].strip()
    number = match["number"]
    after = line[match.end("number") :].lstrip()
    if number.isalpha() and after[:1] in ".:" and not after[1:2].isspace():
        return None  # an abbreviation such as "e.g." or "I.V.", not a label
    return indent, number, match["text"].strip()


def _inline_list(text: str) -> list[tuple[str, str]]:
    """`1. A 2. B 3. C` as numbered entries, where the numbers follow each other; else nothing."""
    pieces = re.split(r"(?:(?<=\s)|^)(\d{1,2})[.)]\s+(?=[A-Z(≥≤<>])", text)
    numbers = pieces[1::2]
    if len(numbers) < 2 or pieces[0].strip():
        return []
    first = int(numbers[0])
    if [int(number) for number in numbers] != list(range(first, first + len(numbers))):
        return []
    return list(zip(numbers, (piece.strip() for piece in pieces[2::2]), strict=True))


def split_criteria(text: str, *, kind: str | None = None) -> list[SplitCriterion]:
    """The criteria of an eligibility text, in order; empty where no list can be told.

    `kind` is the list the text belongs to when its heading stands outside the text. Lines are
    counted from 0 as `text.split("\\n")` gives them.
    """
    if kind is None and not any(heading_kind(line) for line in text.split("\n")):
        text = _INLINE_HEADING.sub(lambda match: f"\n{match['heading']}\n", text)
    lines = text.split("\n")
    labeled = [label_of(plain(line)) for line in lines]
    if kind is None and _begins_unheaded(lines, labeled):
        kind = "inclusion"
    found: list[SplitCriterion] = []
    current: SplitCriterion | None = None
    group: str | None = None
    base: int | None = None
    style_numbered: bool | None = None
    for index, raw in enumerate(lines):
        line = plain(raw)
        if not line.strip():
            continue
        entry = labeled[index]
        heading = heading_kind(entry[2] if entry else line)
        if heading is not None and (entry is None or entry[1] is None or len(line) < 40):
            kind, current, group, base, style_numbered = heading, None, None, None, None
            continue
        if kind is None:
            continue
        if entry is None:
            if current is not None and raw[:1].isspace():
                current.text += f" {line.strip()}"
                current.lines.append(index)
            elif _is_subheading(line):
                group, current, base = line.strip().strip("*_ :："), None, None
            elif current is not None and current.number is not None and _continues(line):
                current.text += f" {line.strip()}"
                current.lines.append(index)
            else:
                inline = _inline_list(line.strip())
                if inline:
                    for first, rest in inline:
                        current = SplitCriterion(kind, first, rest, group, [index])
                        found.append(current)
                else:
                    current = SplitCriterion(kind, None, line.strip(), group, [index])
                    found.append(current)
            continue
        indent, number, words = entry
        if base is None:
            base, style_numbered = indent, number is not None
        nested = indent > base or (
            style_numbered is not None
            and current is not None
            and (
                (style_numbered and number is None)
                or (style_numbered and not _same_style(number, current.number))
            )
        )
        if nested and current is not None:
            mark = f"{number}." if number is not None else "-"
            current.text += f"\n{mark} {words}"
            current.lines.append(index)
            continue
        inline = _inline_list(line.strip()) if number is not None else []
        if len(inline) > 1:
            for first, rest in inline:
                current = SplitCriterion(kind, first, rest, group, [index])
                found.append(current)
            continue
        current = SplitCriterion(kind, number, words, group, [index])
        found.append(current)
    return [criterion for criterion in found if criterion.text.strip()]


def _begins_unheaded(lines: list[str], labeled: list[tuple[int, str | None, str] | None]) -> bool:
    """Whether list entries stand before the first heading, and that heading is of the exclusions.

    `To be eligible, participants must: 1. … 2. … Exclusion criteria: …`
    """
    entries = 0
    for line, entry in zip(lines, labeled, strict=True):
        heading = heading_kind(line)
        if heading is not None:
            return heading == "exclusion" and entries > 1
        entries += entry is not None
    return False


def _is_subheading(line: str) -> bool:
    stripped = line.strip().strip("*_ ")
    return stripped.endswith((":", "：")) and len(stripped) < 400


def _continues(line: str) -> bool:
    """A wrapped line goes on in lower case or with a closing mark."""
    first = line.strip()[0]
    return first.islower() or first in ",;)>≥≤<"


def _same_style(number: str | None, other: str | None) -> bool:
    if number is None or other is None:
        return number is other
    return number[0].isdigit() == other[0].isdigit()


def criterion_ids(criteria: list[SplitCriterion]) -> list[str]:
    """A stable id for each: by its number as found, else by its position in its list."""
    taken: set[str] = set()
    ids = []
    position = {"inclusion": 0, "exclusion": 0}
    for criterion in criteria:
        position[criterion.kind] += 1
        tail = (
            re.sub(r"[^a-z0-9]+", "_", criterion.number.lower()).strip("_")
            if criterion.number
            else f"item_{position[criterion.kind]}"
        )
        name, copy = f"{criterion.kind}_{tail}", 2
        while name in taken:
            name, copy = f"{criterion.kind}_{tail}__{copy}", copy + 1
        taken.add(name)
        ids.append(name)
    return ids


def criterion_entry(
    name: str, kind: str, number: str | None, text: str, group: str | None = None
) -> dict[str, Any]:
    """A criterion of a draft: nobody has written an expression yet, so a person judges it."""
    entry: dict[str, Any] = {"id": name, "kind": kind}
    if number is not None:
        entry["number"] = number
    entry["text"] = {"en": text}
    entry["judgement"] = True
    if group:
        entry["note"] = {"en": group}
    return entry
