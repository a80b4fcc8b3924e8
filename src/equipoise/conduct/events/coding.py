"""Dictionaries, the coding of terms against them, and synonyms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .base import SEALED_TEXT, Happening

CodingPurpose = Literal["events", "drugs"]
"""What a dictionary is for: adverse events and diagnoses (MedDRA), or drugs (WHODrug)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryRegistered(Happening):
    """`sha256` is the hash of everything the dictionary says; `terms` how many it has."""

    purpose: CodingPurpose
    name: str
    version: str
    sha256: str
    terms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TermCoded(Happening):
    """`sha256` names the dictionary. Names are by language, so that the record is read without it."""

    target: str
    sha256: str
    code: str
    term: dict[str, str]
    preferred_code: str
    preferred: dict[str, str]
    group_code: str
    group: dict[str, str]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SynonymAdded(Happening):
    number: int
    purpose: CodingPurpose
    sha256: str
    code: str
    term: dict[str, str]
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SynonymRetired(Happening):
    number: int
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventReworded(Happening):
    """`term` is a protocol term's id, or `other` with the words in `verbatim`."""

    number: int
    term: str
    verbatim: str = field(metadata=SEALED_TEXT)
    reason: str = field(metadata=SEALED_TEXT)
