#!/usr/bin/env python3
"""Write the golden ledger of the version that is about to be released. Run once, at the release.

    python tools/golden_ledger.py

The demonstration trial is rehearsed to its end; the trial's and the sites' events, and those of as few
participants as together show every type of event that happened, are appended to a ledger of their own.
It goes into tests/data/golden/VERSION with its protocol, with what it says, and with the defaults that a protocol's
version leaves out; from then on every later
version must read it (tests/contract/trial/test_golden_ledgers.py). An existing one is never replaced.
"""

from __future__ import annotations

import gzip
import importlib
import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from equipoise.cli.demo import DEMO_SEED, DEMO_TRIAL, shipped_protocol  # noqa: E402
from equipoise.cli.rehearse import rehearsing  # noqa: E402
from equipoise.ledger.envelope import Draft, Event, event_row  # noqa: E402
from equipoise.ledger.ledger import Ledger  # noqa: E402
from equipoise.ledger.memory import MemoryStore  # noqa: E402

golden = importlib.import_module("support.golden")


def chosen(events: list[Event]) -> set[str]:
    """Streams whose events together are of every type: greedily those that add most for their length."""
    types: dict[str, set[str]] = {}
    length: dict[str, int] = {}
    for event in events:
        types.setdefault(event.stream, set()).add(event.type)
        length[event.stream] = length.get(event.stream, 0) + 1
    streams = {stream for stream in types if not stream.startswith("participant/")}
    missing = set().union(*types.values()) - set().union(*(types[one] for one in streams))
    while missing:
        best = max(types, key=lambda one: (len(types[one] & missing) / length[one], one))
        streams.add(best)
        missing -= types[best]
    return streams


def main() -> int:
    folder = golden.GOLDEN / version("equipoise")
    if folder.exists():
        print(f"{folder}: stands already, and a golden ledger is never replaced")
        return 1
    protocol = shipped_protocol(DEMO_TRIAL)
    with (
        tempfile.TemporaryDirectory() as home,
        rehearsing(protocol, Path(home) / "home", DEMO_SEED, 0) as rehearsed,
    ):
        rehearsed.play()
        events = list(rehearsed.home.trial().ledger.events())
        secret = rehearsed.home.rehearsal.secret.hex() if rehearsed.home.rehearsal else ""
    streams = chosen(events)
    ledger = Ledger(MemoryStore(), trial=events[0].trial)
    for event in events:
        if event.stream in streams:
            draft = Draft(
                event.stream, event.type, event.schema, event.protocol, event.payload, event.actor,
                event.role, event.site, "", event.device_time, event.server_time,
            )  # fmt: skip
            with ledger.write() as writing:
                writing.append([draft])
    made = Path(tempfile.mkdtemp())
    lines = (json.dumps(event_row(event), ensure_ascii=False) for event in ledger.events())
    (made / "events.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    (made / "protocol.yaml.gz").write_bytes(gzip.compress(protocol.read_bytes(), 9, mtime=0))
    says = {"secret": secret, "root": ledger.root(), **golden.said_by(made, secret)}
    text = json.dumps(says, ensure_ascii=False, indent=1, sort_keys=True)
    (made / "says.json").write_text(text + "\n", encoding="utf-8")
    given = json.dumps(golden.defaults(), ensure_ascii=False, indent=1, sort_keys=True)
    (made / "defaults.json").write_text(given + "\n", encoding="utf-8")
    folder.parent.mkdir(exist_ok=True)
    shutil.move(made, folder)
    print(f"{folder}: {ledger.head().seq} events of {len(streams)} streams")
    return 0


if __name__ == "__main__":
    sys.exit(main())
