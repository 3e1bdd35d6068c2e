"""The tables ``drift_run`` and ``drift``: what was compared with what, and how far each column moved."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.database import Connection, all_rows, execute, insert, value
from scoring.monitoring.drift import Drift

Against = Literal["training", "previous"]
AGAINST: tuple[Against, ...] = ("training", "previous")


@dataclass(frozen=True)
class NewRun:
    """A comparison to be recorded.

    ``reason`` is why nothing was compared, ``family`` how many p-values were adjusted together.
    """

    score: str
    as_of: dt.date
    publication_id: int
    against: Against
    inputs_digest: str
    least: float
    reference_profile_id: int | None = None
    current_profile_id: int | None = None
    reference_snapshot_id: int | None = None
    reference_publication_id: int | None = None
    reference_as_of: dt.date | None = None
    rows_reference: int = 0
    rows_current: int = 0
    family: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class Run:
    """A comparison that counts."""

    run_id: int
    publication_id: int
    against: Against
    reference_as_of: dt.date | None
    reference_snapshot_id: int | None
    reference_publication_id: int | None
    rows_reference: int
    rows_current: int
    reason: str | None


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('drift ' || %s, 0))"

_KNOWN = """
    SELECT run_id FROM scoring.drift_run WHERE publication_id = %s AND against = %s AND inputs_digest = %s"""

_STILL_VALID = """
    UPDATE scoring.drift_run r SET valid_since = clock_timestamp()
    WHERE run_id = %s AND EXISTS (SELECT FROM scoring.drift_run o WHERE o.publication_id = r.publication_id
        AND o.against = r.against AND (o.valid_since, o.run_id) > (r.valid_since, r.run_id))"""

_ADD = """
    INSERT INTO scoring.drift_run (score, as_of, publication_id, against, reference_profile_id, current_profile_id,
        reference_snapshot_id, reference_publication_id, reference_as_of, inputs_digest, least, family, rows_reference,
        rows_current, reason)
    VALUES (%(score)s, %(as_of)s, %(publication_id)s, %(against)s, %(reference_profile_id)s, %(current_profile_id)s,
        %(reference_snapshot_id)s, %(reference_publication_id)s, %(reference_as_of)s, %(inputs_digest)s, %(least)s,
        %(family)s, %(rows_reference)s, %(rows_current)s, %(reason)s)
    RETURNING run_id"""

_ADD_DRIFT = """
    INSERT INTO scoring.drift (run_id, segment, segment_value, column_name, kind, psi, distance, wasserstein, p_value,
        missing_reference, missing_current, drifted, reason) VALUES %s"""

_RUNS = """
    SELECT run_id, publication_id, against, reference_as_of, reference_snapshot_id, reference_publication_id,
        rows_reference, rows_current, reason
    FROM scoring.current_drift_run WHERE score = %s AND as_of = %s ORDER BY against"""

_DRIFT = """
    SELECT column_name AS column, kind, segment, segment_value AS value, psi, distance, wasserstein, p_value,
        missing_reference, missing_current, drifted, reason
    FROM scoring.drift WHERE run_id = %s
    ORDER BY segment COLLATE "C", segment_value COLLATE "C", drifted DESC, distance DESC NULLS LAST, kind,
        column_name COLLATE "C" """


def lock(connection: Connection, score: str) -> None:
    """Let only one transaction at a time look at the drift of this score."""
    execute(connection, _LOCK, (score,))


def confirm(connection: Connection, publication_id: int, against: Against, inputs_digest: str) -> bool:
    """Whether exactly this was compared before; if so, that comparison counts (again)."""
    run_id = value(connection, _KNOWN, (publication_id, against, inputs_digest))
    if run_id is not None:
        execute(connection, _STILL_VALID, (run_id,))
    return run_id is not None


def add(connection: Connection, new: NewRun, found: Sequence[Drift]) -> None:
    """Record a comparison with what it found."""
    run_id = int(value(connection, _ADD, vars(new)))
    rows = (
        (run_id, one.segment, one.value, one.column, one.kind, one.psi, one.distance, one.wasserstein, one.p_value,
         one.missing_reference, one.missing_current, one.drifted, one.reason)
        for one in found
    )  # fmt: skip
    insert(connection, _ADD_DRIFT, rows)


def current(connection: Connection, score: str, as_of: dt.date) -> list[Run]:
    """The comparisons that count of what readers see of a score at one date."""
    return all_rows(connection, Run, _RUNS, (score, as_of))


def of_run(connection: Connection, run_id: int) -> list[Drift]:
    """What a comparison found: all customers first, then by segment; what drifted most first."""
    return all_rows(connection, Drift, _DRIFT, (run_id,))
