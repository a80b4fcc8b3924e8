"""A process that dies at any moment loses nothing that it has acknowledged."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from equipoise.ledger.head import HeadFile
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sealing import Sealer
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table
from support.tampering import stand_alone_verdict

KILLS = 500 if os.environ.get("EQUIPOISE_DEEP") else 20
TALLY = Table("tally", {"name": "text", "n": "integer"}, ("name",))

CHILD = """
import random, sys
from pathlib import Path
from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import HeadFile
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sealing import Sealer
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table

home, rng = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
table = Table("tally", {"name": "text", "n": "integer"}, ("name",))
keys = FileKeys(home / "keys.sqlite")
sealer = Sealer(keys)
ledger = Ledger(
    SqliteStore(home / "ledger.sqlite", [table]), trial="t1",
    signer=Signer(keys.signing_key()), head_file=HeadFile(home / "head"), keys=keys,
)

def write():
    with ledger.write() as writing:
        drafts = []
        for _ in range(rng.randrange(1, 4)):
            place = writing.head.seq + len(drafts) + 1
            sealed = sealer.seal(f"text/{sys.argv[2]}/{place}", f"note {place}", "note")
            drafts.append(Draft("trial", "Noted", 1, "p", {"note": sealed, "public_key": ledger.public_key},
                                "a", "r", "01", f"{sys.argv[2]}-{place}" if not drafts else "", None, "t"))
        events = writing.append(drafts)
        writing.add("tally", {"name": "events"}, n=len(events))
        return events[-1].seq

print("ready", flush=True)
while True:
    if rng.random() < 0.1:
        with ledger.batch():
            for _ in range(20):
                last = write()
    else:
        last = write()
    print(last, flush=True)
"""


def acknowledged_before_death(home: Path, seed: int, lives_for: float) -> int:
    """Let a process append, kill it after a while, and give the last seq it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home), str(seed)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(lives_for)
    process.send_signal(signal.SIGKILL)
    said = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    whole = [line for line in said if line.isdigit()]
    return int(whole[-1]) if whole else 0


def test_nothing_acknowledged_is_lost_however_often_the_process_is_killed(tmp_path: Path) -> None:
    rng = random.Random(20)
    highest = 0
    for kill in range(KILLS):
        home = tmp_path / f"home{kill // 50}"
        home.mkdir(exist_ok=True)
        highest = 0 if kill % 50 == 0 else highest
        acknowledged = acknowledged_before_death(home, kill, rng.random() ** 3 * 0.25)
        keys = FileKeys(home / "keys.sqlite")
        ledger = Ledger(
            SqliteStore(home / "ledger.sqlite", [TALLY]),
            trial="t1",
            signer=Signer(keys.signing_key()),
            head_file=HeadFile(home / "head"),
            keys=keys,
        )
        result = ledger.verify()
        assert result.ok, (kill, result.problems)
        end = ledger.head().seq
        assert end >= max(acknowledged, highest), (kill, acknowledged, highest)
        counted = ledger.rows("tally")
        assert (counted[0]["n"] if counted else 0) == end, "projections stand or fall with events"
        sealer = Sealer(keys)
        for event in ledger.events(after=highest):
            assert sealer.unseal(event.payload["note"]) == f"note {event.seq}", "keys outlive death"
        highest = end
        ledger.close()
        keys.close()
        if kill % 5 == 0 and end:
            verdict = stand_alone_verdict(home)
            assert verdict.whole, verdict.words
    assert highest > 50
