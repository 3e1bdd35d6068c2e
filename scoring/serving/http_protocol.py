"""uvicorn's HTTP protocol with limits on a request's head: its bytes, and the time until it is there."""

from asyncio import TimerHandle
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 32 << 10


class LimitedProtocol(HttpToolsProtocol):
    """Closes a connection whose request has no whole head in time (408), or a head that is too large (431)."""

    seconds: ClassVar[float] = 10.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes: int | None = 0  # None while a body comes
        self._late: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Expect a head."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of the head."""
        expected = self._head_bytes is not None
        super().data_received(data)
        if expected and self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Start to count, and to wait."""
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """Stop to count, and to wait."""
        self._expect_no_more()
        super().on_headers_complete()

    def _expect(self) -> None:
        self._expect_no_more()
        self._head_bytes = 0
        self._late = self.loop.call_later(self.seconds, self._refuse, b"408 Request Timeout")

    def _expect_no_more(self) -> None:
        self._head_bytes = None
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: bytes) -> None:
        self._expect_no_more()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()


def protocol(seconds: float) -> type[LimitedProtocol]:
    """The protocol with so many seconds for a head."""
    return type("Protocol", (LimitedProtocol,), {"seconds": seconds})
