"""Ed25519, twice: the library's, and the stand-alone verifier's own in plain Python."""

from __future__ import annotations

import random

import pytest

from equipoise.ledger.signing import Signer, signature_holds
from support.tampering import stand_alone

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_the_published_vectors_hold(secret: str, public: str, message: str, signature: str) -> None:
    signer = Signer(bytes.fromhex(secret))
    assert signer.public_hex == public
    assert signer.sign(bytes.fromhex(message)) == signature
    assert signature_holds(public, bytes.fromhex(message), signature)
    assert stand_alone().signature_holds(public, bytes.fromhex(message), signature)


def test_both_agree_on_right_and_wrong_signatures() -> None:
    rng = random.Random(8032)
    verdicts = []
    for _ in range(40):
        signer, message = Signer(rng.randbytes(32)), rng.randbytes(40)
        key, signature = signer.public_hex, bytearray.fromhex(signer.sign(message))
        change = rng.choice(["none", "signature", "message", "key", "order", "length"])
        if change == "signature":
            signature[rng.randrange(64)] ^= 1 << rng.randrange(8)
        elif change == "message":
            message += b"x"
        elif change == "key":
            key = Signer(rng.randbytes(32)).public_hex
        elif change == "order":
            # s + L verifies in a careless implementation: signatures would not be unique.
            s = int.from_bytes(signature[32:], "little") + ORDER
            signature[32:] = s.to_bytes(32, "little")
        elif change == "length":
            del signature[-1]
        verdict = signature_holds(key, message, signature.hex())
        assert verdict == stand_alone().signature_holds(key, message, signature.hex()), change
        assert verdict == (change == "none"), change
        verdicts.append(verdict)
    assert {True, False} == set(verdicts)


@pytest.mark.parametrize("key", ["", "zz", "00" * 31, "ff" * 32, "02" + "00" * 31])
def test_what_is_no_key_verifies_nothing(key: str) -> None:
    signature = Signer(b"k" * 32).sign(b"m")
    assert not signature_holds(key, b"m", signature)
    try:
        assert not stand_alone().signature_holds(key, b"m", signature)
    except ValueError:
        assert key == "zz", "only what is no hexadecimal number is not even compared"
