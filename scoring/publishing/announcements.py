"""The tables ``announcement``, ``announced_until`` and ``event``: what the CRM was told, and what it is to be told.

All functions belong into the publishing transaction, under its lock of the score: a change and its event cannot part,
and nobody else moves the score's announcements meanwhile.
"""

import datetime as dt

from psycopg2 import sql

from scoring.database import Connection
from scoring.domain.score import ChangeRule

# One pass over both sides by all cores, in the order of the keys or by hashing, whichever is cheaper: a few statistics
# of the new table's keys let the planner know. It would still take all rows for changed, and the cost of handing so
# many from one process to another for too high; the process that receives them would be in the others' way.
_IN_ONE_SWEEP = sql.SQL("""
    SET LOCAL default_statistics_target = 10; ANALYZE {rows} (customer_id);
    SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '128MB';
    SET LOCAL parallel_tuple_cost = 0; SET LOCAL parallel_leader_participation = off""")

# By place, row after row: hashing where a million rows stand took longer than to visit 50,000 of them.
_BY_PLACE = "SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
_AS_USUAL = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"

# What differs from the announcements by the rule. With %(silent)s (a first load that the definition does not announce)
# the customers become known with version 0 and nothing is told. ``known`` is where the announcement stands.
_FIND = sql.SQL("""
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT n.customer_id, n.value, n.points, n.band, n.model_version, a.ctid AS known,
           CASE WHEN %(silent)s THEN 0 ELSE coalesce(a.version, 0) + 1 END AS version,
           a.value AS previous_value, a.points AS previous_points, a.band AS previous_band
    FROM {rows} n
    LEFT JOIN scoring.announcement a ON a.score = %(score)s AND a.customer_id = n.customer_id
    WHERE a.customer_id IS NULL
       OR (%(band)s AND n.band IS DISTINCT FROM a.band)
       OR abs(n.points - a.points) >= %(points)s
       OR (%(amount)s AND n.value <> a.value
           AND abs(n.value - a.value) >= %(relative)s * abs(a.value)
           AND abs(n.value - a.value) >= %(absolute)s)
    ORDER BY n.customer_id""")

_ADD = """
    INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, points, band, publication_id)
    SELECT %(score)s, customer_id, version, %(as_of)s, value, points, band, %(publication_id)s
    FROM changed WHERE known IS NULL"""

_RENEW = """
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

_HEARD = """
    INSERT INTO scoring.announced_until AS until (score, as_of) VALUES (%(score)s, %(as_of)s)
    ON CONFLICT (score) DO UPDATE SET as_of = greatest(until.as_of, excluded.as_of)"""


def announced_until(connection: Connection, score: str) -> dt.date | None:
    """The newest as_of whose differences were told; None before the first load."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT as_of FROM scoring.announced_until WHERE score = %s", (score,))
        row = cursor.fetchone()
    return row[0] if row else None


def announce(
    connection: Connection,
    rows: sql.Composed,
    rule: ChangeRule,
    *,
    score: str,
    as_of: dt.date,
    publication_id: int,
    silent: bool,
) -> int:
    """Compare the table ``rows`` with the announcements; write what changed as announcements and events.

    Returns
    -------
    int
        The number of events.
    """
    arguments = {
        "score": score,
        "as_of": as_of,
        "publication_id": publication_id,
        "silent": silent,
        "band": rule.band,
        "points": rule.points,
        "amount": rule.relative is not None or rule.absolute is not None,
        "relative": rule.relative or 0.0,
        "absolute": rule.absolute or 0.0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_IN_ONE_SWEEP.format(rows=rows))
        cursor.execute(_FIND.format(rows=rows), arguments)
        cursor.execute(_BY_PLACE)
        cursor.execute(_RENEW, arguments)
        cursor.execute(_AS_USUAL)
        cursor.execute(_ADD, arguments)
        cursor.execute(_TELL, arguments)
        (events,) = cursor.fetchone() or (0,)
        cursor.execute(_HEARD, arguments)
        cursor.execute("DROP TABLE changed")
    return int(events)
