"""HTTP/1.1 with one deadline for a whole request, which a slow peer cannot extend: each wait takes only what is left.

A status counts once the head of the answer is complete and well formed (h11 checks that). Of the rest only Retry-After
matters; a short body is read only so that the connection can be used again.
"""

import select
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import h11

from scoring.delivery.adapters.address import SocketAddress, Target

HEAD_BYTES = 65_536  # up to the end of the final head, with all 1xx answers before it
BODY_BYTES = 1024
BODY_SECONDS = 1.0
RECEIVE_BYTES = 16_384


class Deadline:
    """A moment by which something must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline; :class:`TimeoutError` if it has passed."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Line:
    """One connection to a peer; carries one request after the other while both sides keep it open."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)

    @classmethod
    def opened(cls, target: Target, tls: ssl.SSLContext | None, deadline: Deadline) -> Self:
        """Connect, with TLS if ``tls`` is given; :class:`OSError` if that fails or takes too long."""
        sock = _connected(target.addresses, deadline)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                sock.settimeout(deadline.left())  # for the whole handshake
                sock = tls.wrap_socket(sock, server_hostname=target.host)
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    def close(self) -> None:
        """Close the connection, even in the middle of an answer."""
        with suppress(OSError):
            self._socket.close()

    def ask(self, request: h11.Request, body: bytes, deadline: Deadline) -> h11.Response:
        """Send a request and return the complete head of its answer.

        Raises
        ------
        TimeoutError
            If that takes longer than ``deadline``.
        OSError
            If the connection breaks.
        h11.RemoteProtocolError
            If the answer is not HTTP, is cut off within its head, or the head is too long.
        """
        events: list[h11.Request | h11.Data | h11.EndOfMessage] = [request, h11.Data(data=body), h11.EndOfMessage()]
        with suppress(BrokenPipeError, ConnectionResetError):  # the peer may have answered before it read all
            self._send(b"".join(self._peer.send(event) or b"" for event in events), deadline)
        received = 0
        while not isinstance(event := self._peer.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                if received > HEAD_BYTES:
                    raise h11.RemoteProtocolError("the head is too long")
                received += self._receive(deadline, first=not received)
        if not event.http_version.startswith(b"1."):  # h11 takes any two digits
            raise h11.RemoteProtocolError("it is another version of HTTP")
        return event

    def is_free(self) -> bool:
        """Read the rest of a short answer; returns whether the connection can carry another request."""
        deadline = Deadline(BODY_SECONDS)
        received = 0
        with suppress(OSError, h11.RemoteProtocolError):
            while received <= BODY_BYTES:
                event = self._peer.next_event()
                if event is h11.NEED_DATA:
                    received += self._receive(deadline)
                elif isinstance(event, h11.Data):
                    received += len(event.data)
                else:
                    break
        if self._peer.our_state is not h11.DONE or self._peer.their_state is not h11.DONE:
            return False
        if self._peer.trailing_data != (b"", False):  # surplus bytes would be taken for the next answer
            return False
        self._peer.start_next_cycle()
        return True

    def is_quiet(self) -> bool:
        """Whether the peer has neither closed the connection nor sent anything since the last answer."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def _send(self, data: bytes, deadline: Deadline) -> None:
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(deadline.left())
            rest = rest[self._socket.send(rest) :]

    def _receive(self, deadline: Deadline, *, first: bool = False) -> int:
        self._socket.settimeout(deadline.left())
        data = self._socket.recv(RECEIVE_BYTES)
        if first and not data:
            raise ConnectionResetError
        self._peer.receive_data(data)
        return len(data)


def _connected(addresses: Sequence[SocketAddress], deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers; each try gets an equal share of the remaining time."""
    failed = OSError("no address")
    for tried, one in enumerate(addresses):
        sock = socket.socket(one.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.left() / (len(addresses) - tried))
            sock.connect(one.address)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed
