"""The stage: one server with one champion, and for each size a database in which the ways take turns."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from bench_definitions import FIRST, RISK
from installation import environment_of, settings_of
from measure import Measured, in_fresh_process
from psycopg2 import sql

from scoring.database import connect
from scoring.domain.calendar import months_after
from scoring.local.postgres import Server
from scoring.publishing.publish import drop
from scoring.settings import Settings
from scoring.snapshots import manifest

PIPELINE, PROCESSES, TUTORIAL, FLOOR = "pipeline", "pipeline, shards in 2 processes", "tutorial way", "floor"
FLOOR_ACCELERATED = "floor, accelerated predictor"

_SIZE = "SELECT pg_database_size(current_database()) + (SELECT sum(size) FROM pg_ls_waldir())::bigint"


class Stage:
    """What all sizes share."""

    def __init__(self, home: Path, server: Server) -> None:
        self.home, self.server = home, server
        self.model = str(home / "model.skops")
        in_fresh_process("prepare.py", self.environment("scoring"), step="champion", model=self.model)

    def settings(self, database: str) -> Settings:
        """What the pipeline is told."""
        return settings_of(self.home, self.server, "bench_definitions", database)

    def environment(self, database: str) -> dict[str, str]:
        """The environment of a measured process."""
        return environment_of(self.settings(database))

    def execute(self, database: str, *statements: sql.Composable | str) -> Any:
        """Run statements that may not stand in a transaction; returns the first value of the last one, if any."""
        connection = psycopg2.connect(self.server.url(database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchone()[0] if cursor.description else None
        finally:
            connection.close()

    @contextmanager
    def customers(self, count: int, rounds: int, *, tutorial: bool) -> Iterator["Customers"]:
        """A database with ``count`` customers in its steady state; it is gone at the end, as are their snapshots."""
        database = f"bench_{count}"
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        in_fresh_process(
            "prepare.py",
            self.environment(database),
            step="steady_state",
            rows=count,
            runs=2 * rounds,
            tutorial=tutorial,
        )
        yield Customers(self, database, tutorial=tutorial)
        self.execute("postgres", sql.SQL("DROP DATABASE {}").format(sql.Identifier(database)))
        shutil.rmtree(self.settings(database).lake)


class Customers:
    """The customers of one size, announced as they were at FIRST."""

    def __init__(self, stage: Stage, database: str, *, tutorial: bool) -> None:
        self._stage, self._database, self._tutorial = stage, database, tutorial
        self._settings = stage.settings(database)

    def round(self, number: int) -> Iterator[tuple[str, Measured]]:
        """Each way once (``number`` counts from 0).

        The pipeline comes after those that write no announcements: all compare with the same ones, and have to find
        the same changes.
        """
        measured = {}
        if self._tutorial:
            measured[TUTORIAL] = self._tutorial_way()
            yield TUTORIAL, measured[TUTORIAL]
        for way, script in ((FLOOR, "floor.py"), (FLOOR_ACCELERATED, "floor_accelerated.py")):
            measured[way] = self._floor(2 * number + 1, script)
            yield way, measured[way]
        measured[PIPELINE] = self._ours(2 * number + 1, workers=1)
        yield PIPELINE, measured[PIPELINE]
        found = {way: one.changed for way, one in measured.items()}
        if len(set(found.values())) > 1:
            raise AssertionError(f"the ways do not find the same changes: {found}")
        yield PROCESSES, self._ours(2 * number + 2, workers=2)

    def _floor(self, months: int, script: str) -> Measured:
        with connect(self._settings.database()) as connection:
            snapshot = manifest.current(connection, RISK.data_set, months_after(FIRST, months))
        if snapshot is None:
            raise AssertionError("steady_state has recorded a snapshot for each run")
        return self._measured(script, url=self._url(), model=self._stage.model, location=snapshot.location)

    def _ours(self, months: int, *, workers: int) -> Measured:
        return self.pipeline(months, workers=workers)[0]

    def pipeline(self, months: int, *, workers: int = 1) -> tuple[Measured, int]:
        """The pipeline, so many months after FIRST; and the bytes on disk when it has published."""
        as_of = months_after(FIRST, months)
        measured = self._measured("ours.py", as_of=as_of.isoformat(), workers=workers)
        size = self._size()
        drop(self._settings, RISK, as_of)  # the disk need not hold them all; what was announced stands
        return measured, size

    def _size(self) -> int:
        """Bytes of the snapshots, the database and the server's log."""
        files = (path.stat().st_size for path in Path(self._settings.lake).rglob("*") if path.is_file())
        return sum(files) + int(self._stage.execute(self._database, _SIZE))

    def _tutorial_way(self) -> Measured:
        self._stage.execute(self._database, "TRUNCATE customer_score")
        url = self._stage.server.sqlalchemy_url(self._database)
        return self._measured("tutorial.py", url=url, model=self._stage.model)

    def _url(self) -> str:
        return self._settings.database()

    def _measured(self, script: str, **arguments: Any) -> Measured:
        # Nobody pays for what the one before has left to be cleaned up and written.
        self._stage.execute(self._database, "VACUUM ANALYZE", "CHECKPOINT")
        return in_fresh_process(script, self._stage.environment(self._database), **arguments)
