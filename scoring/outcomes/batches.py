"""The tables ``outcome_batch`` and ``outcome_refused``: what was delivered, and what was refused of it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from scoring.database import Connection, all_rows, execute, one_or_none, value

Origin = Literal["system", "human"]


@dataclass(frozen=True)
class Batch:
    """A row of table ``outcome_batch``; ``as_of`` is None for a file of corrections."""

    batch_id: int
    score: str
    as_of: dt.date | None
    origin: Origin
    source: str
    digest: str
    author: str | None
    received: int
    recorded: int
    unchanged: int
    quarantined: int
    duplicates: int
    others: int
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Refused:
    """A row of table ``outcome_refused``."""

    row_number: int
    customer_id: str | None
    reason: str
    content: dict[str, Any]


_SELECT = """
    SELECT batch_id, score, as_of, origin, source, digest, author, received, recorded, unchanged, quarantined,
        duplicates, others, recorded_at
    FROM scoring.outcome_batch """

_INSERT = """
    INSERT INTO scoring.outcome_batch (batch_id, score, as_of, origin, source, digest, author, received, recorded,
        unchanged, quarantined, duplicates, others, recorded_at)
    VALUES (%(batch_id)s, %(score)s, %(as_of)s, %(origin)s, %(source)s, %(digest)s, %(author)s, %(received)s,
        %(recorded)s, %(unchanged)s, %(quarantined)s, %(duplicates)s, %(others)s, %(recorded_at)s)"""

_KEEP_REFUSED = """
    INSERT INTO scoring.outcome_refused (batch_id, row_number, customer_id, reason, content)
    SELECT %s, row_number, customer_id, flaw, json_build_object('customer_id', customer_id,
        'as_of', coalesce(as_of_written, as_of::text), 'value', coalesce(value_written, value::text),
        'observed_at', observed_at_written, 'reason', reason)
    FROM outcome_received WHERE flaw IS NOT NULL ORDER BY row_number"""

_REFUSED = """
    SELECT row_number, customer_id, reason, content FROM scoring.outcome_refused WHERE batch_id = %s
    ORDER BY row_number LIMIT %s"""

_REASONS = """
    SELECT reason, count(*) FROM scoring.outcome_refused WHERE batch_id = %s GROUP BY reason ORDER BY 2 DESC, 1"""


def next_id(connection: Connection) -> int:
    """The id of the next batch: its outcomes are written before its counts are known, and nothing is updated."""
    return int(value(connection, "SELECT nextval(pg_get_serial_sequence('scoring.outcome_batch', 'batch_id'))"))


def newest(connection: Connection, score: str, as_of: dt.date | None, source: str) -> Batch | None:
    """The last batch of one source."""
    condition = """WHERE score = %s AND as_of IS NOT DISTINCT FROM %s AND source = %s
        ORDER BY batch_id DESC LIMIT 1"""
    return one_or_none(connection, Batch, _SELECT + condition, (score, as_of, source))


def add(connection: Connection, batch: Batch) -> None:
    """Record a batch and the rows that it refuses: those of the temporary table of :mod:`scoring.outcomes.received`."""
    execute(connection, _INSERT, vars(batch))
    if batch.quarantined:
        execute(connection, _KEEP_REFUSED, (batch.batch_id,))


def exists(connection: Connection, batch_id: int) -> bool:
    """Whether there is a batch of that id."""
    return bool(value(connection, "SELECT EXISTS (SELECT FROM scoring.outcome_batch WHERE batch_id = %s)", (batch_id,)))


def refused(connection: Connection, batch_id: int, limit: int) -> list[Refused]:
    """The first refused rows of a batch."""
    return all_rows(connection, Refused, _REFUSED, (batch_id, limit))


def reasons(connection: Connection, batch_id: int) -> Iterator[tuple[str, int]]:
    """How many rows were refused for each reason, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, (batch_id,))
        yield from cursor.fetchall()
