"""A file that grows while a command computes is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.cli.errors import UserError
from equipoise.cli.files import growing


def _half_a_row(path: Path, stopped: type[BaseException]) -> None:
    with growing(path) as stream:
        stream.write("half a row")
        raise stopped


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, RuntimeError])
def test_what_is_stopped_leaves_the_file_as_it_was(
    tmp_path: Path, stopped: type[BaseException]
) -> None:
    earlier, none = tmp_path / "each.csv", tmp_path / "new.csv"
    earlier.write_text("of yesterday", encoding="utf-8")
    for path in (earlier, none):
        with pytest.raises(stopped):
            _half_a_row(path, stopped)
    assert [one.name for one in tmp_path.iterdir()] == ["each.csv"]
    assert earlier.read_text(encoding="utf-8") == "of yesterday"


def test_what_is_whole_stands_in_its_place_a_linked_one_included(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "far" / "each.csv")
    for path in (tmp_path / "each.csv", link):
        with growing(path) as stream:
            stream.write("a,b\n")
            assert not path.exists()
        assert path.read_text(encoding="utf-8") == "a,b\n"
    assert link.is_symlink()


def test_a_device_gets_the_rows_as_they_come() -> None:
    with growing(Path("/dev/null")) as stream:
        stream.write("a,b\n")
    assert not Path("/dev/null").is_file()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "each.csv", tmp_path):
        with pytest.raises(UserError, match="cannot be written"), growing(path):
            pass
