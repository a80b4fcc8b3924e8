"""The web application under load: form saves over HTTP, lists at 200 and 20,000 participants.

    python -m benchmarks.web [--seconds S] [--clients N] [--many N] [--format json]

The server is `equipoise serve` in a process of its own; the clients are plain sockets in another one, on the
loopback interface. Every save is a whole one: session, CSRF token, permission, ledger append with
`synchronous=FULL`, projections, redirect. Just before and after the saves the same machine commits single
rows to a bare SQLite file as durably, one after the other: that is the yardstick. The lists are asked of two
servers in turn, a small trial's and a large one's, so that whatever else the machine does slows both.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import http.cookies
import itertools
import json
import multiprocessing
import os
import platform
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = ROOT / "trials" / "nct07312656" / "protocol.yaml"


# -- a home to serve ------------------------------------------------------------------------------


def rehearsed_home(path: Path, randomized: int) -> Any:
    """A home in which the virtual participants have come this far."""
    from equipoise.home import Home, RehearsalSettings
    from equipoise.protocol.reading import load_protocol
    from equipoise.rehearsal.generate import generate
    from equipoise.rehearsal.play import first_instant, play

    replicate = generate(load_protocol(PROTOCOL), 1, 0)
    settings = RehearsalSettings(1, 0, first_instant(replicate).isoformat(), {})
    home = Home.create(path, PROTOCOL, rehearsal=settings)
    play(home.trial(), replicate, randomized=randomized)
    return home


def multiply(home: Any, participants: int) -> None:
    """Fill the projections with copies of the participants that are there, up to a number.

    Lists read projections only; so many events would measure the ledger, not the lists.
    """
    store = sqlite3.connect(home.ledger_database)
    tables = {
        name: [column[1] for column in store.execute(f"PRAGMA table_info({name})")]
        for name in ("participant", "task", "query", "adverse_event")
    }
    originals = [row[0] for row in store.execute("SELECT id FROM participant ORDER BY id")]
    with store:
        for n in range(participants - len(originals)):
            original = originals[n % len(originals)]
            copy = f"{original[:2]}-{5001 + n // 3}"
            while store.execute("SELECT 1 FROM participant WHERE id = ?", (copy,)).fetchone():
                copy = f"{copy}a"
            for name, columns in tables.items():
                key = "id" if name == "participant" else "participant"
                shown = ", ".join("?" if column == key else f'"{column}"' for column in columns)
                store.execute(
                    f"INSERT INTO {name} SELECT {shown} FROM {name} WHERE {key} = ?",
                    (copy, original),
                )
        store.execute("DELETE FROM tally WHERE name = 'status'")
        store.execute(
            "INSERT INTO tally (name, site, value, n) "
            "SELECT 'status', site, status, COUNT(*) FROM participant GROUP BY site, status"
        )
    store.execute("ANALYZE")
    store.close()


# -- the server -----------------------------------------------------------------------------------


@contextlib.contextmanager
def served(path: Path) -> Iterator[tuple[int, int]]:
    """`equipoise serve` in a process of its own; gives the port and the process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    start = "from equipoise.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--home", str(path), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        for _attempt in range(600):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/sign-in/")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("the server did not start")
        yield port, server.pid
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def sign_in(port: int, username: str, password: str) -> dict[str, str]:
    """The cookies of a new session."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    cookies: dict[str, str] = {}

    def ask(method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                cookies[name] = morsel.value
        return answer.status, text

    _status, page = ask("GET", "/sign-in/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    fields = {"csrfmiddlewaretoken": token[1], "username": username, "password": password}
    status, _page = ask("POST", "/sign-in/", fields)
    if status != 302:
        raise RuntimeError(f"{username} cannot sign in: {status}")
    return cookies


# -- clients --------------------------------------------------------------------------------------


class Client:
    """One keep-alive connection that speaks just enough HTTP."""

    def __init__(self, port: int, cookies: dict[str, str]) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._token = cookies["equipoise_csrf"]

    def post(self, path: str, body: bytes) -> int:
        """Send a form; the answer's status."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self._cookie}\r\n"
            f"X-CSRFToken: {self._token}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return self._ask(head.encode() + body)

    def get(self, path: str) -> int:
        """Ask for a page; the answer's status."""
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self._cookie}\r\n\r\n"
        )
        return self._ask(head.encode())

    def _ask(self, request: bytes) -> int:
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _blank, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        while length is not None and len(body) < int(length[1]):
            body += self._more()
        return int(head[9:12])

    def _more(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        return chunk


LABORATORY = {
    "wbc": "6.1", "anc": "3.9", "hemoglobin": "132", "platelets": "212", "alt": "24", "ast": "22",
    "bilirubin_total": "11.0", "creatinine": "74",
}  # fmt: skip


def _save_forms(
    ports: Sequence[int],
    cookies: dict[str, str],
    participants: Sequence[str],
    until: float,
    first: int,
    into: list[float],
    wrong: list[int],
) -> None:
    clients = itertools.cycle([Client(port, cookies) for port in ports])
    n = first
    while time.time() < until:
        for participant in participants:
            n += 1
            fields = {f"v.{item}": value for item, value in LABORATORY.items()}
            fields |= {"client_id": str(uuid.uuid4()), "based_on": "0"}
            path = f"/participants/{participant}/forms/unscheduled/laboratory/{n}/"
            began = time.perf_counter()
            status = next(clients).post(path, urlencode(fields).encode())
            into.append(time.perf_counter() - began)
            if status != 302:
                wrong.append(status)
            if time.time() >= until:
                return


def _load(
    ports: Sequence[int],
    sessions: list[tuple[dict[str, str], list[str]]],
    seconds: float,
    first: int,
    answer: Any,
) -> None:
    """In a process of its own: one thread a client."""
    until = time.time() + seconds
    took: list[list[float]] = [[] for _session in sessions]
    wrong: list[int] = []
    threads = [
        threading.Thread(
            target=_save_forms, args=(ports, cookies, numbers, until, first, took[n], wrong)
        )
        for n, (cookies, numbers) in enumerate(sessions)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    answer.put(([time for client in took for time in client], wrong, elapsed))


def measure_saves(
    ports: Sequence[int], sessions: list[tuple[dict[str, str], list[str]]], seconds: float
) -> dict[str, Any]:
    """Saves a second and the time each took; with several servers each client asks them in turn."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    result: dict[str, Any] = {}
    total = 0
    for warm_up, length in ((True, 2.0), (False, seconds)):
        arguments = (ports, sessions, length, 100 if warm_up else 1000, answer)
        process = context.Process(target=_load, args=arguments)
        process.start()
        took, wrong, elapsed = answer.get(timeout=seconds + 120)
        process.join(30)
        took = sorted(took)
        total += len(took)
        result = {
            "saves": len(took),
            "saves_with_warm_up": total,
            "per_second": round(len(took) / elapsed, 1),
            "p50_ms": round(took[len(took) // 2] * 1e3, 1),
            "p95_ms": round(took[int(len(took) * 0.95)] * 1e3, 1),
            "p99_ms": round(took[int(len(took) * 0.99)] * 1e3, 1),
            "slowest_ms": round(took[-1] * 1e3, 1),
            "not_saved": len(wrong),
        }
    return result


def measure_pages(
    servers: list[tuple[int, int, dict[str, str]]], pages: dict[str, str], times: int
) -> dict[str, list[dict[str, float]]]:
    """Milliseconds to the last byte of each page, one client, the servers asked in turn.

    A server is its port, its process and the cookies of a session. `cpu_ms` is the server's processor time for
    one page.
    """
    clients = [Client(port, cookies) for port, _pid, cookies in servers]
    answer = {}
    for name, path in pages.items():
        for client in clients * 5:
            status = client.get(path)
            if status != 200:
                raise RuntimeError(f"{path} answers {status}")
        took: list[list[float]] = [[] for _client in clients]
        used = [processor_ms(pid) for _port, pid, _cookies in servers]
        for _time in range(times):
            for mine, client in zip(took, clients, strict=True):
                began = time.perf_counter()
                client.get(path)
                mine.append((time.perf_counter() - began) * 1e3)
        answer[name] = [
            {
                "p50_ms": round(statistics.median(mine), 2),
                "p95_ms": percentile(mine, 95),
                "cpu_ms": round((processor_ms(pid) - before) / times, 2),
            }
            for mine, before, (_port, pid, _cookies) in zip(took, used, servers, strict=True)
        ]
    return answer


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which so many percent of the values lie."""
    return round(sorted(values)[min(len(values) * percent // 100, len(values) - 1)], 2)


def list_pages(last_key: str) -> dict[str, str]:
    """The lists in the ways they are asked for."""
    people = "/participants/"
    return {
        "work list": "/today/",
        "participants": people,
        "filtered by status": f"{people}?status=randomized",
        "filtered by status and site": f"{people}?status=randomized&site=02",
        "filtered, nobody fits": f"{people}?status=screen_failed&sort=randomized",
        "searched by number": f"{people}?number=02-00",
        "sorted by next visit": f"{people}?sort=next",
        "sorted by next visit, last first": f"{people}?sort=next&order=down",
        "sorted by randomization": f"{people}?sort=randomized",
        "sorted by randomization, last first": f"{people}?sort=randomized&order=down",
        "filtered and sorted": f"{people}?status=randomized&site=02&sort=next&order=down",
        "last page": f"{people}?last=1",
        "last page, filtered and sorted": f"{people}?last=1&status=randomized&sort=next",
        "page in the middle": f"{people}?after={last_key}&at=100",
        "queries": "/queries/?status=closed",
    }


# -- all of it ------------------------------------------------------------------------------------


def bare_commits_per_second(folder: Path, seconds: float = 2.0) -> float:
    """Rows of a form save's size, one durable commit each, by one connection that does nothing else."""
    path = folder / f"bare-{uuid.uuid4()}.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (payload)")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        connection.execute("INSERT INTO rows VALUES (?)", ("x" * 1500,))
        count += 1
    connection.close()
    return count / seconds


def family(pid: int) -> Iterator[int]:
    """The process and everything it started."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            yield from family(int(child))


def resident_mb(pid: int) -> float:
    """Memory of the process and its children."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(FileNotFoundError):
            status = Path(f"/proc/{one}/status").read_text(encoding="ascii")
            found = re.search(r"VmRSS:\s+(\d+) kB", status)
            total += int(found[1]) if found else 0
    return round(total / 1024, 1)


def processor_ms(pid: int) -> float:
    """Processor time that the process and its children have used; waiting for others does not count."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(FileNotFoundError):
            for task in Path(f"/proc/{one}/task").iterdir():
                total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e6


def longest_story(ledger: Any, participants: Sequence[str]) -> tuple[str, int]:
    """The participant with the most events."""
    return max(
        ((one, ledger.stream_version(f"participant/{one}")) for one in participants),
        key=lambda found: found[1],
    )


def run(seconds: float, clients: int, many: int, times: int) -> dict[str, Any]:
    """Everything, as one record with machine and date."""
    from equipoise.home import Home
    from equipoise.web import configure

    figures: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "load_before": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = rehearsed_home(folder / "home", randomized=150)
        configure(home)
        from equipoise.web.accounts import create_demo_accounts

        passwords = {name: word for name, word, _role, _site in create_demo_accounts(home)}
        coordinators = sorted(name for name in passwords if name.startswith("coordinator"))
        by_site: dict[str, list[str]] = {}
        rows = home.trial().ledger.rows("participant", order="id")
        for row in rows:
            if row["status"] == "randomized" and not row["withdrawn"]:
                by_site.setdefault(str(row["site"]), []).append(str(row["id"]))
        site_of = {
            name: site
            for name, role, site in home.trial().state.grants
            if role == "coordinator" and name in coordinators
        }
        mine = [str(row["id"]) for row in rows if row["site"] == site_of[coordinators[0]]]
        longest, events = longest_story(home.trial().ledger, mine)
        home.close()
        shutil.copytree(home.path, folder / "large")
        multiply(Home.open(folder / "large"), many)
        with served(home.path) as small, served(folder / "large") as large:
            watching = [
                (port, pid, sign_in(port, "monitor", passwords["monitor"]))
                for port, pid in (small, large)
            ]
            found = measure_pages(watching, list_pages("02-0030~02-0030"), times)
            figures["lists"] = {
                name: {
                    f"p95_ms_{len(rows)}": few["p95_ms"],
                    f"p95_ms_{many}": lots["p95_ms"],
                    "ratio_p95": round(lots["p95_ms"] / few["p95_ms"], 2),
                    "ratio_p50": round(lots["p50_ms"] / few["p50_ms"], 2),
                    "ratio_cpu": round(lots["cpu_ms"] / few["cpu_ms"], 2),
                }
                for name, (few, lots) in found.items()
            }
            figures["list_ratio_p95_worst"] = max(
                one["ratio_p95"] for one in figures["lists"].values()
            )
        with served(home.path) as (port, pid):
            staff = sign_in(port, coordinators[0], passwords[coordinators[0]])
            one = measure_pages(
                [(port, pid, staff)],
                {
                    f"participant with the most events ({events})": f"/participants/{longest}/",
                    "the same, whole trail": f"/participants/{longest}/?trail=all",
                    "form": f"/participants/{longest}/forms/w1/laboratory/1/",
                    "screening log entry": "/screening/new/",
                },
                times,
            )
            figures["pages"] = {name: found[0] for name, found in one.items()}
            sessions = []
            for n in range(clients):
                name = coordinators[n % len(coordinators)]
                part = by_site[site_of[name]][
                    n // len(coordinators) :: clients // len(coordinators) + 1
                ]
                sessions.append((sign_in(port, name, passwords[name]), part[:8]))
            bare = [bare_commits_per_second(folder)]
            before, used = resident_mb(pid), processor_ms(pid)
            saves = measure_saves([port], sessions, seconds)
            after, used = resident_mb(pid), processor_ms(pid) - used
            bare.append(bare_commits_per_second(folder))
            figures["form_saves"] = {
                "clients": clients,
                "seconds": seconds,
                **saves,
                "bare_commits_per_second": [round(one) for one in bare],
                "server_cpu_ms_per_save": round(used / saves["saves_with_warm_up"], 2),
                "ratio_to_bare_commits": round(saves["per_second"] / statistics.mean(bare), 2),
                "server_mb_before_and_after": [before, after],
            }
        home = Home.open(home.path)
        verified = home.trial().ledger.verify()
        figures["ledger_whole_afterwards"] = verified.ok
        figures["events"] = home.trial().ledger.head().seq
        home.close()
    figures["load_after"] = os.getloadavg()[0]
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="how long forms are saved")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--many", type=int, default=20_000, help="participants of the large trial")
    parser.add_argument("--times", type=int, default=100, help="how often each page is asked")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    figures = run(given.seconds, given.clients, given.many, given.times)
    if given.format == "json":
        print(json.dumps(figures))
        return
    print(f"{figures['date']}, {figures['machine']}")
    print(f"load average {figures['load_before']:.1f} before, {figures['load_after']:.1f} after\n")
    print(
        f"{'list':38}{'p95 small':>10}{'p95 large':>10}{'ratio':>7}{'of p50':>7}{'of cpu':>7}  (ms)"
    )
    for name, one in figures["lists"].items():
        few, lots, *ratios = one.values()
        print(f"{name:38}{few:10}{lots:10}" + "".join(f"{ratio:7}" for ratio in ratios))
    print(f"\n{'page':48}{'p50':>8}{'p95':>8}{'cpu':>8}  (ms)")
    for name, one in figures["pages"].items():
        print(f"{name:48}{one['p50_ms']:8}{one['p95_ms']:8}{one['cpu_ms']:8}")
    print("\nform saves over HTTP")
    for name, value in figures["form_saves"].items():
        print(f"  {name.replace('_', ' ')}: {value}")
    whole = "whole" if figures["ledger_whole_afterwards"] else "NOT WHOLE"
    print(f"  ledger afterwards: {whole}, {figures['events']} events")


if __name__ == "__main__":
    main()
