"""Machines that act through the interface: the tokens they sign in with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueToken(Command):
    """Let a machine act in a role it holds, through the last day `until`.

    `token` names the credential. The secret itself never comes here: the web keeps its hash.
    """

    binds: ClassVar[bool] = True
    token: str
    person: str
    role: str
    site: str = ""
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken(Command):
    """Take a token back, from now on."""

    binds: ClassVar[bool] = True
    token: str
    reason: str
