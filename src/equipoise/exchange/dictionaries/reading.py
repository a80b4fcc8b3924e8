"""Reading a dictionary: MedDRA's ASCII files, or a table of terms as CSV.

MedDRA: `llt.asc`, `pt.asc`, `hlt.asc`, `hlgt.asc`, `soc.asc` and `mdhier.asc`, fields separated by `$`, one record a
line, as the MSSO's distribution file format document has them. A translation has the same codes: a second
folder adds a language. CSV: the columns `term`, `code`, `preferred_term`, `class`, and where there are any
`preferred_code` and `class_code`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from equipoise.conduct.coding import Dictionary, Entry
from equipoise.conduct.events import CodingPurpose

FILES = ("llt.asc", "pt.asc", "hlt.asc", "hlgt.asc", "soc.asc", "mdhier.asc")
_NEEDED = ("term", "code", "preferred_term", "class")
LARGEST_FILE = 64 * 2**20
"""Bytes of one file; the largest of MedDRA's has a third of it."""
_MAX_LENGTH = 1000
"""Characters of a name; a longer one is no name but a file of another kind."""

_LLT_CODE, _LLT_NAME, _LLT_PT, _LLT_CURRENCY = 0, 1, 2, 9
_H_PT, _H_HLT, _H_HLGT, _H_SOC, _H_PRIMARY = 0, 1, 2, 3, 11


class DictionaryError(ValueError):
    """A file that is no dictionary: names file, line, what is wrong and what would be right."""


def read_dictionary(
    purpose: CodingPurpose, name: str, version: str, sources: Mapping[str, Path]
) -> Dictionary:
    """A dictionary from a folder of MedDRA files or a CSV file for each language.

    Every language has the same codes; the first one given decides the hierarchy. Raises
    `DictionaryError` for what cannot be read, and OSError for what cannot be opened.
    """
    merged: dict[str, Entry] = {}
    for number, (language, path) in enumerate(sources.items()):
        found = read_meddra(path, language) if path.is_dir() else read_csv(path, language)
        if not number:
            merged = found
            continue
        missing = next((code for code in merged if code not in found), None)
        further = next((code for code in found if code not in merged), None)
        if missing or further:
            raise DictionaryError(
                f"{path}: the term {missing or further} stands in one language and not in the other;"
                " give files of the same version"
            )
        merged = {code: _joined(entry, found[code]) for code, entry in merged.items()}
    if not merged:
        raise DictionaryError("no term was found; name a folder of MedDRA files, or a CSV file")
    return Dictionary(purpose, name, version, merged)


def _joined(one: Entry, other: Entry) -> Entry:
    return replace(
        one,
        term={**one.term, **other.term},
        preferred={**one.preferred, **other.preferred},
        group={**one.group, **other.group},
    )


def read_meddra(folder: Path, language: str) -> dict[str, Entry]:
    """Lowest level terms by code, with preferred term and primary system organ class."""
    for name in FILES:
        if not (folder / name).is_file():
            raise DictionaryError(
                f"{folder}: {name} is missing; a MedDRA distribution has {', '.join(FILES)}"
            )
    classes = _names(folder / "soc.asc")
    preferred = _names(folder / "pt.asc")
    above: dict[str, str] = {}
    groups, high = _names(folder / "hlt.asc"), _names(folder / "hlgt.asc")
    for place, fields in _records(folder / "mdhier.asc", 12):
        for code, known, file in (
            (fields[_H_PT], preferred, "pt.asc"),
            (fields[_H_HLT], groups, "hlt.asc"),
            (fields[_H_HLGT], high, "hlgt.asc"),
            (fields[_H_SOC], classes, "soc.asc"),
        ):
            if code not in known:
                raise DictionaryError(f"{place}: the code {code} does not stand in {file}")
        if fields[_H_PRIMARY] == "Y":
            above[fields[_H_PT]] = fields[_H_SOC]
    entries: dict[str, Entry] = {}
    for place, fields in _records(folder / "llt.asc", 10):
        code, pt = fields[_LLT_CODE], fields[_LLT_PT]
        if pt not in preferred:
            raise DictionaryError(f"{place}: its preferred term {pt} does not stand in pt.asc")
        if pt not in above:
            raise DictionaryError(f"{place}: {pt} has no primary class (Y) in mdhier.asc")
        if code in entries:
            raise DictionaryError(f"{place}: the code {code} stands a second time")
        soc = above[pt]
        entries[code] = Entry(
            code, {language: fields[_LLT_NAME]}, pt, {language: preferred[pt]}, soc,
            {language: classes[soc]}, fields[_LLT_CURRENCY] != "N",
        )  # fmt: skip
    return entries


def _names(path: Path) -> dict[str, str]:
    return {fields[0]: fields[1] for _place, fields in _records(path, 2)}


def _records(path: Path, least: int) -> Iterator[tuple[str, list[str]]]:
    """Place (file and line) and fields of each record."""
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        place, fields = f"{path}:{number}", [one.strip() for one in line.split("$")]
        if len(fields) < least:
            raise DictionaryError(
                f"{place}: {len(fields)} fields separated by $; a record has at least {least}"
            )
        if not fields[0] or not fields[1]:
            raise DictionaryError(f"{place}: code or name is empty")
        _check_length(place, fields)
        yield place, fields


def _lines(path: Path) -> list[str]:
    if path.exists() and not path.is_file():
        raise DictionaryError(f"{path}: is no file; name the dictionary's file or folder")
    with path.open("rb") as stream:
        content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise DictionaryError(
            f"{path}: is larger than {LARGEST_FILE // 2**20} MB, as no file of a dictionary is"
        )
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DictionaryError(
            f"{path}: is not UTF-8 (byte {error.start}); save or convert it as UTF-8"
        ) from None


def _check_length(place: str, fields: list[str]) -> None:
    if any(len(one) > _MAX_LENGTH for one in fields):
        raise DictionaryError(f"{place}: a field has more than {_MAX_LENGTH} characters")


def read_csv(path: Path, language: str) -> dict[str, Entry]:
    """Terms by code from a table with a heading line."""
    lines = _lines(path)
    rows = csv.reader(lines)
    heading = [name.strip().lower() for name in next(_cells(rows, path), [])]
    missing = [name for name in _NEEDED if name not in heading]
    if missing:
        raise DictionaryError(
            f"{path}:1: the column {missing[0]} is missing; the heading names {', '.join(_NEEDED)}"
        )
    entries: dict[str, Entry] = {}
    for cells in _cells(rows, path):
        place = f"{path}:{rows.line_num}"
        if not any(cells):
            continue
        if len(cells) != len(heading):
            raise DictionaryError(f"{place}: {len(cells)} cells under a heading of {len(heading)}")
        _check_length(place, cells)
        row = dict(zip(heading, (one.strip() for one in cells), strict=True))
        empty = next((name for name in _NEEDED if not row[name]), None)
        if empty:
            raise DictionaryError(f"{place}: {empty} is empty")
        if row["code"] in entries:
            raise DictionaryError(f"{place}: the code {row['code']} stands a second time")
        entries[row["code"]] = Entry(
            row["code"], {language: row["term"]},
            row.get("preferred_code") or row["preferred_term"], {language: row["preferred_term"]},
            row.get("class_code") or row["class"], {language: row["class"]},
        )  # fmt: skip
    return entries


def _cells(rows: Any, path: Path) -> Iterator[list[str]]:
    """The lines of a CSV file; what the reader cannot take is told with its line."""
    try:
        yield from rows
    except csv.Error as error:
        raise DictionaryError(f"{path}:{rows.line_num}: is no CSV: {error}") from None
