"""The cohorts that a model learns from and those on which versions are compared: by time, and as known at a moment.

A cohort is what was published of a score at one date. Its features are those of the snapshot from which it was
published at that moment, its outcomes those that were known then: what came later, a correction or another delivery,
does not count.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.database import Connection, all_rows
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.features.file import opened_of
from scoring.monitoring import sampling
from scoring.monitoring.performance import labels_of
from scoring.outcomes import known

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class Cohort:
    """What was published of a score at ``as_of``: ``customers`` of one snapshot, of whom ``outcomes`` are known.

    ``past`` are the digests of the earlier snapshots that it looked back at, by period; None if it did not.
    ``known_at`` is when the newest of these outcomes was recorded: asked for that moment, the answer never changes.
    """

    as_of: dt.date
    publication_id: int
    snapshot_id: int
    snapshot_digest: str
    customers: int
    outcomes: int
    known_at: dt.datetime
    past: dict[str, str | None] | None = None

    @property
    def content(self) -> list[object]:
        """What identifies it and what was known of it."""
        said = [self.as_of.isoformat(), self.snapshot_digest, self.outcomes, self.known_at.isoformat()]
        return [*said, *([self.past] if self.past else [])]


@dataclass(frozen=True)
class Known:
    """Customers with a known outcome: their rows of the snapshot, places in it (int64), and outcomes (float64)."""

    rows: pa.Table
    places: NDArray[np.int64]
    outcomes: Floats


_COHORTS = """
    SELECT DISTINCT ON (p.as_of) p.as_of, p.publication_id, p.snapshot_id, s.digest AS snapshot_digest,
        p.rows AS customers,
        (SELECT count(*) FROM scoring.outcome_as_known(p.score, p.as_of, %(at)s)) AS outcomes,
        (SELECT max(recorded_at) FROM scoring.outcome o
         WHERE o.score = p.score AND o.as_of = p.as_of AND o.recorded_at <= %(at)s) AS known_at,
        (SELECT json_object_agg(h.period, e.digest ORDER BY h.period)
         FROM scoring.publication_history h LEFT JOIN scoring.snapshot e USING (snapshot_id)
         WHERE h.publication_id = p.publication_id) AS past
    FROM scoring.publication p JOIN scoring.snapshot s USING (snapshot_id)
    WHERE p.score = %(score)s AND p.state IN ('published', 'superseded') AND p.published_at <= %(at)s
        AND p.as_of = ANY(%(as_ofs)s)
    ORDER BY p.as_of, p.published_at DESC"""

_DATES = """
    SELECT DISTINCT as_of FROM scoring.publication
    WHERE score = %s AND state IN ('published', 'superseded') AND published_at <= %s ORDER BY as_of DESC"""


def mature(connection: Connection, score: Score, as_of: dt.date, at: dt.datetime, most: int) -> list[Cohort]:
    """The ``most`` newest mature cohorts, the oldest first.

    Mature is a cohort whose horizon ended by ``as_of`` and of whose outcomes enough were known at ``at`` (aware).
    """
    horizon, least = score.target.horizon, score.monitoring.least_coverage
    dates = [row["as_of"] for row in all_rows(connection, dict, _DATES, (score.name, at))]
    found: list[Cohort] = []
    for day in dates:
        if len(found) == most:
            break
        if horizon.after(day) <= as_of:
            (cohort,) = all_rows(connection, Cohort, _COHORTS, {"score": score.name, "at": at, "as_ofs": [day]})
            if cohort.outcomes and cohort.outcomes >= least * cohort.customers:
                found.append(cohort)
    return found[::-1]


def parted(cohorts: Sequence[T], learned: int, held_out: int) -> tuple[list[T], list[T]]:
    """Split cohorts in time, the oldest first: up to ``learned`` to learn from, then the newest ``held_out``.

    Both lists are empty if there are not enough for at least one to learn from.
    """
    if len(cohorts) <= held_out:
        return [], []
    return list(cohorts[:-held_out][-learned:]), list(cohorts[-held_out:])


def read(
    connection: Connection,
    score: Score,
    data_set: DataSet,
    cohort: Cohort,
    *,
    columns: Sequence[str],
    most: int,
) -> Known:
    """Customers of a cohort whose outcome was known; of more than ``most`` customers a seeded sample.

    Memory: those, a row group, and an id and a number for each outcome.
    """
    with opened_of(connection, score, data_set, cohort.publication_id, cohort.snapshot_id) as file:
        places = sampling.places(file.rows, most)
        wanted = [name for name in dict.fromkeys([data_set.key, *columns]) if name in file.schema.names]
        rows, places = sampling.rows_at(file, wanted, places), file.places(places)
    outcomes = known.as_known(connection, score.name, cohort.as_of, cohort.known_at)
    found = pc.index_in(rows.column(data_set.key), value_set=outcomes.column("customer_id").combine_chunks())
    seen = found.is_valid()
    raw = outcomes.column("value").take(found.drop_null()).to_numpy()
    return Known(rows.filter(seen), places[seen.to_numpy()], labels_of(score, raw))
