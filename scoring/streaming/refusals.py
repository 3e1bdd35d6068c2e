"""The table ``stream_refusal``: the quarantine of streams."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2 import Binary
from psycopg2.extras import execute_values

from scoring.database import Connection, all_rows, execute, value
from scoring.streaming.message import LARGEST
from scoring.streaming.reading import Refusal

_ADD = """
    INSERT INTO scoring.stream_refusal (data_set, topic, partition_id, message_offset, customer_id, rules, columns,
        "values", reason, event_time, message_key, content, bytes) VALUES %s"""

_WAITING = """
    SELECT refusal_id, topic, partition_id, message_offset, rules, columns, "values", reason, event_time, message_key,
        content, bytes, refused_at, dead_lettered_at
    FROM scoring.stream_refusal WHERE data_set = %s AND dead_lettered_at IS NULL
    ORDER BY refusal_id LIMIT %s FOR UPDATE SKIP LOCKED"""

_LISTED = """
    SELECT refusal_id, topic, partition_id, message_offset, rules, columns, "values", reason, event_time, message_key,
        content, bytes, refused_at, dead_lettered_at
    FROM scoring.stream_refusal WHERE data_set = %s ORDER BY refusal_id DESC LIMIT %s"""

_SENT = """
    UPDATE scoring.stream_refusal SET dead_lettered_at = clock_timestamp() WHERE refusal_id = ANY(%s)"""

MOST_KEY = 4096  # bytes of a key that are kept


@dataclass(frozen=True)
class Refused:
    """A row of table ``stream_refusal``."""

    refusal_id: int
    topic: str
    partition_id: int
    message_offset: int
    rules: list[str]
    columns: list[str]
    values: list[str | None]
    reason: str
    event_time: dt.datetime | None
    message_key: memoryview | None
    content: memoryview | None
    bytes: int
    refused_at: dt.datetime
    dead_lettered_at: dt.datetime | None


def add(connection: Connection, data_set: str, topic: str, refusals: Sequence[Refusal]) -> None:
    """Keep what was refused. What is larger than a message may be is kept without its content."""
    rows = [
        (
            data_set, topic, one.message.partition, one.message.offset, one.customer_id,
            [broken.rule for broken in one.broken], [broken.column for broken in one.broken],
            [broken.value for broken in one.broken], one.reason, one.message.event_time,
            None if one.message.key is None else Binary(one.message.key[:MOST_KEY]),
            None if one.message.value is None or one.message.size > LARGEST else Binary(one.message.value),
            one.message.size,
        )
        for one in refusals
    ]  # fmt: skip
    template = "(%s, %s, %s, %s, %s, %s::text[], %s::text[], %s::text[], %s, %s::timestamptz, %s::bytea, %s::bytea, %s)"
    if rows:
        with connection.cursor() as cursor:
            execute_values(cursor, _ADD, rows, template=template, page_size=100)


def waiting(connection: Connection, data_set: str, most: int) -> list[Refused]:
    """Refusals whose dead letters have to be sent, locked until the transaction ends."""
    return all_rows(connection, Refused, _WAITING, (data_set, most))


def note_sent(connection: Connection, refusal_ids: Sequence[int]) -> None:
    """Record that the broker has taken the dead letters."""
    execute(connection, _SENT, (list(refusal_ids),))


def listed(connection: Connection, data_set: str, most: int) -> list[Refused]:
    """The last refusals, the newest first."""
    return all_rows(connection, Refused, _LISTED, (data_set, most))


def count_waiting(connection: Connection, data_set: str) -> int:
    """How many dead letters have to be sent."""
    query = "SELECT count(*) FROM scoring.stream_refusal WHERE data_set = %s AND dead_lettered_at IS NULL"
    return int(value(connection, query, (data_set,)))
