"""From text to tree: a tokenizer and a recursive-descent parser. Nothing is ever evaluated as code.

expression  = conjunction { "or" conjunction }
conjunction = negation { "and" negation }
negation    = "not" negation | comparison
comparison  = sum [ ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum
                  | [ "not" ] "in" "(" choice { "," choice } ")" ]
sum         = product { ( "+" | "-" ) product }
product     = signed { ( "*" | "/" ) signed }
signed      = "-" signed | atom
atom        = number [ unit ] | "true" | "false" | string | "date" "(" string ")"
            | name | name "(" [ expression { "," expression } ] ")" | "(" expression ")"
choice      = [ "-" ] number [ unit ] | string | "true" | "false" | "date" "(" string ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from .errors import ExpressionError
from .tree import (
    And,
    Arithmetic,
    ArithmeticSign,
    Call,
    Comparison,
    ComparisonSign,
    Day,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Or,
    String,
    Truth,
    depth,
)

MAXIMUM_LENGTH = 2000
"""Characters in one expression."""

MAXIMUM_DEPTH = 60
"""Levels of parentheses, and of operations within each other."""

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<string>'(?:[^'\n]|'')*')"
    r"|(?P<sign><=|>=|==|!=|[<>+\-*/(),])"
)

_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})

_HABITS = {
    "&&": "write 'and'",
    "||": "write 'or'",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not'",
    "=": "write '==' to compare",
    "<>": "write '!='",
    "≤": "write '<='",
    "≥": "write '>='",
    "≠": "write '!='",
    "×": "write '*'",
    "÷": "write '/'",
    "−": "write '-'",
    "–": "write '-'",
    '"': "write texts, codes and units in single quotes",
    "‘": "write texts, codes and units in straight single quotes",
    "’": "write texts, codes and units in straight single quotes",
    "%": "write a percentage as a number with its unit: 50 '%'",
    "^": "a power of ten belongs in the unit: 100 '10*9/L'",
    ",": "write a decimal point; a comma only stands between arguments",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        column = position + 1
        if match is None:
            offender = text[position]
            if offender == "'":
                raise ExpressionError(
                    "the quote is not closed", column, remedy="write the closing single quote"
                )
            if text[position : position + 2] in _HABITS:
                offender = text[position : position + 2]
            raise ExpressionError(
                f"{offender!r} is not understood", column, remedy=_HABITS.get(offender, "")
            )
        kind = match.lastgroup or ""
        word = match.group()
        position = match.end()
        if kind == "number":
            if len(word) > 40:
                raise ExpressionError("the number is longer than 40 digits", column)
            if position < len(text) and (text[position].isalpha() or text[position] == "_"):
                raise ExpressionError(
                    f"{word + text[position]!r} is not understood",
                    column,
                    remedy="write a unit in single quotes after the number: 5 'mg'",
                )
        if kind != "space":
            tokens.append(_Token(kind, word, column))
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


def parse(text: str) -> Node:
    """The tree of `text`. ExpressionError names the column and what would be right."""
    if not text.strip():
        raise ExpressionError("the expression is empty", 1, remedy="write it, or leave the key out")
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(
            f"the expression is longer than {MAXIMUM_LENGTH} characters", MAXIMUM_LENGTH
        )
    parser = _Parser(_tokens(text))
    node = parser.expression()
    parser.finish()
    if depth(node) > MAXIMUM_DEPTH:
        raise ExpressionError(
            f"more than {MAXIMUM_DEPTH} operations stand within each other",
            1,
            remedy="split it, for instance with a derived item",
        )
    return node


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.level = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def is_sign(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def is_word(self, word: str) -> bool:
        return self.next.kind == "name" and self.next.text == word

    def expect(self, sign: str, after: str) -> None:
        if not self.is_sign(sign):
            raise ExpressionError(
                f"{sign!r} is expected after {after}, not {self._shown()}", self.next.column
            )
        self.take()

    def _shown(self) -> str:
        return "the end" if self.next.kind == "end" else repr(self.next.text)

    def _deeper(self, column: int) -> None:
        self.level += 1
        if self.level > MAXIMUM_DEPTH:
            raise ExpressionError(f"more than {MAXIMUM_DEPTH} levels of nesting", column)

    def finish(self) -> None:
        token = self.next
        if token.kind == "end":
            return
        remedy = ""
        if token.text in ("<", "<=", ">", ">=", "==", "!="):
            remedy = "write two comparisons joined by 'and'"
        elif token.kind == "string":
            remedy = "a unit follows a number directly"
        elif token.text == ")":
            remedy = "a '(' is missing before it"
        elif token.text == ",":
            remedy = _HABITS[","]
        elif token.text.lower() in _KEYWORDS:
            remedy = f"write {token.text.lower()!r} in lower case"
        raise ExpressionError(
            f"{token.text!r} cannot follow what stands before it", token.column, remedy=remedy
        )

    def expression(self) -> Node:
        column = self.next.column
        self._deeper(column)
        parts = [self.conjunction()]
        while self.is_word("or"):
            self.take()
            parts.append(self.conjunction())
        self.level -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts), column)

    def conjunction(self) -> Node:
        column = self.next.column
        parts = [self.negation()]
        while self.is_word("and"):
            self.take()
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts), column)

    def negation(self) -> Node:
        if not self.is_word("not"):
            return self.comparison()
        column = self.take().column
        self._deeper(column)
        operand = self.negation()
        self.level -= 1
        return Not(operand, column)

    def comparison(self) -> Node:
        left = self.sum()
        token = self.next
        if self.is_sign("<", "<=", ">", ">=", "==", "!="):
            self.take()
            return Comparison(cast(ComparisonSign, token.text), left, self.sum(), token.column)
        negated = self.is_word("not")
        if negated:
            self.take()
            if not self.is_word("in"):
                raise ExpressionError(
                    f"'in' is expected after 'not', not {self._shown()}", self.next.column
                )
        if not self.is_word("in"):
            return left
        self.take()
        self.expect("(", "'in'")
        choices = [self.choice()]
        while self.is_sign(","):
            self.take()
            choices.append(self.choice())
        self.expect(")", "the choices")
        return Membership(left, tuple(choices), negated, token.column)

    def choice(self) -> Node:
        column = self.next.column
        node = self.signed()
        inner = node.operand if isinstance(node, Negative) else node
        if isinstance(node, Negative) and isinstance(inner, Number):
            return node
        if not isinstance(node, Number | String | Truth | Day):
            raise ExpressionError("a choice is a code, a number, a date or a truth value", column)
        return node

    def _chain(
        self, operand: Callable[[], Node], signs: tuple[ArithmeticSign, ArithmeticSign]
    ) -> Node:
        left = operand()
        while self.is_sign(*signs):
            token = self.take()
            left = Arithmetic(cast(ArithmeticSign, token.text), left, operand(), token.column)
        return left

    def sum(self) -> Node:
        return self._chain(self.product, ("+", "-"))

    def product(self) -> Node:
        return self._chain(self.signed, ("*", "/"))

    def signed(self) -> Node:
        if not self.is_sign("-"):
            return self.atom()
        column = self.take().column
        self._deeper(column)
        operand = self.signed()
        self.level -= 1
        return Negative(operand, column)

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "number":
            unit = None
            if self.next.kind == "string":
                unit = _unquoted(self.take().text)
            return Number(Decimal(token.text), unit, token.column)
        if token.kind == "string":
            return String(_unquoted(token.text), token.column)
        if token.kind == "name":
            return self._named(token)
        if token.kind == "sign" and token.text == "(":
            inner = self.expression()
            self.expect(")", "the expression in parentheses")
            return inner
        shown = "the end" if token.kind == "end" else repr(token.text)
        raise ExpressionError(f"a value is expected, not {shown}", token.column)

    def _named(self, token: _Token) -> Node:
        if token.text in ("true", "false"):
            return Truth(token.text == "true", token.column)
        if token.text in _KEYWORDS:
            raise ExpressionError(f"a value is expected, not {token.text!r}", token.column)
        if not self.is_sign("("):
            return Name(token.text, token.column)
        self.take()
        if token.text == "date":
            return self._day(token.column)
        arguments: list[Node] = []
        if not self.is_sign(")"):
            arguments.append(self.expression())
            while self.is_sign(","):
                self.take()
                arguments.append(self.expression())
        self.expect(")", f"the arguments of {token.text!r}")
        return Call(token.text, tuple(arguments), token.column)

    def _day(self, column: int) -> Node:
        token = self.take()
        remedy = "write date('YYYY-MM-DD')"
        if token.kind != "string":
            raise ExpressionError("a date is a text in quotes", column, remedy=remedy)
        words = _unquoted(token.text)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", words) is None:
            raise ExpressionError(f"{words!r} is not a date", token.column, remedy=remedy)
        try:
            day = date.fromisoformat(words)
        except ValueError:
            raise ExpressionError(
                f"{words!r} is not a day of the calendar", token.column, remedy=remedy
            ) from None
        self.expect(")", "the date")
        return Day(day, column)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
