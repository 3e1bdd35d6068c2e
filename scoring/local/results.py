"""What the database says of partitions: the truth by which ``run`` decides that one is done, and its table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection

PROGRESS = """
SELECT coalesce((SELECT sum(accepted) FROM scoring.snapshot
                 WHERE data_set = %(data_set)s AND as_of = %(as_of)s AND state = 'current'), 0)::bigint,
       coalesce((SELECT sum(s.rows) FROM scoring.shard s JOIN scoring.publication p USING (publication_id)
                 WHERE p.score = ANY(%(scores)s) AND p.as_of = %(as_of)s), 0)::bigint
"""

# Events that no endpoint has confirmed; those that were given up or whose endpoint is disabled among them.
WAITING = """
SELECT count(*) FROM scoring.outbox o LEFT JOIN scoring.delivery d USING (delivery_id)
WHERE d.state IS DISTINCT FROM 'delivered'
"""

# A request may carry events of several publications; it counts for that of its first event.
PUBLISHED = """
WITH told AS (
    SELECT e.publication_id, count(*) AS events
    FROM scoring.outbox o JOIN scoring.event e USING (event_id) JOIN scoring.delivery d USING (delivery_id)
    WHERE d.state = 'delivered'
    GROUP BY e.publication_id
), carrier AS (
    SELECT DISTINCT ON (o.delivery_id) o.delivery_id, e.publication_id
    FROM scoring.outbox o JOIN scoring.event e USING (event_id)
    WHERE o.delivery_id IS NOT NULL
    ORDER BY o.delivery_id, e.event_id
), asked AS (
    SELECT c.publication_id, count(*) AS requests
    FROM carrier c JOIN scoring.attempt USING (delivery_id)
    GROUP BY c.publication_id
)
SELECT p.as_of, p.score, p.publication_id, s.received, s.accepted, s.quarantined, s.duplicates, p.rows, p.changed,
       p.checksum, (SELECT string_agg(model_version::text, ', ' ORDER BY arm) FROM scoring.arm a
                    WHERE a.publication_id = p.publication_id),
       coalesce(told.events, 0), coalesce(asked.requests, 0)
FROM scoring.publication p
JOIN scoring.snapshot s USING (snapshot_id)
LEFT JOIN told USING (publication_id)
LEFT JOIN asked USING (publication_id)
WHERE p.state = 'published' AND p.score = ANY(%(scores)s)
ORDER BY p.as_of, p.score
"""


@dataclass(frozen=True)
class Published:
    """A visible publication, its snapshot and what was told of it."""

    as_of: dt.date
    score: str
    publication_id: int
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    rows: int
    changed: int
    checksum: str
    model_version: str
    events: int
    requests: int


def progress(connection: Connection, data_set: str, scores: Sequence[str], as_of: dt.date) -> tuple[int, int]:
    """Rows accepted and rows scored so far of a partition."""
    with connection, connection.cursor() as cursor:
        cursor.execute(PROGRESS, {"data_set": data_set, "scores": list(scores), "as_of": as_of})
        accepted, scored = cursor.fetchone() or (0, 0)
        return accepted, scored


def waiting(connection: Connection) -> int:
    """Events that are not delivered."""
    with connection, connection.cursor() as cursor:
        cursor.execute(WAITING)
        (count,) = cursor.fetchone() or (0,)
        return int(count)


def published(connection: Connection, scores: Sequence[str]) -> dict[tuple[dt.date, str], Published]:
    """The visible publications of some scores by as_of and score."""
    with connection, connection.cursor() as cursor:
        cursor.execute(PUBLISHED, {"scores": list(scores)})
        found = [Published(*row) for row in cursor]
    return {(publication.as_of, publication.score): publication for publication in found}
