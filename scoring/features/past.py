"""Table ``publication_history``: which earlier snapshots a publication looks back at; and which it would be now."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, column, insert
from scoring.domain.calendar import previous_dates
from scoring.domain.dag_ids import ingest_dag
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import IntegrityError, PermanentError
from scoring.snapshots import manifest


@dataclass(frozen=True)
class Earlier:
    """The snapshot of the data set ``period`` dates ago; without id, digest and location if there is none."""

    period: int
    as_of: dt.date
    snapshot_id: int | None
    digest: str | None
    location: str | None

    def __str__(self) -> str:
        """The snapshot as passports show it."""
        return f"{self.as_of} " + (f"{self.snapshot_id} {self.digest}" if self.digest else "no snapshot")


Past = tuple[Earlier, ...]

_DATES = "SELECT as_of FROM scoring.snapshot WHERE data_set = %s AND state = 'current' AND as_of < %s"

_OF_PUBLICATION = """
    SELECT h.period, h.as_of, h.snapshot_id, s.digest, s.location
    FROM scoring.publication_history h LEFT JOIN scoring.snapshot s USING (snapshot_id)
    WHERE h.publication_id = %s ORDER BY h.period"""

_RECORD = "INSERT INTO scoring.publication_history (publication_id, scored, period, as_of, snapshot_id) VALUES %s"


def of_date(connection: Connection, score: Score, data_set: DataSet, as_of: dt.date) -> Past:
    """The current snapshots of the dates before ``as_of`` that a score looks back at, the newest first.

    Raises
    ------
    PermanentError
        If the file of one has left by age: nobody could tell its customers from those who were not there.
    IntegrityError
        If a date is not before ``as_of``.
    """
    if not score.reach:
        return ()
    known = column(connection, _DATES, (data_set.name, as_of)) if data_set.schedule is None else ()
    dates = previous_dates(data_set.schedule, as_of, count=score.reach, first=data_set.first_as_of, known=known)
    for date in dates:
        if date >= as_of:  # the worst mistake there is: a model that learns from it looks excellent until it is used
            raise IntegrityError(f"{score.name} at {as_of} would look at {date}, which is not before.")
    return tuple(_current(connection, score, period, date) for period, date in enumerate(dates, 1))


def _current(connection: Connection, score: Score, period: int, date: dt.date) -> Earlier:
    found = manifest.current(connection, score.data_set, date)
    if found is None:
        return Earlier(period, date, None, None, None)
    if found.file != "kept":
        raise PermanentError(
            f"{score.name} looks back at {score.data_set} {date}, and the file of that snapshot has left by age.",
            remedy=f"Run `scoring ingest {score.data_set} --as-of {date}`, or let the history look back less far.",
            in_airflow=f"Trigger the DAG {ingest_dag(score.data_set)} for that date.",
        )
    return Earlier(period, date, found.snapshot_id, found.digest, found.location)


def of_publication(connection: Connection, publication_id: int) -> Past:
    """The snapshots that a publication was planned to look back at, the newest first."""
    return tuple(all_rows(connection, Earlier, _OF_PUBLICATION, (publication_id,)))


def record(connection: Connection, publication_id: int, as_of: dt.date, past: Sequence[Earlier]) -> None:
    """Note what a new publication of a date looks back at."""
    rows = [(publication_id, as_of, one.period, one.as_of, one.snapshot_id) for one in past]
    if rows:
        insert(connection, _RECORD, rows)


def content(past: Sequence[Earlier]) -> list[list[object]]:
    """What identifies it, as part of the inputs."""
    return [[one.period, one.as_of.isoformat(), one.digest] for one in past]
