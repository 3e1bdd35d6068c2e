"""Outcomes "as known at" a time: the one way in which metrics and training sets read them."""

import datetime as dt

import pyarrow as pa

from scoring.database import Connection, value

SCHEMA = pa.schema([("customer_id", pa.string()), ("value", pa.float64())])

ROWS_AT_A_TIME = 50_000  # as Python's objects

_AS_KNOWN = """
    SELECT customer_id, value FROM scoring.outcome_as_known(%s, %s, %s) ORDER BY customer_id COLLATE "C" """


def as_known(connection: Connection, score: str, as_of: dt.date, at: dt.datetime) -> pa.Table:
    """The outcomes of a cohort as they were known at a time.

    At :func:`latest` and before, the answer never changes: each batch and correction is recorded later than all before.

    Parameters
    ----------
    score, as_of
        The cohort.
    at
        The time (aware): what was recorded then or before counts. A person's correction wins over the system.

    Returns
    -------
    pa.Table
        ``customer_id`` (string) and ``value`` (float64, the raw value of the target), one row per customer with a known
        outcome, in the order of ``customer_id`` (bytes).
    """
    batches = []
    with connection.cursor("outcomes_as_known") as cursor:  # stays on the server: rows come a page at a time
        cursor.execute(_AS_KNOWN, (score, as_of, at))
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            customers, values = zip(*rows, strict=True)
            batches.append(pa.record_batch([pa.array(customers, pa.string()), pa.array(values)], schema=SCHEMA))
    return pa.Table.from_batches(batches, SCHEMA)


def earliest(connection: Connection, score: str, as_of: dt.date) -> dt.datetime | None:
    """When the first outcome of a cohort was recorded; None if there is none."""
    first: dt.datetime | None = value(
        connection, "SELECT min(recorded_at) FROM scoring.outcome WHERE score = %s AND as_of = %s", (score, as_of)
    )
    return first


def latest(connection: Connection, score: str, as_of: dt.date) -> dt.datetime | None:
    """When the newest outcome of a cohort was recorded; None if there is none."""
    newest: dt.datetime | None = value(
        connection, "SELECT max(recorded_at) FROM scoring.outcome WHERE score = %s AND as_of = %s", (score, as_of)
    )
    return newest
