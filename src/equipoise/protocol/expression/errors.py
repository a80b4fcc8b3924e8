"""What can be wrong with an expression."""

from __future__ import annotations

from typing import Literal

from .tree import Node

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


class Faults:
    """The faults of one expression, in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[ExpressionError] = []

    def note(self, kind: Kind, node: Node, message: str, remedy: str = "") -> None:
        """Remember a fault of a part, and go on."""
        self.found.append(ExpressionError(message, node.column, kind=kind, remedy=remedy))
