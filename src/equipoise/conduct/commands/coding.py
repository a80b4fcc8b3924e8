"""Dictionaries, the coding of terms against them, and synonyms."""

from __future__ import annotations

from ..events import CodingPurpose
from .base import Command


class RegisterDictionary(Command, frozen=True, kw_only=True):
    """A version of a dictionary, kept in this installation, is the one to code with from now on."""

    purpose: CodingPurpose
    name: str
    version: str
    sha256: str


class CodeTerm(Command, frozen=True, kw_only=True):
    """A person decides which term of a dictionary stands for what was written.

    `target` is `ae/3` or visit/form/repeat/item; `words` what was read there, refused where it says something else
    by now. A coding that stands is replaced with a reason only.
    """

    participant: str
    target: str
    sha256: str
    code: str
    words: str = ""
    reason: str = ""


class AddSynonym(Command, frozen=True, kw_only=True):
    """These words may be offered for this term: suggested from now on, never coded by themselves."""

    purpose: CodingPurpose
    text: str
    sha256: str
    code: str


class RetireSynonym(Command, frozen=True, kw_only=True):
    """A synonym is offered no more."""

    number: int
    reason: str


class RewordAdverseEvent(Command, frozen=True, kw_only=True):
    """What the event was called was wrong; its coding is void afterwards.

    `term` is the id of a protocol term, or free text (sealed).
    """

    participant: str
    number: int
    term: str
    reason: str
