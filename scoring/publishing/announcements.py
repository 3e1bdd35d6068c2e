"""The tables ``announcement``, ``announced_until`` and ``event``: what the CRM was told, and what it is to be told.

Each event goes into the ``outbox`` of every endpoint, where delivery finds it. Call the functions that write only in
the transaction that publishes, which locks the score: a change and its event then commit together, and nobody else
changes the score's announcements meanwhile.
"""

import datetime as dt
import sys
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from scoring.database import Connection, execute, one, value
from scoring.domain.score import ChangeRule
from scoring.publishing.change import share_limits
from scoring.publishing.planner import planner

# The planner needs only few statistics of the new table's keys.
_FEW_STATISTICS = {"default_statistics_target": "10"}

# One parallel pass over both tables: a merge or hash join, whichever is cheaper. The planner assumes that every row
# changed, and a cost for passing on so many rows would rule out a parallel plan. The leader only collects.
_ONE_PARALLEL_JOIN = {
    "enable_nestloop": "off",
    "work_mem": "128MB",
    "parallel_tuple_cost": "0",
    "parallel_leader_participation": "off",
}

# Updating by ctid beats hashing the whole table (measured).
_BY_CTID = {"enable_hashjoin": "off", "enable_mergejoin": "off"}

# The rows that differ from the announcements by the change rule. With %(known_only)s (a first load that the definition
# does not announce) the customers become known with version 0 and nobody is told. ``known`` is the announcement's ctid.
#
# PostgreSQL raises on float64 overflow and underflow, so each CASE avoids such a computation. If one value is at most
# 1e200 in size, the difference cannot overflow; else comparing the halves shows whether it would.
_FIND = sql.SQL("""
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT n.customer_id, n.value, n.points, n.band, n.model_version, a.ctid AS known,
           CASE WHEN %(known_only)s THEN 0 ELSE coalesce(a.version, 0) + 1 END AS version,
           a.value AS previous_value, a.points AS previous_points, a.band AS previous_band
    FROM {rows} n
    LEFT JOIN scoring.announcement a ON a.score = %(score)s AND a.customer_id = n.customer_id
    WHERE a.customer_id IS NULL
       OR (%(band)s AND n.band IS DISTINCT FROM a.band)
       OR abs(n.points - a.points) >= %(points)s
       OR (%(amount)s AND n.value <> a.value AND
           CASE WHEN least(abs(n.value), abs(a.value)) <= 1e200 THEN abs(n.value - a.value)
                WHEN abs(n.value / 2 - a.value / 2) <= %(half_of_largest)s THEN abs(n.value - a.value)
                ELSE 'Infinity' END
           >= greatest(%(absolute)s,
                       CASE WHEN abs(a.value) < %(share_from)s THEN 0
                            WHEN abs(a.value) >= %(share_infinite_from)s THEN 'Infinity'
                            ELSE %(relative)s * abs(a.value) END))
    ORDER BY n.customer_id""")

_ADD = """
    INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, points, band, publication_id)
    SELECT %(score)s, customer_id, version, %(as_of)s, value, points, band, %(publication_id)s
    FROM changed WHERE known IS NULL"""

_UPDATE = """
    UPDATE scoring.announcement a SET version = c.version, as_of = %(as_of)s, value = c.value, points = c.points,
        band = c.band, publication_id = %(publication_id)s
    FROM changed c WHERE a.ctid = c.known"""

_TELL = """
    WITH told AS (
        INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value, points,
            band, previous_value, previous_points, previous_band)
        SELECT %(score)s, customer_id, version, %(as_of)s, %(publication_id)s, model_version, value, points, band,
            previous_value, previous_points, previous_band
        FROM changed WHERE version > 0
        RETURNING event_id
    ), sent AS (
        INSERT INTO scoring.outbox (endpoint, event_id) SELECT endpoint, event_id FROM scoring.endpoint CROSS JOIN told
    )
    SELECT count(*) FROM told"""

_MOVE_ANNOUNCED_UNTIL = """
    INSERT INTO scoring.announced_until AS until (score, as_of) VALUES (%(score)s, %(as_of)s)
    ON CONFLICT (score) DO UPDATE SET as_of = greatest(until.as_of, excluded.as_of)"""

_COUNTS = """
    SELECT count(*) FILTER (WHERE version = 0) AS known, count(*) FILTER (WHERE version > 0) AS told,
           count(*) FILTER (WHERE as_of > %(after)s) AS later
    FROM scoring.announcement WHERE score = %(score)s"""


@dataclass(frozen=True)
class Counts:
    """Customers of a score: ``known`` only from a first load, or ``told`` at least once.

    ``later`` of them, of both kinds, have an announcement of a later date.
    """

    known: int
    told: int
    later: int


def announced_until(connection: Connection, score: str) -> dt.date | None:
    """The last announced date; None before the first load."""
    found = value(connection, "SELECT as_of FROM scoring.announced_until WHERE score = %s", (score,))
    return found if isinstance(found, dt.date) else None


def set_back(connection: Connection, score: str, until: dt.date) -> None:
    """Set the last announced date to ``until``. The announcements stay: they are what the CRM was last told."""
    execute(connection, "UPDATE scoring.announced_until SET as_of = %s WHERE score = %s", (until, score))


def counts(connection: Connection, score: str, after: dt.date) -> Counts:
    """Count the customers of a score; ``later`` are those whose announcement is of a date after ``after``."""
    return one(connection, Counts, _COUNTS, {"score": score, "after": after})


def announce(
    connection: Connection,
    rows: sql.Composed,
    rule: ChangeRule,
    *,
    score: str,
    as_of: dt.date,
    publication_id: int,
    known_only: bool,
) -> int:
    """Compare the table ``rows`` with the announcements; write the changes as announcements and events.

    With ``known_only`` all customers become known and nobody is told.

    Returns
    -------
    int
        The number of events.
    """
    names = {"score": score, "as_of": as_of, "publication_id": publication_id}
    with planner(connection, **_FEW_STATISTICS):
        execute(connection, sql.SQL("ANALYZE {} (customer_id)").format(rows))
    with planner(connection, **_ONE_PARALLEL_JOIN):
        execute(connection, _FIND.format(rows=rows), {**names, **_bounds(rule), "known_only": known_only})
    with planner(connection, **_BY_CTID):
        execute(connection, _UPDATE, names)
    execute(connection, _ADD, names)
    events = value(connection, _TELL, names)
    execute(connection, _MOVE_ANNOUNCED_UNTIL, names)
    execute(connection, "DROP TABLE changed")
    return int(events)


def _bounds(rule: ChangeRule) -> dict[str, Any]:
    """The change rule as parameters of the comparison."""
    share_from, share_infinite_from = share_limits(rule.relative) if rule.relative else (0.0, float("inf"))
    return {
        "band": rule.band,
        "points": rule.points,
        "amount": rule.relative is not None or rule.absolute is not None,
        "relative": rule.relative or 0.0,
        "absolute": rule.absolute or 0.0,
        "share_from": share_from,
        "share_infinite_from": share_infinite_from,
        "half_of_largest": sys.float_info.max / 2,
    }
