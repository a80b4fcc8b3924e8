"""A keeper in a process of its own, asked over a Unix domain socket.

A frame is four bytes of length, big endian, and so many bytes of JSON in UTF-8, 64 KiB at most. A
request is `{"ask": …, "id": …, "trial": …}` and an answer `{"id": the same, "ok": true, …}` or
`{"id": …, "ok": false, "error": one line}`. Asked can be:

bind        `public_key`: the ledger this keeper is to believe; the first one is bound for good
commitment  answers `hash` and `source`
allocate    `request`, `participant`, `strata`, `eligibility` (see `SignedEligibility`); answers `arm`,
            `number` and `stratum`

Every question may be asked again: a connection that breaks loses nothing. Seed and list are never
told over the socket; whoever may read the keeper's file reveals them there.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from equipoise.ledger.envelope import canonical_json

from .eligibility import SignedEligibility
from .errors import KeeperError, KeeperUnavailableError
from .file import FileKeeper
from .port import AllocationAnswer, AllocationRequest, Commitment

SOCKET = "keeper.sock"
FRAME_BYTES = 64 * 1024
TIMEOUT_SECONDS = 5.0
"""How long the trial waits for an answer. Other commands of the trial wait as long."""
_IDLE_SECONDS = 3600.0


class FrameError(Exception):
    """What came over the socket is no frame."""


def _receive(connection: socket.socket) -> dict[str, Any] | None:
    """The next frame; None where the other side has closed between two frames."""
    header = _exactly(connection, 4, at_start=True)
    if header is None:
        return None
    length = int.from_bytes(header, "big")
    if not 0 < length <= FRAME_BYTES:
        raise FrameError(f"a frame of {length} bytes is none")
    content = _exactly(connection, length)
    assert content is not None
    try:
        message = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise FrameError("a frame holds no JSON") from None
    if not isinstance(message, dict):
        raise FrameError("a frame holds no object")
    return message


def _exactly(connection: socket.socket, count: int, *, at_start: bool = False) -> bytes | None:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            if at_start and not received:
                return None
            raise FrameError("the connection ended within a frame")
        received += part
    return received


def _send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    content = canonical_json(dict(message)).encode()
    if len(content) > FRAME_BYTES:
        raise FrameError(f"a message of {len(content)} bytes is too long for a frame")
    connection.sendall(len(content).to_bytes(4, "big") + content)


# -- the keeper's side -----------------------------------------------------------------------------


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, keeper: FileKeeper) -> None:
        self.keeper = keeper
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(path, _Conversation)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, and remember the connection."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """The connection has ended."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection: whoever stops the keeper is not answered behind his back."""
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Conversation(socketserver.BaseRequestHandler):
    """One connection: questions and answers in turn until the other side goes."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(_IDLE_SECONDS)
        # A partner that breaks off, or talks nonsense, ends its own connection and nothing else.
        with contextlib.suppress(OSError):
            try:
                while (message := _receive(self.request)) is not None:
                    _send(self.request, answer_to(self.server.keeper, message))
            except FrameError as error:
                _send(self.request, {"id": None, "ok": False, "error": str(error)})


def answer_to(keeper: FileKeeper, message: Mapping[str, Any]) -> dict[str, Any]:
    """The keeper's answer to one message, whatever it holds."""
    name = message.get("id")
    named = {"id": name if isinstance(name, str | int) else None}
    try:
        return {**named, "ok": True, **_answered(keeper, message)}
    except KeeperError as error:
        return {**named, "ok": False, "error": str(error)}


def _answered(keeper: FileKeeper, message: Mapping[str, Any]) -> dict[str, Any]:
    ask = message.get("ask")
    if ask == "bind":
        keeper.bind(_text(message, "public_key"))
        return {}
    if ask == "commitment":
        commitment = keeper.commitment()
        return {"hash": commitment.hash, "source": commitment.source}
    if ask == "allocate":
        strata = message.get("strata")
        if not isinstance(strata, dict) or any(type(level) is not str for level in strata.values()):
            raise KeeperError("strata: a level is expected for each factor")
        answer = keeper.allocate(
            AllocationRequest(
                _text(message, "request"),
                _text(message, "trial"),
                _text(message, "participant"),
                strata,
                SignedEligibility.from_document(message.get("eligibility")),
            )
        )
        return {"arm": answer.arm, "number": answer.number, "stratum": answer.stratum}
    raise KeeperError(f"{ask!r} is nothing a keeper can be asked")


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise KeeperError(f"{name}: a text is expected")
    return value


def serve_keeper(
    keeper: FileKeeper,
    path: Path,
    *,
    group: str | None = None,
    started: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Answer on the socket until `stop` is set. The socket is open to the owner, and to `group`.

    Raises `KeeperError` where another process answers for this file, or the path cannot be used.
    """
    lock = os.open(keeper.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise KeeperError(f"{keeper.path}: another process answers for it already") from None
        with _listening(keeper, path, group) as server:
            watcher = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            )
            watcher.start()
            if started is not None:
                started()
            (stop or threading.Event()).wait()
            server.shutdown()
            watcher.join()
    finally:
        os.close(lock)


@contextlib.contextmanager
def _listening(keeper: FileKeeper, path: Path, group: str | None) -> Any:
    # Whoever holds the lock is the only one to answer: a socket left behind by a killed process goes.
    if path.is_socket():
        path.unlink()
    before = os.umask(0o077)
    try:
        server = _Server(str(path), keeper)
    except OSError as error:
        raise KeeperError(
            f"{path}: no socket can be made there: {error.strerror or error}"
        ) from None
    finally:
        os.umask(before)
    try:
        if group is not None:
            try:
                shutil.chown(path, group=group)
            except (LookupError, PermissionError) as error:
                raise KeeperError(f"--group {group}: {error}") from None
            path.chmod(0o660)
        yield server
    finally:
        server.hang_up()
        server.server_close()
        path.unlink(missing_ok=True)


# -- the trial's side ------------------------------------------------------------------------------


class RemoteKeeper:
    """Asks a keeper at a socket: over one connection, made again when it breaks.

    Where no answer comes within `timeout` seconds, or nobody listens, every question raises
    `KeeperUnavailableError`; asking again later is safe.
    """

    place = "process"

    def __init__(
        self, path: Path | str, trial: str, public_key: str, *, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self.path = Path(path)
        self._trial = trial
        self._public_key = public_key
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._asked = 0

    def bind(self) -> None:
        """Make the keeper believe this ledger's signatures; the first ledger stays for good."""
        self._ask({"ask": "bind", "public_key": self._public_key})

    def commitment(self) -> Commitment:
        """See `Keeper.commitment`."""
        answer = self._ask({"ask": "commitment"})
        return Commitment(str(answer["hash"]), str(answer["source"]))

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """See `Keeper.allocate`."""
        answer = self._ask(
            {
                "ask": "allocate",
                "request": request.request,
                "participant": request.participant,
                "strata": request.strata,
                "eligibility": request.eligibility.as_document(),
            }
        )
        return AllocationAnswer(str(answer["arm"]), int(answer["number"]), str(answer["stratum"]))

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            fresh = self._connection is None
            try:
                answer = self._exchange(question)
            except _BrokenError as broken:
                # A connection from before a restart of the keeper looks whole until it is used.
                if fresh or not broken.again:
                    raise broken.error from None
                try:
                    answer = self._exchange(question)
                except _BrokenError as still:
                    raise still.error from None
        if answer.get("ok") is not True:
            raise KeeperError(str(answer.get("error") or "the keeper gave no reason"))
        return answer

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        self._asked += 1
        message = {**question, "id": self._asked, "trial": self._trial}
        try:
            if self._connection is None:
                self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._connection.settimeout(self._timeout)
                self._connection.connect(str(self.path))
            _send(self._connection, message)
            answer = _receive(self._connection)
        except TimeoutError:
            self._drop()
            raise _BrokenError(
                f"the keeper at {self.path} gave no answer within {self._timeout:g} seconds", False
            ) from None
        except (OSError, FrameError) as error:
            self._drop()
            why = getattr(error, "strerror", None) or str(error)
            raise _BrokenError(f"the keeper at {self.path} cannot be reached: {why}") from None
        if answer is None or answer.get("id") != self._asked:
            self._drop()
            raise _BrokenError(f"the keeper at {self.path} broke off")
        return answer

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._drop()


class _BrokenError(Exception):
    """No answer came; `again` where a new connection may bring one at once."""

    def __init__(self, words: str, again: bool = True) -> None:
        super().__init__(words)
        self.error = KeeperUnavailableError(words)
        self.again = again
