"""The HTTP side of the CRM stand-in: POST /webhook, GET /state, GET /state/customers, POST /control, GET /health."""

import logging
import socketserver
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from scoring.errors import ConfigurationError
from scoring.local.receiver.faults import FaultPlan, Faults
from scoring.local.receiver.handler import Handler
from scoring.local.receiver.store import Store

log = logging.getLogger(__name__)
LOOPBACK = ("127.0.0.1", "localhost")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - given by socketserver
        """Log what a handler raised; a client that disconnects early is not an error of ours."""
        error = sys.exception()
        level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
        log.log(level, "a request ended early", exc_info=error)


class Receiver:
    """A CRM stand-in on this machine; a context manager that serves inside the ``with``.

    Parameters
    ----------
    secret
        The endpoint's signing secret (whsec_...); as a bearer token it also opens /state and /control.
    database
        SQLite file for everything that it is told; created if missing.
    host, port
        127.0.0.1 or localhost; port 0 takes a free one.
    plan
        How to fail from the start.

    Raises
    ------
    ConfigurationError
        If the port is taken, the host is not this machine, or the secret cannot be used.
    """

    def __init__(
        self,
        secret: SecretStr,
        database: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        plan: FaultPlan | None = None,
    ) -> None:
        if host not in LOOPBACK:
            raise ConfigurationError(f"The CRM stand-in listens on {' or '.join(LOOPBACK)} only, not on {host}.")
        self._faults = Faults(plan or FaultPlan())
        self._store = Store(database)
        try:
            handler = Handler.serving(self._store, self._faults, secret)
            self._server = _Server((host, port), handler)
        except OSError as error:
            self._store.close()
            raise ConfigurationError(
                f"The CRM stand-in cannot listen on {host}:{port} ({error.strerror}). "
                "Choose another port with SCORING_RECEIVER_PORT."
            ) from error
        except ConfigurationError:
            self._store.close()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="receiver")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._faults.follow(FaultPlan())
        self._server.shutdown()
        self._thread.join()
        self.close()

    def serve_forever(self) -> None:
        """Serve in this thread until it is interrupted."""
        self._server.serve_forever()

    def close(self) -> None:
        """Stop listening and close the file."""
        self._server.server_close()
        self._store.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address for webhooks."""
        return f"http://127.0.0.1:{self.port}/webhook"

    def follow(self, plan: FaultPlan) -> None:
        """Replace the plan for failing; ``FaultPlan()`` is healthy."""
        self._faults.follow(plan)

    def counts(self) -> dict[str, int]:
        """Count what came in: the names are those of GET /state."""
        return self._store.counts()

    def newest(self) -> dict[tuple[str, str], dict[str, object]]:
        """Collect the newest event of each score and customer."""
        return {(event["score"], event["customer_id"]): event for event in self._store.newest()}


def serve(host: str, port: int, secret: SecretStr, database: Path) -> None:
    """Run a CRM stand-in until it is interrupted; errors as of :class:`Receiver`."""
    receiver = Receiver(secret, database, host=host, port=port)
    log.info("the CRM stand-in listens on %s", receiver.url)
    try:
        receiver.serve_forever()
    finally:
        receiver.close()
