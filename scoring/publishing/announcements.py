"""The tables ``announcement``, ``announced_until`` and ``event``: what the CRM was told, and what it is to be told.

Each event goes into the ``outbox`` of every endpoint, where delivery finds it. Call the functions that write only in
the transaction that publishes, which locks the score: a change and its event then commit together, and nobody else
changes the score's announcements meanwhile.
"""

import datetime as dt
from dataclasses import dataclass

from psycopg2 import sql

from scoring.database import Connection, execute, one, value
from scoring.publishing.planner import planner

# Updating by ctid beats hashing the whole table (measured).
_BY_CTID = {"enable_hashjoin": "off", "enable_mergejoin": "off"}

_ADD = """
    INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, points, band, publication_id,
        model_version)
    SELECT %(score)s, customer_id, version, %(as_of)s, value, points, band, %(publication_id)s, model_version
    FROM changed WHERE known IS NULL"""

_UPDATE = """
    UPDATE scoring.announcement a SET version = c.version, as_of = %(as_of)s, value = c.value, points = c.points,
        band = c.band, publication_id = %(publication_id)s, model_version = c.model_version, event_time = NULL
    FROM changed c WHERE a.ctid = c.known AND (c.told OR c.moved)"""

_SEE = """
    UPDATE scoring.announcement a SET model_version = c.model_version
    FROM changed c WHERE a.ctid = c.known AND NOT (c.told OR c.moved)"""

# What CTE ``told`` returns (``event_id``) waits for every endpoint: in the lane of the score, if it is told at a pace.
SENT = sql.SQL("""sent AS (
        INSERT INTO scoring.outbox (endpoint, event_id, lane)
        SELECT e.endpoint, told.event_id, coalesce(l.lane, 0)
        FROM scoring.endpoint e
        LEFT JOIN scoring.lane l ON l.endpoint = e.endpoint AND l.score = %(score)s AND %(paced)s
        CROSS JOIN told
    )""")

_TELL = sql.SQL("""
    WITH told AS (
        INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value, points,
            band, previous_value, previous_points, previous_band)
        SELECT %(score)s, customer_id, version, %(as_of)s, %(publication_id)s, model_version, value, points, band,
            previous_value, previous_points, previous_band
        FROM changed WHERE told AND paced = %(paced)s
        RETURNING event_id
    ), {sent}
    SELECT count(*) FROM told""").format(sent=SENT)

# A lane of each endpoint. One that has rested begins with a minute's worth, not with all that it did not use.
_OPEN_LANES = """
    INSERT INTO scoring.lane AS l (endpoint, score, per_minute, taken_at)
    SELECT endpoint, %(score)s, %(per_minute)s, now() - interval '1 minute' FROM scoring.endpoint
    ON CONFLICT (endpoint, score) DO UPDATE
        SET per_minute = excluded.per_minute, taken_at = greatest(l.taken_at, excluded.taken_at)"""

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


def tell(
    connection: Connection, *, score: str, as_of: dt.date, publication_id: int, per_minute: int | None = None
) -> int:
    """Write what ``comparison.compared`` found as announcements and events; returns the number of events.

    ``per_minute`` is the pace of those that are told at one.
    """
    names = {"score": score, "as_of": as_of, "publication_id": publication_id}
    with planner(connection, **_BY_CTID):
        execute(connection, _UPDATE, names)
        execute(connection, _SEE, names)
    execute(connection, _ADD, names)
    events = value(connection, _TELL, names | {"paced": False})
    if per_minute is not None:
        open_lanes(connection, score, per_minute)
        events += value(connection, _TELL, names | {"paced": True})
    execute(connection, _MOVE_ANNOUNCED_UNTIL, names)
    return int(events)


def open_lanes(connection: Connection, score: str, per_minute: int) -> None:
    """Let every endpoint take so many events of a score in a minute, of those that are told at a pace."""
    execute(connection, _OPEN_LANES, {"score": score, "per_minute": per_minute})
