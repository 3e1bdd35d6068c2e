"""The table ``retirement``: what was removed. A row without an end is work that the next run finishes."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from scoring.database import Connection, all_rows, connect, execute, value
from scoring.errors import TransientError

ROWS = 10_000  # removed in one transaction

_BEGIN = """
    INSERT INTO scoring.retirement (kind, what, rows, bytes) VALUES (%s, %s, %s, %s)
    ON CONFLICT (kind, what) WHERE done_at IS NULL DO UPDATE
        SET rows = retirement.rows + excluded.rows, bytes = coalesce(retirement.bytes, 0) + excluded.bytes"""

_END = """
    UPDATE scoring.retirement SET done_at = clock_timestamp()
    WHERE kind = %s AND what = coalesce(%s, what) AND done_at IS NULL"""


def begin(connection: Connection, kind: str, what: str, rows: int, size: int | None = None) -> None:
    """Note that ``rows`` rows, or a thing with so many, are removed; belongs into the transaction that does it."""
    execute(connection, _BEGIN, (kind, what, rows, size))


def end(connection: Connection, kind: str, what: str | None = None) -> None:
    """Note that nothing is left of it; of all of a kind without ``what``."""
    execute(connection, _END, (kind, what))


def forget(connection: Connection, kind: str, what: str) -> None:
    """It was not removed after all."""
    execute(
        connection, "DELETE FROM scoring.retirement WHERE kind = %s AND what = %s AND done_at IS NULL", (kind, what)
    )


def unfinished(connection: Connection, kind: str) -> list[str]:
    """What of a kind was begun and not finished."""
    query = "SELECT what FROM scoring.retirement WHERE kind = %s AND done_at IS NULL ORDER BY retirement_id"
    return [row["what"] for row in all_rows(connection, dict, query, (kind,))]


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Let only one run remove things at a time.

    Raises
    ------
    TransientError
        If another one is at it.
    """
    with autocommitting(url) as connection:
        if not value(connection, "SELECT pg_try_advisory_lock(hashtext('scoring.maintain'))"):
            raise TransientError("Another `scoring maintain` is running.", remedy="Wait for its end.")
        yield
        value(connection, "SELECT pg_advisory_unlock(hashtext('scoring.maintain'))")  # at once; closing takes a moment


@contextmanager
def autocommitting(url: str) -> Iterator[Connection]:
    """A connection each of whose statements is a transaction; errors as of :func:`scoring.database.connect`."""
    with connect(url) as connection:
        connection.autocommit = True
        yield connection


@contextmanager
def not_under_hold(connection: Connection) -> Iterator[None]:
    """A transaction that removes something: a legal hold is placed before it, so that it counts, or after it."""
    with connection:
        execute(connection, "SELECT pg_advisory_xact_lock_shared(hashtext('scoring.legal_hold'))")
        yield


def in_batches(
    connection: Connection, kind: str, now: dt.datetime, statement: str, arguments: Sequence[object] = ()
) -> int:
    """Repeat a statement that removes at most as many rows as its last argument says, until none is left.

    Each time is a transaction of its own, with the record of it; returns the number of rows.
    """
    removed = 0
    while True:
        with not_under_hold(connection):
            rows = execute(connection, statement, (*arguments, ROWS))
            if rows:
                begin(connection, kind, f"{now:%Y-%m-%d}", rows)
            else:
                end(connection, kind)
        removed += rows
        if not rows:
            return removed
