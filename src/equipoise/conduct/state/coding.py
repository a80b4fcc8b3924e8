"""What is known of coding: the dictionaries in use, the synonyms, and what stands for a term."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from .. import events as e
from ..sealed import REDACTED
from .records import Stamp


class Coding(Struct, frozen=True):
    """A dictionary's term for what was written at a target; `void` is the later change of the words.

    `sha256` names the dictionary, names are by language.
    """

    target: str
    sha256: str
    code: str
    term: Mapping[str, str]
    preferred_code: str
    preferred: Mapping[str, str]
    group_code: str
    group: Mapping[str, str]
    stamp: Stamp
    void: Stamp | None = None


class RegisteredDictionary(Struct, frozen=True):
    """A version of a dictionary that the trial has coded with, or codes with now."""

    purpose: e.CodingPurpose
    name: str
    version: str
    sha256: str
    terms: int
    at: str
    actor: str


class Synonym(Struct, frozen=True):
    """Words offered for a term. `retired` says why they are offered no more."""

    number: int
    purpose: e.CodingPurpose
    text: str
    sha256: str
    code: str
    term: Mapping[str, str]
    at: str
    actor: str
    retired: str = ""


class CodingState(Struct, frozen=True):
    """Dictionaries and synonyms of the trial, in the order in which they came."""

    dictionaries: tuple[RegisteredDictionary, ...] = ()
    synonyms: tuple[Synonym, ...] = ()

    def current(self, purpose: str) -> RegisteredDictionary | None:
        """The version to code with: the one registered last."""
        return next((one for one in reversed(self.dictionaries) if one.purpose == purpose), None)

    def synonyms_for(self, purpose: str) -> tuple[Synonym, ...]:
        """The synonyms that are offered."""
        return tuple(
            one
            for one in self.synonyms
            if one.purpose == purpose and not one.retired and one.text != REDACTED
        )


def _registered(
    state: CodingState, h: e.DictionaryRegistered, at: str, actor: str
) -> CodingState:  # fmt: skip
    one = RegisteredDictionary(h.purpose, h.name, h.version, h.sha256, h.terms, at, actor)
    return replace(state, dictionaries=(*state.dictionaries, one))


def _synonym(state: CodingState, h: e.SynonymAdded, at: str, actor: str) -> CodingState:
    one = Synonym(h.number, h.purpose, h.text, h.sha256, h.code, h.term, at, actor)
    return replace(state, synonyms=(*state.synonyms, one))


def _retired(state: CodingState, h: e.SynonymRetired, at: str, actor: str) -> CodingState:
    synonyms = tuple(
        replace(one, retired=h.reason) if one.number == h.number else one for one in state.synonyms
    )
    return replace(state, synonyms=synonyms)


CODING_FOLDS: dict[type[e.Happening], Callable[[CodingState, Any, str, str], CodingState]] = {
    e.DictionaryRegistered: _registered,
    e.SynonymAdded: _synonym,
    e.SynonymRetired: _retired,
}
"""How each of these events changes the state: (state, event, server time, actor)."""
