"""A trial of a million events: opening it, verifying it, and the page of one participant.

    python -m benchmarks.scale [--events N] [--times N] [--folder DIR] [--format json]

Asked for: opens in under 2 s, verifies at least 80,000 events a second, and the participant page's 95th
percentile within 1.5 times of a small trial's. The small trial is a real one's home with a participant who has
lived through radiotherapy; the large one is its copy, to which that participant's events are appended again and
again under new numbers, sealed anew and chained like any others. Its projections are then rebuilt from all events,
as after an upgrade. The two servers are asked in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .web import ROOT, measure_pages, served, sign_in

sys.path.insert(0, str(ROOT / "tests"))

from support.at_once import accounts
from support.lived import lived_through
from support.story import SEED_PROTOCOL, SITES, Person, open_trial

AT_ONCE = 50_000
"""Events in one commit while the large ledger is made."""


def small_home(path: Path) -> tuple[Any, str]:
    """A real trial's home with a few participants, and the number of the one with the longest story."""
    from equipoise.home import Home

    home = Home.create(path, SEED_PROTOCOL)
    trial = open_trial(home.trial())
    with trial.batch():
        longest = lived_through(trial).id
        for site in SITES:
            Person(trial, site).enroll()
    return home, longest


def multiply(home: Any, original: str, events: int) -> None:
    """Append a participant's events under new numbers until the ledger holds so many."""
    from equipoise.ledger.envelope import Draft

    trial = home.trial()
    story = list(trial.events(stream=f"participant/{original}"))
    ledger = trial.ledger
    seq = ledger.head().seq
    last = next(ledger.events(descending=True, limit=1)).server_time

    def copies() -> Iterator[list[Draft]]:
        for n in range((events - seq) // len(story) + 1):
            stream = f"participant/{original[:2]}-{5000 + n}"
            yield [
                Draft(
                    stream=stream,
                    type=event.type,
                    schema=event.schema,
                    protocol=event.protocol,
                    payload=trial.codec.encode(happening, stream, version),
                    actor=event.actor,
                    role=event.role,
                    site=event.site,
                    client_id="",
                    device_time=None,
                    server_time=last,
                )
                for version, (event, happening) in enumerate(story, 1)
            ]

    given = copies()
    for _ in range(events // AT_ONCE + 1):
        with ledger.batch():
            for drafts in given:
                with ledger.write() as writing:
                    writing.append(drafts)
                if ledger.head().seq % AT_ONCE < len(story):
                    break
    with ledger.write() as writing:
        writing.rebuild_tables("made by a benchmark")


def seconds_to_open(path: Path) -> tuple[float, float]:
    """Seconds until the trial can be asked: in a new process without its imports, and with them."""
    program = (
        "import sys, time; began = time.perf_counter()\n"
        "from equipoise.home import Home; imported = time.perf_counter()\n"
        "home = Home.open(sys.argv[1]); home.trial(); ready = time.perf_counter()\n"
        "print(ready - imported, ready - began)\n"
        "home.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    alone, whole = map(float, done.stdout.split())
    return round(alone, 2), round(whole, 2)


def run(events: int, times: int, folder: Path | None) -> dict[str, Any]:
    """Everything, as one record with machine and date."""
    from equipoise.home import Home

    figures: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "load_before": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory(dir=folder) as name:
        small = Path(name) / "small"
        home, longest = small_home(small)
        home.close()
        passwords = accounts(small)
        large = Path(name) / "large"
        shutil.copytree(small, large)
        began = time.perf_counter()
        home = Home.open(large)
        multiply(home, longest, events)
        figures["made_in_s"] = round(time.perf_counter() - began)
        home.close()
        began = time.perf_counter()
        trial = home.trial()
        figures["projections_rebuilt_in_s"] = round(time.perf_counter() - began)
        figures["events"] = trial.ledger.head().seq
        figures["participants"] = len(trial.participant_ids())
        home.close()
        figures["opens_in_s"], figures["opens_in_s_with_imports"] = min(
            seconds_to_open(large) for _ in range(3)
        )
        home = Home.open(large)
        for name, processes in (("one_process", 1), ("all_cores", os.cpu_count() or 1)):
            began = time.perf_counter()
            verified = home.trial().ledger.verify(processes=processes)
            figures[f"verified_per_s_{name}"] = round(
                verified.events / (time.perf_counter() - began)
            )
            assert verified.ok, verified.problems[:3]
        home.close()
        site = longest[:2]
        with served(small) as one, served(large) as other:
            asked = [
                (port, pid, sign_in(port, f"coordinator-{SITES[site]}", passwords[site]))
                for port, pid in (one, other)
            ]
            few, many = measure_pages(asked, {"page": f"/participants/{longest}/"}, times)["page"]
        figures["page_small"], figures["page_large"] = few, many
        figures["page_ratio_p95"] = round(many["p95_ms"] / few["p95_ms"], 2)
        figures["page_ratio_cpu"] = round(many["cpu_ms"] / few["cpu_ms"], 2)
    figures["load_after"] = os.getloadavg()[0]
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=100, help="how often the page is asked")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    figures = run(given.events, given.times, given.folder)
    if given.format == "json":
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
