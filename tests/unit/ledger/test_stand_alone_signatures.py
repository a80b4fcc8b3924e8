"""The stand-alone verifier's own Ed25519: every point has one spelling, and no other is taken for it."""

from __future__ import annotations

import hashlib
import json

import pytest

from equipoise.ledger.head import SignedHead
from equipoise.ledger.signing import signature_holds
from support.tampering import SIGNER, stand_alone

P = 2**255 - 19
SIGN = 1 << 255


def spelled(number: int) -> bytes:
    return number.to_bytes(32, "little")


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (P, "y = 0 once more"), (P + 1, "the neutral point once more"), (P + 18, "the largest beyond the field"),
        (1 | SIGN, "the neutral point with a sign it cannot have"), (2, "no point has this y"),
        (P - 1 | SIGN, "the point of order two with a sign it cannot have"),
    ],
)  # fmt: skip
def test_what_is_no_point_in_its_one_spelling_is_refused(number: int, why: str) -> None:
    """RFC 8032, 5.1.3: y below p, a square root that exists, and no sign for zero."""
    assert stand_alone().point_decode(spelled(number)) is None, why


def test_the_points_themselves_are_read() -> None:
    """Otherwise everything would be refused."""
    verify = stand_alone()
    assert verify.point_decode(spelled(1))[:2] == (0, 1)
    assert verify.point_decode(spelled(P - 1))[:2] == (0, P - 1)
    base = verify.point_decode(spelled(4 * pow(5, P - 2, P) % P))
    assert base[0] % 2 == 0
    negative = verify.point_decode(spelled(4 * pow(5, P - 2, P) % P | SIGN))
    assert (base[0] + negative[0]) % P == 0


def test_a_signature_under_another_spelling_of_a_weak_key_does_not_hold() -> None:
    """With the neutral point as key [s]B = R signs everything; spelled anew it must be no key at all."""
    verify = stand_alone()
    base = spelled(4 * pow(5, P - 2, P) % P)
    signature = base + spelled(1)
    for key in (spelled(P + 1), spelled(1 | SIGN)):
        assert not verify.signature_holds(key.hex(), b"anything", signature.hex())


def test_a_signature_whose_number_is_not_below_the_order_does_not_hold() -> None:
    """RFC 8032, 5.1.7: else every signature could be written in a second way."""
    verify = stand_alone()
    neutral = spelled(1)
    assert verify.signature_holds(neutral.hex(), b"", (neutral + spelled(0)).hex())
    assert not verify.signature_holds(neutral.hex(), b"", (neutral + spelled(verify.ORDER)).hex())


def test_a_statement_with_more_in_it_than_was_signed_is_none() -> None:
    """Nor one whose length is a text: what the signature covers is what counts, and nothing beside it."""
    verify = stand_alone()
    stated = json.loads(SignedHead.sign(SIGNER, "t1", 24, "ab" * 32, "2026-03-01").to_text())
    assert verify.read_signed(stated, verify.HEAD) == stated
    assert verify.read_signed({**stated, "remark": "trust me"}, verify.HEAD) is None
    assert verify.read_signed({**stated, "seq": "24"}, verify.HEAD) is None


def mirrored(message: bytes, *, by_order_two: bool) -> bytes:
    """A signature of whoever holds the key for which [s]B and R + [k]A share one coordinate and differ in the other.

    [s]B is minus the other point, which has the same y; with R moved by the point of order two, the same x.
    """
    verify = stand_alone()
    half = bytearray(hashlib.sha512(hashlib.sha256(b"the signer").digest()).digest()[:32])
    half[0], half[31] = half[0] & 248, half[31] & 127 | 64
    secret, r = int.from_bytes(half, "little"), 7312656
    base = verify.point_decode(spelled(4 * pow(5, P - 2, P) % P))
    assert spelled_point(verify.point_times(secret, base)).hex() == SIGNER.public_hex
    point = verify.point_times(r, base)
    if by_order_two:
        point = verify.point_add(point, (0, P - 1, 1, 0))
    spelled_r = spelled_point(point)
    digest = hashlib.sha512(spelled_r + bytes.fromhex(SIGNER.public_hex) + message).digest()
    k = int.from_bytes(digest, "little")
    return spelled_r + spelled(-(r + k * secret) % verify.ORDER)


def spelled_point(point: tuple[int, int, int, int]) -> bytes:
    x, y = (number * pow(point[2], P - 2, P) % P for number in point[:2])
    return spelled(y | (x & 1) << 255)


@pytest.mark.parametrize("by_order_two", [False, True])
def test_a_signature_whose_points_share_one_coordinate_only_does_not_hold(
    by_order_two: bool,
) -> None:
    signature = mirrored(b"m", by_order_two=by_order_two).hex()
    assert not stand_alone().signature_holds(SIGNER.public_hex, b"m", signature)
    assert not signature_holds(SIGNER.public_hex, b"m", signature)
