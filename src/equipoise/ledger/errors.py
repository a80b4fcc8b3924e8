"""What can go wrong with a ledger, in words a person can act on."""

from __future__ import annotations


class LedgerError(Exception):
    """Base of the ledger's errors; the message is one line a user can act on."""


class LedgerBusyError(LedgerError):
    """Another process holds the ledger for writing."""


class LedgerDamagedError(LedgerError):
    """The chain and its signed head disagree; the ledger can be read and verified, not written."""


class RepeatedClientIdError(LedgerError):
    """A client id names one command; it has been appended before."""


class NotCanonicalError(LedgerError, ValueError):
    """A payload that has no canonical form: a float, a key that is no string, broken text."""


class KeyDestroyedError(LedgerError):
    """Something was to be sealed under a key that has been destroyed."""
