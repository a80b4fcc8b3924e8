"""The bytes that are hashed, written down so that any language can make them again."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.ledger.envelope import (
    EMPTY_HEAD,
    NO_EVENT,
    Event,
    canonical,
    canonical_json,
    canonical_payload,
    chain_hash,
    event_of,
    event_row,
    normal_text,
)
from equipoise.ledger.errors import NotCanonicalError
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


def test_before_the_first_event_stand_sixty_four_zeros() -> None:
    assert (EMPTY_HEAD.seq, EMPTY_HEAD.hash) == (0, "0" * 64)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "payload: 1.5 is a float; write it as a decimal string"),
        ({"dose": 1.5}, "payload.dose: 1.5 is a float; write it as a decimal string"),
        ([1, 2.0], "payload[1]: 2.0 is a float; write it as a decimal string"),
        ({"a": [{"b": [float("nan")]}]}, "payload.a[0].b[0]: nan is a float; write it as a decimal string"),
        ({"a": ({"b": (0.1,)},)}, "payload.a[0].b[0]: 0.1 is a float; write it as a decimal string"),
        (Decimal("1.5"), "payload: Decimal cannot stand in an event"),
        ({"a": [b"x"]}, "payload.a[0]: bytes cannot stand in an event"),
        ({"a": {"b": {1}}}, "payload.a.b: set cannot stand in an event"),
        ({1: "a"}, "payload: the key 1 is not a string"),
        ({"a": [{None: "b"}]}, "payload.a[0]: the key None is not a string"),
        ("\ud800", "payload: '\\ud800' is not a character"),
        ({"a": ["b\udfff"]}, "payload: '\\udfff' is not a character"),
    ],
)  # fmt: skip
def test_what_json_cannot_keep_exactly_is_refused_at_its_place(value: Any, said: str) -> None:
    with pytest.raises(NotCanonicalError) as refused:
        canonical_json(value)
    assert str(refused.value) == said


def test_text_and_keys_enter_in_normal_form_c() -> None:
    """At every depth; one that is so already stays as it is."""
    loose, normal = "n\u0303", "\u00f1"
    assert canonical_json(loose) == f'"{normal}"'
    assert canonical_json({loose: [{"a": (loose, 1, None, True)}]}) == (
        f'{{"{normal}":[{{"a":["{normal}",1,null,true]}}]}}'
    )
    assert canonical_json({"气": "\u00f1"}) == '{"气":"\u00f1"}'
    assert (normal_text(loose), normal_text("气"), normal_text("n")) == (normal, "气", "n")
    with pytest.raises(NotCanonicalError, match=r"U\+0000 cannot stand in a column"):
        normal_text("a\0b")


@pytest.mark.parametrize(
    "text", ["{}", '{"a":1,"b":[null,true,"气"]}', '{"\u00f1":{"a":"\\u0000"}}']
)
def test_a_payload_in_canonical_form_is_read(text: str) -> None:
    assert canonical_payload(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "1", '"a"', "null", "{", '{"a": 1}', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a":1.0}',
        '{"a":1e3}', '{"a":NaN}', '{"a":-Infinity}', '{"a":01}', '{"a":-0}', '{"a":"\\u6c14"}', '{"a":"n\u0303"}',
        '{"n\u0303":1}', '{"a":["n\u0303"]}', ' {"a":1}', '{"a":1}\n', '{"a":' + "[" * 5000,
    ],
)  # fmt: skip
def test_a_payload_in_any_other_form_is_none(text: str) -> None:
    assert canonical_payload(text) is None


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


class Wording(str):
    """A text of a class of its own, as libraries hand out."""


class Count(int):
    """A number of a class of its own."""


def by_the_standard_library(value: Any) -> str:
    """The same text by Python's own encoder, in normal form C (texts here hold no half surrogates)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return unicodedata.normalize("NFC", text)


@given(value=plain)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_text_is_that_of_pythons_own_encoder(value: Any) -> None:
    composed = json.loads(by_the_standard_library(value))
    assert canonical_json(composed) == by_the_standard_library(composed)


def test_texts_and_numbers_of_classes_of_their_own_enter_like_plain_ones() -> None:
    value = {
        "n": Count(2**70),
        "t": [Wording("气"), Wording("x")],
        "k": {"\x7f": "\u2028"},
    }
    assert canonical_json(value) == by_the_standard_library(value)


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
