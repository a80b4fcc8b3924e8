"""What the manual shows works as shown: every command is typed and every change is made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.manual import ROOT, Reader
from support.visitor import Visitor

TUTORIAL = ROOT / "docs" / "tutorial" / "ten-minutes.md"
PAGES = sorted(
    path
    for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "trials" / "README.md"]
    if "_build" not in path.parts
    and path != TUTORIAL
    and re.search(r"^```(console|diff)$", path.read_text(encoding="utf-8"), re.MULTILINE)
)


LONG = {
    "docs/explanation/calibration.md",
    "docs/how-to/cost-of-mistakes.md",
    "docs/how-to/forecast.md",
    "docs/how-to/simulate.md",
}


def _named(page: Path) -> object:
    name = str(page.relative_to(ROOT))
    return pytest.param(page, id=name, marks=[pytest.mark.thorough] if name in LONG else [])


@pytest.mark.parametrize("page", [_named(page) for page in PAGES])
def test_a_page_shows_what_happens(page: Path, tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        assert reader.follow(page) > 0


def test_the_tutorial_leads_from_the_record_to_a_desk_at_which_one_may_enroll(
    tmp_path: Path,
) -> None:
    """Every block of it; then both people it makes accounts for sign in at the server it starts.

    What they do there by hand is done in a browser by `browser/web/test_the_next_participant.py`.
    """
    with Reader(tmp_path) as reader:
        assert reader.follow(TUTORIAL) >= 10
        told = "\n".join(reader.printed)
        for name, page in (("lin", "/screening/new/"), ("wei", "/today/")):
            password = re.search(rf"^{name}  (\S+)  \(.+ of site 01\)$", told, re.MULTILINE)
            assert password is not None
            visitor = Visitor(reader.addresses[-1]).sign_in(name, password[1])
            assert visitor.ask("GET", page).status == 200


def test_a_page_that_shows_something_else_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one\ntwo\n```\n", encoding="utf-8")
    with Reader(tmp_path) as reader, pytest.raises(Exception, match="the page shows"):
        reader.follow(page)


def test_a_command_that_fails_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ equipoise check missing.yaml\n```\n", encoding="utf-8")
    with Reader(tmp_path) as reader, pytest.raises(Exception, match="exit code 2"):
        reader.follow(page)
