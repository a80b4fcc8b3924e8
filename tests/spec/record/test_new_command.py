"""`equipoise new` tells what became of every leaf, refuses in one line what is no record, and then leaves
nothing behind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from equipoise.cli import main
from support.first_record import as_page, as_study, page_text, parts

RECORDS = Path(__file__).parents[2] / "data" / "records" / "records.jsonl.gz"


def studies(count: int) -> list[dict[str, Any]]:
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        return [json.loads(next(lines)) for _ in range(count)]


def new(folder: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["new", str(folder), *(str(one) for one in arguments)])


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """A file of that name and content."""

    def write(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_it_counts_the_leaves_read_kept_and_dropped(
    tmp_path: Path, written: Callable[..., Path]
) -> None:
    result = new(tmp_path / "trial", "--from", written("page.txt", page_text()))
    assert result.exit_code == 0
    assert "leaves of the record: 92 · read 56 · kept 36 · dropped 0" in result.output
    assert [one.name for one in (tmp_path / "trial").iterdir()] == ["protocol.yaml"]


def test_programs_get_the_count_as_json(tmp_path: Path, written: Callable[..., Path]) -> None:
    file = written("study.json", as_study(parts()))
    result = new(tmp_path / "trial", "--from", file, "--format", "json")
    told = json.loads(result.output)
    assert told["id"] == "nct07312656"
    assert told["format"] == "ctgov_v2"
    assert told["leaves"]["dropped"] == 0
    assert Path(told["protocol"]).is_file()


@pytest.mark.parametrize(
    "form",
    [
        lambda page: b"\xef\xbb\xbf" + page,
        lambda page: page.replace(b"\n", b"\r\n"),
        lambda page: page.replace(b"\n", b"\n\n"),
        lambda page: page.rstrip(b"\n"),
    ],
    ids=["byte order mark", "CRLF", "blank lines", "no last line end"],
)
def test_how_a_text_file_was_saved_changes_nothing(
    form: Callable[[bytes], bytes], tmp_path: Path, written: Callable[..., Path]
) -> None:
    plain = new(tmp_path / "one", "--from", written("one.txt", as_page(parts())))
    other = new(tmp_path / "two", "--from", written("two.txt", form(as_page(parts()))))
    assert plain.exit_code == other.exit_code == 0
    counted = [line for line in plain.output.splitlines() if line.startswith("leaves")]
    assert counted == [line for line in other.output.splitlines() if line.startswith("leaves")]


def test_keys_nobody_knows_are_kept(tmp_path: Path, written: Callable[..., Path]) -> None:
    study = studies(1)[0]
    study["moon"] = {"phase": ["waxing", None, {"share": 0.25}]}
    file = written("study.json", json.dumps(study))
    result = new(tmp_path / "trial", "--from", file, "--format", "json")
    assert json.loads(result.output)["leaves"]["dropped"] == 0
    draft = (tmp_path / "trial" / "protocol.yaml").read_text(encoding="utf-8")
    assert "waxing" in draft
    assert "0.25" in draft


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "is empty"),
        ("blank.txt", b" \n\n\t\n", "is empty"),
        ("program", bytes(range(256)) * 20, "zero byte (byte 0); save it as UTF-8"),
        ("page.txt", page_text().encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        ("page.txt", page_text().encode("utf-16-le"), "zero byte (byte 1)"),
        ("page.txt", "Prüfung\n".encode("latin-1"), "is not UTF-8 text (byte 2); save it as UTF-8"),
        ("letter.txt", b"Dear colleague,\nnothing here.\n", "is not a record page"),
        ("cut.json", b'{"protocolSection": {', "not JSON"),
        ("other.json", b'{"a": 1}', "it has no protocolSection"),
        ("number.json", b"3", "a JSON object with a protocolSection is expected"),
        ("null.json", b"null", "a JSON object with a protocolSection is expected"),
        ("none.json", b"[]", "holds no study"),
        ("none.json", b'{"studies": []}', "holds no study"),
        ("untitled.json", b'{"protocolSection": {}}', "has no title"),
        ("twice.json", b'{"a": 1, "a": 2}', "stands twice"),
        ("two.json", json.dumps(studies(2)).encode(), "holds 2 studies; choose one with --nct"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line_and_leaves_nothing(
    name: str, content: bytes, said: str, tmp_path: Path, written: Callable[..., Path]
) -> None:
    file = written(name, content)
    result = new(tmp_path / "trial", "--from", file)
    assert result.exit_code == 2
    lines = result.output.strip().splitlines()
    assert len(lines) == 1
    assert str(file) in lines[0]
    assert said in lines[0]
    assert not (tmp_path / "trial").exists()


def test_a_file_larger_than_any_record_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.txt"
    with file.open("wb") as handle:
        handle.truncate(65 * 1024 * 1024)
    result = new(tmp_path / "trial", "--from", file)
    assert result.exit_code == 2
    assert result.output.strip().endswith(f"{file}: is larger than 64 MB; give one record")
    assert not (tmp_path / "trial").exists()


def test_a_folder_is_no_record(tmp_path: Path) -> None:
    result = new(tmp_path / "trial", "--from", tmp_path)
    assert result.exit_code == 2
    assert result.output.strip().endswith(f"{tmp_path}: is a folder; give the record's file")


def test_one_study_of_many_is_chosen_by_its_number(
    tmp_path: Path, written: Callable[..., Path]
) -> None:
    two = studies(2)
    wanted = two[1]["protocolSection"]["identificationModule"]["nctId"]
    for name, content in (
        ("list.json", json.dumps(two)),
        ("answer.json", json.dumps({"studies": two})),
        ("lines.jsonl", "\n".join(json.dumps(one) for one in two)),
    ):
        folder = tmp_path / f"from-{name}"
        result = new(folder, "--from", written(name, content), "--nct", wanted, "--format", "json")
        assert json.loads(result.output)["id"] == wanted.lower()
    missing = new(
        tmp_path / "none", "--from", written("list.json", json.dumps(two)), "--nct", "NCT1"
    )
    assert missing.exit_code == 2
    assert "holds no study NCT1" in missing.output


def test_every_study_of_a_file_becomes_a_draft_and_what_is_none_has_a_line(
    tmp_path: Path, written: Callable[..., Path]
) -> None:
    two = studies(2)
    ids = [one["protocolSection"]["identificationModule"]["nctId"].lower() for one in two]
    file = written("many.jsonl", "\n".join(json.dumps(one) for one in [two[0], {"a": 1}, two[1]]))
    told = new(tmp_path / "one", "--from", file)
    assert told.exit_code == 2
    assert told.output.strip().endswith(
        "holds 3 studies; choose one with --nct, or draft each with --all"
    )
    folder = tmp_path / "drafts"
    result = new(folder, "--from", file, "--all")
    assert result.exit_code == 1
    assert sorted(one.name for one in folder.iterdir()) == sorted(ids)
    assert all((folder / one / "protocol.yaml").is_file() for one in ids)
    assert f"{file}: study 2: " in result.output
    assert "2 drafts, 1 studies without one" in result.output
    assert result.output.strip().endswith("dropped 0")
    before = {one: (folder / one / "protocol.yaml").read_bytes() for one in ids}
    again = new(folder, "--from", file, "--all", "--format", "json")
    assert again.exit_code == 1
    assert again.output.count("a draft is there already") == 2
    assert {one: (folder / one / "protocol.yaml").read_bytes() for one in ids} == before


def test_all_needs_a_file_and_no_number(tmp_path: Path, written: Callable[..., Path]) -> None:
    lone = new(tmp_path / "trial", "--all")
    both = new(tmp_path / "trial", "--all", "--from", written("a.json", "[]"), "--nct", "NCT1")
    none = new(tmp_path / "trial", "--all", "--from", written("b.json", "[]"))
    assert {lone.exit_code, both.exit_code, none.exit_code} == {2}
    assert "--all: give a file of studies with --from" in lone.output
    assert "and no --nct" in both.output
    assert "holds no study" in none.output
    assert not (tmp_path / "trial").exists()


def test_the_next_command_can_be_typed_as_it_stands(
    tmp_path: Path, written: Callable[..., Path]
) -> None:
    folder = tmp_path / "my trial"
    result = new(folder, "--from", written("page.txt", page_text()))
    assert result.output.strip().endswith(f"next: equipoise check '{folder / 'protocol.yaml'}'")


def test_a_protocol_that_is_there_is_never_overwritten(
    tmp_path: Path, written: Callable[..., Path]
) -> None:
    page = written("page.txt", page_text())
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert new(folder, "--from", page).exit_code == 0
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    first = (folder / "protocol.yaml").read_bytes()
    again = new(folder, "--from", page)
    assert again.exit_code == 2
    assert "never overwrite" in again.output
    assert (folder / "protocol.yaml").read_bytes() == first


def test_a_file_is_no_place_for_a_draft(tmp_path: Path, written: Callable[..., Path]) -> None:
    page = written("page.txt", page_text())
    for folder in (page, page / "below"):
        result = new(folder, "--from", page)
        assert result.exit_code == 2
        assert len(result.output.strip().splitlines()) == 1
    assert page.read_text(encoding="utf-8") == page_text()
