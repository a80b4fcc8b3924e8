"""The seed, sealed for the day on which the keeper is lost: two shares, each of them worthless alone.

The first share is 32 random bytes, the second the seed combined with them by exclusive or: either one
is a one-time pad, so that its holder knows as much about the seed as anybody. Both say what they are
shares of, which sealing they come from, and carry a check over themselves; joined, they must give the
commitment.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from equipoise.allocation.commitment import commitment_hash
from equipoise.allocation.uniforms import HmacUniforms
from equipoise.ledger.envelope import canonical_json

from .book import Question
from .errors import KeeperError
from .reveal import Reveal

FORMAT = "equipoise-keeper-share-1"
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Share:
    """One of the two halves of a sealed seed. `set` names the sealing both halves come from."""

    trial: str
    commitment: str
    scheme: dict[str, Any]
    set: str
    share: int
    data: str

    def as_document(self) -> dict[str, Any]:
        """The share as JSON, with its check."""
        content = {"format": FORMAT, "of": 2, **asdict(self)}
        return {**content, "check": _check(content)}

    @classmethod
    def from_document(cls, given: Any) -> Share:
        """Raises `KeeperError` where it is no share, or not the one that was written."""
        if not isinstance(given, Mapping) or given.get("format") != FORMAT:
            raise KeeperError("this is no share of a sealed seed")
        content = {name: value for name, value in given.items() if name != "check"}
        try:
            holds = _check(content) == given.get("check")
            share = cls(**{name: content[name] for name in cls.__slots__})
            whole = len(bytes.fromhex(share.data)) == _SEED_BYTES and share.share in (1, 2)
        except (KeyError, TypeError, ValueError) as error:
            raise KeeperError(f"the share cannot be read: {error!r}") from None
        if not holds or not whole:
            raise KeeperError("the share has been changed or was copied wrongly: its check fails")
        return share


def new_set() -> str:
    """A name for a sealing, by which its two shares know each other."""
    return os.urandom(8).hex()


def split(trial: str, disclosed: Reveal, set_name: str) -> tuple[Share, Share]:
    """Two shares of the seed; every call makes new ones."""
    seed, pad = bytes.fromhex(disclosed.seed), os.urandom(_SEED_BYTES)
    halves = pad, _xor(seed, pad)
    first, second = (
        Share(trial, disclosed.commitment, disclosed.scheme, set_name, number, half.hex())
        for number, half in enumerate(halves, 1)
    )
    return first, second


def join(one: Share, other: Share) -> bytes:
    """The seed of two shares.

    Raises `KeeperError` where they are the same share, of different sealings, or do not give the
    seed committed to.
    """
    if one.share == other.share:
        raise KeeperError(f"both are share {one.share}; the other person holds the other one")
    if (one.trial, one.set, one.commitment) != (other.trial, other.set, other.commitment):
        raise KeeperError("the two shares come from different sealings")
    seed = _xor(bytes.fromhex(one.data), bytes.fromhex(other.data))
    if commitment_hash(seed.hex(), HmacUniforms.source, one.scheme) != one.commitment:
        raise KeeperError("the two shares do not give the seed that was committed to")
    return seed


def past_allocations(
    randomized: Iterable[tuple[int, str, str, Mapping[str, str], str]],
) -> list[tuple[Question, str]]:
    """What a ledger knows, (number, request, participant, strata, arm), in order of number.

    Raises `KeeperError` where a number is missing: an answer was given that never reached the
    ledger, and without its strata nobody can say what comes next.
    """
    past = []
    for place, (number, request, participant, strata, arm) in enumerate(sorted(randomized), 1):
        if number != place:
            raise KeeperError(
                f"the ledger knows no allocation {place}: the keeper had answered, and the answer"
                " never arrived. Randomize that participant from a copy of the keeper, or ask the"
                " statistician"
            )
        past.append((Question(request, participant, dict(strata)), arm))
    return past


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _check(content: Mapping[str, Any]) -> str:
    """The first 64 bits of SHA-256 over the share."""
    return hashlib.sha256(canonical_json(dict(content)).encode()).hexdigest()[:16]
