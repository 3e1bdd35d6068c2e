"""Reads the cohorts of an experiment: who was scored by which version, what happened, and what was known before."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from scoring.database import Connection, all_rows, execute, one_or_none
from scoring.domain.score import Score
from scoring.experiments.cohorts import Cohort, Pairs
from scoring.experiments.ratio import Assigned
from scoring.models.experiments import Experiment
from scoring.monitoring.copy_out import BIG, FLOAT, SMALL, read
from scoring.monitoring.counting import Segment
from scoring.monitoring.performance import labels_of
from scoring.monitoring.values import code, write_members
from scoring.publishing.publications import rows_table, shadow_table
from scoring.snapshots.lake import SnapshotFile

Floats = NDArray[np.float64]

_COHORTS = """
    SELECT p.publication_id, p.as_of, p.inputs_digest, p.rows, s.location,
        (SELECT a.share FROM scoring.arm a WHERE a.publication_id = p.publication_id AND a.arm = 'challenger') AS share,
        (SELECT count(*) FROM scoring.outcome_as_known(p.score, p.as_of, now())) AS outcomes,
        (SELECT max(recorded_at) FROM scoring.outcome o WHERE o.score = p.score AND o.as_of = p.as_of) AS known_at
    FROM scoring.publication p JOIN scoring.snapshot s USING (snapshot_id)
    WHERE p.state = 'published' AND p.score = %(score)s AND (
        EXISTS (SELECT FROM scoring.arm a WHERE a.publication_id = p.publication_id
                AND a.experiment_id = %(experiment_id)s)
        OR EXISTS (SELECT FROM scoring.shadow h WHERE h.publication_id = p.publication_id
                   AND h.experiment_id = %(experiment_id)s))
    ORDER BY p.as_of"""

_BEFORE = """
    SELECT publication_id, as_of FROM scoring.publication
    WHERE state = 'published' AND score = %s AND as_of < %s AND published_at < %s ORDER BY as_of DESC LIMIT 1"""

_VALUES = """
    SELECT {columns}
    FROM {rows} s JOIN scoring.outcome_as_known({score}, {as_of}, {at}) o USING (customer_id) {joined}"""

# The columns of every cohort, then numbers (float64), then the codes of segments.
_ALWAYS = "hashtextextended(s.customer_id, 0), (s.arm = 'challenger')::integer::smallint, s.value, o.value"


@dataclass(frozen=True)
class Scored:
    """A publication that counts in an experiment; ``known_at`` is when the newest of its ``outcomes`` was recorded."""

    publication_id: int
    as_of: dt.date
    inputs_digest: str
    rows: int
    location: str
    share: float | None
    outcomes: int
    known_at: dt.datetime | None

    @property
    def content(self) -> list[object]:
        """What identifies it and what was known of it."""
        return [self.inputs_digest, self.outcomes, self.known_at.isoformat() if self.known_at else None]


@dataclass(frozen=True)
class Before:
    """The publication from before the experiment that says most of its customers: the newest one."""

    publication_id: int
    as_of: dt.date


@dataclass(frozen=True, eq=False)
class Observed:
    """One cohort, with the place of each customer's value (int16, -1: none) in each guarded segment, by its column."""

    compared: Cohort | Pairs
    assigned: Assigned | None
    codes: dict[str, NDArray[np.int16]]


def mature_of(connection: Connection, score: Score, experiment: Experiment, today: dt.date) -> list[Scored]:
    """The cohorts of an experiment whose horizon has passed and of which enough is known, the oldest first."""
    given = {"score": score.name, "experiment_id": experiment.experiment_id}
    found = all_rows(connection, Scored, _COHORTS, given)
    horizon, least = score.target.horizon, score.monitoring.least_coverage
    return [
        one for one in found if horizon.after(one.as_of) <= today and one.outcomes and one.outcomes >= least * one.rows
    ]


def before(connection: Connection, score: Score, experiment: Experiment, first: dt.date) -> Before | None:
    """What was published before the experiment's first cohort; None if nothing was."""
    return one_or_none(connection, Before, _BEFORE, (score.name, first, experiment.started_at))


def observed(
    connection: Connection,
    score: Score,
    experiment: Experiment,
    cohort: Scored,
    *,
    earlier: Before | None,
    segments: Sequence[Segment],
    key: str,
) -> Observed:
    """Read a cohort as its outcomes are known.

    Memory: about 50 bytes for each customer with an outcome, and 2 for each segment.
    """
    with SnapshotFile(cohort.location) as file:
        here = [segment for segment in segments if segment.column in file.schema.names]
        if here:
            write_members(connection, here, file, key)
    query, numbers = _query(score, experiment, cohort, earlier, len(here))
    fields = [("customer", BIG), ("challenger", SMALL), ("value", FLOAT), ("outcome", FLOAT)]
    fields += [(f"number {place}", FLOAT) for place in range(numbers)]
    fields += [(segment.column, SMALL) for segment in here]
    parts = [np.zeros(0, np.dtype(fields))]
    read(connection, query, fields, lambda rows: parts.append(rows[[name for name, _ in fields]]))
    if here:
        execute(connection, "DROP TABLE member")
    rows = np.concatenate(parts)
    codes = {segment.column: rows[segment.column].astype(np.int16) for segment in here}
    others = [rows[f"number {place}"].astype(np.float64) for place in range(numbers)]
    return _observed(score, cohort, rows, others, codes)


def _query(
    score: Score, experiment: Experiment, cohort: Scored, earlier: Before | None, segments: int
) -> tuple[sql.Composed, int]:
    """The query, and how many numbers each row has between outcome and segments."""
    numbers, joined = _beside(score, experiment, cohort, earlier)
    if segments:
        joined = [*joined, sql.SQL("LEFT JOIN member m USING (customer_id)")]
    codes = [sql.SQL("coalesce(m.{}, -1)::smallint").format(code(place)) for place in range(segments)]
    query = sql.SQL(_VALUES).format(
        columns=sql.SQL(", ").join([sql.SQL(_ALWAYS), *numbers, *codes]),
        rows=rows_table(cohort.publication_id),
        score=sql.Literal(score.name),
        as_of=sql.Literal(cohort.as_of),
        at=sql.Literal(cohort.known_at),
        joined=sql.SQL(" ").join(joined),
    )
    return query, len(numbers)


def _beside(
    score: Score, experiment: Experiment, cohort: Scored, earlier: Before | None
) -> tuple[list[sql.Composable], list[sql.Composable]]:
    """The numbers beside value and outcome, and where they come from.

    Of a shadow what its challenger said; of a split value and outcome of before, if there are any.
    """
    if experiment.mode == "shadow":
        said = "JOIN {} h ON h.customer_id = s.customer_id AND h.experiment_id = {}"
        shadow = shadow_table(cohort.publication_id), sql.Literal(experiment.experiment_id)
        return [sql.SQL("h.value")], [sql.SQL(said).format(*shadow)]
    if earlier is None:
        return [], []
    known = "LEFT JOIN scoring.outcome_as_known({}, {}, {}) r USING (customer_id)"
    cohort_before = sql.Literal(score.name), sql.Literal(earlier.as_of), sql.Literal(experiment.started_at)
    return [sql.SQL("coalesce(b.value, 'NaN')"), sql.SQL("coalesce(r.value, 'NaN')")], [
        sql.SQL("LEFT JOIN {} b USING (customer_id)").format(rows_table(earlier.publication_id)),
        sql.SQL(known).format(*cohort_before),
    ]


def _observed(
    score: Score, cohort: Scored, rows: NDArray[np.void], others: list[Floats], codes: dict[str, NDArray[np.int16]]
) -> Observed:
    customers = rows["customer"].astype(np.int64)
    values, outcomes = rows["value"].astype(np.float64), labels_of(score, rows["outcome"].astype(np.float64))
    if cohort.share is None:
        return Observed(Pairs(customers, values, others[0], outcomes), None, codes)
    challenger = rows["challenger"].astype(np.bool_)
    known = None
    if others:
        happened = np.where(np.isnan(others[1]), np.nan, labels_of(score, others[1]))
        known = np.column_stack([others[0], happened, np.abs(others[0] - happened)])
    return Observed(
        Cohort(customers, challenger, values, outcomes, known),
        Assigned(customers, challenger, cohort.share),
        codes,
    )
