"""A process that dies at any moment loses nothing that it has acknowledged.

What a kill cannot show: `kill -9` takes the process and leaves the kernel, which still writes what it was given. A power
cut takes the kernel too. That a commit is on the disk by then rests on `synchronous=FULL` (SQLite) and
`synchronous_commit=on` with `fsync=on` (PostgreSQL), and on a disk that does what a flush asks of it;
`test_failing_disk.py` shows that a flush is asked for, and that its failure is not passed over.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from equipoise.ledger.head import HeadFile
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.postgres import PostgresStore
from equipoise.ledger.sealing import Sealer
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.store import Store
from equipoise.ledger.tables import Table
from support.postgres import new_schema
from support.tampering import stand_alone_verdict

KILLS = 250 if os.environ.get("EQUIPOISE_DEEP") else 6
"""Of each store."""
WRITERS = 8
TALLY = Table("tally", {"name": "text", "n": "integer"}, ("name",))

CHILD = """
import random, sys, threading
from pathlib import Path
from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import HeadFile
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.postgres import PostgresStore
from equipoise.ledger.sealing import Sealer
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table

home, seed, threads, where = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
table = Table("tally", {"name": "text", "n": "integer"}, ("name",))
keys = FileKeys(home / "keys.sqlite")
sealer = Sealer(keys)
store = PostgresStore(*where, [table]) if where else SqliteStore(home / "ledger.sqlite", [table])
ledger = Ledger(store, trial="t1", signer=Signer(keys.signing_key()),
                head_file=HeadFile(home / "head"), keys=keys)

def write(name, rng):
    with ledger.write() as writing:
        count = rng.randrange(1, 4)
        drafts = []
        for n in range(count):
            sealed = sealer.seal(f"text/{name}/{n}", f"note {name}/{n}", "note")
            payload = {"note": sealed, "of": count, "public_key": ledger.public_key}
            drafts.append(Draft(f"participant/{name[-1]}", "Noted", 1, "p", payload,
                                "a", "r", "01", name, None, "t"))
        writing.append(drafts)
        writing.add("tally", {"name": "events"}, n=count)

def writer(number):
    rng = random.Random(f"{seed}/{number}")
    for n in range(10**9):
        names = [f"{seed}-{n}-{k}-{number}" for k in range(20 if rng.random() < 0.03 else 1)]
        if len(names) > 1:
            with ledger.batch():
                for name in names:
                    write(name, rng)
        else:
            write(names[0], rng)
        sys.stdout.write("".join(f"{name}\\n" for name in names))
        sys.stdout.flush()

print("ready", flush=True)
for number in range(threads):
    threading.Thread(target=writer, args=(number,)).start()
"""


def acknowledged_before_death(
    home: Path, kill: int, lives_for: float, where: tuple[str, ...]
) -> list[str]:
    """Let eight writers append, kill them after a while, and give what they had acknowledged.

    SQLite has one process with eight threads; PostgreSQL two with four, killed one after the other.
    """
    shares = (WRITERS,) if not where else (WRITERS // 2, WRITERS // 2)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(home), f"{kill}.{n}", str(threads), *where],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n, threads in enumerate(shares)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    time.sleep(lives_for)
    said: list[str] = []
    for process in processes:
        process.send_signal(signal.SIGKILL)
    for process in processes:
        assert process.stdout is not None
        said += [line[:-1] for line in process.stdout.readlines() if line.endswith("\n")]
        process.stdout.close()
        process.wait()
    return said


@contextmanager
def place(kind: str) -> Iterator[tuple[str, ...]]:
    if kind == "sqlite":
        yield ()
    else:
        with new_schema() as where:
            yield where


def store_of(home: Path, where: tuple[str, ...]) -> Store:
    if not where:
        return SqliteStore(home / "ledger.sqlite", [TALLY])
    return PostgresStore(where[0], where[1], [TALLY])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_however_often_eight_writers_are_killed(
    tmp_path: Path, kind: str
) -> None:
    rng = random.Random(20)
    done = 0
    while done < KILLS:
        home = tmp_path / f"home{done}"
        home.mkdir()
        FileKeys(home / "keys.sqlite").signing_key()
        with place(kind) as where:
            acknowledged: set[str] = set()
            seen = 0
            for kill in range(done, min(done + 50, KILLS)):
                lives_for = rng.random() ** 2 * 0.5
                acknowledged.update(acknowledged_before_death(home, kill, lives_for, where))
                seen = check(home, where, acknowledged, seen, kill)
            done = kill + 1
            assert acknowledged
            assert seen >= len(acknowledged)


def check(home: Path, where: tuple[str, ...], acknowledged: set[str], seen: int, kill: int) -> int:
    """Open what the dead left, and hold it to all that was ever acknowledged; answers its length."""
    keys = FileKeys(home / "keys.sqlite")
    ledger = Ledger(
        store_of(home, where),
        trial="t1",
        signer=Signer(keys.signing_key()),
        head_file=HeadFile(home / "head"),
        keys=keys,
    )
    result = ledger.verify()
    assert result.ok, (kill, result.problems)
    assert result.events >= seen, "no event goes once it was seen"
    sealer = Sealer(keys)
    found: Counter[str] = Counter()
    whole: dict[str, int] = {}
    for event in ledger.events():
        note = sealer.unseal(event.payload["note"])
        assert note == f"note {event.client_id}/{found[event.client_id]}", "keys outlive death"
        found[event.client_id] += 1
        whole[event.client_id] = event.payload["of"]
    assert dict(found) == whole, "no command is half made"
    assert acknowledged <= set(found), (kill, acknowledged - set(found))
    counted = ledger.rows("tally")
    assert (counted[0]["n"] if counted else 0) == result.events, "projections stand or fall too"
    with ledger.write() as writing:
        writing.add("tally", {"name": "events"}, n=0)
    ledger.close()
    keys.close()
    if not where and kill % 5 == 0 and result.events:
        verdict = stand_alone_verdict(home)
        assert verdict.whole, verdict.words
    return result.events
