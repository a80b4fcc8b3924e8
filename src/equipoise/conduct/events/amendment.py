"""A new version of the protocol, and its coming into force at a site."""

from __future__ import annotations

from .base import Happening


class ProtocolAmended(Happening, frozen=True, kw_only=True):
    """A further protocol version, by content hash; `substantial` is against the version before it."""

    version: str
    substantial: bool


class ProtocolAdopted(Happening, frozen=True, kw_only=True):
    """A version takes force at the event's site. `approved_on` is empty where no approval was needed."""

    version: str
    ethics_approval: str
    approved_on: str
