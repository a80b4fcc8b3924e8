"""Cells of tables that leave in CSV: no text in them may run as a formula of a spreadsheet."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With what a spreadsheet takes a cell for a formula, in full width too, as East Asian settings do."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def harmless(cell: str) -> str:
    """The cell as it may stand in a CSV file: before what would be a formula stands an apostrophe.

    A number with its sign is none. (OWASP, CSV Injection.)
    """
    if cell.lstrip(" \u00a0\u3000").startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
