"""The ledger's own speed: appending, committing, verifying, sealing, drawing.

    python -m benchmarks.ledger [--events N] [--long N] [--folder DIR] [--format json]

Times are of the processor unless marked `wall`. The ratio to bare SQLite compares durable rows per second: batches of
this ledger, and single writes, against single-row commits of the same columns in the same run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from equipoise.allocation.uniforms import HmacUniforms, PhiloxUniforms
from equipoise.ledger.checkpoint import CheckpointFile
from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import HeadFile
from equipoise.ledger.keys import DerivedKeys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.ledger.proof import make_proof
from equipoise.ledger.sealing import DerivedNonces, Sealer
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore

DOSE = {
    "intervention": "spray", "day": "2026-03-01", "occasion": 2, "taken": True, "reason": "",
}  # fmt: skip
FORM = {
    "visit": "w1", "form": "laboratory", "repeat": "1", "performed_on": "2026-03-01", "save": 1,
    "complete": True, "reason": "",
    "values": [
        {"item": f"item_{n}", "raw": "2.5", "value": "2.5", "unit": "mg", "code": None, "precision": "1"}
        for n in range(6)
    ],
}  # fmt: skip


def drafts(count: int, payload: dict[str, object], first: int = 0) -> list[Draft]:
    return [
        Draft(
            f"participant/01-{n % 200:04}", "Measured", 1, "p" * 64, payload, "coordinator-nanning",
            "coordinator", "01", f"c{n}", None, "2026-03-01T08:00:00.000000+00:00",
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def per_item(count: int, work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Microseconds per item."""
    started = clock()
    work()
    return round((clock() - started) / count * 1e6, 1)


def append_all(ledger: Ledger, given: list[Draft], at_once: int) -> None:
    for start in range(0, len(given), at_once):
        with ledger.write() as writing:
            writing.append(given[start : start + at_once])


def append_in_batch(ledger: Ledger, given: list[Draft]) -> None:
    with ledger.batch():
        append_all(ledger, given, 2)


def bare_commits(path: Path, count: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    columns = ", ".join(f"c{n}" for n in range(17))
    connection.execute(f"CREATE TABLE rows ({columns})")
    row = ("x" * 40,) * 16 + ("y" * 600,)
    marks = ", ".join("?" * 17)
    for _ in range(count):
        connection.execute(f"INSERT INTO rows VALUES ({marks})", row)
    connection.close()


def long_ledger(folder: Path, count: int) -> dict[str, float]:
    """A ledger of so many events, four doses to each form: opening, checkpoints, a proof, verifying."""
    wall, figures = time.perf_counter, dict[str, float]()

    def opened() -> Ledger:
        return Ledger(
            SqliteStore(folder / "long.sqlite"),
            trial="t1",
            signer=Signer(b"k" * 32),
            head_file=HeadFile(folder / "long.head"),
            checkpoints=CheckpointFile(folder / "long.jsonl"),
        )

    ledger = opened()
    for start in range(0, count, 50_000):
        with ledger.batch():
            for first in range(start, min(start + 50_000, count), 500):
                given = drafts(500, DOSE, first)
                given[::5] = drafts(100, FORM, first + 10**8)
                with ledger.write() as writing:
                    writing.append(given)
    time_, now = "2026-03-02T08:00:00.000000+00:00", wall()
    first_checkpoint = ledger.checkpoint("manual", time_)
    figures["long ledger: the first checkpoint, ms, wall"] = round((wall() - now) * 1e3)
    append_all(ledger, drafts(1000, DOSE, 2 * 10**8), 500)
    now = wall()
    ledger.checkpoint("manual", time_)
    figures["long ledger: a checkpoint 1,000 events later, ms, wall"] = round(
        (wall() - now) * 1e3, 1
    )
    ledger.close()
    now = wall()
    ledger = opened()
    figures["long ledger: opening, ms, wall"] = round((wall() - now) * 1e3, 1)
    now = wall()
    assert first_checkpoint is not None
    stream = "participant/01-0001"
    make_proof(ledger.store, first_checkpoint, lambda _: True, subject=stream, stream=stream)
    figures["long ledger: a participant's proof, ms, wall"] = round((wall() - now) * 1e3)
    now, used = wall(), time.process_time()
    verified = ledger.verify()
    assert verified.ok
    figures["long ledger: events"] = verified.events
    figures["long ledger: verified per second, wall"] = round(verified.events / (wall() - now))
    cpu = time.process_time() - used
    figures["long ledger: verified per second of processor"] = round(verified.events / cpu)
    ledger.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--long", type=int, help="measure only a ledger of so many events")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    count, few = given.events, max(given.events // 20, 1)
    cpu, wall = time.process_time, time.perf_counter
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        if given.long:
            figures = long_ledger(folder, given.long)
            tell(figures, given.format)
            return
        for label, payload in (("dose", DOSE), ("form of 6 values", FORM)):
            many = drafts(count, payload)
            for kind in ("memory", "sqlite"):
                path = folder / f"{kind}-{label[:4]}.sqlite"
                ledger = Ledger(
                    MemoryStore() if kind == "memory" else SqliteStore(path),
                    trial="t1", signer=Signer(b"k" * 32), head_file=HeadFile(path.with_suffix(".head")),
                )  # fmt: skip

                def batch(ledger: Ledger = ledger, many: list[Draft] = many) -> None:
                    append_in_batch(ledger, many)

                figures[f"{kind}, {label}: batch, us per event"] = per_item(count, batch, cpu)
                figures[f"{kind}, {label}: verify, us per event"] = per_item(
                    count, ledger.verify, cpu
                )
                ledger.close()
        ledger = Ledger(
            SqliteStore(folder / "single.sqlite"),
            trial="t1", signer=Signer(b"k" * 32), head_file=HeadFile(folder / "single.head"),
        )  # fmt: skip
        single = per_item(few, lambda: append_all(ledger, drafts(few, FORM), 1), wall)
        ledger.close()
        batched = Ledger(
            SqliteStore(folder / "batch.sqlite"),
            trial="t1", signer=Signer(b"k" * 32), head_file=HeadFile(folder / "batch.head"),
        )  # fmt: skip
        rehearsed = per_item(count, lambda: append_in_batch(batched, drafts(count, FORM)), wall)
        batched.close()
        bare = per_item(few, lambda: bare_commits(folder / "bare.sqlite", few), wall)
        figures["sqlite: durable single writes per second, wall"] = round(1e6 / single)
        figures["sqlite: durable events per second in a batch, wall"] = round(1e6 / rehearsed)
        figures["bare SQLite: single-row commits per second, wall"] = round(1e6 / bare)
        figures["ratio of single writes to bare commits"] = round(bare / single, 2)
        figures["ratio of batched events to bare commits"] = round(bare / rehearsed, 1)
    sealer = Sealer(DerivedKeys(b"s" * 32), DerivedNonces(b"s" * 32))

    def seal() -> None:
        for n in range(count):
            sealer.seal(f"text/{n}", "a reason of usual length", "participant/01-0001/reason")

    def draw(uniforms: HmacUniforms | PhiloxUniforms) -> None:
        for n in range(count):
            uniforms.draw("site=01|chemo=true", n)

    figures["seal a value under its own key, us"] = per_item(count, seal, cpu)
    figures["draw by HMAC, us"] = per_item(count, lambda: draw(HmacUniforms(b"s")), cpu)
    figures["draw by Philox, us"] = per_item(count, lambda: draw(PhiloxUniforms(1, 1)), cpu)
    tell(figures, given.format)


def tell(figures: dict[str, float], form: str) -> None:
    """Print the figures with date and machine."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = (
        f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    if form == "json":
        print(json.dumps({"date": today, "machine": machine, "figures": figures}))
        return
    print(f"{today}, {machine}")
    for label, figure in figures.items():
        print(f"{figure:>12,} {label}")


if __name__ == "__main__":
    main()
