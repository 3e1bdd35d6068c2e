"""Where the seconds of one partition under Airflow go, from the trigger of its ingest to the last verdict.

python benchmarks/partition.py     # about three minutes; not part of `make bench`
"""

import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import psycopg2
import report
from installation import free_port
from sections import measured, renew, table

from scoring.catalog import load_catalog
from scoring.database import all_rows
from scoring.local.interrupts import interruptible
from scoring.local.partition_run import PartitionRun
from scoring.local.partitions import work_of
from scoring.local.platform import Platform, running_platform
from scoring.local.progress import Progress
from scoring.settings import load_settings

PORTS = (
    "SCORING_AIRFLOW_PORT", "SCORING_RECEIVER_PORT", "SCORING_MLFLOW_PORT", "SCORING_KAFKA_PORT", "SCORING_API_PORT",
    "SCORING_EXPORTER_PORT", "SCORING_EXPORTER_STATSD_PORT",
)  # fmt: skip
HEADINGS = ("DAG", "task", "began at", "scheduled -> queued", "queued -> began", "ran")

TASKS = """
    SELECT t.dag_id, t.task_id || CASE WHEN t.map_index < 0 THEN '' ELSE ' ' || t.map_index END AS task,
        t.scheduled_dttm AS scheduled, t.queued_dttm AS queued, t.start_date AS began, t.end_date AS ended
    FROM task_instance t JOIN dag_run r USING (dag_id, run_id)
    WHERE r.start_date >= %s AND t.start_date IS NOT NULL AND t.end_date IS NOT NULL ORDER BY t.start_date"""


@dataclass(frozen=True)
class Ran:
    """A task instance, with the moments that Airflow noted of it."""

    dag_id: str
    task: str
    scheduled: dt.datetime | None
    queued: dt.datetime | None
    began: dt.datetime
    ended: dt.datetime


def bench() -> None:
    """Take two partitions through Airflow, and look at the second: the first one also trains. Renews its section."""
    facts = report.machine()
    with tempfile.TemporaryDirectory(prefix="scoring-bench-") as home:
        os.environ |= {"SCORING_HOME": home} | {name: str(free_port()) for name in PORTS}
        settings, progress = load_settings(), Progress()
        work = next(one for one in work_of(load_catalog(settings.definitions)) if len(one.as_ofs) > 1)
        with running_platform(settings, progress) as platform:
            connection = psycopg2.connect(platform.settings.database())
            for as_of in work.as_ofs[:2]:
                since, began = dt.datetime.now(dt.UTC), time.monotonic()
                with progress.step(f"{work.data_set.name} {as_of}"):
                    PartitionRun(platform, connection, work, as_of, progress).complete()
                seconds = time.monotonic() - began
            connection.close()
            ran = tasks(platform, since)
    lines = [_row(one, since) for one in ran]
    said = summary(ran, seconds)
    print(table(HEADINGS, lines), said, sep="\n")
    by = "benchmarks/partition.py"
    parts = [table(HEADINGS, lines), said, measured(by, facts)]
    renew("benchmarks.md", "partition", by, parts)


def tasks(platform: Platform, since: dt.datetime) -> list[Ran]:
    """The task instances of the runs that began at or after ``since``, as Airflow's own database has them."""
    connection = psycopg2.connect(platform.server.url("airflow"))
    try:
        return all_rows(connection, Ran, TASKS, (since,))
    finally:
        connection.close()


def _row(one: Ran, since: dt.datetime) -> tuple[str, ...]:
    return (
        one.dag_id,
        one.task,
        f"{(one.began - since).total_seconds():.1f}",
        _passed(one.scheduled, one.queued),
        _passed(one.queued, one.began),
        _passed(one.began, one.ended),
    )


def _passed(begin: dt.datetime | None, end: dt.datetime | None) -> str:
    return "-" if begin is None or end is None else f"{(end - begin).total_seconds():.2f}"


def busy(spans: Iterable[tuple[dt.datetime, dt.datetime]]) -> float:
    """Seconds that at least one of some spans covers."""
    covered, until = dt.timedelta(), None
    for begin, end in sorted(spans):
        since = begin if until is None else max(begin, until)
        covered += max(end - since, dt.timedelta())
        until = end if until is None else max(until, end)
    return covered.total_seconds()


def summary(ran: list[Ran], seconds: float) -> str:
    """Where the seconds of the partition were: in a task, on the way to one, or nowhere."""
    running = busy((one.began, one.ended) for one in ran)
    known = busy((one.scheduled or one.began, one.ended) for one in ran)
    return (
        f"{len(ran)} tasks, {seconds:.1f} s from the trigger to the last verdict: in {running:.1f} s at least one task "
        f"ran, in {known - running:.1f} s more one was scheduled or queued, in {seconds - known:.1f} s none was."
    )


if __name__ == "__main__":
    with interruptible():
        bench()
