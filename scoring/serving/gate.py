"""All that stands before the routes: limits, keys, bodies read whole, headers, metrics and the access log."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoring.errors import ScoringError
from scoring.serving.answers import Answer, refused
from scoring.serving.metrics import OTHER
from scoring.serving.problems import AFTER, Problem, of_error

if TYPE_CHECKING:
    from scoring.serving.api import Api

log = logging.getLogger(__name__)
access = logging.getLogger("scoring.serving.access")

MOST_HEADER_BYTES = 16 << 10
ANONYMOUS = frozenset({"/healthz", "/readyz"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_SAFE = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]


class Gate:
    """ASGI middleware around the routes; ``scope["state"]`` gets the ``key`` and the ``body``."""

    def __init__(self, app: ASGIApp, api: "Api") -> None:
        self._app, self._api = app, api
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        start, answering = time.perf_counter(), _Answering(send)
        self._api.metrics.in_flight.inc()
        try:
            await self._answer(scope, receive, answering)
        except Exception:
            log.exception("a request failed")
            await answering.whole(refused(Problem(500, "The error stands in the API's log.", "urn:scoring:bug")))
        finally:
            self._api.metrics.in_flight.dec()
            self._note(scope, answering.status, time.perf_counter() - start)

    async def _answer(self, scope: Scope, receive: Receive, answering: "_Answering") -> None:
        try:
            if scope["path"] in ANONYMOUS:
                await self._app(scope, _nothing, answering)
                return
            with self._place():
                await self._admitted(scope, receive, answering)
        except Problem as problem:
            await answering.whole(refused(problem))
        except ScoringError as error:
            log.warning("a request cannot be answered: %s", error.args[0])
            await answering.whole(refused(of_error(error)))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._in_flight >= self._api.limits.most_requests:
            raise Problem(503, "Too many requests are being answered.", "urn:scoring:busy", headers=AFTER)
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    async def _admitted(self, scope: Scope, receive: Receive, answering: "_Answering") -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
            raise Problem(431, f"The headers have more than {MOST_HEADER_BYTES} bytes.", headers=CLOSE)
        headers = _headers(scope)
        client = scope.get("client") or ("",)
        key = await self._api.doorkeeper.admit(headers.get(b"authorization", ""), client[0], self._api.blocking)
        body = await self._body(headers, receive) if scope["method"] in WITH_BODY else b""
        scope.setdefault("state", {}).update(key=key, body=body, headers=headers)
        try:
            async with asyncio.timeout(self._api.limits.answer_seconds):
                await self._app(scope, _nothing, answering)
        except TimeoutError:
            said = f"The answer was not there after {self._api.limits.answer_seconds:g} s."
            raise Problem(504, said, "urn:scoring:too-slow", headers=AFTER) from None

    async def _body(self, headers: Mapping[bytes, str], receive: Receive) -> bytes:
        """The whole body; refused while it is read, not after."""
        most = self._api.limits.most_body_bytes
        length = headers.get(b"content-length", "")
        if length.isdigit() and int(length) > most:
            raise _too_large(most)
        parts, size, more = list[bytes](), 0, True
        try:
            async with asyncio.timeout(self._api.limits.receive_seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "The body ended early.", headers=CLOSE)
                    parts.append(message.get("body", b""))
                    size, more = size + len(parts[-1]), message.get("more_body", False)
                    if size > most:
                        raise _too_large(most)
        except TimeoutError:
            said = f"The body was not there after {self._api.limits.receive_seconds:g} s."
            raise Problem(408, said, "urn:scoring:too-slow", headers=CLOSE) from None
        return b"".join(parts)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", OTHER)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        name = scope.get("path_params", {}).get("score", "")
        score = name if name in self._api.board.catalog.scores else ""
        self._api.metrics.seconds.labels(route, method, score).observe(seconds)
        self._api.metrics.requests.labels(route, method, str(status)).inc()
        if route not in ANONYMOUS:
            key = scope.get("state", {}).get("key")
            access.info("%s %s %s %.1f ms key %s", method, route, status, seconds * 1000, key.key_id if key else "-")


CLOSE = {"Connection": "close"}


class _Answering:
    """Sends an answer with the safe headers, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send, self.status, self._started = send, 0, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started, self.status = True, message["status"]
            message["headers"] = [*message.get("headers", ()), *_SAFE]
        await self._send(message)

    async def whole(self, answer: Answer) -> None:
        """Send an answer, unless another one has begun."""
        if self._started:
            return
        content = answer.content.encode()
        headers = {"content-type": answer.media_type, "content-length": str(len(content)), **answer.headers}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self({"type": "http.response.start", "status": answer.status, "headers": raw})
        await self({"type": "http.response.body", "body": content})


async def _nothing() -> Message:
    """The body is read already."""
    return {"type": "http.request", "body": b"", "more_body": False}


def _headers(scope: Scope) -> dict[bytes, str]:
    """The headers by name in small letters; of several the last."""
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def _too_large(most: int) -> Problem:
    return Problem(413, f"The body has more than {most} bytes.", "urn:scoring:too-large", headers=CLOSE)
