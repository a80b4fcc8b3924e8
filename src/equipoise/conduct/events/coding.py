"""Dictionaries, the coding of terms against them, and synonyms."""

from __future__ import annotations

from typing import Literal

from .base import Happening, SealedText

CodingPurpose = Literal["events", "drugs"]
"""What a dictionary is for: adverse events and diagnoses (MedDRA), or drugs (WHODrug)."""


class DictionaryRegistered(Happening, frozen=True, kw_only=True):
    """`sha256` is the hash of everything the dictionary says; `terms` how many it has."""

    purpose: CodingPurpose
    name: str
    version: str
    sha256: str
    terms: int


class TermCoded(Happening, frozen=True, kw_only=True):
    """`sha256` names the dictionary. Names are by language, so that the record is read without it."""

    target: str
    sha256: str
    code: str
    term: dict[str, str]
    preferred_code: str
    preferred: dict[str, str]
    group_code: str
    group: dict[str, str]
    reason: SealedText


class SynonymAdded(Happening, frozen=True, kw_only=True):
    number: int
    purpose: CodingPurpose
    sha256: str
    code: str
    term: dict[str, str]
    text: SealedText


class SynonymRetired(Happening, frozen=True, kw_only=True):
    number: int
    reason: SealedText


class AdverseEventReworded(Happening, frozen=True, kw_only=True):
    """`term` is a protocol term's id, or `other` with the words in `verbatim`."""

    number: int
    term: str
    verbatim: SealedText
    reason: SealedText
