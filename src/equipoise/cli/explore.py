"""`equipoise explore`: simulate many replicates, pick one in the browser, and open it as a trial."""

from __future__ import annotations

import csv
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, urlsplit

import typer

from .app import main
from .errors import UserError
from .serve import check_port
from .simulate import NamedScenario

if TYPE_CHECKING:
    from equipoise.protocol.document import Protocol
    from equipoise.reporting.replicates import Exploration, Opened

MOST_OPEN = 8
"""Trials served at once; each is a process with a home of its own."""
_LONGEST_FORM = 1000
_COMMAND = (sys.executable, "-c", "from equipoise.cli import main; main()")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@main.command()
def explore(
    protocol: Annotated[Path, typer.Argument(help="The protocol file.", metavar="PROTOCOL")],
    replicates: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many trials to simulate.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all random numbers.")] = 1,
    scenario: Annotated[
        NamedScenario, typer.Option(help="The scenario; one other than `assumed` can only be seen.")
    ] = NamedScenario.assumed,
    home: Annotated[
        Path | None,
        typer.Option(
            help="The folder for the homes of opened trials (default: a temporary one).",
            metavar="DIR",
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
) -> None:
    """Simulate PROTOCOL many times, show the replicates in the browser, and open the one picked as a trial.

    For this machine alone: it has no sign-in. A trial that is opened has one for each role.
    """
    check_port(port)
    explored = _explored(protocol, replicates, seed, scenario.value)
    folder = home or Path(tempfile.mkdtemp(prefix="equipoise-explore-"))
    with ExitStack() as ending:
        desk = _Desk(protocol, explored, folder, ending)
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(desk))
        server.daemon_threads = True
        ending.callback(server.server_close)
        desk.port = server.server_address[1]
        typer.echo(f"{replicates} replicates at http://127.0.0.1:{desk.port}/ (Ctrl-C ends)")
        for number in (signal.SIGINT, signal.SIGTERM):
            # the servers of opened trials end with this one, however it is asked to end
            signal.signal(number, _interrupt)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo(f"equipoise: stopped; opened trials are kept in {folder}", err=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _explored(path: Path, replicates: int, seed: int, scenario: str) -> Exploration:
    from rich.console import Console
    from rich.progress import track

    from equipoise.allocation.scheme import scheme_of
    from equipoise.design import DesignError
    from equipoise.protocol.reading import load_protocol
    from equipoise.rehearsal import AssumptionError
    from equipoise.rehearsal.bulk import Simulator, compared, scenarios
    from equipoise.rehearsal.picking import look_at, picks
    from equipoise.reporting.replicates import Exploration

    document = load_protocol(path)
    try:
        known = {one.name: one for one in scenarios(document)}
        if scenario not in known:
            raise UserError(
                f"{path}: its natural history knows the scenarios {', '.join(sorted(known))}"
            )
        simulator = Simulator(document, known[scenario].assumptions, seed)
        seen = [
            look_at(simulator, replicate)
            for replicate in track(
                range(replicates), "Simulating", console=Console(file=sys.stderr),
                disable=not sys.stderr.isatty(),
            )
        ]  # fmt: skip
    except AssumptionError as error:
        raise UserError("\n".join(f"{path}: {fault}" for fault in error.faults)) from error
    except DesignError as error:
        raise UserError(f"{path}: {error}") from error
    assert document.randomization is not None
    scheme = scheme_of(document.randomization)
    ratio = [dict(zip(scheme.arm_ids, scheme.ratio, strict=True))[arm.id] for arm in document.arms]
    return Exploration(
        document, scenario, seed, tuple(seen), sum(one.rejects for one in seen),
        compared(simulator.analyses), picks(seen, ratio),
    )  # fmt: skip


class _Desk:
    """What is shown, and which replicates are open. Its methods are called by the threads of the server."""

    def __init__(self, path: Path, explored: Exploration, folder: Path, ending: ExitStack) -> None:
        self.explored = explored
        self.token = secrets.token_urlsafe(24)
        """Whoever posts has seen the page: another site's page cannot have it open trials."""
        self.port = 0
        self._path, self._folder, self._ending = path, folder, ending
        self._open: dict[int, Opened] = {}
        self._lock = threading.Lock()

    @property
    def protocol(self) -> Protocol:
        """Of the trial."""
        return self.explored.protocol

    def opened(self, replicate: int) -> Opened | None:
        """How far it is; `None` for a replicate nobody opened."""
        with self._lock:
            return self._open.get(replicate)

    def open(self, replicate: int) -> str | None:
        """Begin to open a replicate, if that was not done; what speaks against it."""
        from equipoise.reporting.replicates import Opened

        with self._lock:
            found = self._open.get(replicate)
            if found is not None and found.state != "failed":
                return None
            if self.explored.scenario != NamedScenario.assumed.value:
                return "only replicates of the scenario `assumed` are played out"
            if sum(one.state != "failed" for one in self._open.values()) >= MOST_OPEN:
                return (
                    f"{MOST_OPEN} trials are open; stop with Ctrl-C and begin again to open others"
                )
            self._open[replicate] = Opened(replicate, "playing")
        threading.Thread(target=self._play, args=(replicate,), daemon=True).start()
        return None

    def _play(self, replicate: int) -> None:
        opened = self.opened(replicate)
        assert opened is not None
        try:
            opened = self._served(opened)
        except (UserError, OSError, subprocess.SubprocessError) as error:
            opened = replace(opened, state="failed", error=str(error))
        with self._lock:
            self._open[replicate] = opened

    def _served(self, opened: Opened) -> Opened:
        """Play it out, analyze it, and serve it from a process of its own."""
        from equipoise.rehearsal.bulk import Simulator, scenarios
        from equipoise.rehearsal.picking import look_at

        replicate, seed = opened.replicate, self.explored.seed
        home = self._folder / f"replicate-{replicate}"
        _run(
            "rehearse", str(self._path), "--home", str(home), "--seed", str(seed),
            "--replicate", str(replicate), "--staff", "faultless",
        )  # fmt: skip
        rows = self._folder / f"replicate-{replicate}.csv"
        _run("analyze", "--home", str(home), "--each", str(rows))
        simulator = Simulator(self.protocol, scenarios(self.protocol)[0].assumptions, seed)
        names = [one.id for one in self.explored.compared]
        estimates = look_at(simulator, replicate).estimates
        port, sign_ins = self._serve(home)
        return replace(
            opened, state="ready", address=f"http://127.0.0.1:{port}/", sign_ins=sign_ins,
            played=_read(rows), simulated=dict(zip(names, estimates, strict=True)),
        )  # fmt: skip

    def _serve(self, home: Path) -> tuple[int, tuple[tuple[str, ...], ...]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        server = subprocess.Popen(
            [*_COMMAND, "serve", "--home", str(home), "--port", str(port), "--sign-ins"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        self._ending.callback(_end, server)
        lines = []
        for line in server.stdout:
            if line.startswith("Serving "):
                threading.Thread(target=server.stdout.read, daemon=True).start()
                break
            lines.append(line.strip())
        else:
            raise UserError("\n".join(lines))
        rows = [tuple(re.split(r"\s{2,}", line)) for line in lines if line]
        return port, tuple(row for row in rows[1:] if len(row) == 4)


def _run(*arguments: str) -> None:
    done = subprocess.run(
        [*_COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise UserError(done.stderr.strip() or f"equipoise {arguments[0]} failed")


def _end(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _read(rows: Path) -> dict[str, tuple[float, float, float, float]]:
    with rows.open(encoding="utf-8", newline="") as stream:
        found = {}
        for row in csv.DictReader(stream):
            values = [float(row[name] or "nan") for name in ("estimate", "lower", "upper", "p")]
            found[row["analysis"]] = (values[0], values[1], values[2], values[3])
        return found


def _handler(desk: _Desk) -> type[BaseHTTPRequestHandler]:
    from equipoise.quantity.text import LANGUAGES
    from equipoise.reporting.replicates import opened_page, replicates_page

    class Handler(BaseHTTPRequestHandler):
        """The three addresses: all replicates, one that is being opened, and the wish to open one."""

        def do_GET(self) -> None:
            """A page."""
            if not self._for_us():
                return
            address = urlsplit(self.path)
            language = self._language(address.query)
            if address.path == "/":
                self._page(replicates_page(desk.explored, desk.token, language))
                return
            asked = re.fullmatch(r"/replicate/(\d{1,9})", address.path)
            opened = desk.opened(int(asked[1])) if asked else None
            if opened is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self._page(opened_page(desk.protocol, opened, language))

        def do_POST(self) -> None:
            """Open a replicate."""
            if not self._for_us():
                return
            length = self.headers.get("Content-Length", "")
            if self.path != "/open" or not length.isdecimal() or int(length) > _LONGEST_FORM:
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
            token, asked = form.get("token", [""])[0], form.get("replicate", [""])[0]
            if not secrets.compare_digest(token.encode(), desk.token.encode()):
                self.send_error(HTTPStatus.FORBIDDEN)
                return
            if re.fullmatch(r"[0-9]{1,9}", asked) is None:
                self.send_error(HTTPStatus.BAD_REQUEST, "A replicate is a whole number from 0")
                return
            against = desk.open(int(asked))
            if against is not None:
                self.send_error(HTTPStatus.CONFLICT, against)
                return
            self.send_response(HTTPStatus.SEE_OTHER)
            language = form.get("lang", [""])[0]
            query = f"?lang={language}" if language in LANGUAGES else ""
            self.send_header("Location", f"/replicate/{int(asked)}{query}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _for_us(self) -> bool:
            """Whether it is asked by this machine's own name: no other name may be led here."""
            if self.headers.get("Host") in (f"127.0.0.1:{desk.port}", f"localhost:{desk.port}"):
                return True
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return False

        def _language(self, query: str) -> str:
            asked = parse_qs(query).get("lang", [""])[0]
            if asked in LANGUAGES:
                return asked
            chinese = self.headers.get("Accept-Language", "").lower().startswith("zh")
            return "zh-Hans" if chinese else "en"

        def _page(self, text: str) -> None:
            body = text.encode()
            self.send_response(HTTPStatus.OK)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: it is one person's own page."""

    return Handler
