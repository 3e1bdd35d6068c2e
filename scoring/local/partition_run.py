"""Takes one partition through Airflow: triggers its ingest, then follows the DAGs that wake each other.

At the end the CRM is told, the outcomes that its snapshot shows are collected, all of it is monitored, and models are
trained anew on the dates of their schedules.
"""

import datetime as dt
import time
from collections.abc import Callable, Sequence

from scoring.database import Connection
from scoring.domain.dag_ids import NOTIFY, collect_dag, ingest_dag, monitor_dag, retrain_dag, score_dag
from scoring.errors import PermanentError
from scoring.local import results
from scoring.local.airflow_api import Run
from scoring.local.partitions import Work, is_retrained
from scoring.local.platform import Platform
from scoring.local.progress import Progress

POLL_SECONDS = 0.5
QUIET_SECONDS = 30.0  # an asset event can get lost: after so long without a run, we trigger the DAG ourselves

Awaited = tuple[str, dt.date]  # a DAG and its partition


class RunFailed(PermanentError):
    """A DAG run failed, or a partition was not completed."""


class PartitionRun:
    """One partition on its way through the DAGs."""

    def __init__(
        self, platform: Platform, connection: Connection, work: Work, as_of: dt.date, progress: Progress
    ) -> None:
        self._platform, self._connection, self._progress = platform, connection, progress
        self._work, self._as_of = work, as_of
        self._scores = [score.name for score in work.scores]
        self._since = dt.datetime.now(dt.UTC)
        self.runs: dict[str, Run] = {}

    def complete(self) -> None:
        """Run it from ingest to the last verdict; ``runs`` then holds its newest run of each DAG.

        Raises
        ------
        RunFailed
            With the DAG, the task and its last log lines, or with the DAGs that did not run.
        """
        ingest = ingest_dag(self._work.data_set.name)
        self._trigger(ingest, self._as_of)
        self._follow(self._now([ingest]))
        self._follow(self._now([score_dag(score) for score in self._scores]))
        self._follow(self._now([NOTIFY]), reached=lambda: results.waiting(self._connection) == 0)
        self._follow(self._now([collect_dag(self._work.data_set.name)]))
        self._follow([*self._now([monitor_dag(score) for score in self._scores]), *self._matured()])
        retrained = [retrain_dag(score.name) for score in self._work.scores if is_retrained(score, self._as_of)]
        for dag_id in retrained:
            self._trigger(dag_id, self._as_of)
        self._follow(self._now(retrained))
        self._progress.conclude(self._counts())

    def _now(self, dag_ids: Sequence[str]) -> list[Awaited]:
        return [(dag_id, self._as_of) for dag_id in dag_ids]

    def _matured(self) -> list[Awaited]:
        """The monitoring of the cohorts whose outcomes this partition's snapshot shows."""
        return [
            (monitor_dag(score.name), as_of)
            for score in self._work.scores
            for as_of in self._work.as_ofs
            if score.target.horizon.after(as_of) == self._as_of
        ]

    def _follow(self, awaited: Sequence[Awaited], reached: Callable[[], bool] = lambda: True) -> None:
        """Wait until each DAG has run for its partition, none is running and ``reached`` holds."""
        quiet_since, triggered = time.monotonic(), False
        while True:
            runs = [run for run in self._own_runs() if _what(run) in awaited]
            running = [run for run in runs if run.running]
            missing = [one for one in awaited if one not in {_what(run) for run in runs}]
            self._refuse_failed(runs)
            if not running and not missing and reached():
                self.runs |= {run.dag_id: run for run in reversed(runs) if _what(run) in self._now([run.dag_id])}
                return
            if running:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > QUIET_SECONDS:
                if triggered:
                    raise RunFailed(self._stuck([dag_id for dag_id, _ in awaited]))
                for dag_id, as_of in missing or awaited:
                    self._trigger(dag_id, as_of)
                quiet_since, triggered = time.monotonic(), True
            self._show(running)
            self._platform.check()
            time.sleep(POLL_SECONDS)

    def _own_runs(self) -> list[Run]:
        return [run for run in self._platform.api.runs_since(self._since.isoformat()) if run.partition_key]

    def _trigger(self, dag_id: str, as_of: dt.date) -> None:
        run_id = f"run__{as_of}__{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%f}"
        self._platform.api.trigger(dag_id, run_id, as_of.isoformat(), "Triggered by `make run`.")

    def _show(self, running: Sequence[Run]) -> None:
        mine = {run.run_id for run in running}
        tasks = {f"{task.dag_id} {task.task_id}" for task in self._platform.api.running_tasks() if task.run_id in mine}
        doing = ", ".join(sorted(tasks or {run.dag_id for run in running})) or "waiting for Airflow"
        self._progress.now(f"{doing}  ·  {self._counts()}")

    def _counts(self) -> str:
        accepted, scored = results.progress(self._connection, self._work.data_set.name, self._scores, self._as_of)
        left = results.waiting(self._connection)
        return f"{accepted:,} rows accepted, {scored:,} scored, {left:,} events to tell"

    def _refuse_failed(self, runs: Sequence[Run]) -> None:
        for run in runs:
            if run.state == "failed":
                raise RunFailed(self._story(run))

    def _story(self, run: Run) -> str:
        api = self._platform.api
        stories = [
            f"DAG {task.dag_id}, task {task.task_id}, try {task.try_number}. Its last log lines:\n{api.log_tail(task)}"
            for task in api.failed_tasks(run)
        ]
        return "\n\n".join(stories) or f"DAG {run.dag_id}, run {run.run_id} failed before any of its tasks."

    def _stuck(self, dag_ids: Sequence[str]) -> str:
        return (
            f"Nothing runs for {', '.join(dag_ids)} at {self._as_of}, but the partition is not done: {self._counts()}. "
            f"See the logs in {self._platform.places.logs} and the table scoring.attempt; `make up` shows the DAGs."
        )


def _what(run: Run) -> Awaited | None:
    """The DAG and partition of a run; None if its key is no date."""
    try:
        return run.dag_id, dt.date.fromisoformat(run.partition_key or "")
    except ValueError:
        return None
