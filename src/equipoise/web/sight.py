"""What a role may see of a participant, from the protocol's roles: allocation and identity."""

from __future__ import annotations

from equipoise.protocol.document import Protocol


def _grant(protocol: Protocol, role: str, what: str) -> bool:
    return any(one.role == role and bool(getattr(one, what)) for one in protocol.roles)


def sees_allocation(protocol: Protocol, role: str) -> bool:
    """Whether the role may know which arm a participant is in."""
    return _grant(protocol, role, "sees_allocation")


def sees_identity(protocol: Protocol, role: str) -> bool:
    """Whether the role may see names and other identifying values."""
    return _grant(protocol, role, "sees_identity")
