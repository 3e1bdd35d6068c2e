"""The tables ``stream_offset`` and ``stream_range``: where the reading of each partition goes on, and what was read."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, column, execute, insert
from scoring.errors import TransientError
from scoring.streaming.looks import Look
from scoring.streaming.order import Range

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('stream ' || %s, 0))"

_NEXT = "SELECT partition_id, next_offset FROM scoring.stream_offset WHERE data_set = %s AND topic = %s"

_BEGIN = """
    INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset) VALUES %s
    ON CONFLICT DO NOTHING"""

# Only from where the worker has begun: if another one has moved it since, nothing is found.
_MOVE = """
    UPDATE scoring.stream_offset o SET next_offset = r.next_offset, received = o.received + r.received,
        accepted = o.accepted + r.accepted, quarantined = o.quarantined + r.quarantined,
        outdated = o.outdated + r.outdated, lost = o.lost + r.lost,
        newest_event_time = greatest(o.newest_event_time, r.newest_event_time), moved_at = clock_timestamp()
    FROM unnest(%(partition)s::integer[], %(first_offset)s::bigint[], %(next_offset)s::bigint[],
        %(received)s::bigint[], %(accepted)s::bigint[], %(quarantined)s::bigint[], %(outdated)s::bigint[],
        %(lost)s::bigint[], %(newest_event_time)s::timestamptz[]) AS r (partition_id, first_offset, next_offset,
        received, accepted, quarantined, outdated, lost, newest_event_time)
    WHERE o.data_set = %(data_set)s AND o.topic = %(topic)s AND o.partition_id = r.partition_id
        AND o.next_offset = r.first_offset"""

_ADD_RANGE = """
    INSERT INTO scoring.stream_range (data_set, topic, partition_id, first_offset, next_offset, received, accepted,
        quarantined, outdated, lost) VALUES %s"""

# Nothing is said of what another worker has moved since. What is not known leaves what was known.
_LOOK = """
    UPDATE scoring.stream_offset o SET end_offset = coalesce(l.end_offset, o.end_offset),
        oldest_at = CASE WHEN coalesce(l.end_offset, o.end_offset) > o.next_offset
            THEN coalesce(l.waits_since, o.oldest_at, clock_timestamp()) END,
        looked_at = clock_timestamp()
    FROM unnest(%(partition)s::integer[], %(next_offset)s::bigint[], %(end_offset)s::bigint[],
        %(waits_since)s::timestamptz[]) AS l (partition_id, next_offset, end_offset, waits_since)
    WHERE o.data_set = %(data_set)s AND o.topic = %(topic)s AND o.partition_id = l.partition_id
        AND o.next_offset = l.next_offset"""

_FORGET = "DELETE FROM scoring.stream_offset WHERE data_set = %s AND topic = %s"


class Overtaken(TransientError):
    """Another worker has moved an offset since this one has read it: what this one wants to record is not wanted."""


@dataclass(frozen=True)
class Offset:
    """A row of table ``stream_offset``; ``looked_at`` is None before a worker has looked at what waits."""

    data_set: str
    topic: str
    partition_id: int
    next_offset: int
    received: int
    accepted: int
    quarantined: int
    outdated: int
    lost: int
    newest_event_time: dt.datetime | None
    moved_at: dt.datetime
    looked_at: dt.datetime | None


def lock(connection: Connection, data_set: str) -> None:
    """Let only one transaction at a time record updates of a data set; it comes after the locks of the scores."""
    execute(connection, _LOCK, (data_set,))


def known(connection: Connection, data_set: str, topic: str) -> dict[int, int]:
    """The next offset of each partition that was ever read."""
    return {row["partition_id"]: row["next_offset"] for row in all_rows(connection, dict, _NEXT, (data_set, topic))}


def begin(connection: Connection, data_set: str, topic: str, first: Mapping[int, int]) -> None:
    """Record where the reading of partitions begins, unless that is known."""
    insert(connection, _BEGIN, [(data_set, topic, one, offset, offset) for one, offset in sorted(first.items())])


def move(connection: Connection, data_set: str, topic: str, ranges: Sequence[Range]) -> None:
    """Record what was read.

    Raises
    ------
    Overtaken
        If one of the offsets is not where its range begins.
    """
    names = ("partition", "first_offset", "next_offset", "received", "accepted", "quarantined", "outdated", "lost",
             "newest_event_time")  # fmt: skip
    given = {name: [getattr(one, name) for one in ranges] for name in names}
    if execute(connection, _MOVE, given | {"data_set": data_set, "topic": topic}) != len(ranges):
        raise Overtaken(
            f"Another worker has read on in {topic} since this one has begun.", remedy="This one begins anew."
        )
    rows = [
        (data_set, topic, one.partition, one.first_offset, one.next_offset, one.received, one.accepted,
         one.quarantined, one.outdated, one.lost)
        for one in ranges
    ]  # fmt: skip
    insert(connection, _ADD_RANGE, rows)


def look(connection: Connection, data_set: str, topic: str, looks: Sequence[Look]) -> None:
    """Record what a worker sees of what waits."""
    names = ("partition", "next_offset", "end_offset", "waits_since")
    given = {name: [getattr(one, name) for one in looks] for name in names}
    execute(connection, _LOOK, given | {"data_set": data_set, "topic": topic})


def listed(connection: Connection, data_set: str) -> list[Offset]:
    """How far each partition of a data set's topics was read."""
    query = """SELECT data_set, topic, partition_id, next_offset, received, accepted, quarantined, outdated, lost,
            newest_event_time, moved_at, looked_at
        FROM scoring.stream_offset WHERE data_set = %s ORDER BY topic, partition_id"""
    return all_rows(connection, Offset, query, (data_set,))


def forget(connection: Connection, data_set: str, topic: str) -> None:
    """Forget where the reading of a topic goes on: it was made anew, and its offsets begin again."""
    execute(connection, _FORGET, (data_set, topic))


def topics(connection: Connection, data_set: str) -> list[str]:
    """The topics that were ever read for a data set."""
    query = "SELECT DISTINCT topic FROM scoring.stream_offset WHERE data_set = %s ORDER BY 1"
    return column(connection, query, (data_set,))
