"""A record page sorted into sections, and the draft that is being read from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..criteria import label_of
from ..record import RecordReading, language_map
from .lines import Line, bare, is_boilerplate, opens_criteria
from .vocabulary import HEADING_SECTION


class Page:
    """The lines by section, and what has been read of them so far."""

    def __init__(self, lines: Sequence[Line], raw_lines: list[str]) -> None:
        self.document: dict[str, Any] = {}
        source = {f"line {index}": raw for index, raw in enumerate(raw_lines, 1) if raw.strip()}
        self.reading = RecordReading("page", source, self.document)
        self.sections: dict[str, list[Line]] = {}
        self.preamble: list[Line] = []
        section = None
        for line in lines:
            heading = HEADING_SECTION.get(bare(line.words))
            if heading is None and section != "eligibility" and opens_criteria(line):
                section = "eligibility"
                self.sections.setdefault(section, []).append(line)
            elif heading is not None:
                section = heading
                self.sections.setdefault(section, [])
            elif section is None:
                self.preamble.append(line)
            elif not (not self.sections[section] and is_boilerplate(section, line.words)):
                self.sections[section].append(line)
        self.record: dict[str, Any] = {}
        self.arms: list[dict[str, Any]] = []
        self.interventions: list[dict[str, Any]] = []
        self.by_name: dict[str, int] = {}
        """Place of an intervention by its name's key."""

    def take(self, line: Line, path: str, value: Any) -> None:
        """The line now stands at a path of the document."""
        self.reading.place(line.leaf, path, value)

    def replace(self, path: str, old: str, new: str) -> None:
        """What was placed as `old` now stands as `new`."""
        for placed in self.reading.placements.values():
            for index, one in enumerate(placed):
                if one.path == path and one.value == old:
                    placed[index] = type(one)(path, new)

    def prose(self, target: dict[str, Any], section: str, path: str) -> None:
        """Take a section as one text."""
        lines = self.sections.get(section, [])
        if not lines:
            return
        target[section] = language_map("\n".join(line.words for line in lines))
        for line in lines:
            self.take(line, f"{path}.en", target[section]["en"])

    def listed(self, section: str, path: str) -> list[dict[str, str]]:
        """Take a section as a list of texts, a line each."""
        found: list[dict[str, str]] = []
        for line in self.sections.get(section, []):
            entry = label_of(line.words)
            found.append(language_map(entry[2] if entry else line.words))
            self.take(line, f"{path}[{len(found) - 1}].en", found[-1]["en"])
        return found
