"""Ed25519 signatures (RFC 8032) over the head of the chain."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)


class Signer:
    """Holds a private key of 32 bytes and signs with it."""

    __slots__ = ("_key", "public_hex")

    def __init__(self, private: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public_hex = self._key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """The signature of the message, 128 hexadecimal digits."""
        return self._key.sign(message).hex()


def signature_holds(public_hex: str, message: bytes, signature_hex: str) -> bool:
    """Whether the signature of the message was made with the private half of the key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        key.verify(bytes.fromhex(signature_hex), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def attestation(purpose: str, event_hash: str) -> bytes:
    """The signed bytes by which a ledger vouches for one of its events, to be used for one purpose."""
    return f"equipoise-{purpose}-1|{event_hash}".encode()
