"""Answers GET /metrics (bearer token) and GET /healthz (anybody), nothing else; few connections, each short."""

import hmac
import http.server
import logging
import socket
import socketserver
import sys
import threading
from http import HTTPStatus
from typing import Any, ClassVar

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from pydantic import SecretStr

from scoring.errors import ConfigurationError

log = logging.getLogger(__name__)
CONNECTIONS = 8  # at a time; Prometheus needs one
CONNECTION_SECONDS = 30.0  # then it is closed, whatever it does
SILENT_SECONDS = 10.0
PLAIN = "text/plain; charset=utf-8"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request and closes the connection."""

    timeout = SILENT_SECONDS
    wbufsize = -1
    server_version, sys_version = "scoring-exporter", ""

    registry: ClassVar[CollectorRegistry]
    authorization: ClassVar[bytes]

    def do_GET(self) -> None:
        """Answer /metrics to who knows the token, /healthz to anybody."""
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._answer(HTTPStatus.OK, b"ok\n")
        elif path != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND)
        elif not hmac.compare_digest(self.headers.get("Authorization", "").encode(), self.authorization):
            self._answer(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
        else:
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, encode(self.registry), content_type)

    def _refuse(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET"})

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815 - names of the base class

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", content_type: str = PLAIN, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Connection": "close",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Log requests to the program's own log."""
        log.debug(format, *args)


class Server(socketserver.ThreadingTCPServer):
    """Serves a registry; as many connections at a time as ``CONNECTIONS``, more are closed at once.

    Raises
    ------
    ConfigurationError
        If there is no token, or the address cannot be used.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, registry: CollectorRegistry, token: SecretStr, *, host: str, port: int) -> None:
        if not token.get_secret_value().strip():
            raise ConfigurationError(
                "The exporter has no token.",
                remedy="Set SCORING_EXPORTER_TOKEN, e.g. to what `openssl rand -hex 32` prints.",
            )
        expected = f"Bearer {token.get_secret_value()}".encode()
        handler = type("BoundHandler", (Handler,), {"registry": registry, "authorization": expected})
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            raise ConfigurationError(
                f"The exporter cannot listen on {host}:{port} ({error.strerror}).",
                remedy="Choose others with SCORING_EXPORTER_HOST and SCORING_EXPORTER_PORT.",
            ) from error

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, if one is free."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and end the connection when its time is over."""
        timer = threading.Timer(CONNECTION_SECONDS, _end, (request,))
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - given by socketserver
        """Log what a handler raised; a client that disconnects early is not an error of ours."""
        error = sys.exception()
        log.log(logging.DEBUG if isinstance(error, OSError) else logging.ERROR, "a request failed", exc_info=error)


def _end(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended
        log.debug("a connection was ended late")
