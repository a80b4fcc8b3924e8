"""What can be wrong with an expression."""

from __future__ import annotations

from typing import Literal

Kind = Literal["syntax", "unknown-name", "type", "unit"]


class ExpressionError(ValueError):
    """A fault in an expression: what is wrong, at which column (from 1), and what to write."""

    def __init__(
        self, message: str, column: int, *, kind: Kind = "syntax", remedy: str = ""
    ) -> None:
        super().__init__(f"column {column}: {message}" + (f"; {remedy}" if remedy else ""))
        self.message = message
        self.column = column
        self.kind = kind
        self.remedy = remedy
