"""What can go wrong with a ledger, in words a person can act on."""

from __future__ import annotations


class LedgerError(Exception):
    """Base of the ledger's errors; the message is one line a user can act on."""


class LedgerBusy(LedgerError):
    """Another process holds the ledger for writing."""


class LedgerDamaged(LedgerError):
    """The chain and its signed head disagree; the ledger can be read and verified, not written."""


class RepeatedClientId(LedgerError):
    """A client id names one command; it has been appended before."""


class NotCanonical(LedgerError, ValueError):
    """A payload that has no canonical form: a float, a key that is no string, broken text."""
