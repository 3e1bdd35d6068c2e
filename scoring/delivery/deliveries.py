"""The tables ``delivery`` and ``attempt``: claiming what is due, recording every try, replaying what is dead.

A claim is a row lock. It lasts for one transaction, in which the delivery is sent and its answer recorded. If the
process dies, the lock ends at once and the delivery is sent again with the same id. (A lease column would hold a killed
run's deliveries back until the lease ends.) Each delivery has its own transaction: no answer waits for another, and
none is undone by another. The price is a database connection for each request under way.
"""

import datetime as dt
import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.database import Connection, all_rows, execute, insert, one, one_or_none, value
from scoring.delivery.adapters.contract import Answer, Rendered
from scoring.delivery.message import quoted, without
from scoring.delivery.retry import DeliveryState, Next
from scoring.errors import NotFound

# clock_timestamp() is the moment of sending; now() would be the start of the transaction.
CLAIM = """
SELECT d.delivery_id::text, d.endpoint, d.body, d.events, d.attempts + 1 AS attempt,
       d.attempts + 1 - d.attempts_forgiven AS scheduled_attempt, d.split_from IS NOT NULL AS is_part, d.created_at,
       clock_timestamp() AS claimed_at
FROM scoring.delivery d
WHERE d.endpoint = %(endpoint)s AND d.state = 'pending' AND d.next_attempt_at <= now()
  AND EXISTS (SELECT FROM scoring.endpoint e
              WHERE e.endpoint = %(endpoint)s AND e.state = 'enabled' AND e.not_before <= now())
ORDER BY d.next_attempt_at
LIMIT 1
FOR UPDATE OF d SKIP LOCKED
"""

CREATE = "INSERT INTO scoring.delivery (delivery_id, endpoint, body, events, split_from) VALUES %s"

# One statement, for each request waits for it.
RECORD = """
WITH tried AS (
    INSERT INTO scoring.attempt (delivery_id, attempt, attempted_at, status, error, seconds)
    VALUES (%(delivery_id)s, %(attempt)s, %(attempted_at)s, %(status)s, %(error)s, %(seconds)s)
)
UPDATE scoring.delivery
SET attempts = attempts + 1, state = %(state)s,
    next_attempt_at = CASE %(state)s WHEN 'pending' THEN clock_timestamp() + %(wait)s ELSE next_attempt_at END,
    delivered_at = CASE %(state)s WHEN 'delivered' THEN clock_timestamp() END
WHERE delivery_id = %(delivery_id)s
"""

# Cheap: indexes find one delivered delivery, and the few pending parts.
CIRCUMSTANCES = """
SELECT EXISTS (SELECT FROM scoring.delivery
               WHERE endpoint = %(endpoint)s AND state = 'delivered' AND delivered_at >= %(since)s) AS others_taken,
       (SELECT count(*) FROM scoring.delivery
        WHERE endpoint = %(endpoint)s AND state = 'pending' AND split_from IS NOT NULL) AS parts_pending
"""

# The deliveries come first, so that only their attempts are looked up.
LIST = """
SELECT d.delivery_id::text, d.state, d.events, d.attempts, d.created_at, d.delivered_at,
       CASE d.state WHEN 'pending' THEN d.next_attempt_at END AS next_attempt_at,
       a.status AS last_status, a.error AS last_error
FROM (SELECT * FROM scoring.delivery WHERE endpoint = %(endpoint)s AND (%(state)s IS NULL OR state = %(state)s)
      ORDER BY created_at DESC, delivery_id LIMIT %(limit)s) d
LEFT JOIN scoring.attempt a ON a.delivery_id = d.delivery_id AND a.attempt = d.attempts
ORDER BY d.created_at DESC, d.delivery_id
"""

REPLAY_DEAD = """
UPDATE scoring.delivery SET state = 'pending', attempts_forgiven = attempts, next_attempt_at = now()
WHERE endpoint = %(endpoint)s AND state = 'dead'
  AND (%(ids)s::uuid[] IS NULL OR delivery_id = ANY (%(ids)s::uuid[]))
"""


# Bodies are searched: the outbox does not say any more which events a split delivery had.
HOLDING = "SELECT delivery_id::text, body FROM scoring.delivery WHERE position(%s IN body) > 0 ORDER BY created_at"

LOCK = "SELECT body FROM scoring.delivery WHERE delivery_id = %s FOR UPDATE"

TAKE_OUT = """
UPDATE scoring.delivery
SET body = %(body)s, events = events - %(gone)s, erased = erased + %(gone)s,
    state = CASE WHEN events = %(gone)s AND state IN ('pending', 'dead') THEN 'erased' ELSE state END
WHERE delivery_id = %(delivery_id)s
"""


@dataclass(frozen=True)
class Claimed:
    """A due delivery, locked. ``attempt`` numbers this try among all, ``scheduled_attempt`` since the last replay."""

    delivery_id: str
    endpoint: str
    body: str
    events: int
    attempt: int
    scheduled_attempt: int
    is_part: bool
    created_at: dt.datetime
    claimed_at: dt.datetime

    @property
    def message_id(self) -> str:
        """The id that the receiver sees; the same in every try."""
        return f"msg_{self.delivery_id}"


@dataclass(frozen=True)
class Circumstances:
    """Whether an endpoint has taken another delivery since a moment, and how many parts are pending for it."""

    others_taken: bool
    parts_pending: int


@dataclass(frozen=True)
class Delivery:
    """A row of table ``delivery`` with the answer to its last try, for a person."""

    delivery_id: str
    state: DeliveryState
    events: int
    attempts: int
    created_at: dt.datetime
    delivered_at: dt.datetime | None
    next_attempt_at: dt.datetime | None
    last_status: int | None
    last_error: str | None


def create(
    connection: Connection, endpoint: str, rendered: Sequence[Rendered], *, split_from: str | None = None
) -> list[str]:
    """Store messages as deliveries that are due at once; returns their ids, in order."""
    ids = [str(uuid.uuid4()) for _ in rendered]
    rows = [
        (one_id, endpoint, part.body, len(part.events), split_from) for one_id, part in zip(ids, rendered, strict=True)
    ]
    insert(connection, CREATE, rows, template="(%s::uuid, %s, %s, %s, %s::uuid)")
    return ids


def claim(connection: Connection, endpoint: str) -> Claimed | None:
    """Lock the delivery that has been due longest and that no other transaction holds, until this one ends."""
    return one_or_none(connection, Claimed, CLAIM, {"endpoint": endpoint})


def record(connection: Connection, claimed: Claimed, answer: Answer, following: Next) -> None:
    """Write the attempt and the delivery's new state, in the transaction that holds the claim."""
    recorded = {
        "delivery_id": claimed.delivery_id,
        "attempt": claimed.attempt,
        "attempted_at": claimed.claimed_at,
        "status": answer.status,
        "error": answer.error,
        "seconds": answer.seconds,
        "state": following.state,
        "wait": following.wait,
    }
    execute(connection, RECORD, recorded)


def circumstances(connection: Connection, claimed: Claimed) -> Circumstances:
    """What the endpoint has done with other deliveries since this one was made."""
    arguments = {"endpoint": claimed.endpoint, "since": claimed.created_at}
    return one(connection, Circumstances, CIRCUMSTANCES, arguments)


def newest(
    connection: Connection, endpoint: str, *, state: DeliveryState | None = None, limit: int = 50
) -> list[Delivery]:
    """List the newest deliveries, of one state or all."""
    return all_rows(connection, Delivery, LIST, {"endpoint": endpoint, "state": state, "limit": limit})


def holding(connection: Connection, scores: Collection[str], customer: str) -> dict[str, list[dict[str, Any]]]:
    """The events of a customer in the bodies of deliveries, by delivery."""
    found = {}
    for row in all_rows(connection, dict, HOLDING, (quoted(customer),)):
        events = json.loads(row["body"])["data"]["events"]
        theirs = [event for event in events if event["customer_id"] == customer and event["score"] in scores]
        if theirs:
            found[row["delivery_id"]] = theirs
    return found


def take_out(connection: Connection, delivery_id: str, scores: Collection[str], customer: str) -> int:
    """Take a customer out of a delivery's body, whatever its state; waits while it is sent. Returns how many events.

    The id of the message stays: a receiver that has had it is told nothing twice. With nobody left it is not sent.
    """
    body, gone = without(value(connection, LOCK, (delivery_id,)), scores, customer)
    if gone:
        execute(connection, TAKE_OUT, {"delivery_id": delivery_id, "body": body, "gone": gone})
    return gone


def replay_dead(connection: Connection, endpoint: str, ids: Sequence[str] | None = None) -> int:
    """Make dead deliveries pending again, due at once and with all tries of the schedule ahead.

    ``ids`` are delivery ids or message ids (msg_...); None means all dead ones. Attempts go on counting and the
    message id stays, so that a receiver that already has the message drops the duplicate.

    Returns
    -------
    int
        How many were dead.

    Raises
    ------
    NotFound
        If an id is not that of a dead delivery; roll back then, and nothing is replayed.
    """
    wanted = None if ids is None else sorted({_delivery_id(text) for text in ids})
    replayed = execute(connection, REPLAY_DEAD, {"endpoint": endpoint, "ids": wanted})
    if wanted is not None and replayed != len(wanted):
        raise NotFound(
            f"Only {replayed} of these {len(wanted)} deliveries are dead; nothing was replayed.",
            remedy="`scoring delivery list --state dead` names those that are.",
        )
    return replayed


def _delivery_id(text: str) -> str:
    try:
        return str(uuid.UUID(text.removeprefix("msg_")))
    except ValueError as error:
        raise NotFound(f"{text!r} is not the id of a delivery (a UUID, with or without msg_).") from error
