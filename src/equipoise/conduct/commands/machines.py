"""Machines that act through the interface: the tokens they sign in with."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from .base import Command


class IssueToken(Command, frozen=True, kw_only=True):
    """Let a machine act in a role it holds, through the last day `until`.

    `token` names the credential. The secret itself never comes here: the web keeps its hash.
    """

    binds: ClassVar[bool] = True
    token: str
    person: str
    role: str
    site: str = ""
    until: date


class RevokeToken(Command, frozen=True, kw_only=True):
    """Take a token back, from now on."""

    binds: ClassVar[bool] = True
    token: str
    reason: str
