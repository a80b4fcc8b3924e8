"""Files that are no dictionary: bounded, refused with one line that names the file, and nothing is kept."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from equipoise.exchange.dictionaries import reading
from equipoise.exchange.dictionaries.reading import FILES, DictionaryError, read_dictionary

HEAD = "term,code,preferred_term,class\n"


def workbook() -> bytes:
    """A spreadsheet as a zip bomb: a megabyte of zeros in a kilobyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"\0" * 2**20)
    return out.getvalue()


HOSTILE: dict[str, bytes] = {
    "a workbook": workbook(),
    "bytes": bytes(range(256)) * 100,
    "NUL": (HEAD + "a\0b,1,c,d\n").encode() + b"\xff",
    "a field of a megabyte": (HEAD + '"' + "x" * 2**20 + '",1,c,d\n').encode(),
    "an open quote": (HEAD + '"' + "a\n" * 100_000).encode(),
    "ten thousand columns": (HEAD + "," * 10_000 + "\n").encode(),
    "a heading of a megabyte": b"term" * 2**18,
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>',
    "nothing": b"",
    "a heading alone": HEAD.encode(),
    "UTF-16": HEAD.encode("utf-16"),
    "the same code twice": (HEAD + "a,1,b,c\nd,1,e,f\n").encode(),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_dictionary_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_bytes(HOSTILE[what])
    with pytest.raises(DictionaryError) as refused:
        read_dictionary("adverse_event", "own", "1", {"en": file})  # type: ignore[arg-type]
    words = str(refused.value)
    assert "\n" not in words
    assert len(words) < 500


def test_a_file_without_end_and_one_too_large_are_not_read_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device or a pipe is no file; of a large one a little more than allowed is read."""
    with pytest.raises(DictionaryError, match="is no file"):
        read_dictionary("adverse_event", "own", "1", {"en": Path("/dev/zero")})  # type: ignore[arg-type]
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(DictionaryError, match="is no file"):
        read_dictionary("adverse_event", "own", "1", {"en": pipe})  # type: ignore[arg-type]
    monkeypatch.setattr(reading, "LARGEST_FILE", 1000)
    large = tmp_path / "large.csv"
    large.write_text(HEAD + "a,1,b,c\n" * 1000, encoding="utf-8")
    with pytest.raises(DictionaryError, match="is larger than"):
        read_dictionary("adverse_event", "own", "1", {"en": large})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_among_meddras_is_named(name: str, tmp_path: Path) -> None:
    for one in FILES:
        (tmp_path / one).write_text("", encoding="utf-8")
    (tmp_path / name).write_bytes(b"1$" + b"x" * 2000 + b"$" * 20)
    with pytest.raises(DictionaryError) as refused:
        read_dictionary("adverse_event", "MedDRA", "1", {"en": tmp_path})  # type: ignore[arg-type]
    assert name in str(refused.value)
