"""Machines that act through the interface: the tokens they sign in with."""

from __future__ import annotations

from .base import Happening, SealedText


class TokenIssued(Happening, frozen=True, kw_only=True):
    """`token` names the credential, whose hash the web keeps; it opens nothing. `until` is its last day."""

    token: str
    person: str
    granted_role: str
    at_site: str
    until: str


class TokenRevoked(Happening, frozen=True, kw_only=True):
    token: str
    reason: SealedText
