"""The tables ``delivery`` and ``attempt``: claiming what is due, recording every try, replaying what is dead.

A claim is a row lock, held by the open transaction in which a small group is sent and recorded. It ends by
itself and at once with the process that holds it; then the group is sent again with the same ids. (A lease
column would keep a killed run's deliveries back for the length of the lease.) The price is a transaction that
lasts as long as the slowest request of its group; so the group is small.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2.extras import execute_values

from scoring.database import Connection
from scoring.delivery.retry import Next, State
from scoring.errors import NotFound

# clock_timestamp(), not now(): the time at which the group is sent, whatever the transaction did before.
CLAIM = """
SELECT d.delivery_id::text, d.body, d.events, d.attempts + 1 AS attempt,
       d.attempts + 1 - d.attempts_forgiven AS scheduled_attempt, clock_timestamp() AS claimed_at
FROM scoring.delivery d
WHERE d.endpoint = %(endpoint)s AND d.state = 'pending' AND d.next_attempt_at <= now()
  AND EXISTS (SELECT FROM scoring.endpoint e
              WHERE e.endpoint = %(endpoint)s AND e.state = 'enabled' AND e.not_before <= now())
ORDER BY d.next_attempt_at
LIMIT %(limit)s
FOR UPDATE OF d SKIP LOCKED
"""

INSERT_ATTEMPTS = """
INSERT INTO scoring.attempt (delivery_id, attempt, attempted_at, status, error, seconds) VALUES %s
"""

ADVANCE = """
UPDATE scoring.delivery d
SET attempts = d.attempts + 1, state = v.state,
    next_attempt_at = CASE v.state WHEN 'pending' THEN clock_timestamp() + v.wait ELSE d.next_attempt_at END,
    delivered_at = CASE v.state WHEN 'delivered' THEN clock_timestamp() END
FROM (VALUES %s) AS v (delivery_id, state, wait)
WHERE d.delivery_id = v.delivery_id
"""

HOLD = """
UPDATE scoring.endpoint SET not_before = GREATEST(not_before, clock_timestamp() + %(hold)s)
WHERE endpoint = %(endpoint)s
"""

DISABLE = """
UPDATE scoring.endpoint SET state = 'disabled', disabled_because = %(reason)s
WHERE endpoint = %(endpoint)s AND state = 'enabled'
"""

LIST = """
SELECT d.delivery_id::text, d.state, d.events, d.attempts, d.created_at, d.delivered_at,
       CASE d.state WHEN 'pending' THEN d.next_attempt_at END AS next_attempt_at,
       a.status AS last_status, a.error AS last_error
FROM scoring.delivery d
LEFT JOIN scoring.attempt a ON a.delivery_id = d.delivery_id AND a.attempt = d.attempts
WHERE d.endpoint = %(endpoint)s AND (%(state)s IS NULL OR d.state = %(state)s)
ORDER BY d.created_at DESC, d.delivery_id
LIMIT %(limit)s
"""

REPLAY = """
UPDATE scoring.delivery SET state = 'pending', attempts_forgiven = attempts, next_attempt_at = now()
WHERE endpoint = %(endpoint)s AND state = 'dead'
  AND (%(ids)s::uuid[] IS NULL OR delivery_id = ANY (%(ids)s::uuid[]))
"""


@dataclass(frozen=True)
class Claimed:
    """A due delivery, locked. ``attempt`` counts all tries, ``scheduled_attempt`` those since a replay."""

    delivery_id: str
    body: str
    events: int
    attempt: int
    scheduled_attempt: int
    claimed_at: dt.datetime

    @property
    def message_id(self) -> str:
        """The id the receiver knows it by; the same in every try."""
        return f"msg_{self.delivery_id}"


@dataclass(frozen=True)
class Tried:
    """One try of a claimed delivery and what follows; ``error`` says why there is no status."""

    claimed: Claimed
    attempted_at: dt.datetime
    status: int | None
    error: str | None
    seconds: float
    next: Next


@dataclass(frozen=True)
class Delivery:
    """A row of table ``delivery`` with the answer to its last try, for a person."""

    delivery_id: str
    state: State
    events: int
    attempts: int
    created_at: dt.datetime
    delivered_at: dt.datetime | None
    next_attempt_at: dt.datetime | None
    last_status: int | None
    last_error: str | None


def claim(connection: Connection, endpoint: str, *, limit: int) -> list[Claimed]:
    """Lock up to ``limit`` due deliveries that nobody else holds, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"endpoint": endpoint, "limit": limit})
        return [Claimed(*row) for row in cursor]


def record(connection: Connection, tried: Sequence[Tried]) -> None:
    """Write an attempt row for each try and what follows, in the transaction that holds the claims."""
    attempts = [(t.claimed.delivery_id, t.claimed.attempt, t.attempted_at, t.status, t.error, t.seconds) for t in tried]
    states = [(t.claimed.delivery_id, t.next.state, t.next.wait) for t in tried]
    with connection.cursor() as cursor:
        execute_values(cursor, INSERT_ATTEMPTS, attempts)
        execute_values(cursor, ADVANCE, states, template="(%s::uuid, %s, %s::interval)")


def hold(connection: Connection, endpoint: str, time: dt.timedelta) -> None:
    """Let nothing go to the endpoint for so long."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"endpoint": endpoint, "hold": time})


def disable(connection: Connection, endpoint: str, reason: str) -> None:
    """Let nothing go to the endpoint until a person enables it; its deliveries stay as they are."""
    with connection.cursor() as cursor:
        cursor.execute(DISABLE, {"endpoint": endpoint, "reason": reason})


def deliveries(connection: Connection, endpoint: str, *, state: State | None = None, limit: int = 50) -> list[Delivery]:
    """List the newest deliveries, of one state or all."""
    with connection.cursor() as cursor:
        cursor.execute(LIST, {"endpoint": endpoint, "state": state, "limit": limit})
        return [Delivery(*row) for row in cursor]


def replay(connection: Connection, endpoint: str, ids: Sequence[str] | None = None) -> int:
    """Make dead deliveries pending again, due at once and with all tries of the schedule before them.

    ``ids`` are delivery ids or message ids (msg_...); without them, all that are dead. Attempts go on
    counting and the message id stays, so that a receiver that has it after all drops the duplicate.

    Returns
    -------
    int
        How many were dead.

    Raises
    ------
    NotFound
        If an id is not that of a dead delivery; then nothing is replayed.
    """
    wanted = None if ids is None else sorted({_delivery_id(text) for text in ids})
    with connection.cursor() as cursor:
        cursor.execute(REPLAY, {"endpoint": endpoint, "ids": wanted})
        replayed = cursor.rowcount
    if wanted is not None and replayed != len(wanted):
        raise NotFound(f"Only {replayed} of these {len(wanted)} deliveries are dead; nothing was replayed.")
    return replayed


def _delivery_id(text: str) -> str:
    try:
        return str(uuid.UUID(text.removeprefix("msg_")))
    except ValueError as error:
        raise NotFound(f"{text!r} is not the id of a delivery (a UUID, with or without msg_).") from error
