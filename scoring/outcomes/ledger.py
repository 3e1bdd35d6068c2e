"""The table ``outcome``: moments at which rows are recorded, single corrections, and the history of a customer."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, execute, one_or_none, value
from scoring.outcomes.batches import Origin


@dataclass(frozen=True)
class Outcome:
    """A row of table ``outcome``: ``author`` and ``reason`` are a person's, a single correction has no ``batch_id``."""

    outcome_id: int
    score: str
    as_of: dt.date
    customer_id: str
    value: float
    observed_at: dt.datetime
    recorded_at: dt.datetime
    origin: Origin
    batch_id: int | None
    author: str | None
    reason: str | None


_COLUMNS = (
    """outcome_id, score, as_of, customer_id, value, observed_at, recorded_at, origin, batch_id, author, reason"""
)

_OF_CUSTOMER = f"""
    SELECT {_COLUMNS} FROM scoring.outcome
    WHERE score = %s AND customer_id = %s AND as_of = coalesce(%s, as_of)"""  # noqa: S608 - our own text

_CORRECT = f"""
    INSERT INTO scoring.outcome (score, as_of, customer_id, value, observed_at, recorded_at, origin, author, reason)
    VALUES (%(score)s, %(as_of)s, %(customer_id)s, %(value)s, %(observed_at)s, %(recorded_at)s, 'human', %(author)s,
        %(reason)s)
    RETURNING {_COLUMNS}"""  # noqa: S608

_KNOWN_CUSTOMERS = """
    SELECT count(DISTINCT customer_id) FROM scoring.outcome WHERE score = %s AND as_of = %s"""


def moment(connection: Connection, score: str, as_ofs: Sequence[dt.date]) -> dt.datetime:
    """The time at which this transaction records rows of some cohorts: later than all that was recorded of them.

    Until it ends, nobody else records rows of these cohorts.
    """
    statement = "SELECT scoring.outcome_moment(%s, %s)"
    moments: list[dt.datetime] = [value(connection, statement, (score, as_of)) for as_of in sorted(as_ofs)]
    newest: dt.datetime = max(moments or [value(connection, "SELECT clock_timestamp()")])
    return newest


def of_customer(connection: Connection, score: str, customer_id: str, as_of: dt.date | None) -> list[Outcome]:
    """All that was ever recorded about a customer, by cohort and then in the order of recording."""
    order = " ORDER BY as_of, recorded_at, outcome_id"
    return all_rows(connection, Outcome, _OF_CUSTOMER + order, (score, customer_id, as_of))


def newest(
    connection: Connection, score: str, as_of: dt.date, customer_id: str, origin: Origin | None = None
) -> Outcome | None:
    """What was recorded last about a customer at one date, by anybody or by one origin."""
    condition = " AND origin = coalesce(%s, origin) ORDER BY recorded_at DESC, outcome_id DESC LIMIT 1"
    return one_or_none(connection, Outcome, _OF_CUSTOMER + condition, (score, customer_id, as_of, origin))


def correct(
    connection: Connection,
    *,
    score: str,
    as_of: dt.date,
    customer_id: str,
    value: float,
    observed_at: dt.datetime,
    recorded_at: dt.datetime,
    author: str,
    reason: str,
) -> Outcome:
    """Record a person's correction of one customer."""
    arguments = {name: given for name, given in locals().items() if name != "connection"}
    (found,) = all_rows(connection, Outcome, _CORRECT, arguments)
    return found


def known_customers(connection: Connection, score: str, as_of: dt.date) -> int:
    """Customers of a cohort with an outcome."""
    return int(value(connection, _KNOWN_CUSTOMERS, (score, as_of)))


def lock_corrections(connection: Connection, score: str) -> None:
    """Let only one file of corrections of a score be taken in at a time."""
    execute(connection, "SELECT pg_advisory_xact_lock(hashtextextended('outcome corrections ' || %s, 0))", (score,))
