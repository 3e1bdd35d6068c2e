"""The table ``customer_update``: the newest update of each customer."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, execute, value
from scoring.streaming.order import At
from scoring.streaming.reading import Update

_NEWEST = """
    SELECT customer_id, event_time, message_offset, partition_id FROM scoring.customer_update
    WHERE data_set = %s AND customer_id = ANY(%s)"""

_CONTENT = """
    SELECT content::text FROM scoring.customer_update
    WHERE data_set = %s AND customer_id = %s AND topic = %s AND partition_id = %s AND message_offset = %s"""

_END_OF_PAGE = """
    SELECT max(customer_id) FROM (
        SELECT customer_id FROM scoring.customer_update WHERE data_set = %s AND customer_id > %s
        ORDER BY customer_id LIMIT %s) page"""

# The score of an update stands at the same place in the order of information.
_UNSCORED = """
    SELECT u.customer_id, u.event_time, u.topic, u.partition_id, u.message_offset, u.content::text AS content
    FROM scoring.customer_update u
    WHERE u.data_set = %(data_set)s AND u.customer_id > %(after)s AND u.customer_id <= %(last)s
        AND u.event_time >= coalesce(%(since)s::timestamptz, '-infinity')
        AND NOT EXISTS (
            SELECT FROM scoring.streamed_score t
            WHERE t.customer_id = u.customer_id AND t.score = %(score)s
                AND (t.event_time, t.message_offset, t.partition_id)
                    >= (u.event_time, u.message_offset, u.partition_id))
    ORDER BY u.customer_id LIMIT %(most)s"""

_PUT = """
    INSERT INTO scoring.customer_update (data_set, customer_id, event_time, topic, partition_id, message_offset,
        content)
    SELECT %(data_set)s, u.customer_id, u.event_time, %(topic)s, u.partition_id, u.message_offset, u.content::json
    FROM unnest(%(customer)s::text[], %(event_time)s::timestamptz[], %(partition)s::integer[], %(offset)s::bigint[],
        %(content)s::text[]) AS u (customer_id, event_time, partition_id, message_offset, content)
    ON CONFLICT (data_set, customer_id) DO UPDATE SET event_time = excluded.event_time, topic = excluded.topic,
        partition_id = excluded.partition_id, message_offset = excluded.message_offset, content = excluded.content,
        received_at = excluded.received_at"""


@dataclass(frozen=True)
class Kept:
    """A row of table ``customer_update``."""

    customer_id: str
    event_time: dt.datetime
    topic: str
    partition_id: int
    message_offset: int
    content: str


def content_of(
    connection: Connection, data_set: str, customer: str, *, topic: str, partition: int, offset: int
) -> str | None:
    """The record of a customer as it was written, if this update of theirs is the newest one."""
    found = value(connection, _CONTENT, (data_set, customer, topic, partition, offset))
    return None if found is None else str(found)


def newest(connection: Connection, data_set: str, customers: Iterable[str]) -> dict[str, At]:
    """Where the newest update of each customer stands; without those that have none."""
    found = all_rows(connection, dict, _NEWEST, (data_set, sorted(set(customers))))
    return {row["customer_id"]: At(row["event_time"], row["message_offset"], row["partition_id"]) for row in found}


def end_of_page(connection: Connection, data_set: str, after: str, most: int) -> str | None:
    """The last of the next customers with an update, at most so many; None if there are no more."""
    found = value(connection, _END_OF_PAGE, (data_set, after, most))
    return None if found is None else str(found)


def unscored(
    connection: Connection, data_set: str, score: str, page: tuple[str, str], *, since: dt.datetime | None, most: int
) -> list[Kept]:
    """Updates that a score has no score of, by customer.

    Parameters
    ----------
    page
        The customers that are looked at: those after the first name, up to the second.
    since
        The earliest event time; None: of any time.
    """
    after, last = page
    names = {"data_set": data_set, "score": score, "after": after, "last": last, "since": since, "most": most}
    return all_rows(connection, Kept, _UNSCORED, names)


def put(connection: Connection, data_set: str, topic: str, accepted: Sequence[Update]) -> None:
    """Keep the newest of the updates of each customer; they come in the order of information."""
    last = {one.customer_id: one for one in accepted}
    rows = [last[name] for name in sorted(last)]
    if rows:
        given = {
            "data_set": data_set,
            "topic": topic,
            "customer": [one.customer_id for one in rows],
            "event_time": [one.at.event_time for one in rows],
            "partition": [one.at.partition for one in rows],
            "offset": [one.at.offset for one in rows],
            "content": [(one.message.value or b"").decode() for one in rows],
        }
        execute(connection, _PUT, given)
