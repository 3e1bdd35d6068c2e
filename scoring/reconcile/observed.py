"""Reads what the findings are made from: a few queries, each by an index or over one row per partition."""

import datetime as dt
from collections.abc import Sequence

from scoring.database import Connection, all_rows, column, one
from scoring.reconcile.findings import EndpointSeen, PublicationSeen, SnapshotSeen
from scoring.reconcile.people import AlertsSeen, ErasureSeen, HoldSeen
from scoring.reconcile.streams import DeadLettersSeen, StreamSeen

MOST = 100_000  # of dead letters, that are counted: nobody acts differently on more

SNAPSHOTS = """
SELECT data_set, as_of, snapshot_id, current_since AS since FROM scoring.snapshot
WHERE state = 'current' AND data_set = ANY(%(data_sets)s)
"""

PUBLICATIONS = """
SELECT publication_id, score, as_of, snapshot_id,
    CASE retired_from WHEN 'superseded' THEN retired_from ELSE state END AS state, opened_at AS since
FROM scoring.publication
WHERE score = ANY(%(scores)s)
UNION ALL
SELECT publication_id, score, as_of, snapshot_id, 'dropped', dropped_at FROM scoring.dropped_publication
WHERE score = ANY(%(scores)s)
"""

# An index gives the oldest waiting event; counting all of them would be slow. What is told at a pace waits for too long
# if nothing was taken from its lane.
ENDPOINTS = """
SELECT p.endpoint, p.state, p.disabled_because,
       CASE WHEN p.not_before > now() THEN p.not_before END AS held_until,
       coalesce(oldest.since, waiting.created_at) AS waiting_since, waiting.score AS waiting_score,
       waiting.as_of AS waiting_as_of,
       (SELECT min(created_at) FROM scoring.delivery d WHERE d.endpoint = p.endpoint AND d.state = 'pending')
           AS pending_since,
       dead.count AS dead, dead.since AS dead_since
FROM scoring.endpoint p
LEFT JOIN LATERAL (
    (SELECT o.event_id, NULL::timestamptz AS since FROM scoring.outbox o
     WHERE o.endpoint = p.endpoint AND o.lane = 0 AND o.delivery_id IS NULL ORDER BY o.event_id LIMIT 1)
    UNION ALL
    (SELECT first.event_id, l.taken_at FROM scoring.lane l CROSS JOIN LATERAL (
         SELECT o.event_id FROM scoring.outbox o
         WHERE o.endpoint = l.endpoint AND o.lane = l.lane AND o.delivery_id IS NULL ORDER BY o.event_id LIMIT 1) first
     WHERE l.endpoint = p.endpoint ORDER BY l.taken_at LIMIT 1)
    LIMIT 1
) oldest ON true
LEFT JOIN scoring.event waiting USING (event_id)
CROSS JOIN LATERAL (
    SELECT count(*), min(created_at) AS since FROM scoring.delivery d WHERE d.endpoint = p.endpoint AND d.state = 'dead'
) dead
ORDER BY p.endpoint
"""


HOLDS = """
SELECT score, as_of, changed, rows, held_at AS since FROM scoring.hold
WHERE state = 'held' AND score = ANY(%(scores)s) ORDER BY hold_id
"""

ERASURES = """
SELECT erasure_id, data_set, requested_by, requested_at AS since FROM scoring.erasure
WHERE state = 'open' ORDER BY erasure_id
"""

COLLECTED = "SELECT DISTINCT as_of FROM scoring.outcome_batch WHERE score = %(score)s AND origin = 'system'"

MONITORED = "SELECT publication_id FROM scoring.verdict WHERE score = %(score)s"

ALERTS = """
SELECT (SELECT count(*) FROM scoring.alert_sending WHERE state = 'dead') AS dead,
       least((SELECT min(noted_at) FROM scoring.alert WHERE routed_at IS NULL),
             (SELECT min(noted_at) FROM scoring.alert_sending JOIN scoring.alert USING (alert_id)
              WHERE state = 'pending')) AS waiting_since
"""

STREAMS = """
SELECT data_set, topic, count(*) AS partitions, sum(received)::bigint AS received, sum(accepted)::bigint AS accepted,
    sum(quarantined)::bigint AS quarantined, sum(outdated)::bigint AS outdated, sum(lost)::bigint AS lost,
    sum(greatest(end_offset - next_offset, 0)) FILTER (WHERE end_offset IS NOT NULL)::bigint AS lag,
    min(oldest_at) AS oldest_at,
    min(greatest(oldest_at, moved_at)) FILTER (WHERE oldest_at IS NOT NULL) AS stuck_since,
    min(coalesce(looked_at, moved_at)) AS looked_at, max(moved_at) AS moved_at,
    max(newest_event_time) AS newest_event_time
FROM scoring.stream_offset WHERE data_set = ANY(%(data_sets)s) GROUP BY data_set, topic ORDER BY data_set, topic
"""

# By an index; refusals are numbered as they come.
DEAD_LETTERS = """
SELECT d.data_set,
    (SELECT count(*) FROM (SELECT FROM scoring.stream_refusal r WHERE r.data_set = d.data_set
                               AND r.dead_lettered_at IS NULL LIMIT %(most)s + 1) w) AS waiting,
    (SELECT r.refused_at FROM scoring.stream_refusal r
     WHERE r.data_set = d.data_set AND r.dead_lettered_at IS NULL ORDER BY r.refusal_id LIMIT 1) AS since
FROM unnest(%(data_sets)s::text[]) AS d (data_set) ORDER BY 1
"""


def snapshots(connection: Connection, data_sets: Sequence[str]) -> list[SnapshotSeen]:
    """The current snapshots of some data sets."""
    return all_rows(connection, SnapshotSeen, SNAPSHOTS, {"data_sets": list(data_sets)})


def publications(connection: Connection, scores: Sequence[str]) -> list[PublicationSeen]:
    """The publications of some scores in every state, dropped ones included."""
    return all_rows(connection, PublicationSeen, PUBLICATIONS, {"scores": list(scores)})


def endpoints(connection: Connection) -> list[EndpointSeen]:
    """All endpoints, each with the oldest event and the oldest deliveries that wait for it."""
    return all_rows(connection, EndpointSeen, ENDPOINTS)


def holds(connection: Connection, scores: Sequence[str]) -> list[HoldSeen]:
    """The publications of some scores that wait for a person."""
    return all_rows(connection, HoldSeen, HOLDS, {"scores": list(scores)})


def erasures(connection: Connection) -> list[ErasureSeen]:
    """The erasures of persons that are not done."""
    return all_rows(connection, ErasureSeen, ERASURES)


def collected(connection: Connection, score: str) -> list[dt.date]:
    """The cohorts of a score of which a system has told outcomes."""
    return column(connection, COLLECTED, {"score": score})


def monitored(connection: Connection, score: str) -> list[int]:
    """The publications of a score that were judged."""
    return column(connection, MONITORED, {"score": score})


def alerts(connection: Connection) -> AlertsSeen:
    """What people were not told."""
    return one(connection, AlertsSeen, ALERTS)


def streams(connection: Connection, data_sets: Sequence[str]) -> list[StreamSeen]:
    """The topics that were ever read for some data sets."""
    return all_rows(connection, StreamSeen, STREAMS, {"data_sets": list(data_sets)})


def dead_letters(connection: Connection, data_sets: Sequence[str]) -> list[DeadLettersSeen]:
    """What has to be sent to the topics of dead letters, by data set; at most ``MOST`` + 1 are counted."""
    return all_rows(connection, DeadLettersSeen, DEAD_LETTERS, {"data_sets": list(data_sets), "most": MOST})
