"""Coding of terms against a dictionary the user holds: what is coded, with what, and what it says.

MedDRA and WHODrug are licensed and do not ship. A dictionary is known by the hash of its content; its files
stay with the installation, and the ledger keeps name, version and hash.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from .events import CodingPurpose
from .state import Coding, ParticipantState
from .values import Address

Names = Mapping[str, str]
"""What something is called, by language (`en`, `zh-Hans`)."""


def named(names: Names, language: str) -> str:
    """The name in this language, or in whichever there is."""
    return names.get(language) or next((name for name in names.values() if name), "")


@dataclass(frozen=True, slots=True)
class Entry:
    """A term of a dictionary, with the preferred term and the class it stands for.

    In MedDRA: lowest level term, preferred term, primary system organ class. `current` is False for a term
    that is kept for old codings only.
    """

    code: str
    term: Names
    preferred_code: str
    preferred: Names
    group_code: str
    group: Names
    current: bool = True

    def line(self) -> str:
        """The entry in the one form that is hashed and kept (JSON, keys sorted)."""
        content = {
            "code": self.code, "term": dict(self.term), "preferred_code": self.preferred_code,
            "preferred": dict(self.preferred), "group_code": self.group_code,
            "group": dict(self.group), "current": self.current,
        }  # fmt: skip
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, eq=False)
class Dictionary:
    """A version of a dictionary, for adverse events (`events`) or for drugs (`drugs`)."""

    purpose: CodingPurpose
    name: str
    version: str
    entries: Mapping[str, Entry]

    @cached_property
    def sha256(self) -> str:
        """The hash of everything it says, in order of code: the same files give the same hash."""
        digest = hashlib.sha256(f"{self.purpose}|{self.name}|{self.version}\n".encode())
        for code in sorted(self.entries):
            digest.update(self.entries[code].line().encode() + b"\n")
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Target:
    """Words to be coded: `ae/3`, or visit / form / repeat / item. `term` is a protocol term's id, `words` what
    was written where there is none."""

    key: str
    purpose: CodingPurpose
    term: str
    words: str
    since: str


def event_key(number: int) -> str:
    """The target of an adverse event."""
    return f"ae/{number}"


def value_key(address: Address, item: str) -> str:
    """The target of a captured value."""
    return f"{address}/{item}"


def targets(state: ParticipantState, beside: ParticipantState | None = None) -> Iterator[Target]:
    """Everything of a participant that is to be coded, adverse events first.

    With another state of the participant beside it, what stands there as it does here is left out.
    """
    for number, event in state.adverse_events.items():
        if beside is not None and beside.adverse_events.get(number) is event:
            continue
        known = event.term != "other"
        yield Target(
            event_key(number), "events", event.term if known else "",
            "" if known else event.verbatim, event.reported.at,
        )  # fmt: skip
    purposes = state.protocol.coded_items
    if not purposes:
        return
    forms = state.protocol.coded_forms
    for address, form in state.forms.items():
        if address.form not in forms:
            continue
        if beside is not None and beside.forms.get(address) is form:
            continue
        for item, captured in form.values.items():
            purpose = purposes.get(item)
            if purpose is not None and captured.value.value is not None:
                words = captured.value.value
                yield Target(value_key(address, item), purpose, "", words, captured.stamp.at)


def target_of(state: ParticipantState, key: str) -> Target | None:
    """The target with this key, where it is one."""
    return next((one for one in targets(state) if one.key == key), None)


def standing(state: ParticipantState, key: str) -> Coding | None:
    """The coding that holds for what is written there now."""
    coding = state.codings.get(key)
    return coding if coding is not None and coding.void is None else None


_LOOSE = re.compile(r"[\W_]+")


def normalized(words: str) -> str:
    """Words as they are compared: width, case, accents, punctuation and spacing make no difference."""
    plain = words.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).casefold()
        kept = "".join(one for one in plain if not unicodedata.combining(one))
        plain = unicodedata.normalize("NFKC", kept)
    return _LOOSE.sub(" ", plain).strip()
