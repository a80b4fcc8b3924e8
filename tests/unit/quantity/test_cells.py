"""What leaves in CSV runs as no formula, whatever somebody typed; numbers stay numbers."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.quantity.cells import harmless

FORMULAS = [
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "  =1", "　=1", "-", "+",
    "=HYPERLINK(\"http://evil.example\")", "-1e", "+1 mg", "--1", "-١",
]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "-1.5", "+2", "-1e-9", "1", "−3", "12 (=3)", "a=b", "-.5", "Nanning"]
)
def test_numbers_and_plain_words_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


@given(st.text())
def test_a_cell_can_be_read_back_and_begins_no_formula(cell: str) -> None:
    """RFC 4180 keeps it, and what was put before it can be taken away again."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell), "x"])
    if "\0" not in cell:
        read = next(csv.reader(io.StringIO(out.getvalue(), newline="")))[0]
        assert read.removeprefix("'") == cell.removeprefix("'") or read == cell
    assert not harmless(cell).startswith(("=", "@", "\t", "\r"))
