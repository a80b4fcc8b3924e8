"""Serving a home over HTTP: one process with several threads; where its ledger allows, several such."""

from __future__ import annotations

import fcntl
import ipaddress
import logging
import multiprocessing
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

THREADS = 4
"""Threads that answer requests. More only wait: the ledger writes one command after the other."""
CONNECTIONS = 256
"""Requests whose bodies may be on their way at once; each that arrives slowly holds one of these places."""
SWITCH_SECONDS = 0.0005
"""How soon a waiting thread gets Python's lock. Whoever has just written to the disk holds the ledger,
and everybody waits for it; with Python's own 5 ms it would wait in turn behind pages being drawn."""
BACKLOG = 512
STOP_SECONDS = 5
"""How long requests under way may take to end after Ctrl-C. The ledger loses nothing of what it answered."""


class UnsafeServingError(Exception):
    """The home cannot be served in this way; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, and under which names the server may be asked for."""

    host: str = "127.0.0.1"
    port: int = 8000
    names: Sequence[str] = field(default_factory=tuple)
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    """Whether a proxy on this machine ends TLS, and is the only one to ask."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def https(self) -> bool:
        """Whether browsers' connections are encrypted: by this server, or by the proxy before it."""
        return self.certificate is not None or self.behind_proxy

    @property
    def url(self) -> str:
        """The address for a browser."""
        name = self.names[0] if self.names else self.host
        if ":" in name:
            name = f"[{name}]"
        if self.behind_proxy:
            return f"https://{name}/"
        return f"{'https' if self.https else 'http'}://{name}:{self.port}/"


def check_address(address: Address) -> None:
    """Raise `UnsafeServingError` where passwords would cross a network in the clear, or nobody could come."""
    if (address.certificate is None) != (address.key is None):
        raise UnsafeServingError("--certificate and --key belong together: give both")
    if address.behind_proxy and not address.loopback:
        raise UnsafeServingError(
            f"--behind-proxy with --host {address.host}: others could ask in the proxy's place; "
            "listen on 127.0.0.1"
        )
    if address.behind_proxy and address.certificate is not None:
        raise UnsafeServingError(
            "--behind-proxy: the proxy holds the certificate; leave --certificate out"
        )
    if address.behind_proxy and not address.names:
        raise UnsafeServingError(
            "--behind-proxy: give --name with the name browsers use at the proxy"
        )
    if not address.loopback and not address.https:
        raise UnsafeServingError(
            f"--host {address.host}: other machines could listen to passwords; give --certificate "
            "and --key, or stay on 127.0.0.1 behind a proxy on this machine"
        )
    if not address.loopback and not address.names:
        raise UnsafeServingError(
            f"--host {address.host}: give --name with the name browsers will use; "
            "requests under any other name are refused"
        )
    for path in (address.certificate, address.key):
        if path is not None and not path.is_file():
            raise UnsafeServingError(f"{path}: there is no such file")
    if not 0 < address.port < 65536:
        raise UnsafeServingError(f"--port {address.port}: use 1 to 65535")
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise UnsafeServingError(
                f"{address.host}:{address.port} cannot be used ({error.strerror}); "
                "choose another --port"
            ) from error


def check_home(path: Path, *, rehearsal: bool) -> None:
    """Raise `UnsafeServingError` where others on this machine could read a real trial's files."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not rehearsal and mode & 0o077:
        raise UnsafeServingError(
            f"{path}: others on this machine can read it (mode {mode:03o}); run: chmod 700 {path}"
        )


def claim(path: Path, *, alone: bool = True) -> int:
    """Hold the home while it is served: `alone`, or beside other processes that do not ask to be alone.

    `UnsafeServingError` where another one serves it, or is at work on it, and must not be joined.
    """
    descriptor = os.open(path / "serving.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise UnsafeServingError(f"{path}: is being served already by another process") from error
    return descriptor


def behind_proxy(served: Any) -> Any:
    """The application as a proxy on this machine asks it: over TLS, in the name of the last client it names.

    Earlier addresses in `X-Forwarded-For` came from outside, and anybody can write them.
    """

    def asked(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.url_scheme"] = "https"
        told = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        try:
            environ["REMOTE_ADDR"] = str(ipaddress.ip_address(told))
        except ValueError:
            environ["REMOTE_ADDR"] = "unknown"
        return served(environ, start_response)

    return asked


def load_application(
    path: str, hosts: Sequence[str], https: bool, proxied: bool, log: str | None
) -> Any:
    """In the serving process: open the home and make the WSGI application."""
    from equipoise.home import Home
    from equipoise.trial import HourlyCheckpoints
    from equipoise.web import application, configure
    from equipoise.web.gate import Gate
    from equipoise.web.log import drop_log, keep_log, tell
    from equipoise.web.quiet import QuietCollector
    from equipoise.web.settings import MAX_UPLOAD

    _end_with_parent()
    sys.setswitchinterval(SWITCH_SECONDS)
    home = Home.open(path)
    # Granian's workers are processes of multiprocessing: they end without `atexit`, but with this.
    Finalize(None, home.close, exitpriority=0)

    def watch() -> None:
        step = home.clock_watch.look()
        if step is not None:
            tell("clock set", logging.WARNING, seconds=step.seconds)
        if home.trial().checkpoint_problem is not None:
            tell("checkpoint not kept", logging.WARNING)

    hourly = HourlyCheckpoints(home.trial(), besides=watch)
    hourly.start()
    Finalize(None, hourly.stop, exitpriority=1)
    configure(home, hosts=hosts, https=https)
    if log is not None:
        keep_log(log)
        Finalize(None, drop_log, exitpriority=-1)
    tell("started", version=metadata.version("equipoise"), mode=home.trial().state.mode)
    Finalize(None, tell, ("ended",), exitpriority=0)
    behind = behind_proxy(application()) if proxied else application()
    served = Gate(behind, places=THREADS, limit=MAX_UPLOAD)
    _warm_up()
    collector = QuietCollector(served)
    collector.start()
    Finalize(None, collector.stop, exitpriority=1)
    return served


def _when_open(address: Address, started: Callable[[], None]) -> None:
    """Call `started` once the address takes connections: nobody is sent to a door that is still shut."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if probe.connect_ex((address.host, address.port)) == 0:
                break
        time.sleep(0.05)
    started()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, so that nobody serves on unseen.

    It ends at once: what was answered is on the disk, and what was not is rolled back.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


def _warm_up() -> None:
    """Import the views and read the templates' shared parts before the first request."""
    from django.template.loader import get_template
    from django.urls import get_resolver

    get_resolver().check()
    for name in ("base.html", "form.html", "today.html", "participants.html", "sheet.html"):
        get_template(name)


def serve(
    path: Path,
    address: Address,
    *,
    started: Callable[[], None] | None = None,
    log: str | None = None,
) -> None:
    """Serve until interrupted; `started` is called when connections are taken. `log` is the file that takes a line
    for each request, or `-` for standard error.

    Call `check_address`, `check_home` and `claim` first.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        "equipoise.web.server",
        address=address.host,
        port=address.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=CONNECTIONS,
        blocking_threads_idle_timeout=600,
        backlog=BACKLOG,
        workers_kill_timeout=STOP_SECONDS,
        backpressure=BACKLOG,
        websockets=False,
        log_level=LogLevels.error,
        ssl_cert=address.certificate,
        ssl_key=address.key,
    )
    if started is not None:
        told = threading.Thread(target=_when_open, args=(address, started), daemon=True)
        server.on_startup(told.start)
    hosts = [*address.names, address.host]
    loader = partial(load_application, str(path), hosts, address.https, address.behind_proxy, log)
    server.serve(target_loader=loader, wrap_loader=False)
