"""The customers whose outcomes count: those of the published publication of a score at one as_of."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from scoring.database import Connection, all_rows
from scoring.domain.dag_ids import score_dag
from scoring.domain.score import Score
from scoring.errors import NotFound


@dataclass(frozen=True)
class Cohort:
    """All ``rows`` customers of one publication; they are those of the snapshot with ``snapshot_digest``."""

    score: str
    as_of: dt.date
    publication_id: int
    snapshot_digest: str
    rows: int


_SELECT = """
    SELECT p.score, p.as_of, p.publication_id, s.digest AS snapshot_digest, p.rows
    FROM scoring.publication p JOIN scoring.snapshot s USING (snapshot_id)
    WHERE p.state = 'published' AND p.score = %s"""


PAGE = 50_000  # customers at a time


def customers_of(connection: Connection, cohort: Cohort) -> Iterator[pa.Array]:
    """The ids of a cohort's customers (string), a page at a time."""
    with connection.cursor("customers_of_cohort") as cursor:  # stays on the server
        cursor.execute("SELECT customer_id FROM scoring.score WHERE publication_id = %s", (cohort.publication_id,))
        while rows := cursor.fetchmany(PAGE):
            yield pa.array([row[0] for row in rows], pa.string())


def published(connection: Connection, score: str, as_ofs: Sequence[dt.date] | None = None) -> list[Cohort]:
    """The cohorts of a score, all or those of some dates, in the order of their dates."""
    condition = " AND (%s::date[] IS NULL OR p.as_of = ANY(%s::date[])) ORDER BY p.as_of"
    dates = None if as_ofs is None else list(as_ofs)
    return all_rows(connection, Cohort, _SELECT + condition, (score, dates, dates))


def get(connection: Connection, score: Score, as_of: dt.date) -> Cohort:
    """The cohort of a score at one date.

    Raises
    ------
    NotFound
        If the score is not published there.
    """
    found = published(connection, score.name, [as_of])
    if not found:
        raise NotFound(
            f"{score.name} has no publication at {as_of}, so there are no customers whose outcomes could be known.",
            remedy=f"publish it (`scoring score partition {score.name} --as-of {as_of}`), or name another date.",
            in_airflow=f"trigger {score_dag(score.name)} for {as_of}, or name another date.",
        )
    return found[0]
