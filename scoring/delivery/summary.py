"""Counts how much of each publication has reached the CRM, for reports; only reads."""

from dataclasses import dataclass

from scoring.database import Connection, all_rows, value
from scoring.delivery.endpoints import CRM

# Events that their endpoint has not confirmed, those given up or for a disabled endpoint included; not those that wait
# for their turn, at the pace that their score has after a promotion.
UNCONFIRMED = """
SELECT count(*) FROM scoring.outbox o LEFT JOIN scoring.delivery d USING (delivery_id)
WHERE d.state IS DISTINCT FROM 'delivered' AND (o.lane = 0 OR o.delivery_id IS NOT NULL)
"""

# A request may carry events of several publications; it counts for the publication of its first event. Events of
# streams have none: they count for publication 0.
TOLD = """
WITH told AS (
    SELECT coalesce(e.publication_id, 0) AS publication_id, count(*) AS events
    FROM scoring.outbox o JOIN scoring.event e USING (event_id) JOIN scoring.delivery d USING (delivery_id)
    WHERE d.state = 'delivered' AND d.endpoint = %(endpoint)s
    GROUP BY coalesce(e.publication_id, 0)
), carrier AS (
    SELECT DISTINCT ON (o.delivery_id) o.delivery_id, coalesce(e.publication_id, 0) AS publication_id
    FROM scoring.outbox o JOIN scoring.event e USING (event_id)
    WHERE o.delivery_id IS NOT NULL AND o.endpoint = %(endpoint)s
    ORDER BY o.delivery_id, e.event_id
), asked AS (
    SELECT c.publication_id, sum(d.attempts)::bigint AS requests
    FROM carrier c JOIN scoring.delivery d USING (delivery_id)
    WHERE d.attempts > 0
    GROUP BY c.publication_id
), retired AS (
    SELECT publication_id, sum(events)::bigint AS events, sum(requests)::bigint AS requests
    FROM scoring.retired_telling WHERE endpoint = %(endpoint)s GROUP BY publication_id
)
SELECT publication_id, coalesce(told.events, 0) + coalesce(retired.events, 0) AS events,
    coalesce(asked.requests, 0) + coalesce(retired.requests, 0) AS requests
FROM told FULL JOIN asked USING (publication_id) FULL JOIN retired USING (publication_id)
"""


@dataclass(frozen=True)
class Told:
    """How many events of a publication were delivered, and in how many requests."""

    publication_id: int
    events: int = 0
    requests: int = 0


def unconfirmed(connection: Connection) -> int:
    """Events that are not delivered."""
    return int(value(connection, UNCONFIRMED))


def told(connection: Connection) -> dict[int, Told]:
    """What the CRM was told of each publication, by its id; a publication of which nothing was sent is missing."""
    return {found.publication_id: found for found in all_rows(connection, Told, TOLD, {"endpoint": CRM})}
