"""What is served now, and the watcher that follows the ledger: it loads beside the old, then swaps one reference."""

import gc
import logging
import threading
from collections.abc import Mapping
from types import MappingProxyType

from scoring.catalog import Catalog, load_catalog
from scoring.database import Connection
from scoring.domain.score import Score
from scoring.errors import PermanentError, ScoringError
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.reader import Reader
from scoring.publishing import live
from scoring.publishing.live import State
from scoring.serving.metrics import Metrics
from scoring.serving.model import Served, load
from scoring.serving.pool import Pool
from scoring.settings import Settings
from scoring.snapshots import forgotten
from scoring.snapshots.forgotten import Forgotten

log = logging.getLogger(__name__)

MOST_LOOKS = 32  # after which what could not be loaded is tried again, at the latest


def _spare_the_collector() -> None:
    """Take what lives as long as the process out of garbage collections: looking at it all would hold up a request."""
    gc.collect()
    gc.freeze()


class Board:
    """The scores that are served, by name; one thread writes, all others read one immutable mapping.

    ``forgotten`` has the persons of each data set who were forgotten: they are not scored. ``troubles`` says which
    score cannot be served as the ledger says it, and why.
    """

    def __init__(self, settings: Settings, pool: Pool, metrics: Metrics) -> None:
        self._settings, self._pool, self._metrics = settings, pool, metrics
        self.served: Mapping[str, Served] = MappingProxyType({})
        self.forgotten: Mapping[str, Forgotten] = MappingProxyType({})
        self.troubles: Mapping[str, str] = MappingProxyType({})
        self._seen: dict[str, State] = {}
        self._readers: dict[str, Reader] = {}
        self._looks, self._failures, self._again = 0, dict[str, int](), dict[str, int]()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def catalog(self) -> Catalog:
        """The definitions."""
        return load_catalog(self._settings.definitions)

    @property
    def servable(self) -> dict[str, Score]:
        """The scores of single records, by name: those that do not look back at earlier snapshots."""
        return {name: score for name, score in self.catalog.scores.items() if not score.history}

    def follow(self, seconds: float) -> None:
        """Look at the ledger now and every so many seconds, in a thread, until :meth:`stop`."""
        self._thread = threading.Thread(target=self._follow, args=(seconds,), name="ledger", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Load what changed in the ledger since the last look; what cannot be loaded leaves the old one serving."""
        self._looks += 1
        try:
            states = self._states()
        except ScoringError as error:
            log.warning("the ledger cannot be read: %s", error.args[0])
            return
        tried = False
        for name, state in states.items():
            changed = state != self._seen.get(name)
            if changed or (name in self.troubles and self._looks >= self._again[name]):
                self._seen[name], tried = state, True
                self._try(name)
        if tried:
            _spare_the_collector()

    def forgotten_of(self, connection: Connection) -> list[Forgotten]:
        """The persons who were forgotten, by data set."""
        secret = self._settings.erasure_secret
        return [forgotten.of_data_set(connection, secret, name) for name in self.catalog.data_sets]

    def _follow(self, seconds: float) -> None:
        while True:
            self.look()
            if self._stopped.wait(seconds):
                return

    def _states(self) -> dict[str, State]:
        with self._pool.transaction() as connection:
            self.forgotten = MappingProxyType({one.data_set: one for one in self.forgotten_of(connection)})
            return live.states(connection, self.servable)

    def _try(self, name: str) -> None:
        try:
            self._put(load(self._settings, name, self._reader(name), self._unable))
            self._say(name, None)
        except ScoringError as error:
            self._say(name, f"{type(error).__name__}: {error.args[0]}")
        except Exception as error:
            log.exception("score %s cannot be loaded", name)
            self._say(name, f"{type(error).__name__}: see the log")

    def _reader(self, name: str) -> Reader:
        data_set = self.catalog.data_set(self.catalog.score(name).data_set)
        if data_set.name not in self._readers:
            checks = RowChecks(load_suite(self._settings.expectations_dir, data_set))
            if checks.slow:
                log.warning("data set %s: Great Expectations judges each request by %s", data_set.name, checks.slow)
            self._readers[data_set.name] = Reader(data_set, checks)
        return self._readers[data_set.name]

    def _put(self, found: Served) -> None:
        name = found.score.name
        self.served = MappingProxyType({**self.served, name: found})
        for arm in ("champion", "challenger"):
            version = next((one.model_version for one in found.arms if one.arm == arm), 0)
            self._metrics.version.labels(name, arm).set(version)
        log.info("score %s is served by %s", name, " and ".join(f"version {arm.model_version}" for arm in found.arms))

    def _say(self, name: str, trouble: str | None) -> None:
        self._metrics.reloads.labels(name, "failed" if trouble else "done").inc()
        others = {other: said for other, said in self.troubles.items() if other != name}
        if trouble is None:
            self._failures.pop(name, None)
        else:
            self._failures[name] = self._failures.get(name, 0) + 1
            self._again[name] = self._looks + min(2 ** self._failures[name], MOST_LOOKS)
            if self.troubles.get(name) != trouble:
                log.warning("score %s: %s", name, trouble)
            others[name] = trouble
        self.troubles = MappingProxyType(others)

    def _unable(self, experiment_id: int | None, error: PermanentError) -> None:
        log.warning("the challenger of experiment %s is not served: %s", experiment_id, error.args[0])
