"""Received rows in a temporary table of the transaction: copied in batch by batch, then judged and recorded as sets."""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from scoring.database import Connection, column, execute, one
from scoring.outcomes.batches import Origin
from scoring.outcomes.cohorts import Cohort
from scoring.outcomes.matching import LOOKED_AT
from scoring.publishing.copy_format import encode
from scoring.snapshots.forgotten import Forgotten
from scoring.snapshots.writing import ContentDigest

UNKNOWN_CUSTOMER = "unknown customer"
UNKNOWN_COHORT = "unknown cohort: the score is not published at this date"
CONFLICT = "conflicting values for one customer"

# In the order of the columns; dates and times as values.since_2000 gives them.
SCHEMA = pa.schema(
    [
        ("row_number", pa.int32()),
        ("as_of", pa.int32()),
        ("customer_id", pa.string()),
        ("value", pa.float64()),
        ("observed_at", pa.int64()),
        ("reason", pa.string()),
        ("flaw", pa.string()),
        ("as_of_written", pa.string()),
        ("value_written", pa.string()),
        ("observed_at_written", pa.string()),
    ]
)

_CREATE = """
    CREATE TEMPORARY TABLE outcome_received (
        row_number integer NOT NULL, as_of date, customer_id text COLLATE "C", value double precision,
        observed_at timestamptz, reason text, flaw text, as_of_written text, value_written text,
        observed_at_written text, repeated boolean NOT NULL DEFAULT false
    ) ON COMMIT DROP"""

_COPY = f"COPY outcome_received ({', '.join(SCHEMA.names)}) FROM STDIN (FORMAT binary)"

# Publications are given by id, so that no other partition of the table is read.
_IN_COHORT = """
    SELECT FROM scoring.score s JOIN scoring.publication p USING (publication_id)
    WHERE s.publication_id = ANY(%(publications)s) AND p.publication_id = ANY(%(publications)s)
        AND p.as_of = r.as_of AND s.customer_id = r.customer_id"""

_LEAVE_OUT_OTHERS = f"DELETE FROM outcome_received r WHERE NOT EXISTS ({_IN_COHORT})"  # noqa: S608 - our own text

_REFUSE_COHORTS = """
    UPDATE outcome_received SET flaw = %(flaw)s WHERE flaw IS NULL AND as_of <> ALL(%(as_ofs)s::date[])"""

_REFUSE_STRANGERS = f"""
    UPDATE outcome_received r SET flaw = %(flaw)s WHERE flaw IS NULL AND NOT EXISTS ({_IN_COHORT})"""  # noqa: S608

# Customers with several rows are few: they are found in one pass over all rows, and then looked at by themselves.
_FIND_SEVERAL = """
    CREATE TEMPORARY TABLE outcome_several ON COMMIT DROP AS
    SELECT as_of, customer_id, min(value) <> max(value) AS torn FROM outcome_received WHERE flaw IS NULL
    GROUP BY as_of, customer_id HAVING count(*) > 1"""

_REFUSE_CONFLICTS = """
    UPDATE outcome_received r SET flaw = %(flaw)s FROM outcome_several s
    WHERE r.flaw IS NULL AND s.torn AND r.as_of = s.as_of AND r.customer_id = s.customer_id"""

# Of rows that say the same the one observed first stays.
_MARK_REPEATED = """
    UPDATE outcome_received r SET repeated = true
    FROM (SELECT row_number,
              row_number() OVER (PARTITION BY as_of, customer_id ORDER BY observed_at, row_number) AS place
          FROM outcome_received JOIN outcome_several USING (as_of, customer_id)
          WHERE flaw IS NULL) ranked
    WHERE r.row_number = ranked.row_number AND ranked.place > 1"""

# New is what differs from what the same origin said last; a person who gives another reason says something new.
_RECORD = """
    WITH said AS (
        SELECT DISTINCT ON (as_of, customer_id) as_of, customer_id, value, author, reason FROM scoring.outcome
        WHERE score = %(score)s AND as_of = ANY(%(as_ofs)s::date[]) AND origin = %(origin)s
        ORDER BY as_of, customer_id, recorded_at DESC, outcome_id DESC
    ), compared AS MATERIALIZED (
        SELECT r.as_of, r.customer_id, r.value, r.observed_at, r.reason,
            (s.value, s.author, s.reason) IS NOT DISTINCT FROM (r.value, %(author)s::text, r.reason) AS unchanged
        FROM outcome_received r LEFT JOIN said s USING (as_of, customer_id)
        WHERE r.flaw IS NULL AND NOT r.repeated
    ), added AS (
        INSERT INTO scoring.outcome
            (score, as_of, customer_id, value, observed_at, recorded_at, origin, batch_id, author, reason)
        SELECT %(score)s, as_of, customer_id, value, observed_at, %(recorded_at)s, %(origin)s, %(batch_id)s,
            %(author)s, reason
        FROM compared WHERE NOT unchanged ORDER BY as_of, customer_id
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM added) AS recorded, (SELECT count(*) FROM compared WHERE unchanged) AS unchanged"""

_COUNT = """
    SELECT count(*) AS received, count(*) FILTER (WHERE flaw IS NOT NULL) AS quarantined,
        count(*) FILTER (WHERE repeated) AS duplicates
    FROM outcome_received"""


@dataclass(frozen=True)
class Judgement:
    """How many rows there are, and how many of them were refused or repeat another."""

    received: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True)
class Recorded:
    """How many rows said something new, and how many did not."""

    recorded: int
    unchanged: int


def create(connection: Connection) -> None:
    """Make the table; it ends with the transaction, which may use a little more memory for its joins."""
    execute(connection, "SET LOCAL work_mem = '64MB'")
    execute(connection, _CREATE)


def copy(connection: Connection, rows: pa.Table) -> None:
    """Add rows of :data:`SCHEMA`; a column that is missing is null."""
    missing = [field for field in SCHEMA if field.name not in rows.column_names]
    for field in missing:
        rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY, io.BytesIO(encode(rows.select(SCHEMA.names).cast(SCHEMA))), size=1 << 20)


@dataclass(frozen=True)
class Copied:
    """A digest of all batches, and how many of their rows were left out: those of persons who were forgotten."""

    digest: str
    others: int


def copy_all(
    connection: Connection,
    batches: Iterator[pa.RecordBatch],
    judge: Callable[[pa.RecordBatch, int], pa.Table],
    gone: Forgotten,
) -> Copied:
    """Add what ``judge`` makes of each batch and the number of its first row, without persons who were forgotten."""
    content, rows, others = None, 0, 0
    for batch in batches:
        content = content or ContentDigest(batch.schema)
        content.update(batch)
        judged = judge(batch, rows + 1)
        theirs = gone.marks(judged.column("customer_id"))
        others += int(theirs.sum())
        copy(connection, judged.filter(pa.array(~theirs)) if theirs.any() else judged)
        rows += batch.num_rows
    return Copied(content.hexdigest() if content else "", others)


def some_customers(connection: Connection) -> pa.Array:
    """Some of the customers (string) that rows are about, whether or not they can be used."""
    query = "SELECT customer_id FROM outcome_received WHERE customer_id IS NOT NULL LIMIT %s"
    return pa.array(column(connection, query, (LOOKED_AT,)), pa.string())


def as_ofs(connection: Connection) -> list[dt.date]:
    """The dates that rows without a flaw are about, in order."""
    return column(connection, "SELECT DISTINCT as_of FROM outcome_received WHERE flaw IS NULL ORDER BY 1")


def leave_out_others(connection: Connection, cohort: Cohort) -> int:
    """Take the rows of customers out that are not in the cohort; returns how many."""
    execute(connection, "ANALYZE outcome_received")
    return execute(connection, _LEAVE_OUT_OTHERS, {"publications": [cohort.publication_id]})


def refuse_strangers(connection: Connection, cohorts: Sequence[Cohort]) -> None:
    """Refuse the rows of unknown cohorts, and those of customers that are not in them."""
    execute(connection, "ANALYZE outcome_received")
    known = {
        "as_ofs": [cohort.as_of for cohort in cohorts],
        "publications": [cohort.publication_id for cohort in cohorts],
    }
    execute(connection, _REFUSE_COHORTS, known | {"flaw": UNKNOWN_COHORT})
    execute(connection, _REFUSE_STRANGERS, known | {"flaw": UNKNOWN_CUSTOMER})


def refuse_contradictions(connection: Connection) -> None:
    """Refuse the rows of a customer that say different things, and mark those that say the same again."""
    if execute(connection, _FIND_SEVERAL):
        execute(connection, "ANALYZE outcome_several")
        execute(connection, _REFUSE_CONFLICTS, {"flaw": CONFLICT})
        execute(connection, _MARK_REPEATED)


def count(connection: Connection) -> Judgement:
    """What became of the rows so far."""
    return one(connection, Judgement, _COUNT)


def record(
    connection: Connection,
    *,
    score: str,
    as_ofs: Sequence[dt.date],
    origin: Origin,
    batch_id: int,
    author: str | None,
    recorded_at: dt.datetime,
) -> Recorded:
    """Write what says something new to table ``outcome``."""
    arguments = {
        "score": score,
        "as_ofs": list(as_ofs),
        "origin": origin,
        "batch_id": batch_id,
        "author": author,
        "recorded_at": recorded_at,
    }
    return one(connection, Recorded, _RECORD, arguments)
