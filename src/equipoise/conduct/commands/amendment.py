"""A new version of the protocol, and its coming into force at a site."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from .base import Command


class AmendProtocol(Command, frozen=True, kw_only=True):
    """Make a new protocol version known to the trial; it takes force site by site."""

    version: str


class AdoptProtocol(Command, frozen=True, kw_only=True):
    """Let a version take force at a site from now on, with its ethics committee's approval.

    `ethics_approval` and `approved_on` may be left out where no change from the version in force there is
    substantial.
    """

    binds: ClassVar[bool] = True
    site: str
    version: str
    ethics_approval: str = ""
    approved_on: date | None = None
