"""Machines that act through the interface: the tokens they sign in with."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued(Happening):
    """`token` names the credential, whose hash the web keeps; it opens nothing. `until` is its last day."""

    token: str
    person: str
    granted_role: str
    at_site: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Happening):
    token: str
    reason: str = field(metadata=SEALED_TEXT)
