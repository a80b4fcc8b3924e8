"""What a released version wrote, every later version reads, and it says the same."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from equipoise.conduct import events as e
from equipoise.ledger.envelope import Event
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.merkle import merkle_root
from equipoise.ledger.sqlite import SqliteStore
from equipoise.trial import upcasters
from equipoise.trial.codec import Codec
from support.golden import GOLDEN, decoded, defaults, protocol_of, rows_of, said_by
from support.tampering import COLUMNS, SIGNER, product_verdict, stand_alone_verdict

RELEASED = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def test_a_released_version_left_its_golden_ledger() -> None:
    assert "0.1.0" in RELEASED


@pytest.mark.parametrize("version", RELEASED)
def test_its_hashes_are_recomputed_to_the_root_it_had(version: str, tmp_path: Path) -> None:
    rows = rows_of(GOLDEN / version)
    says = json.loads((GOLDEN / version / "says.json").read_text(encoding="utf-8"))
    assert merkle_root((row[0], row[16]) for row in rows) == says["root"]
    SqliteStore(tmp_path / "ledger.sqlite").close()
    last = rows[-1]
    head = SignedHead.sign(SIGNER, last[1], last[0], last[16], last[14])
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO events VALUES ({marks})", rows)
        connection.execute("INSERT INTO signed_head VALUES (1, ?)", (head.to_text(),))
    connection.close()
    file = HeadFile(tmp_path / "head")
    file.write(head)
    file.close()
    declared = json.loads(rows[0][7])["public_key"]
    for verdict in (product_verdict(tmp_path), stand_alone_verdict(tmp_path)):
        # The rehearsal's private key is not here: all that is wrong is whose signature it is.
        assert declared != SIGNER.public_hex
        assert verdict.places == {last[0]}, verdict.words
        assert "another key" in verdict.words


@pytest.mark.parametrize("version", RELEASED)
def test_what_held_by_default_then_still_does(version: str) -> None:
    """A default is left out of a protocol's content hash: changing it would change what a trial's protocol says
    while its version stays."""
    then = json.loads((GOLDEN / version / "defaults.json").read_text(encoding="utf-8"))
    now = defaults()
    assert {name: now.get(name, "gone") for name in then} == then


@pytest.mark.parametrize("version", RELEASED)
def test_it_says_today_what_it_said_then(version: str) -> None:
    folder = GOLDEN / version
    says: dict[str, Any] = json.loads((folder / "says.json").read_text(encoding="utf-8"))
    secret, _ = says.pop("secret"), says.pop("root")
    assert json.loads(json.dumps(said_by(folder, secret))) == says


@pytest.mark.parametrize("version", RELEASED)
def test_it_holds_nearly_every_type_of_event(version: str) -> None:
    says = json.loads((GOLDEN / version / "says.json").read_text(encoding="utf-8"))
    assert len(says["types"]) >= 30
    assert set(says["types"]) <= set(e.EVENT_TYPES), "no type of event is ever taken away"


def test_an_event_of_an_earlier_schema_is_read_through_its_upcasters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two steps: a field renamed, then one added; what is stored stays as it was."""
    folder = GOLDEN / "0.1.0"
    says = json.loads((folder / "says.json").read_text(encoding="utf-8"))
    protocol = protocol_of(folder)
    event, happening = next(
        (event, happening)
        for event, happening in decoded(folder, says["secret"], protocol)
        if isinstance(happening, e.VisitMissed)
    )
    old = {"because" if name == "reason" else name: v for name, v in event.payload.items()}
    del old["visit"]
    stored = dict(old)
    monkeypatch.setattr(upcasters, "SCHEMAS", {"VisitMissed": 3})
    monkeypatch.setattr(
        upcasters,
        "UPCASTERS",
        {
            ("VisitMissed", 1): lambda payload: {
                **{k: v for k, v in payload.items() if k != "because"},
                "reason": payload["because"],
            },
            ("VisitMissed", 2): lambda payload: {**payload, "visit": happening.visit},
        },
    )
    assert upcasters.schema_of("VisitMissed") == 3
    assert upcasters.schema_of("FormSaved") == 1
    assert old_reads_as(folder, says["secret"], event._replace(payload=old)) == happening
    assert old == stored
    with pytest.raises(ValueError, match="schema 4 is unknown"):
        old_reads_as(folder, says["secret"], event._replace(schema=4))
    with pytest.raises(ValueError, match="schema 0 is unknown"):
        old_reads_as(folder, says["secret"], event._replace(schema=0))


def old_reads_as(folder: Path, secret: str, event: Event) -> e.Happening:
    from equipoise.ledger.keys import DerivedKeys
    from equipoise.ledger.sealing import DerivedNonces, Sealer

    key = bytes.fromhex(secret)
    codec = Codec((protocol_of(folder),), Sealer(DerivedKeys(key), DerivedNonces(key)))
    return codec.decode(event)


def test_every_schema_above_the_first_has_all_its_upcasters() -> None:
    for type_, schema in upcasters.SCHEMAS.items():
        assert type_ in e.EVENT_TYPES
        for earlier in range(upcasters.FIRST, schema):
            assert (type_, earlier) in upcasters.UPCASTERS, f"{type_} cannot be read from {earlier}"
    for type_, earlier in upcasters.UPCASTERS:
        assert earlier < upcasters.schema_of(type_), f"{type_} {earlier} has nowhere to go"
