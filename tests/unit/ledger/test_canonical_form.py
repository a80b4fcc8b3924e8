"""The bytes that are hashed, written down so that any language can make them again."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.ledger.envelope import (
    NO_EVENT,
    Event,
    canonical,
    canonical_json,
    chain_hash,
    event_of,
    event_row,
)
from equipoise.ledger.merkle import MerkleTree, merkle_root

EVENT = Event(
    1, "t1", "participant/01-0001", 1, "DoseRecorded", 1, "ab" * 32,
    {"taken": True, "occasion": 2, "day": "2026-03-01", "note": "气"},
    "coordinator-nanning", "coordinator", "01", 'c"1', 0, None, "2026-03-01T08:00:00Z", NO_EVENT, "",
)  # fmt: skip


def test_the_canonical_form_is_this_text() -> None:
    assert canonical(EVENT).decode() == (
        '{"actor":"coordinator-nanning","client_id":"c\\"1","client_index":0,"device_time":null,'
        '"payload":{"day":"2026-03-01","note":"气","occasion":2,"taken":true},'
        f'"protocol":"{"ab" * 32}","role":"coordinator","schema":1,"seq":1,'
        '"server_time":"2026-03-01T08:00:00Z","site":"01","stream":"participant/01-0001",'
        '"trial":"t1","type":"DoseRecorded","version":1}'
    )


def test_the_hash_is_taken_over_version_previous_hash_and_canonical_form() -> None:
    expected = hashlib.sha256(b"equipoise-ledger-1|" + b"0" * 64 + b"|" + canonical(EVENT))
    assert chain_hash(NO_EVENT, EVENT) == expected.hexdigest()
    assert chain_hash(NO_EVENT, EVENT) == (
        "f7ef38ef2f98c2a947ef829a216f968480b76536f8bfb1db28bd6e275ebfdf92"
    )


def test_a_row_holds_the_event() -> None:
    assert event_of(event_row(EVENT)) == EVENT


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(plain)
def test_the_canonical_form_of_a_canonical_text_is_itself(value: Any) -> None:
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(max_size=4), plain, max_size=5))
def test_the_order_of_keys_and_the_kind_of_sequence_do_not_matter(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in turned.items()}
    # Keys that are one key in Unicode NFC would overwrite each other in another order.
    if len({json.loads(canonical_json([k]))[0] for k in value}) == len(value):
        assert canonical_json(value) == canonical_json(tuples)


def naive_root(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(
        b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])
    ).digest()


def test_the_root_is_that_of_rfc_6962() -> None:
    from support.tampering import stand_alone

    tree = MerkleTree()
    leaves: list[bytes] = []
    stored: dict[int, str] = {}
    for seq in range(1, 70):
        stored[seq] = hashlib.sha256(str(seq).encode()).hexdigest()
        tree.add(seq, stored[seq])
        leaves.append(seq.to_bytes(8, "big") + bytes.fromhex(stored[seq]))
        assert tree.root() == naive_root(leaves).hex()
        assert stand_alone().merkle_roots(list(stored.items()), set())[seq] == tree.root()
        assert MerkleTree.from_peaks(seq, tree.peaks()).root() == tree.root()
    empty = hashlib.sha256(b"").hexdigest()
    assert merkle_root([]) == empty == stand_alone().merkle_roots([], set())[0]
