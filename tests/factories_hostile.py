"""A hostile receiver: each behaviour is what one peer does with one connection after it has read the request.

Raw sockets, so that nothing it sends is put right by a library. Behaviours that go on for ever end when the client
hangs up or the receiver is stopped.
"""

import gzip
import itertools
import json
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

BOMB = gzip.compress(bytes(10_000_000))
MEGABYTE = b"x" * 1_000_000


@dataclass
class Peer:
    """One connection of the receiver, with the request that it has read."""

    sock: socket.socket
    stop: threading.Event
    body: bytes = b""

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: Iterable[bytes], pause: float = 0.02) -> None:
        """Send piece by piece, with a pause before each, until the client or the receiver has had enough."""
        for piece in data:
            if self.stop.wait(pause):
                return
            self.sock.sendall(piece)

    def flood(self, piece: bytes, pieces: int | None = None) -> None:
        for _ in itertools.count() if pieces is None else range(pieces):
            if self.stop.is_set():
                return
            self.sock.sendall(piece)

    def be_silent(self) -> None:
        """Wait until the client hangs up or the receiver is stopped."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP)
        while not self.stop.is_set():
            if poll.poll(50) and not self._heard():
                return

    def reset(self) -> None:
        """Hang up with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _heard(self) -> bool:
        try:
            return bool(self.sock.recv(65536))
        except OSError:
            return False


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


Behaviour = Callable[[Peer], None]


def says(data: bytes) -> Behaviour:
    """Say it and hang up: both in one packet, or a client could use the connection again before it hears of its end."""

    def behave(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        peer.say(data)

    return behave


def then_silent(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(data)
        peer.be_silent()

    return behave


def then_reset(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(data)
        peer.reset()

    return behave


def then_drips(data: bytes, endless: Iterable[bytes]) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(data)
        peer.drip(endless)

    return behave


def then_floods(data: bytes, piece: bytes, pieces: int | None = None) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(data)
        peer.flood(piece, pieces)

    return behave


CUT_OFF = "the answer is not HTTP, was cut off, or its head is too long"
BROKE_OFF = "the connection was refused or broke off"
LATE = "no complete answer within"
REDIRECT = "redirects are not followed: set the final address"

# name: what it does, the status that is recorded, the beginning of the error that is recorded.
BEHAVIOURS: dict[str, tuple[Behaviour, int | None, str | None]] = {
    # Redirects: nothing of Location or body may matter.
    "redirect": (says(head("302 Found", "Location: /elsewhere", "Content-Length: 0")), 302, REDIRECT),
    "redirect, unparsable": (says(head("302 Found", "Location: http://[", "Content-Length: 0")), 302, REDIRECT),
    "redirect, bad port": (says(head("307 T", "Location: http://a:99999999/", "Content-Length: 0")), 307, REDIRECT),
    "redirect, no UTF-8": (
        says(b"HTTP/1.1 301 Moved\r\nLocation: http://\xff\xfe/\xe9\r\nContent-Length: 0\r\n\r\n"), 301, REDIRECT,
    ),
    "redirect, no Location": (says(head("308 Permanent Redirect", "Content-Length: 0")), 308, REDIRECT),
    "redirect, gzip": (
        says(head("302 Found", "Location: /x", "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB),
        302, REDIRECT,
    ),
    "redirect, broken gzip": (
        says(head("302 Found", "Location: /x", "Content-Encoding: gzip", "Content-Length: 4") + b"junk"), 302, REDIRECT,
    ),
    "redirect, gigabyte": (
        then_floods(head("302 Found", "Location: /x", "Content-Length: 1000000000"), MEGABYTE, 1000), 302, REDIRECT,
    ),
    "redirect, dripped body": (
        then_drips(head("302 Found", "Location: /x", "Content-Length: 100000"), itertools.repeat(b"x")), 302, REDIRECT,
    ),
    "304 with a body": (says(head("304 Not Modified", "Content-Length: 5") + b"hello"), 304, REDIRECT),
    # Bodies of any status: bounded, and no success is taken back for them.
    "200, gigabyte": (then_floods(head("200 OK", "Content-Length: 1000000000"), MEGABYTE, 1000), 200, None),
    "500, endless": (then_floods(head("500 Oops", "Connection: close"), MEGABYTE), 500, None),
    "200, bomb": (
        says(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB), 200, None,
    ),
    "200, endless chunks": (
        then_floods(head("200 OK", "Transfer-Encoding: chunked"), b"3e8\r\n" + b"x" * 1000 + b"\r\n"), 200, None,
    ),
    "200, endless chunk size": (then_floods(head("200 OK", "Transfer-Encoding: chunked"), b"0" * 1000), 200, None),
    "200, chunks that are none": (says(head("200 OK", "Transfer-Encoding: chunked") + b"zz\r\nhello\r\n"), 200, None),
    "200, then silence": (then_silent(head("200 OK", "Content-Length: 5")), 200, None),
    "200, dripped body": (then_drips(head("200 OK", "Content-Length: 9999"), itertools.repeat(b"x")), 200, None),
    "200, closed within the body": (says(head("200 OK", "Content-Length: 500") + b"half"), 200, None),
    "200, reset within the body": (then_reset(head("200 OK", "Content-Length: 500") + b"half"), 200, None),
    "204 with a body": (says(head("204 No Content", "Content-Length: 5") + b"hello"), 204, None),
    "404, dripped body": (then_drips(head("404 No", "Content-Length: 9999"), itertools.repeat(b"x")), 404, None),
    # Heads that are not whole: never delivered.
    "200 cut off in a header": (says(b"HTTP/1.1 200 OK\r\nContent-Le"), None, CUT_OFF),
    "200 cut off between headers": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), None, CUT_OFF),
    "200 cut off in the status line": (says(b"HTTP/1.1 200"), None, CUT_OFF),
    "200 cut off after the status line": (says(b"HTTP/1.1 200 OK\r\n"), None, CUT_OFF),
    "200 cut off, reset": (then_reset(b"HTTP/1.1 200 OK\r\nContent-Le"), None, ""),
    "200 cut off, silent": (then_silent(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), None, LATE),
    "200, a header that is none": (says(b"HTTP/1.1 200 OK\r\nwhat is this\r\n\r\n"), None, CUT_OFF),
    "200, header with a NUL": (says(b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"), None, CUT_OFF),
    "200, two lengths": (says(head("200 OK", "Content-Length: 1", "Content-Length: 2") + b"x"), None, CUT_OFF),
    "200, length that is none": (says(head("200 OK", "Content-Length: -5")), None, CUT_OFF),
    "100, then closed": (says(head("100 Continue")), None, CUT_OFF),
    "101": (says(head("101 Switching Protocols", "Upgrade: x", "Connection: upgrade")), None, CUT_OFF),
    # Heads that never end.
    "dripped head": (then_drips(b"HTTP/1.1 200 OK\r\n", itertools.cycle([b"A: b\r\n"])), None, LATE),
    "dripped status line": (then_drips(b"HTTP/1.1 200 O", itertools.repeat(b"K")), None, LATE),
    "dripped 100s": (then_drips(b"", itertools.repeat(head("100 Continue"))), None, LATE),
    "dripped 103s": (then_drips(b"", itertools.repeat(head("103 Early Hints", "Link: </a>"))), None, LATE),
    "flood of headers": (then_floods(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1000), None, CUT_OFF),
    "flood of one header": (then_floods(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 10_000), None, CUT_OFF),
    "flood of 100s": (then_floods(b"", head("100 Continue") * 100), None, CUT_OFF),
    "flood without a line": (then_floods(b"", MEGABYTE), None, CUT_OFF),
    # No HTTP, or none that is known.
    "silence": (then_silent(b""), None, LATE),
    "closed at once": (says(b""), None, BROKE_OFF),
    "reset at once": (then_reset(b""), None, BROKE_OFF),
    "garbage": (says(b"\x00\xff what?\r\n\r\n"), None, CUT_OFF),
    "HTTP/0.9": (says(b"<html>200 OK</html>"), None, CUT_OFF),
    "HTTP/2": (says(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)), None, CUT_OFF),
    "HTTP/9.9": (says(b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"), None, CUT_OFF),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), None, CUT_OFF),
    "status of two digits": (says(b"HTTP/1.1 20 OK\r\n\r\n"), None, CUT_OFF),
    "status 099": (says(b"HTTP/1.1 099 What\r\n\r\n"), None, CUT_OFF),
    "status 999": (says(head("999 What", "Content-Length: 0")), 999, None),
    "HTTP/1.0 without a length": (says(b"HTTP/1.0 200 OK\r\n\r\nok"), 200, None),
    # Retry-After.
    "429, for ever": (says(head("429 Slow", "Retry-After: " + "9" * 5000, "Content-Length: 0")), 429, None),
    "503, never": (
        says(head("503 No", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", "Content-Length: 0")), 503, None,
    ),
    "503, nonsense": (
        says(b"HTTP/1.1 503 No\r\nRetry-After: \xff\xfe-1e999\r\nContent-Length: 0\r\n\r\n"), 503, None,
    ),
    # Traps for the next request on the same connection.
    "two answers": (says(head("500 No", "Content-Length: 0") + head("200 OK", "Content-Length: 0")), 500, None),
    "answer and hang up": (says(head("200 OK", "Content-Length: 0")), 200, None),
    "100 before": (says(head("100 Continue") + head("500 No", "Content-Length: 0")), 500, None),
}  # fmt: skip

OBEYED = ("429, for ever", "503, never")  # they hold the endpoint for a day, as they may


class Hostile:
    """A receiver on a port of this machine that behaves as it is told; a context manager.

    Parameters
    ----------
    behave
        Called with each connection's :class:`Peer`; after a request unless ``reads`` is false.
    port
        0 takes a free one.
    """

    def __init__(self, behave: Behaviour, *, port: int = 0, reads: bool = True) -> None:
        self._behave, self._reads = behave, reads
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=hidden"

    def __enter__(self) -> Self:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,))
            thread.start()
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(60)
            peer = Peer(sock, self._stop)
            try:
                if not self._reads or read_request(peer):
                    self._behave(peer)
            except OSError:  # the client has had enough
                pass


def read_request(peer: Peer) -> bool:
    """Read one request; its body becomes ``peer.body``. False if the client hung up instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.sock.recv(65536)
        if not piece:
            return False
        data += piece
    header, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", header)[1])
    while len(body) < length:
        piece = peer.sock.recv(65536)
        if not piece:
            return False
        body += piece
    peer.body = body
    return True


def customers(body: bytes) -> list[str]:
    """Whom a request tells about."""
    return [event["customer_id"] for event in json.loads(body)["data"]["events"]]
