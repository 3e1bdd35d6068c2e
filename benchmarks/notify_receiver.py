"""A receiver as fast as we can make one in Python: keep-alive, checks every signature, counts events, keeps nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
from typing import cast

from scoring.local.environment import LOOPBACK

KEY = base64.b64decode(os.environ["NOTIFY_SECRET"].removeprefix("whsec_"))
EVENT = b'"customer_id":'  # once in each event
COUNTS = {"requests": 0, "events": 0, "refused": 0}


class Receiver(asyncio.Protocol):
    """One connection. GET answers with the counts, POST takes a message."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        self._transport, self._read = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            method, headers = _head(self._read[:end])
            length = end + 4 + int(headers.get(b"content-length", b"0"))
            if len(self._read) < length:
                return
            body, self._read = self._read[end + 4 : length], self._read[length:]
            self._transport.write(_counts() if method == b"GET" else _answer(headers, body))


def _head(text: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    first, *lines = text.split(b"\r\n")
    pairs = (line.split(b":", 1) for line in lines)
    return first.split(b" ", 1)[0], {name.lower(): value.strip() for name, value in pairs}


def _answer(headers: dict[bytes, bytes], body: bytes) -> bytes:
    signed = b".".join((headers.get(b"webhook-id", b""), headers.get(b"webhook-timestamp", b""), body))
    expected = b"v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256))
    COUNTS["requests"] += 1
    if not hmac.compare_digest(expected, headers.get(b"webhook-signature", b"")):
        COUNTS["refused"] += 1
        return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    COUNTS["events"] += body.count(EVENT)
    return b"HTTP/1.1 204 No Content\r\n\r\n"


def _counts() -> bytes:
    body = json.dumps(COUNTS).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def serve() -> None:
    """Serve until the process is ended; prints the port."""
    server = await asyncio.get_running_loop().create_server(Receiver, LOOPBACK, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
