"""Write the two pages about findings of a record.

`docs/reference/findings.md` shows for each code what fails, the finding as it is told, and the mended
text, all from runs over tests/data/findings. `docs/reference/findings-in-real-records.md` counts the
findings over the 257 records in tests/data/records and gives the judgements in
tests/data/findings/judged.yaml. Tests hold both pages current.

    python tools/findings_page.py
"""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from equipoise.exchange.draft import draft_from, read_record_bytes
from equipoise.protocol.checks import Finding
from equipoise.protocol.reading import read_text
from equipoise.protocol.record import CODES, check_record, facts_of

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
CLEAN = DATA / "findings" / "clean.yaml"
EXAMPLES = DATA / "findings" / "examples.yaml"
JUDGED = DATA / "findings" / "judged.yaml"
RECORDS = DATA / "records" / "records.jsonl.gz"
PAGE = ROOT / "docs" / "reference" / "findings.md"
REAL_PAGE = ROOT / "docs" / "reference" / "findings-in-real-records.md"
TODAY = date(2026, 11, 25)
"""The day both pages are checked as of."""

SAMPLE_SIZE = 50
VERDICTS = ("true", "debatable", "false")


# one code, one example ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A change of the clean protocol that gives one finding."""

    code: str
    about: str
    old: str
    new: str
    also: tuple[str, ...]

    @property
    def text(self) -> str:
        """The protocol with the change."""
        clean = CLEAN.read_text(encoding="utf-8")
        if clean.count(self.old) != 1:
            raise ValueError(f"{self.code}: clean.yaml holds {self.old!r} not exactly once")
        return clean.replace(self.old, self.new)


def examples() -> list[Example]:
    """All examples, in the order of the checks."""
    listed = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    return [
        Example(one["code"], one["about"], one["old"], one["new"], tuple(one.get("also", ())))
        for one in listed
    ]


def told(text: str) -> list[Finding]:
    """What the checks of a record find in a protocol's text, with lines."""
    from dataclasses import replace

    reading = read_text(text)
    if reading.protocol is None or reading.places is None:
        raise ValueError(f"not a protocol: {[fault.message for fault in reading.faults]}")
    return [
        replace(finding, line=reading.places.line(finding.place))
        for finding in check_record(facts_of(reading.protocol), TODAY)
    ]


def _dedented(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    return "".join(f"{line}\n" for line in lines)


def _whole_lines(text: str, piece: str) -> str:
    """The lines of a text that a piece of it touches."""
    begin = text.index(piece)
    start = text.rfind("\n", 0, begin) + 1
    end = text.find("\n", begin + max(len(piece.rstrip("\n")) - 1, 0))
    return text[start : end if end >= 0 else None]


_INTRODUCTION = """\
# Findings of a record

What `equipoise check` finds in what a trial's record *says*: in a draft made by `equipoise new`, in a
complete protocol, in anybody's registry record. A finding is about meaning: a fact said in other words
clears it, the same gap in other words does not. Faults of a file and findings of a protocol's structure
are in [](faults.md); how often each code below occurs in real records, and how often it is right, in
[](findings-in-real-records.md).

This page is written by `tools/findings_page.py` from one small protocol without findings
(`tests/data/findings/clean.yaml`) and one change of it per code; tests hold that each change gives its
finding and no other, and that every code of the checks has its section here.

An **error** keeps a protocol from being activated until it is settled, a **warning** would probably not
run as meant, a **note** is worth a look. A finding is settled by mending the text as shown, or by a
decision that names its id (or its code, for all of that code), which the pages and reports then show:

```yaml
decisions:
  - finding: no-strata
    choice: Randomization is not stratified.
    reason: Two sites of one city with the same radiotherapy; 60 participants do not fill more strata.
    by: Dr. Lin
    on: 2026-11-24
    status: confirmed
```

`status: assumed` settles it as well, and is shown as an assumption wherever the decision matters.
Ids carry what tells several findings of one code apart: the role (`timing-conflict/start`), the list
(`criteria-numbering-gap/inclusion`), the criterion and the word (`vague-term/heart/severe`). An id rests
on ids of the document, so that rewording a protocol or correcting its numbering does not move it.
"""


def page() -> str:
    """The text of the page of findings."""
    return _INTRODUCTION + "".join(line for one in examples() for line in _section(one))


def _section(example: Example) -> Iterator[str]:
    clean, text = CLEAN.read_text(encoding="utf-8"), example.text
    found = [one for one in told(text) if one.code == example.code]
    yield f"\n## {example.code}\n\n{example.about}\n"
    removed = not example.new.strip()
    shown = "# (nothing)" if removed else _whole_lines(text, example.new)
    yield f"\n```yaml\n{_dedented(shown)}```\n\n```text\n"
    for one in found:
        yield f"{one.severity} {one.id}, line {one.line}: {one.place}\n"
        yield f"  {one.message.en}\n  → {one.remedy.en}\n"
    yield f"```\n\nMended:\n\n```yaml\n{_dedented(_whole_lines(clean, example.old))}```\n"


# real records ------------------------------------------------------------------------------------


@cache
def real_findings() -> tuple[tuple[str, Finding], ...]:
    """Every finding of the real records with the trial's id, in the order of the file."""
    with gzip.open(RECORDS, "rb") as lines:
        drafts = [draft_from(read_record_bytes(line, json_expected=True)) for line in lines]
    return tuple(
        (draft.protocol.id, finding)
        for draft in drafts
        for finding in check_record(facts_of(draft.protocol), TODAY)
    )


def sample(seed: str, findings: Iterable[tuple[str, Finding]]) -> list[tuple[str, Finding]]:
    """Fifty findings spread over the codes.

    One of each code in the order of the checks, then a second of each, and so on; within a code by
    SHA-256 of `seed|trial|id`.
    """
    queues: dict[str, list[tuple[str, str, Finding]]] = {code: [] for code in CODES}
    for trial, finding in findings:
        key = hashlib.sha256(f"{seed}|{trial}|{finding.id}".encode()).hexdigest()
        queues[finding.code].append((key, trial, finding))
    for queue in queues.values():
        queue.sort(key=lambda entry: entry[0])
    chosen: list[tuple[str, Finding]] = []
    turn = 0
    while len(chosen) < SAMPLE_SIZE and any(len(queue) > turn for queue in queues.values()):
        for queue in queues.values():
            if len(queue) > turn and len(chosen) < SAMPLE_SIZE:
                chosen.append(queue[turn][1:])
        turn += 1
    return chosen


def judged() -> list[dict[str, Any]]:
    """The samples with their judgements, as written by hand."""
    samples: list[dict[str, Any]] = yaml.safe_load(JUDGED.read_text(encoding="utf-8"))
    return samples


_REAL = """\
# Findings in real records

`equipoise new` and the checks of [](findings.md), run over the 257 ClinicalTrials.gov records in
`tests/data/records/records.jsonl.gz` as of {today}. All 257 become drafts, with no leaf of a record
dropped. This page is written by `tools/findings_page.py`; a test keeps its counts current.

## How many records have each finding

{records} records, {findings} findings in all. Codes that need two descriptions of one intervention, or a
spray, meet no such record here: they are shown on the first trial and on the examples of
[](findings.md) only.

| code | records | findings |
|---|---:|---:|
{rows}

## How many are right

Findings were drawn by a stated rule and judged by one reader, from the record's own text: is what the
finding says true of the record? *True*: it is. *Debatable*: it is true as worded, and a reader who
knows the field could hold that nothing is wrong. *False*: it is not true. The rule: one finding of
each code in the order of the checks, then a second of each, until {size}; within a code in the order of
SHA-256 of `seed|trial|finding`. Rare codes therefore weigh as much as frequent ones: these are shares
over codes, not over all findings, and of a frequent code such as `vague-term` only two or so are judged
in a sample. The reader also mended the checks, so the figures are not independent.

| sample | drawn | true | debatable | false | true, of {size} |
|---|---|---:|---:|---:|---:|
{totals}

What was false was mended in the check itself, not for the record, after each sample; `mended` marks the
findings that have since gone. The later sample is the one to go by: it was drawn with another seed
after the first was mended, and judged before its own were. The false ones of `compound-criterion` led
to a look at all findings of that code, which mended more of them than were sampled. What the checks
*miss* is not measured here.
"""


def real_page() -> str:
    """The text of the page of counts and judgements."""
    found = real_findings()
    records: dict[str, set[str]] = {code: set() for code in CODES}
    for trial, finding in found:
        records[finding.code].add(trial)
    counts = Counter(finding.code for _, finding in found)
    rows = "\n".join(
        f"| [`{code}`](findings.md#{code}) | {len(records[code])} | {counts[code]} |"
        for code in sorted(CODES, key=lambda code: (-len(records[code]), code))
    )
    totals = []
    for drawn in judged():
        verdicts = Counter(one["verdict"] for one in drawn["findings"])
        share = f"{100 * verdicts['true'] / len(drawn['findings']):.0f} %"
        counted = " | ".join(str(verdicts[verdict]) for verdict in VERDICTS)
        totals.append(f"| `{drawn['seed']}` | {drawn['drawn']} | {counted} | {share} |")
    text = _REAL.format(
        today=TODAY,
        records=257,
        findings=len(found),
        rows=rows,
        size=SAMPLE_SIZE,
        totals="\n".join(totals),
    )
    return text + "".join(_sample_table(drawn) for drawn in judged())


def _sample_table(drawn: dict[str, Any]) -> str:
    lines = [
        f"\n### Sample `{drawn['seed']}`\n",
        "| record | finding | judged | why |",
        "|---|---|---|---|",
    ]
    for one in drawn["findings"]:
        verdict = f"{one['verdict']}, mended" if one.get("mended") else one["verdict"]
        why = str(one["why"]).replace("|", "\\|")
        lines.append(f"| {str(one['trial']).upper()} | `{one['finding']}` | {verdict} | {why} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for path, text in ((PAGE, page()), (REAL_PAGE, real_page())):
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
