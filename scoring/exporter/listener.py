"""Listens on UDP for what Airflow sends; a packet that cannot be read does no harm."""

import socketserver
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from scoring.errors import ConfigurationError

MOST_BYTES = 8192  # of a packet: Airflow sends one line, other clients several


class Listener:
    """A context manager that gives each packet, as text, to ``take``.

    Raises
    ------
    ConfigurationError
        If the port is taken.
    """

    def __init__(self, take: Callable[[str], None], *, host: str, port: int) -> None:
        class _Packet(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data: bytes = self.request[0]
                take(data.decode("utf-8", "replace"))

        try:
            self._server = _Server((host, port), _Packet)
        except OSError as error:
            raise ConfigurationError(
                f"The exporter cannot listen for StatsD on {host}:{port}/udp ({error.strerror}).",
                remedy="Choose another port with SCORING_EXPORTER_STATSD_PORT; 0 is none.",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="statsd", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.UDPServer):
    max_packet_size = MOST_BYTES

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Drop the packet."""
