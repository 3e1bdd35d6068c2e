"""Reads PostgreSQL when Prometheus asks: one reading at a time, which serves for some seconds; nobody waits long."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg2
from prometheus_client.registry import Collector

from scoring.catalog import Catalog
from scoring.database import AMBIGUOUS
from scoring.errors import ScoringError
from scoring.exporter.families import Families, Family, fill
from scoring.exporter.observed import Observed, observe
from scoring.page.reading import reading

log = logging.getLogger(__name__)
QUERY_SECONDS = 4.0  # the most that one query may take
PATIENCE_SECONDS = 8.0  # then the answer is `scoring_up 0`; Prometheus waits for 10 seconds unless told otherwise
# A server that has vanished (no more packets) is noticed within half a minute.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}

Read = Callable[[], Observed]


@dataclass
class _Reading:
    """One reading, perhaps still going on."""

    begun: float
    done: threading.Event = field(default_factory=threading.Event)
    found: Observed | None = None
    seconds: float = 0.0


def reader(url: str, catalog: Catalog) -> Read:
    """Reads everything in one read-only transaction that sees one moment.

    The returned function raises the errors of :func:`scoring.page.reading.reading`.
    """
    patient = _with_keepalive(url)

    def read() -> Observed:
        with reading(patient, QUERY_SECONDS) as connection:
            return observe(connection, catalog, dt.datetime.now(dt.UTC))

    return read


class Truth(Collector):
    """The metrics of :mod:`scoring.exporter.names`.

    Parameters
    ----------
    read
        Reads everything, or raises; only one thread calls it at a time.
    catalog
        The definitions: they bound the labels.
    cache_seconds
        So long a reading serves, a failed one, too.
    patience
        So many seconds an answer waits for a reading; one that takes longer serves the next answer.
    """

    def __init__(
        self, read: Read, catalog: Catalog, *, cache_seconds: float, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._read, self._catalog = read, catalog
        self._cache_seconds, self._patience = cache_seconds, patience
        self._lock = threading.Lock()
        self._newest: _Reading | None = None
        self._succeeded_at = 0.0

    def collect(self) -> Iterator[Family]:
        """All families; without PostgreSQL those about the exporter alone have samples."""
        current = self._current()
        done = current.done.wait(self._patience)
        families = Families()
        families.set("scoring_up", done and current.found is not None)
        families.set("scoring_read_duration_seconds", current.seconds if done else time.monotonic() - current.begun)
        families.set("scoring_read_timestamp_seconds", self._succeeded_at)
        if done and current.found is not None:
            fill(families, current.found, self._catalog)
        yield from families.all()

    def _current(self) -> _Reading:
        """The reading that serves now: the one that goes on, a recent one, or a new one."""
        with self._lock:
            newest = self._newest
            if newest is not None:
                fresh = time.monotonic() - newest.begun - newest.seconds < self._cache_seconds
                if not newest.done.is_set() or fresh:
                    return newest
            self._newest = _Reading(time.monotonic())
            threading.Thread(target=self._run, args=(self._newest,), name="reading", daemon=True).start()
            return self._newest

    def _run(self, current: _Reading) -> None:
        try:
            current.found = self._read()
            self._succeeded_at = time.time()
        except ScoringError as error:
            log.warning("PostgreSQL was not read: %s", error)
        except Exception:  # whatever it is, Prometheus gets an answer
            log.exception("PostgreSQL was not read")
        finally:
            current.seconds = time.monotonic() - current.begun
            current.done.set()


def _with_keepalive(url: str) -> str:
    """The URL as a DSN with keepalives; one that cannot be read stays, and is refused in plain words when used."""
    if AMBIGUOUS.match(url):
        return url
    try:
        return psycopg2.extensions.make_dsn(url, **KEEPALIVE)
    except psycopg2.ProgrammingError:
        return url
