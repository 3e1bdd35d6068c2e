"""Puts the exporter together: PostgreSQL's truth, what Airflow sends, and the HTTP server over both."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector

from scoring.catalog import Catalog
from scoring.domain.dag_ids import all_dags
from scoring.exporter.airflow import Airflow
from scoring.exporter.collector import Read, Truth
from scoring.exporter.listener import Listener
from scoring.exporter.server import Server
from scoring.settings import ExporterSettings

log = logging.getLogger(__name__)


@contextmanager
def listening(read: Read, catalog: Catalog, settings: ExporterSettings) -> Iterator[Server]:
    """The exporter's server, bound but not serving yet, and its StatsD listener, which listens.

    Raises
    ------
    ConfigurationError
        If there is no token, or a port cannot be used.
    """
    registry = CollectorRegistry()
    with ExitStack() as stack:
        if settings.statsd_port:
            airflow = Airflow(all_dags(catalog.data_sets, catalog.scores, catalog.streams), time.time)
            registry.register(airflow)
            stack.enter_context(Listener(airflow.take, host=settings.host, port=settings.statsd_port))
        registry.register(Truth(read, catalog, cache_seconds=settings.cache_seconds))
        ProcessCollector(namespace="scoring_exporter", registry=registry)
        yield stack.enter_context(Server(registry, settings.token, host=settings.host, port=settings.port))


def serve(read: Read, catalog: Catalog, settings: ExporterSettings) -> None:
    """Serve until SIGTERM or Ctrl-C; errors as of :func:`listening`."""
    with listening(read, catalog, settings) as server:

        def stop(_number: int, _frame: object) -> None:
            threading.Thread(target=server.shutdown).start()  # it waits for serve_forever, which runs in this thread

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        log.info("the exporter listens on %s:%s", settings.host, server.port)
        server.serve_forever(poll_interval=0.1)
