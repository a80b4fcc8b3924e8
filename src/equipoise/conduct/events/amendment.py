"""A new version of the protocol, and its coming into force at a site."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAmended(Happening):
    """A further protocol version, by content hash; `substantial` is against the version before it."""

    version: str
    substantial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAdopted(Happening):
    """A version takes force at the event's site. `approved_on` is empty where no approval was needed."""

    version: str
    ethics_approval: str
    approved_on: str
