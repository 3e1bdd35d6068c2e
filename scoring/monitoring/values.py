"""The published values of a publication, a chunk at a time: with segments, or beside the outcomes that are known."""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from psycopg2 import sql

from scoring.database import Connection, execute, value
from scoring.monitoring.copy_out import FLOAT, SMALL, read
from scoring.monitoring.counting import VALUE, Segment
from scoring.publishing.copy_format import encode
from scoring.publishing.publications import Publication, rows_table
from scoring.snapshots.lake import SnapshotFile

OUTCOME, ARM = "outcome", "arm"

_MEMBERS = "CREATE TEMPORARY TABLE member ({}) ON COMMIT DROP"

_BESIDE = """
    SELECT {columns} FROM {rows} s
    JOIN scoring.outcome_as_known({score}, {as_of}, {at}) o USING (customer_id) {members}"""

_SAMPLE = "SELECT value FROM {} ORDER BY hashtextextended(customer_id, 0), customer_id LIMIT {}"


def read_values(
    connection: Connection,
    publication_id: int,
    take: Callable[[pa.Table], None],
    *,
    segments: Sequence[Segment],
    customers: SnapshotFile,
    key: str,
) -> None:
    """Give all values of a publication to ``take``, in tables of the column ``VALUE`` and one for each segment.

    Memory: one such table. The segments of a customer stand in the snapshot; a temporary table joins them in the
    database, whatever their number.
    """
    execute(connection, "SET LOCAL synchronize_seqscans = off")  # the same order each time
    here = [segment for segment in segments if segment.column in customers.schema.names]
    table = rows_table(publication_id)
    if not here:
        query = sql.SQL("SELECT value FROM {}").format(table)
    else:
        write_members(connection, here, customers, key)
        codes = sql.SQL(", ").join(
            sql.SQL("coalesce(m.{}, -1)::smallint").format(code(place)) for place in range(len(here))
        )
        query = sql.SQL("SELECT s.value, {} FROM {} s LEFT JOIN member m USING (customer_id)").format(codes, table)
    fields = [(VALUE, FLOAT), *((segment.column, SMALL) for segment in here)]
    read(connection, query, fields, lambda rows: take(pa.table(dict(_columns(rows, here)))))
    if here:
        execute(connection, "DROP TABLE member")


def values_by(connection: Connection, publication_id: int, version: int) -> np.ndarray:
    """The values that a model version gave in a publication: float64 (rows,), 8 bytes each."""
    parts = [np.zeros(0)]
    query = sql.SQL("SELECT value FROM {} WHERE model_version = {}").format(
        rows_table(publication_id), sql.Literal(version)
    )
    read(connection, query, [(VALUE, FLOAT)], lambda rows: parts.append(rows[VALUE].astype(np.float64)))
    return np.concatenate(parts)


def count_by(connection: Connection, publication_id: int, version: int) -> int:
    """How many customers a model version scored in a publication."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE model_version = {}")
    return int(value(connection, query.format(rows_table(publication_id), sql.Literal(version))))


def sample_values(connection: Connection, publication_id: int, count: int) -> np.ndarray:
    """Values of ``count`` customers, float64, always the same ones of a publication; all if there are no more."""
    parts = [np.zeros(0)]
    query = sql.SQL(_SAMPLE).format(rows_table(publication_id), sql.Literal(count))
    read(connection, query, [(VALUE, FLOAT)], lambda rows: parts.append(rows[VALUE].astype(np.float64)))
    return np.concatenate(parts)


@dataclass(frozen=True)
class Beside:
    """Values beside known outcomes, of the customers that have one.

    ``values`` and ``outcomes`` are float64 (rows,); ``arms`` the place of each customer's arm (int16); ``codes`` that
    of its value in each segment (int16, -1 for none), by the segment's column.
    """

    values: np.ndarray
    outcomes: np.ndarray
    arms: np.ndarray
    codes: dict[str, np.ndarray]


def read_beside_outcomes(
    connection: Connection,
    publication: Publication,
    at: dt.datetime,
    *,
    arms: Sequence[str],
    segments: Sequence[Segment] = (),
    customers: SnapshotFile | None = None,
    key: str = "",
) -> Beside:
    """Values of a publication beside the outcomes as they were known at a time (raw values of the target).

    Memory: 18 bytes for a customer and 2 more for each segment, and what sorting them in the database takes there.
    """
    here = [segment for segment in segments if customers and segment.column in customers.schema.names]
    fields = [(VALUE, FLOAT), (OUTCOME, FLOAT), (ARM, SMALL), *((segment.column, SMALL) for segment in here)]
    codes = [sql.SQL("coalesce(m.{}, -1)::smallint").format(code(place)) for place in range(len(here))]
    query = sql.SQL(_BESIDE).format(
        columns=sql.SQL(", ").join(
            [
                sql.SQL("s.value, o.value, array_position({}, s.arm)::smallint - 1::smallint").format(
                    sql.Literal(list(arms))
                ),
                *codes,
            ]
        ),
        rows=rows_table(publication.publication_id),
        score=sql.Literal(publication.score),
        as_of=sql.Literal(publication.as_of),
        at=sql.Literal(at),
        members=sql.SQL("LEFT JOIN member m USING (customer_id)" if here else ""),
    )
    if here and customers:
        write_members(connection, here, customers, key)
    parts = [np.zeros(0, np.dtype(fields))]
    read(connection, query, fields, lambda rows: parts.append(rows[[name for name, _ in fields]]))
    if here:
        execute(connection, "DROP TABLE member")
    rows = np.concatenate(parts)
    return Beside(
        rows[VALUE].astype(np.float64),
        rows[OUTCOME].astype(np.float64),
        rows[ARM].astype(np.int16),
        {segment.column: rows[segment.column].astype(np.int16) for segment in here},
    )


def write_members(connection: Connection, segments: Sequence[Segment], customers: SnapshotFile, key: str) -> None:
    """Write the temporary table ``member``: the segments' values of each customer, in columns named by :func:`code`."""
    columns: list[sql.Composable] = [sql.SQL('customer_id text COLLATE "C"')]
    columns += [sql.SQL("{} smallint").format(code(place)) for place in range(len(segments))]
    execute(connection, sql.SQL(_MEMBERS).format(sql.SQL(", ").join(columns)))
    for table in customers.groups(list(dict.fromkeys([key, *(segment.column for segment in segments)]))):
        codes = {f"code_{place}": segment.codes(table) for place, segment in enumerate(segments)}
        rows = pa.table({"customer_id": table.column(key), **codes})
        with connection.cursor() as cursor:
            cursor.copy_expert("COPY member FROM STDIN (FORMAT binary)", io.BytesIO(encode(rows)))
    execute(connection, "ANALYZE member")


def code(place: int) -> sql.Identifier:
    """The column of ``member`` with the place of a customer's value in a segment."""
    return sql.Identifier(f"code_{place}")


def _columns(rows: np.ndarray, segments: Sequence[Segment]) -> Iterator[tuple[str, pa.Array]]:
    yield VALUE, pa.array(rows[VALUE].astype(np.float64))
    for segment in segments:
        codes = rows[segment.column].astype(np.int16)
        yield segment.column, pa.array(segment.values, pa.string()).take(pa.array(codes, mask=codes < 0))
