"""Signatures, source verification, queries and deviations."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ..values import Address
from .base import Command


class SignForm(Command, frozen=True, kw_only=True):
    """Sign what a form says now; a later change makes the signature void."""

    binds: ClassVar[bool] = True
    participant: str
    address: Address
    meaning: str = "reviewed and correct"


class VerifySource(Command, frozen=True, kw_only=True):
    """Values of a form agree with the source documents, as the form stood after save `based_on`.

    `items` are those compared; empty means every value of the form that can be compared.
    """

    participant: str
    address: Address
    based_on: int
    items: tuple[str, ...] = ()


class RaiseQuery(Command, frozen=True, kw_only=True):
    """A question about a value (or, with an empty item, about a form)."""

    participant: str
    address: Address
    item: str
    text: str


class AnswerQuery(Command, frozen=True, kw_only=True):
    """The site's answer."""

    participant: str
    query: int
    text: str


class CloseQuery(Command, frozen=True, kw_only=True):
    """The question is settled."""

    participant: str
    query: int
    text: str = ""


class ReopenQuery(Command, frozen=True, kw_only=True):
    """The answer does not settle the question, or a closed one was not settled after all: ask again."""

    participant: str
    query: int
    text: str


class LogDeviation(Command, frozen=True, kw_only=True):
    """A departure from the protocol."""

    participant: str
    kind: str
    severity: Literal["minor", "major"]
    text: str
    occurred_on: date
