"""The table ``shard``: the pieces of a publication, each of which writes rows to the publication's own table."""

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extras import Json

from scoring.database import Connection, all_rows, execute, insert, one_or_none, value

# The columns that a shard writes, in this order; publication_id is a default of the table.
COPIED = ("customer_id", "value", "points", "band", "arm", "model_version")
REASONS = ("reasons", "contributions")  # and these, if the publication stores them


@dataclass(frozen=True)
class Shard:
    """Row groups ``first_group`` to ``first_group + groups - 1`` of the snapshot; ``rows`` once it is done."""

    shard: int
    first_group: int
    groups: int
    rows: int | None = None
    group_digests: list[str] | None = None


_SELECT = "SELECT shard, first_group, groups, rows, group_digests FROM scoring.shard "

_ADD = "INSERT INTO scoring.shard (publication_id, shard, first_group, groups) VALUES %s"

# A shard's mark commits with its rows, so the rows of a finished shard need no check.
_FINISH = """
    UPDATE scoring.shard SET rows = %s, group_digests = %s, predictors = %s, done_at = now()
    WHERE publication_id = %s AND shard = %s"""

_WRITTEN = """
    SELECT coalesce(sum(s.rows), 0)::bigint FROM scoring.shard s JOIN scoring.publication p USING (publication_id)
    WHERE p.score = ANY(%s) AND p.as_of = %s"""


def add(connection: Connection, publication_id: int, planned: Sequence[Shard]) -> None:
    """Write the planned shards of a publication."""
    insert(connection, _ADD, [(publication_id, shard.shard, shard.first_group, shard.groups) for shard in planned])


def of_publication(connection: Connection, publication_id: int) -> list[Shard]:
    """The shards of a publication."""
    return all_rows(connection, Shard, _SELECT + "WHERE publication_id = %s ORDER BY shard", (publication_id,))


def lock(connection: Connection, publication_id: int, shard: int) -> Shard | None:
    """Lock and return a shard; a second run of it waits until the transaction ends, then finds it done."""
    condition = "WHERE publication_id = %s AND shard = %s FOR UPDATE"
    return one_or_none(connection, Shard, _SELECT + condition, (publication_id, shard))


def copy_rows(connection: Connection, table: sql.Composed, rows: bytes, columns: Sequence[str] = COPIED) -> None:
    """COPY rows of these columns, in the binary format, into the publication's own table."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table, names)
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, io.BytesIO(rows), size=1 << 20)


def finish(
    connection: Connection,
    publication_id: int,
    shard: int,
    *,
    rows: int,
    group_digests: list[str],
    predictors: Mapping[str, str],
) -> None:
    """Mark a shard as done, in the transaction that wrote its rows; ``predictors`` says what predicted, by arm."""
    execute(connection, _FINISH, (rows, group_digests, Json(dict(predictors)), publication_id, shard))


def predictors(connection: Connection, publication_id: int, arm: str) -> list[str]:
    """What predicted in an arm of a publication, each once; empty where an earlier release did not record it."""
    query = """SELECT DISTINCT predictors ->> %s AS predictor FROM scoring.shard
        WHERE publication_id = %s AND predictors ? %s ORDER BY 1"""
    return [row["predictor"] for row in all_rows(connection, dict, query, (arm, publication_id, arm))]


def rows_written(connection: Connection, scores: Sequence[str], as_of: dt.date) -> int:
    """Rows that the shards of some scores at one date have written so far, over all publications."""
    return int(value(connection, _WRITTEN, (list(scores), as_of)))
