"""Connections that mean harm: bodies of a hundred megabytes, bodies that never end, requests that are none.

Against a server of its own on the loopback interface, bounded in number and size.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.patience import PATIENCE
from support.web_home import new_home, serving

pytestmark = pytest.mark.xdist_group("hostile-connections")
HUGE = 100 * 2**20
SLOW = 64
"""Connections that are slow at once: many more than threads at work."""
READ_AHEAD = 16 * 2**20
"""Bytes the two ends of a connection may hold between them; what is refused early goes no further."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Address and process id of a served home."""
    path = tmp_path_factory.mktemp("home") / "home"
    new_home(path).close()
    with serving(path) as (address, process):
        yield address, process.pid


def resident_bytes(pid: int) -> int:
    """What a process and its children hold in memory."""
    page = 4096
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    own = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * page
    return own + sum(resident_bytes(int(child)) for child in children)


def connected(address: str) -> socket.socket:
    host, _colon, port = address.partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def cookie(address: str) -> str:
    """The cookie every visitor of the sign-in gets; with it a form's body is read."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("GET", "/sign-in/")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return (answer.headers["Set-Cookie"] or "").split(";")[0]


def head(address: str, line: str, *headers: str) -> bytes:
    return "\r\n".join([line, f"Host: {address}", *headers, "", ""]).encode("latin-1")


def sent(address: str, begin: bytes, parts: Iterable[bytes]) -> tuple[int, bytes]:
    """How many bytes of a body were taken before the server had enough, and what it answered."""
    taken = 0
    with connected(address) as connection:
        connection.sendall(begin)
        try:
            for part in parts:
                connection.sendall(part)
                taken += len(part)
        except OSError:
            pass
        try:
            answer = connection.recv(4096)
        except OSError:
            answer = b""
    return taken, answer


def still_answers(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", "/sign-in/")
        return connection.getresponse().status == 200
    finally:
        connection.close()


BODIES = {
    "a form": ("POST /sign-in/ HTTP/1.1", "application/x-www-form-urlencoded"),
    "a file": ("POST /sign-in/ HTTP/1.1", "multipart/form-data; boundary=x"),
    "JSON": ("PATCH /api/v1/participants/01-0001/forms/a/b/1 HTTP/1.1", "application/json"),
    "on a GET": ("GET /record/ HTTP/1.1", "text/plain"),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_of_a_hundred_megabytes_is_refused_before_it_is_read(
    server: tuple[str, int], body: str, chunked: bool
) -> None:
    """Little is taken, no memory is filled, and everybody else is answered as before."""
    address, pid = server
    line, kind = BODIES[body]
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {HUGE}"
    begin = head(address, line, f"Cookie: {cookie(address)}", f"Content-Type: {kind}", length)
    piece = b"a" * 65536
    part = b"10000\r\n" + piece + b"\r\n" if chunked else piece
    before = resident_bytes(pid)
    taken, answer = sent(address, begin, (part for _ in range(HUGE // len(piece))))
    assert taken < READ_AHEAD
    assert resident_bytes(pid) - before < READ_AHEAD
    if answer:
        status = int(answer.split(b" ", 2)[1])
        assert status < 500
        assert chunked or status == 413
    assert still_answers(address)


def test_slow_bodies_and_slow_headers_keep_nobody_waiting(server: tuple[str, int]) -> None:
    """Many connections that send a little and stop: the threads at work are not theirs."""
    address, _pid = server
    begin = head(
        address, "POST /sign-in/ HTTP/1.1", f"Cookie: {cookie(address)}",
        "Content-Type: application/x-www-form-urlencoded", "Content-Length: 1000",
    )  # fmt: skip
    with ExitStack() as stack:
        for n in range(SLOW):
            connection = stack.enter_context(connected(address))
            connection.sendall(begin + b"username=" if n % 2 else begin[:40])
        for _ in range(5):
            assert still_answers(address)


def test_a_body_that_is_cut_off_is_no_shorter_body(server: tuple[str, int]) -> None:
    """Half a form is refused and not taken for a whole one."""
    address, _pid = server
    begin = head(
        address, "POST /sign-in/ HTTP/1.1", f"Cookie: {cookie(address)}",
        "Content-Type: application/x-www-form-urlencoded", "Content-Length: 100",
    )  # fmt: skip
    with connected(address) as connection:
        connection.sendall(begin + b"username=monitor&password=")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert not answer or answer.split(b" ", 2)[1] == b"400"
    assert still_answers(address)


RAW: dict[str, bytes] = {
    "nothing": b"\r\n\r\n",
    "no request": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /\r\n\r\n",
    "two lengths": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\naaaaaa",
    "length and chunks": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /trust/ HTTP/1.1\r\nHost: H\r\n\r\n",
    "negative length": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nContent-Length: -1\r\n\r\n",
    "a length that is no number": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nContent-Length: 0x10\r\n\r\n",
    "a chunk without end": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "a folded header": b"GET /sign-in/ HTTP/1.1\r\nHost: H\r\nX-A: a\r\n b: c\r\n\r\n",
    "a bare line feed": b"GET /sign-in/ HTTP/1.1\nHost: H\n\n",
    "NUL in a header": b"GET /sign-in/ HTTP/1.1\r\nHost: H\r\nX-A: a\x00b\r\n\r\n",
    "no host": b"GET /sign-in/ HTTP/1.1\r\n\r\n",
    "another host": b"GET /sign-in/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "two hosts": b"GET /sign-in/ HTTP/1.1\r\nHost: H\r\nHost: evil.example\r\n\r\n",
    "another host forwarded": b"GET /sign-in/ HTTP/1.1\r\nHost: H\r\nX-Forwarded-Host: evil.example\r\n\r\n",
    "a whole address": b"GET http://evil.example/trust/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "an unknown method": b"BREW /sign-in/ HTTP/1.1\r\nHost: H\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: H\r\nCookie: a=secret-of-mine\r\n\r\n",
    "an override": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n",
    "a header of a megabyte": b"GET / HTTP/1.1\r\nHost: H\r\nX-A: " + b"a" * 2**20 + b"\r\n\r\n",
    "ten thousand headers": b"GET / HTTP/1.1\r\nHost: H\r\n" + b"X-A: a\r\n" * 10_000 + b"\r\n",
    "a line of a megabyte": b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: H\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: H\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe/ HTTP/1.1\r\nHost: H\r\n\r\n",
    "expectations": b"POST /sign-in/ HTTP/1.1\r\nHost: H\r\nExpect: 100-continue\r\nContent-Length: 104857600\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("what", RAW)
def test_a_request_that_is_none_is_refused_or_dropped(server: tuple[str, int], what: str) -> None:
    """Never an error of ours, never another host's name or a cookie said back, one answer to one request."""
    address, _pid = server
    answers = b""
    with connected(address) as connection:
        connection.settimeout(0.5)
        try:
            connection.sendall(RAW[what].replace(b"Host: H", f"Host: {address}".encode()))
            while part := connection.recv(65536):
                answers += part
        except OSError:
            pass
    lines = [line for line in answers.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert all(int(line.split(b" ")[1]) < 500 for line in lines), answers[:300]
    assert len(lines) <= 1 or what in ("nothing", "length and chunks"), lines
    assert b"secret-of-mine" not in answers
    told = answers.partition(b"\r\n\r\n")[0]
    assert b"evil.example" not in told
    assert still_answers(address)


def test_static_files_lead_nowhere_else(server: tuple[str, int]) -> None:
    """No way up from the folder of styles and scripts, however the way is spelled."""
    address, _pid = server
    for up in ("..", "%2e%2e", "%252e%252e", "..%2f", "..%5c", "%c0%ae%c0%ae", "....//", ".%00."):
        for place in ("web.key", "keys.json", "trial.sqlite", "etc/passwd"):
            path = "/static/" + f"{up}/" * 6 + place
            connection = http.client.HTTPConnection(address, timeout=PATIENCE)
            connection.putrequest("GET", path, skip_host=False)
            connection.endheaders()
            answer: Any = connection.getresponse()
            body = answer.read()
            connection.close()
            assert answer.status in (400, 404), (path, answer.status)
            assert b"root:" not in body
