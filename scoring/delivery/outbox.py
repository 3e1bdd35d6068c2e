"""The tables ``outbox`` and ``endpoint``: which events wait for an endpoint, and how they become deliveries.

Events are packed as late as possible, only while their endpoint takes requests: what waits until then can
still be coalesced. Pieces are locked with SKIP LOCKED: two packers share the work, and no event is packed
twice.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from psycopg2.extras import execute_values

from scoring.database import Connection
from scoring.delivery.message import Event, body, chunks, encode, newest
from scoring.errors import NotFound

CRM = "crm_webhook"
PIECE = 25_000

# The first waiting events, and what else waits about the same customers and scores, to coalesce it; the latter locks
# the piece's rows again, which is cheaper than to exclude them. LATERAL, OFFSET 0 and the inner FOR UPDATE keep to
# index look-ups: a planner without statistics (just after a large publication) would compare all with all.
LOCK_PIECE = """
WITH piece AS MATERIALIZED (
    SELECT e.score, e.customer_id
    FROM scoring.outbox o JOIN scoring.event e USING (event_id)
    WHERE o.endpoint = %(endpoint)s AND o.delivery_id IS NULL
    ORDER BY o.event_id
    LIMIT %(limit)s
    FOR UPDATE OF o SKIP LOCKED
)
SELECT e.event_id, e.type, e.score, e.customer_id, e.version, e.as_of, e.value, e.points, e.band,
       e.model_version, e.previous_value, e.previous_points, e.previous_band
FROM (SELECT DISTINCT score, customer_id FROM piece) subject
CROSS JOIN LATERAL (
    SELECT * FROM scoring.event WHERE score = subject.score AND customer_id = subject.customer_id OFFSET 0
) e
CROSS JOIN LATERAL (
    SELECT FROM scoring.outbox o
    WHERE o.endpoint = %(endpoint)s AND o.event_id = e.event_id AND o.delivery_id IS NULL
    FOR UPDATE SKIP LOCKED
) locked
ORDER BY e.event_id
"""

OPEN_ENDPOINT = """
SELECT max_events, max_bytes, now() FROM scoring.endpoint
WHERE endpoint = %s AND state = 'enabled' AND not_before <= now()
"""

INSERT_DELIVERIES = "INSERT INTO scoring.delivery (delivery_id, endpoint, body, events) VALUES %s"

ASSIGN = """
UPDATE scoring.outbox o SET delivery_id = v.delivery_id, coalesced = v.coalesced
FROM unnest(%(events)s::bigint[], %(deliveries)s::uuid[], %(coalesced)s::boolean[])
     AS v (event_id, delivery_id, coalesced)
WHERE o.endpoint = %(endpoint)s AND o.event_id = v.event_id AND o.delivery_id IS NULL
"""

ENDPOINT = """
SELECT p.endpoint, p.state, p.disabled_because,
       CASE WHEN p.not_before > now() THEN p.not_before END AS held_until, p.max_events, p.max_bytes,
       (SELECT count(*) FROM scoring.outbox WHERE endpoint = p.endpoint AND delivery_id IS NULL) AS waiting,
       (SELECT count(*) FROM scoring.delivery WHERE endpoint = p.endpoint AND state = 'pending') AS pending,
       (SELECT count(*) FROM scoring.delivery WHERE endpoint = p.endpoint AND state = 'dead') AS dead
FROM scoring.endpoint p WHERE p.endpoint = %s
"""

ENABLE = """
UPDATE scoring.endpoint SET state = 'enabled', disabled_because = NULL, not_before = '-infinity'
WHERE endpoint = %s
"""

UNDELIVERED = """
SELECT EXISTS (SELECT FROM scoring.outbox WHERE endpoint = %(endpoint)s AND delivery_id IS NULL)
    OR EXISTS (SELECT FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state = 'pending')
"""


@dataclass(frozen=True)
class Endpoint:
    """A row of table ``endpoint``, with the numbers of waiting events and of pending and dead deliveries."""

    endpoint: str
    state: str
    disabled_because: str | None
    held_until: dt.datetime | None
    max_events: int
    max_bytes: int
    waiting: int
    pending: int
    dead: int


def pack(connection: Connection, endpoint: str = CRM, *, limit: int = PIECE) -> int:
    """Pack the first ``limit`` waiting events into deliveries; to be committed by the caller.

    Returns
    -------
    int
        How many events were taken from the outbox, coalesced ones included. 0 if none waits or the
        endpoint takes no requests at the moment.

    Raises
    ------
    IntegrityError
        If an event holds a value that cannot be told.
    """
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ENDPOINT, (endpoint,))
        limits = cursor.fetchone()
        if limits is None:
            return 0
        max_events, max_bytes, packed_at = limits
        cursor.execute(LOCK_PIECE, {"endpoint": endpoint, "limit": limit})
        events = [Event(*row) for row in cursor]
        if not events:
            return 0
        told = newest(events)
        parts = chunks(map(encode, told.values()), max_events=max_events, max_bytes=max_bytes)
        bodies = [(body(packed_at, part), len(part)) for part in parts]
        carriers = dict(zip(told, _insert_deliveries(connection, endpoint, bodies), strict=True))
        assignment = {
            "endpoint": endpoint,
            "events": [event.event_id for event in events],
            "deliveries": [carriers[event.subject] for event in events],
            "coalesced": [told[event.subject] is not event for event in events],
        }
        cursor.execute(ASSIGN, assignment)
    return len(events)


def _insert_deliveries(connection: Connection, endpoint: str, bodies: list[tuple[str, int]]) -> list[str]:
    """Store bodies with their numbers of events; the delivery id of each event, in order."""
    ids = [str(uuid.uuid4()) for _ in bodies]
    rows = [(one, endpoint, text, events) for one, (text, events) in zip(ids, bodies, strict=True)]
    with connection.cursor() as cursor:
        execute_values(cursor, INSERT_DELIVERIES, rows)
    return [one for one, (_, events) in zip(ids, bodies, strict=True) for _ in range(events)]


def undelivered(connection: Connection, endpoint: str = CRM) -> bool:
    """Whether anything is still to be told, now or later; dead deliveries are not."""
    with connection.cursor() as cursor:
        cursor.execute(UNDELIVERED, {"endpoint": endpoint})
        row = cursor.fetchone()
    return row is not None and bool(row[0])


def show(connection: Connection, endpoint: str = CRM) -> Endpoint:
    """Look up the endpoint's state, limits and numbers; :class:`NotFound` if there is no such endpoint."""
    with connection.cursor() as cursor:
        cursor.execute(ENDPOINT, (endpoint,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound(f"There is no endpoint {endpoint!r}.")
    return Endpoint(*row)


def enable(connection: Connection, endpoint: str = CRM) -> None:
    """Let requests go to the endpoint again, at once; :class:`NotFound` if there is no such endpoint."""
    with connection.cursor() as cursor:
        cursor.execute(ENABLE, (endpoint,))
        if cursor.rowcount == 0:
            raise NotFound(f"There is no endpoint {endpoint!r}.")
