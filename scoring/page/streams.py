"""What the page says of streams: what was read, what waits and since when, and what was refused by which rule."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.catalog import Catalog
from scoring.database import Connection, all_rows
from scoring.domain.streams import KafkaStream
from scoring.reconcile import observed
from scoring.reconcile.streams import DeadLettersSeen, StreamSeen, unread

BEHIND = dt.timedelta(minutes=5)  # so long may a message wait for a worker
LAST = 1000  # refusals that are counted by rule
RULES = 10  # that are shown

Word = Literal["read", "behind", "not read", "never read"]


@dataclass(frozen=True)
class RefusedBy:
    """A rule that some of the last refusals broke; ``column_name`` is empty if the whole message did."""

    data_set: str
    rule: str
    column_name: str
    count: int
    newest: dt.datetime


@dataclass(frozen=True)
class StreamLine:
    """A stream: by whom it is read and how that goes. ``read`` is None if the topic was never read."""

    data_set: str
    topic: str
    schedule: str | None
    word: Word
    read: StreamSeen | None
    dead_letters: DeadLettersSeen
    refused: list[RefusedBy]


# By an index, some of each data set: only the last ones are looked at.
_REFUSED = """
    SELECT data_set, rule, column_name, count(*) AS count, max(refused_at) AS newest
    FROM unnest(%(data_sets)s::text[]) AS d (name)
    CROSS JOIN LATERAL (
        SELECT data_set, rules, columns, refused_at FROM scoring.stream_refusal
        WHERE data_set = d.name ORDER BY refusal_id DESC LIMIT %(last)s) r
    CROSS JOIN LATERAL unnest(r.rules, r.columns) AS b (rule, column_name)
    GROUP BY data_set, rule, column_name ORDER BY data_set, count(*) DESC, rule, column_name"""


def streams(connection: Connection, catalog: Catalog, now: dt.datetime) -> list[StreamLine]:
    """All streams that are defined, by data set."""
    defined = {name: one.stream for name, one in sorted(catalog.data_sets.items()) if one.stream is not None}
    if not defined:
        return []
    names = list(defined)
    seen = observed.streams(connection, names)
    dead = {one.data_set: one for one in observed.dead_letters(connection, names)}
    refused = all_rows(connection, RefusedBy, _REFUSED, {"data_sets": names, "last": LAST})
    return [
        StreamLine(
            data_set=name,
            topic=stream.topic,
            schedule=stream.schedule,
            word=word(name, stream, [one for one in seen if one.data_set == name], now),
            read=next((one for one in seen if (one.data_set, one.topic) == (name, stream.topic)), None),
            dead_letters=dead[name],
            refused=[one for one in refused if one.data_set == name][:RULES],
        )
        for name, stream in defined.items()
    ]


def word(data_set: str, stream: KafkaStream, seen: Sequence[StreamSeen], now: dt.datetime) -> Word:
    """How the reading of a stream goes; ``seen`` are all topics that were ever read for its data set."""
    if not seen:
        return "never read"
    if any(unread(data_set, stream, seen, now)):
        return "not read"
    oldest = min((one.oldest_at for one in seen if one.topic == stream.topic and one.oldest_at), default=now)
    return "behind" if stream.schedule is None and now - oldest > BEHIND else "read"
