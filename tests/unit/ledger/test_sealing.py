"""What must be erasable is encrypted before it is hashed; erasing destroys a key."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from equipoise.ledger.errors import LedgerError
from equipoise.ledger.keys import DerivedKeys, FileKeys
from equipoise.ledger.sealing import DerivedNonces, Sealer, blind_index

SECRET = b"r" * 32


def rehearsal_sealer() -> Sealer:
    return Sealer(DerivedKeys(SECRET), DerivedNonces(SECRET))


@pytest.mark.parametrize("text", ["", "Wang", "王小明", "\x00", "x" * 10000])
def test_a_sealed_value_opens_again(text: str) -> None:
    sealer = rehearsal_sealer()
    sealed = sealer.seal("identity/p1", text, "p1/name")
    assert text == "" or text not in str(sealed)
    assert sealer.unseal(sealed) == text
    assert sealer.unseal(sealed, "p1/name") == text


def test_the_same_rehearsal_seals_to_the_same_bytes() -> None:
    first, second = rehearsal_sealer(), rehearsal_sealer()
    assert first.seal("k", "text", "c") == second.seal("k", "text", "c")
    other = Sealer(DerivedKeys(b"o" * 32), DerivedNonces(b"o" * 32))
    assert other.seal("k", "text", "c")["text"] != first.seal("k", "text", "c")["text"]


def test_no_two_sealed_values_share_a_nonce() -> None:
    sealer = rehearsal_sealer()
    given = [("k", "a", "c"), ("k", "b", "c"), ("k", "a", "d"), ("kc", "a", ""), ("k", "ca", "")]
    assert len({sealer.seal(*each)["nonce"] for each in given}) == len(given)


def test_a_real_trial_never_seals_to_the_same_bytes(tmp_path: Path) -> None:
    sealer = Sealer(FileKeys(tmp_path / "keys.sqlite"))
    assert sealer.seal("k", "text", "c") != sealer.seal("k", "text", "c")


@pytest.mark.parametrize("field", ["sealed", "context", "nonce", "text"])
def test_a_value_that_was_altered_or_moved_does_not_open(field: str) -> None:
    sealer = rehearsal_sealer()
    sealed = sealer.seal("k1", "text", "place")
    donor = sealer.seal("k2", "other", "elsewhere")
    with pytest.raises(LedgerError, match="altered"):
        sealer.unseal({**sealed, field: donor[field]})
    with pytest.raises(LedgerError, match="sealed for place"):
        sealer.unseal(sealed, "elsewhere")


def test_destroying_a_key_erases_what_was_sealed_under_it(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys.sqlite")
    sealer = Sealer(keys)
    gone, stays = sealer.seal("p1", "name one", "c"), sealer.seal("p2", "name two", "c")
    keys.sync()
    key = keys.key("p1")
    assert key is not None
    keys.destroy("p1")
    assert sealer.unseal(gone) is None
    assert sealer.unseal(stays) == "name two"
    with pytest.raises(LedgerError, match="destroyed"):
        sealer.seal("p1", "again", "c")
    keys.close()
    for file in tmp_path.iterdir():
        assert key not in file.read_bytes(), file
    again = FileKeys(tmp_path / "keys.sqlite")
    assert Sealer(again).unseal(gone) is None
    assert Sealer(again).unseal(stays) == "name two"
    assert again.key("p1", create=True) is None, "a destroyed key is never made again"
    again.close()


def test_a_rehearsal_remembers_destroyed_keys_it_is_told_of() -> None:
    sealed = rehearsal_sealer().seal("p1", "name", "c")
    assert Sealer(DerivedKeys(SECRET, destroyed=["p1"])).unseal(sealed) is None


def test_keys_are_on_the_disk_after_sync_and_only_then(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys.sqlite")
    stored = keys.key("k1")
    keys.sync()
    keys.key("k2")
    copy = FileKeys(tmp_path / "keys.sqlite")
    assert copy.key("k1", create=False) == stored
    assert copy.key("k2", create=False) is None
    copy.close()
    keys.close()
    reopened = FileKeys(tmp_path / "keys.sqlite")
    assert reopened.key("k2", create=False) is not None
    reopened.close()


def test_the_key_file_is_private_and_keys_are_random(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    previous = os.umask(0)
    try:
        keys = FileKeys(path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = {keys.key(f"k{n}") for n in range(50)} | {keys.signing_key(), keys.blind_key()}
    assert len(made) == 52
    assert all(key is not None and len(key) == 32 for key in made)
    keys.close()
    again = FileKeys(path)
    assert {again.signing_key(), again.blind_key()} <= made
    again.close()


def test_threads_that_ask_for_one_key_get_one_key(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys.sqlite")
    seen: list[bytes | None] = []
    threads = [threading.Thread(target=lambda: seen.append(keys.key("k"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert len(set(seen)) == 1
    keys.close()


def test_a_blind_index_finds_the_same_text_under_the_same_secret_only() -> None:
    assert blind_index(b"a", "13800000000") == blind_index(b"a", "13800000000")
    assert blind_index(b"a", "13800000000") != blind_index(b"a", "13800000001")
    assert blind_index(b"a", "13800000000") != blind_index(b"b", "13800000000")
