"""Why the kernel is not used, or not believed."""

from __future__ import annotations


class BeyondError(Exception):
    """The kernel does not repeat something that this protocol asks for; the message says what."""


class DisagreementError(RuntimeError):
    """The kernel and the arrays gave different results of a replicate: neither may be believed."""
