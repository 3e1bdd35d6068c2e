"""Takes one partition through Airflow: triggers its ingest, then follows what that wakes until the CRM is told."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, named like one

from scoring.errors import PermanentError
from scoring.local import results
from scoring.local.airflow_api import Run
from scoring.local.partitions import Work
from scoring.local.platform import Platform
from scoring.local.progress import Progress

POLL_SECONDS = 0.5
PARTITION_SECONDS = 1800.0
WAKE_SECONDS = 30.0  # an asset event can get lost; after this long we trigger what it should have woken


class RunFailed(PermanentError):
    """A DAG run failed, or a partition did not come to its end."""


@dataclass
class PartitionRun:
    """One partition on its way; ``seconds`` by DAG when it is done."""

    platform: Platform
    connection: Connection
    work: Work
    as_of: dt.date
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._since = dt.datetime.now(dt.UTC)
        self._deadline = time.monotonic() + PARTITION_SECONDS
        self._scores = [score.name for score in self.work.scores]

    def complete(self) -> None:
        """Run it from ingest to the last delivery.

        Raises
        ------
        RunFailed
            With the DAG, the task and its last log lines.
        """
        ingest = self._trigger(f"ingest_{self.work.data_set.name}")
        for _ in self._until(lambda: not ingest().running):
            self._show([ingest()])
        self._finished(ingest())
        woken = [self._woken(f"score_{score}") for score in self._scores]
        for _ in self._until(lambda: all(found is not None and not found.running for found in self._look(woken))):
            self._show(self._seen(woken))
        for run in self._seen(woken):
            self._finished(run)
        notify = self._woken("notify_crm")
        for _ in self._until(lambda: self._told(notify())):
            self._show(self._seen([notify]))

    def _told(self, notify: Run | None) -> bool:
        if notify is None or notify.running:
            return False
        self._finished(notify)
        left = results.waiting(self.connection)
        if left and not self._running("notify_crm"):
            raise RunFailed(
                f"The CRM did not take {left} events; see the column `error` of table scoring.attempt and the log of "
                f"the stand-in, {self.platform.places.logs / 'receiver.log'}. Nothing is lost: `make up` goes on with them."
            )
        return not left

    def _trigger(self, dag_id: str) -> Callable[[], Run]:
        run_id = f"run__{self.as_of}__{self._since:%Y%m%dT%H%M%S.%f}"
        note = "Triggered by `make run`."
        self.platform.api.trigger(dag_id, run_id, self.as_of.isoformat(), note)
        return lambda: self.platform.api.run(dag_id, run_id)

    def _woken(self, dag_id: str) -> Callable[[], Run | None]:
        """What finds the newest run that an asset event started; it is triggered if that does not come."""
        overdue = time.monotonic() + WAKE_SECONDS

        def find() -> Run | None:
            nonlocal overdue
            found = self._runs(dag_id)
            if not found and time.monotonic() > overdue:
                overdue = self._deadline
                self._trigger(dag_id)
            return next((run for run in found if run.running), found[0] if found else None)

        return find
