"""What can go wrong between a trial and its keeper."""

from __future__ import annotations


class KeeperError(Exception):
    """The keeper refuses; the message is one line."""


class KeeperUnavailableError(KeeperError):
    """The keeper does not answer, or is not there. Asking again later with the same request is safe."""
