"""The table ``outbox``: which events wait for an endpoint, and which delivery carries each of the others.

Events are packed as late as possible, only while their endpoint takes requests: until then a newer event can replace
an older one about the same customer and score (coalesce). SKIP LOCKED lets two packers share the work, and no event is
packed twice.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from scoring.database import Connection, all_rows, execute, one, value
from scoring.delivery import deliveries, endpoints, lanes, order
from scoring.delivery.adapters.contract import Adapter, Limits, Rendered
from scoring.delivery.deliveries import Claimed
from scoring.delivery.message import Event, newest

PIECE = 25_000  # events packed in one transaction

# Every row that packing needs is found by an index, whatever the planner believes: just after a large publication its
# statistics know nothing of the rows that wait, and later they count thousands that were told long ago. It would then
# go through the whole outbox for each piece. Valid until the transaction ends.
_BY_INDEX = """
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off; SET LOCAL jit = off
"""

# Locks the first waiting events, then all waiting events about the same customers and scores, to coalesce them. The
# second lock takes the first rows again: excluding them would cost more. LATERAL and the inner FOR UPDATE give the
# order of the look-ups; OFFSET 0 keeps it.
LOCK_PIECE = """
WITH waiting AS MATERIALIZED (
    SELECT event_id FROM scoring.outbox
    WHERE endpoint = %(endpoint)s AND lane = %(lane)s AND delivery_id IS NULL
    ORDER BY event_id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), subject AS (
    SELECT DISTINCT e.score, e.customer_id
    FROM waiting w
    CROSS JOIN LATERAL (SELECT score, customer_id FROM scoring.event WHERE event_id = w.event_id OFFSET 0) e
)
SELECT e.event_id, e.type, e.score, e.customer_id, e.version, e.as_of, e.value, e.points, e.band,
       e.model_version, e.previous_value, e.previous_points, e.previous_band
FROM subject
CROSS JOIN LATERAL (
    SELECT * FROM scoring.event WHERE score = subject.score AND customer_id = subject.customer_id OFFSET 0
) e
CROSS JOIN LATERAL (
    SELECT FROM scoring.outbox o
    WHERE o.endpoint = %(endpoint)s AND o.lane = ANY (%(lanes)s) AND o.event_id = e.event_id AND o.delivery_id IS NULL
    FOR UPDATE SKIP LOCKED
) locked
ORDER BY e.event_id
"""

# The events in the body of a delivery. Coalesced ones are not in it: a newer event replaces them.
TOLD = """
SELECT e.event_id, e.type, e.score, e.customer_id, e.version, e.as_of, e.value, e.points, e.band,
       e.model_version, e.previous_value, e.previous_points, e.previous_band
FROM scoring.outbox o JOIN scoring.event e USING (event_id)
WHERE o.delivery_id = %s AND NOT o.coalesced
ORDER BY e.event_id
"""

ASSIGN = """
UPDATE scoring.outbox o SET delivery_id = v.delivery_id, coalesced = v.coalesced
FROM unnest(%(events)s::bigint[], %(deliveries)s::uuid[], %(coalesced)s::boolean[])
     AS v (event_id, delivery_id, coalesced)
CROSS JOIN LATERAL (
    SELECT ctid FROM scoring.outbox
    WHERE endpoint = %(endpoint)s AND lane = ANY (%(lanes)s) AND event_id = v.event_id AND delivery_id IS NULL
    OFFSET 0
) waiting
WHERE o.ctid = waiting.ctid
"""

# Each event takes along the older ones that were coalesced into it.
REASSIGN = """
UPDATE scoring.outbox o SET delivery_id = %(part)s
FROM scoring.event e
JOIN unnest(%(scores)s::text[], %(customers)s::text[]) AS v (score, customer_id) USING (score, customer_id)
WHERE o.delivery_id = %(whole)s AND o.event_id = e.event_id
"""

# The order is an index's, so the first row is looked up in it; EXISTS alone may be answered by reading the whole table,
# when the planner believes that many wait.
UNDELIVERED = """
SELECT coalesce(
    (SELECT true FROM scoring.outbox WHERE endpoint = %(endpoint)s AND delivery_id IS NULL
     ORDER BY lane, event_id LIMIT 1),
    (SELECT true FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state = 'pending'
     ORDER BY next_attempt_at LIMIT 1), false)
"""

BACKLOG = """
SELECT (SELECT count(*) FROM scoring.outbox WHERE endpoint = %(endpoint)s AND lane = 0 AND delivery_id IS NULL)
           AS waiting,
       (SELECT count(*) FROM scoring.outbox WHERE endpoint = %(endpoint)s AND lane > 0 AND delivery_id IS NULL)
           AS paced,
       (SELECT count(*) FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state = 'pending') AS pending,
       (SELECT count(*) FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state = 'dead') AS dead
"""


@dataclass(frozen=True)
class Backlog:
    """How much an endpoint has not been told: waiting events, deliveries, and events that wait for their turn."""

    waiting: int
    pending: int
    dead: int
    paced: int = 0


def pack(connection: Connection, adapter: Adapter, endpoint: str = endpoints.CRM, *, limit: int = PIECE) -> int:
    """Pack the first ``limit`` waiting events into deliveries; the caller commits.

    If none waits, those are packed that have a pace and whose turn has come. For an ordered adapter an event waits
    while an older one of its subject is being sent, and takes the place of older ones that are not delivered.

    Returns
    -------
    int
        How many events were taken from the outbox, coalesced ones included; 0 if none waits or the endpoint takes no
        requests now.

    Raises
    ------
    IntegrityError
        If an event holds a value that cannot be told.
    """
    known = endpoints.look_up(connection, endpoint)
    if known.held_because is not None:
        return 0
    if adapter.ordered:
        order.one_packer(connection, endpoint)
    execute(connection, _BY_INDEX)
    opened = lanes.of_endpoint(connection, endpoint)
    piece = {"endpoint": endpoint, "lanes": [0, *opened]}
    events = all_rows(connection, Event, LOCK_PIECE, piece | {"lane": 0, "limit": limit})
    for lane in opened:
        events = events or all_rows(
            connection, Event, LOCK_PIECE, piece | {"lane": lane, "limit": lanes.take(connection, lane)}
        )
    overtaken = order.overtaken(connection, endpoint, newest(events)) if adapter.ordered else order.NOTHING
    events = [event for event in events if event.subject not in overtaken.under_way]
    if not events:
        return 0
    told = newest(events)
    packed_at: dt.datetime = value(connection, "SELECT now()")
    rendered = list(adapter.render(list(told.values()), packed_at, known.limits))
    ids = deliveries.create(connection, endpoint, rendered)
    carriers = {event.subject: one for one, part in zip(ids, rendered, strict=True) for event in part.events}
    assignment = {
        **piece,
        "events": _array(event.event_id for event in events),
        "deliveries": _array(carriers[event.subject] for event in events),
        "coalesced": _array(told[event.subject] is not event for event in events),
    }
    execute(connection, ASSIGN, assignment)
    order.take_over(connection, overtaken, carriers)
    return len(events)


def _array(elements: Iterable[int | str]) -> str:
    """An array of numbers, ids or truth values as one literal: to parse ARRAY[...] takes longer than to use it."""
    return f"{{{','.join(map(str, elements))}}}"


def split(connection: Connection, adapter: Adapter, whole: Claimed, limits: Limits) -> None:
    """Put the events of a claimed delivery into two new ones, or more if the limits have become smaller.

    The parts are due at once, with new ids and all tries ahead. The caller records that ``whole`` was split.
    """
    events = all_rows(connection, Event, TOLD, (whole.delivery_id,))
    packed_at: dt.datetime = value(connection, "SELECT now()")
    middle = len(events) // 2
    parts: list[Rendered] = [
        part for half in (events[:middle], events[middle:]) for part in adapter.render(half, packed_at, limits)
    ]
    ids = deliveries.create(connection, whole.endpoint, parts, split_from=whole.delivery_id)
    for one_id, part in zip(ids, parts, strict=True):
        arguments = {
            "part": one_id,
            "whole": whole.delivery_id,
            "scores": [event.score for event in part.events],
            "customers": [event.customer_id for event in part.events],
        }
        execute(connection, REASSIGN, arguments)


def undelivered(connection: Connection, endpoint: str = endpoints.CRM) -> bool:
    """Whether anything waits to be told, now or later; dead deliveries do not count."""
    return bool(value(connection, UNDELIVERED, {"endpoint": endpoint}))


def backlog(connection: Connection, endpoint: str = endpoints.CRM) -> Backlog:
    """Count what an endpoint has not been told."""
    return one(connection, Backlog, BACKLOG, {"endpoint": endpoint})
