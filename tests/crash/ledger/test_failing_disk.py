"""A disk that is full, or fails, or cannot be flushed: a clear error, nothing half-written."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table
from support.tampering import SIGNER, product_verdict, stand_alone_verdict

TALLY = Table("tally", {"name": "text", "n": "integer"}, ("name",))

CHILD = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from equipoise.ledger.envelope import Draft
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table
from support.faults import fail_from_now_on
from support.tampering import SIGNER

home, calls, number, batched = Path(sys.argv[2]), sys.argv[3].split(","), int(sys.argv[4]), sys.argv[5]
table = Table("tally", {"name": "text", "n": "integer"}, ("name",))
ledger = Ledger(SqliteStore(home / "ledger.sqlite", [table]), trial="t1", signer=SIGNER,
                head_file=HeadFile(home / "head"))

def write(n):
    with ledger.write() as writing:
        payload = {"n": n, "text": "x" * 3000, "public_key": SIGNER.public_hex}
        draft = Draft("trial", "Noted", 1, "p", payload, "a", "r", "01", f"c{n}", None, "t")
        writing.append([draft, draft, draft])
        writing.add("tally", {"name": "events"}, n=3)

for n in range(5):
    write(n)
said = {"acknowledged": ledger.head().seq}
fail_from_now_on(calls, number)
try:
    if batched == "batch":
        with ledger.batch():
            for n in range(5, 400):
                write(n)
    else:
        write(5)
    said["error"] = None
except LedgerError as error:
    said["error"] = str(error)
said["readable"] = sum(1 for _ in ledger.events())
said["rows"] = ledger.rows("tally")[0]["n"]
print(json.dumps(said), flush=True)
"""

FAULTS = {
    "the disk is full": ("pwrite64", errno.ENOSPC),
    "the disk fails": ("pwrite64", errno.EIO),
    "what was written cannot be flushed": ("fsync,fdatasync", errno.EIO),
}
WHOLE = {"single": 15 + 3, "batch": 15 + 395 * 3}


@pytest.mark.parametrize("batched", ["single", "batch"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_disk_gives_a_clear_error_and_nothing_half_written(
    tmp_path: Path, fault: str, batched: str
) -> None:
    calls, number = FAULTS[fault]
    tests = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tests, str(tmp_path), calls, str(number), batched],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["error"] is not None
    assert "ledger.sqlite" in said["error"]
    assert "\n" not in said["error"]
    assert said["readable"] == said["rows"] == said["acknowledged"] == 15

    # Reopening is all it takes, and writing goes on.
    ledger = Ledger(
        SqliteStore(tmp_path / "ledger.sqlite", [TALLY]),
        trial="t1",
        signer=SIGNER,
        head_file=HeadFile(tmp_path / "head"),
    )
    end = ledger.head().seq
    if "fsync" in calls:
        # All of it stands in the log, unconfirmed: kept as a whole or not at all.
        assert "not confirmed" in said["error"]
        assert end in (15, WHOLE[batched])
    else:
        assert end == 15
    assert ledger.rows("tally")[0]["n"] == end
    with ledger.write() as writing:
        writing.add("tally", {"name": "events"}, n=1)
    assert ledger.verify().ok
    ledger.close()
    assert product_verdict(tmp_path).whole
    assert stand_alone_verdict(tmp_path).whole
