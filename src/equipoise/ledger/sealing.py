"""Sealed values: what must be erasable is encrypted before it is hashed.

A sealed value is `{"sealed": key id, "context", "nonce", "text"}` with AES-256-GCM ciphertext in
base64; key id and context are authenticated with it. Destroying a key erases every value under it
and leaves the chain whole, since the chain holds ciphertext only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import KeyDestroyedError, LedgerError
from .keys import Keys

_CIPHERS_KEPT = 4096


class Nonces(Protocol):
    """Where the 96-bit nonces come from."""

    def nonce(self, key_id: str, context: str, plaintext: bytes) -> bytes:
        """12 bytes, never the same under one key for different plaintexts."""


class RandomNonces:
    """Nonces of a real trial: from the operating system."""

    def nonce(self, key_id: str, context: str, plaintext: bytes) -> bytes:
        """12 random bytes."""
        return os.urandom(12)


class DerivedNonces:
    """Nonces of a rehearsal: HMAC of what is sealed, so that the same seed gives the same bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hmac.digest(secret, b"equipoise-nonces-1", "sha256")

    def nonce(self, key_id: str, context: str, plaintext: bytes) -> bytes:
        """The first 12 bytes of HMAC-SHA256(secret, key id, context, plaintext), length-prefixed."""
        name, place = key_id.encode(), context.encode()
        message = b"%d|%b|%d|%b|%b" % (len(name), name, len(place), place, plaintext)
        return hmac.digest(self._secret, message, "sha256")[:12]


def _authenticated(key_id: str, context: str) -> bytes:
    name = key_id.encode()
    return b"equipoise-sealed-1|%d|%b|%b" % (len(name), name, context.encode())


class Sealer:
    """Seals and unseals values with keys it is given."""

    def __init__(self, keys: Keys, nonces: Nonces | None = None) -> None:
        self._keys = keys
        self._nonces: Nonces = nonces or RandomNonces()
        self._ciphers: dict[str, tuple[bytes, AESGCM]] = {}

    def _cipher(self, key_id: str, *, create: bool) -> AESGCM | None:
        key = self._keys.key(key_id, create=create)
        if key is None:
            self._ciphers.pop(key_id, None)
            return None
        kept = self._ciphers.get(key_id)
        if kept is not None and kept[0] == key:
            return kept[1]
        if len(self._ciphers) >= _CIPHERS_KEPT:
            self._ciphers.clear()
        cipher = AESGCM(key)
        self._ciphers[key_id] = (key, cipher)
        return cipher

    def seal(self, key_id: str, text: str, context: str) -> dict[str, str]:
        """The text encrypted under the key, which is made where it does not exist.

        `context` says where the value stands; it is authenticated, so that a sealed value moved
        elsewhere can be told. Raises `KeyDestroyedError` where the key has been destroyed.
        """
        cipher = self._cipher(key_id, create=True)
        if cipher is None:
            raise KeyDestroyedError(
                f"the key {key_id} has been destroyed: nothing more can be sealed"
            )
        plaintext = text.encode()
        nonce = self._nonces.nonce(key_id, context, plaintext)
        sealed = cipher.encrypt(nonce, plaintext, _authenticated(key_id, context))
        return {
            "sealed": key_id,
            "context": context,
            "nonce": b2a_base64(nonce, newline=False).decode(),
            "text": b2a_base64(sealed, newline=False).decode(),
        }

    def unseal(self, value: Mapping[str, Any], context: str | None = None) -> str | None:
        """The text, or `None` where its key has been destroyed.

        Where `context` is given the value must have been sealed for it. Raises `LedgerError` where
        the value is not what was sealed.
        """
        key_id, place = value["sealed"], value["context"]
        if context is not None and place != context:
            raise LedgerError(f"a value sealed for {place} stands at {context}")
        cipher = self._cipher(key_id, create=False)
        if cipher is None:
            return None
        try:
            return cipher.decrypt(
                a2b_base64(value["nonce"]),
                a2b_base64(value["text"]),
                _authenticated(key_id, place),
            ).decode()
        except InvalidTag:
            raise LedgerError(f"the value sealed under {key_id} has been altered") from None

    def destroy(self, *key_ids: str) -> int:
        """Erase what is sealed under these keys (see `Keys.destroy`)."""
        for key_id in key_ids:
            self._ciphers.pop(key_id, None)
        return self._keys.destroy(*key_ids)


def blind_index(secret: bytes, text: str) -> str:
    """A keyed hash for exact search on sealed values: the same text under the same secret only."""
    return hmac.new(secret, b"equipoise-blind-1|" + text.encode(), hashlib.sha256).hexdigest()
