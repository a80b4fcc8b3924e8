"""Signatures, source verification, queries and deviations."""

from __future__ import annotations

from .base import Happening, SealedText


class FormSigned(Happening, frozen=True, kw_only=True):
    visit: str
    form: str
    repeat: str
    save: int
    content_hash: str
    meaning: str


class SourceVerified(Happening, frozen=True, kw_only=True):
    """Values compared with the source documents and found the same, as they stood after `save`."""

    visit: str
    form: str
    repeat: str
    save: int
    items: tuple[str, ...]


class QueryRaised(Happening, frozen=True, kw_only=True):
    """`check` is the edit check's id for an automatic query, else empty."""

    query: int
    visit: str
    form: str
    repeat: str
    item: str
    check: str
    text: SealedText


class QueryAnswered(Happening, frozen=True, kw_only=True):
    query: int
    text: SealedText


class QueryClosed(Happening, frozen=True, kw_only=True):
    query: int
    automatic: bool
    text: SealedText


class QueryReopened(Happening, frozen=True, kw_only=True):
    """Asked again after an answer or a closure; `text` says what is still open."""

    query: int
    text: SealedText


class DeviationLogged(Happening, frozen=True, kw_only=True):
    kind: str
    severity: str
    occurred_on: str
    automatic: bool
    text: SealedText
