"""Signatures, source verification, queries and deviations."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSigned(Happening):
    visit: str
    form: str
    repeat: str
    save: int
    content_hash: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVerified(Happening):
    """Values compared with the source documents and found the same, as they stood after `save`."""

    visit: str
    form: str
    repeat: str
    save: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRaised(Happening):
    """`check` is the edit check's id for an automatic query, else empty."""

    query: int
    visit: str
    form: str
    repeat: str
    item: str
    check: str
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswered(Happening):
    query: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryClosed(Happening):
    query: int
    automatic: bool
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReopened(Happening):
    """Asked again after an answer or a closure; `text` says what is still open."""

    query: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationLogged(Happening):
    kind: str
    severity: str
    occurred_on: str
    automatic: bool
    text: str = field(metadata=SEALED_TEXT)
