"""Runs the API with uvicorn: settings from the environment, a log of its own, and an end that fails no request."""

import logging
import logging.config
import threading
from types import FrameType

import uvicorn

from scoring.serving.api import Api
from scoring.serving.app import application
from scoring.serving.http_protocol import protocol
from scoring.settings import ApiSettings, Settings

log = logging.getLogger(__name__)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {"scoring": {"level": "INFO"}, "uvicorn": {"level": "INFO"}},
}


class Server(uvicorn.Server):
    """uvicorn's server; told to end, it says so by /readyz for a while before it takes no connections any more."""

    def __init__(self, config: uvicorn.Config, api: Api) -> None:
        super().__init__(config)
        self._api = api

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second signal ends at once."""
        if self._api.draining or not self._api.limits.drain_seconds:
            self._api.draining = True
            super().handle_exit(sig, frame)
            return
        self._api.draining = True
        timer = threading.Timer(self._api.limits.drain_seconds, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        self.should_exit = True


def server(api: Api) -> Server:
    """A server of an API, not yet running."""
    limits = api.limits
    config = uvicorn.Config(
        application(api),
        host=limits.host,
        port=limits.port,
        http=protocol(limits.receive_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=int(limits.answer_seconds) + 1,
    )
    return Server(config, api)


def serve(settings: Settings, limits: ApiSettings) -> None:
    """Serve until a signal says to end; what is being answered then is answered.

    Raises
    ------
    ConfigurationError
        If no database is set.
    """
    logging.config.dictConfig(LOGGING)
    server(Api(settings, limits)).run()
