"""Write docs/reference/faults.md from the corpus of broken protocols in tests/data/broken.

Each file of the corpus says in comments at its top what it shows (`title`, `about`), which codes it
must give on which lines (`expect`), and with which text each line is mended (`mended`). The page
shows for each code what fails, the finding, and the mended text; tests hold the corpus true and the
page current.

    python tools/faults_page.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from equipoise.protocol.checks import check_structure, conclude, findings_of_sound_parts
from equipoise.protocol.reading import read_protocol, read_text

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "data" / "broken"
PAGE = ROOT / "docs" / "reference" / "faults.md"

_EXPECT = re.compile(r"^# expect: (\S+) @ (\d+)$", re.MULTILINE)
_MENDED = re.compile(r"^# mended @ (\d+):(?: (.*))?$", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """A fault or a finding, as it is told to the user."""

    code: str
    line: int
    severity: str
    place: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Case:
    """One broken protocol."""

    path: Path
    text: str
    title: str
    about: str
    expected: tuple[tuple[str, int], ...]
    mended: dict[int, list[str]]

    @property
    def mended_text(self) -> str:
        """The file with its mended lines."""
        lines: list[str] = []
        for number, line in enumerate(self.text.splitlines(), 1):
            lines += self.mended.get(number, [line])
        return "\n".join(lines) + "\n"


def read_case(path: Path) -> Case:
    """A file of the corpus."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    mended: dict[int, list[str]] = {}
    for match in _MENDED.finditer(text):
        lines = mended.setdefault(int(match.group(1)), [])
        if match.group(2) is not None:
            lines.append(match.group(2))
    title, about = (
        re.search(rf"^# {key}: (.+)$", text, re.MULTILINE) for key in ("title", "about")
    )
    if title is None or about is None:
        raise ValueError(f"{path.name} lacks its title or its about")
    return Case(
        path,
        text,
        title.group(1),
        about.group(1),
        tuple((match.group(1), int(match.group(2))) for match in _EXPECT.finditer(text)),
        mended,
    )


def corpus() -> list[Case]:
    """All broken protocols, by name."""
    return [read_case(path) for path in sorted(CORPUS.glob("*.yaml"))]


def told(source: Path | str) -> list[Told]:
    """Everything found in a file, or in a text, in the order of its lines."""
    reading = read_protocol(source) if isinstance(source, Path) else read_text(source)
    if reading.protocol is not None:
        findings = conclude(
            reading.protocol, check_structure(reading.protocol, reading.places), reading.places
        )
    else:
        findings = findings_of_sound_parts(reading)
    found = [
        Told(fault.code, fault.line, "error", fault.path, fault.message, fault.remedy)
        for fault in reading.faults
    ]
    found += [
        Told(
            finding.code,
            finding.line or 0,
            finding.severity,
            finding.place,
            finding.message.en,
            finding.remedy.en,
        )
        for finding in findings
    ]
    return sorted(found, key=lambda one: (one.line, one.code, one.place))


def main_code(case: Case) -> str:
    """The code a case stands for: the one its name starts with, else the first it expects."""
    codes = [code for code, _ in case.expected]
    named = [code for code in codes if case.path.stem.startswith(code)]
    return max(named, key=len) if named else codes[0]


_INTRODUCTION = """\
# Faults and findings

What `equipoise check` can say about a protocol file, one by one: what fails, what is said, and the
mended text. This page is written by `tools/faults_page.py` from the broken protocols in
`tests/data/broken`; tests hold each of them to its code and line, and each mended text to silence.

A *fault* means that the file is no protocol yet: all faults of the file are told at once, and its
sound parts are checked on. A *finding* is about a protocol that can be read: an **error** keeps the
trial from running as written, a **warning** says it would probably not run as meant, a **note** is
worth a look. A finding is settled by mending the text, or by a decision that names its id:

```yaml
decisions:
  - finding: windows-overlap/w1.w2
    choice: The earlier visit is held first.
    reason: Fridays are clinic days.
    by: Dr. Lin
    on: 2026-11-24
    status: confirmed
```

Exit codes of `equipoise check`: 0 when no error is left unsettled, 1 when one is, 2 when the file
cannot be read as a document at all.

Two faults need no example: `unreadable-file` (there is no such file, or it may not be read) and
`file-too-large` (more than 8 MB, or more than 400,000 values).
"""


def page() -> str:
    """The page's text."""
    groups: dict[str, list[Case]] = {}
    for case in corpus():
        groups.setdefault(main_code(case), []).append(case)
    return _INTRODUCTION + "".join(
        line for code in sorted(groups) for line in _section(code, groups[code])
    )


def _section(code: str, cases: list[Case]) -> Iterator[str]:
    yield f"\n## {code}\n"
    for case in cases:
        found = told(case.path)
        severities = {one.severity for one in found if one.code == code}
        yield f"\n**{case.title}** ({', '.join(sorted(severities))}). {case.about}\n"
        # Brackets without end are too much for a highlighter as well.
        language = "text" if code == "too-deep" else "yaml"
        yield f"\n```{language}\n{_shown(case)}```\n"
        yield "\n```text\n"
        for one in found:
            place = f"{one.place}: " if one.place else ""
            yield f"line {one.line}: {place}{one.message}\n  → {one.remedy} [{one.code}]\n"
        yield "```\n"
        if case.mended:
            yield f"\nMended:\n\n```yaml\n{_shown_mended(case)}```\n"


def _lines(case: Case) -> list[int]:
    return sorted({line for _, line in case.expected} | set(case.mended))


def _shown(case: Case) -> str:
    lines = case.text.splitlines()
    shown = [lines[number - 1] for number in _lines(case)]
    return "".join(f"{_printable(line)}\n" for line in shown)


def _shown_mended(case: Case) -> str:
    kept = [line for number in sorted(case.mended) for line in case.mended[number]]
    return "".join(f"{line}\n" for line in kept) or "# (the line is removed)\n"


def _printable(line: str) -> str:
    shown = line.replace("\t", "→   ")
    return "".join(character if character.isprintable() else "�" for character in shown)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(corpus())} broken protocols")
