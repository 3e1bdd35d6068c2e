"""Processes that are killed where they wait for a lock, and jobs that start at one moment."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2
from factories import value
from forks import Forks
from waiting import PATIENCE, until

from scoring.settings import Settings

# What the child does; it finds its settings on standard input, as the test has them.
CHILD = """
import datetime, json, sys
from scoring.settings import Settings
settings, publication_id = Settings(**json.load(sys.stdin)), int(sys.argv[2])
if sys.argv[1] == "shard":
    from scoring.publishing.predict import score_shard
    score_shard(settings, publication_id, 1)
elif sys.argv[1] == "publish":
    from scoring.publishing.publish import publish
    publish(settings, publication_id)
else:
    from scoring.catalog import load_catalog
    from scoring.intake.ingest import ingest
    ingest(settings, load_catalog("shop_definitions").data_set("shop"), datetime.date(2024, 7, 31))
from scoring.database import connect
with connect(settings.database()) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT pg_advisory_lock(4711)")
"""
WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'scoring' AND wait_event_type = 'Lock'"""


@contextmanager
def held(settings: Settings, lock: str) -> Iterator[None]:
    """A lock in another session."""
    holder = psycopg2.connect(settings.database())
    try:
        with holder.cursor() as cursor:
            cursor.execute(lock)
        yield
    finally:
        holder.close()


@contextmanager
def killed_while_waiting(
    forks: Forks, settings: Settings, what: str, lock: str, publication_id: int = 0, *, child: str = CHILD
) -> Iterator[None]:
    """A child process that does ``what`` until it waits for ``lock``, which we hold; there it is killed."""
    plain = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in settings
        if name in settings.model_fields_set and name != "source_urls"
    }
    with held(settings, lock):
        process = forks.start(
            ["-c", child, what, str(publication_id)],
            {"PYTHONPATH": "tests", "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": "/usr/bin:/bin"},
            given=json.dumps(plain),
        )
        wait_until_somebody_waits(settings, lambda: process.poll() is None)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        yield


def wait_until_somebody_waits(settings: Settings, still_runs: Callable[[], bool]) -> None:
    def waits() -> bool:
        assert still_runs(), "it ended before it came to the lock"
        return value(settings, WAITING) > 0

    until(waits)


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Results of the jobs, started at one moment; none may take long, for that would be a deadlock."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(timeout=PATIENCE) for future in [pool.submit(run, job) for job in jobs]]
