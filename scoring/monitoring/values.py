"""The published values of a publication as tables, a chunk at a time, each customer with the segments it is in.

Rows are read as PostgreSQL's binary COPY gives them: of a fixed length, because no field is null.
"""

import io
import struct
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from psycopg2 import sql

from scoring.database import Connection, execute
from scoring.monitoring.counting import VALUE, Segment
from scoring.publishing.copy_format import encode
from scoring.publishing.publications import rows_table
from scoring.snapshots.lake import SnapshotFile

ROWS_AT_A_TIME = 200_000
HEADER = 19  # signature, flags and length of the extension
END = struct.pack(">h", -1)

_MEMBERS = "CREATE TEMPORARY TABLE member ({}) ON COMMIT DROP"

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
        _write_members(connection, here, customers, key)
        codes = sql.SQL(", ").join(
            sql.SQL("coalesce(m.{}, -1)::smallint").format(_code(place)) for place in range(len(here))
        )
        query = sql.SQL("SELECT s.value, {} FROM {} s LEFT JOIN member m USING (customer_id)").format(codes, table)
    sink = _Sink(here, take)
    with connection.cursor() as cursor:
        cursor.copy_expert(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query), sink)
    sink.close()
    if here:
        execute(connection, "DROP TABLE member")


def sample_values(connection: Connection, publication_id: int, count: int) -> np.ndarray:
    """Values of ``count`` customers, float64, always the same ones of a publication; all if there are no more."""
    tables: list[pa.Table] = []
    sink = _Sink((), tables.append)
    query = sql.SQL(_SAMPLE).format(rows_table(publication_id), sql.Literal(count))
    with connection.cursor() as cursor:
        cursor.copy_expert(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query), sink)
    sink.close()
    return np.concatenate([table.column(VALUE).to_numpy() for table in tables] or [np.zeros(0)])


def _write_members(connection: Connection, segments: Sequence[Segment], customers: SnapshotFile, key: str) -> None:
    columns: list[sql.Composable] = [sql.SQL('customer_id text COLLATE "C"')]
    columns += [sql.SQL("{} smallint").format(_code(place)) for place in range(len(segments))]
    execute(connection, sql.SQL(_MEMBERS).format(sql.SQL(", ").join(columns)))
    for table in customers.groups(list(dict.fromkeys([key, *(segment.column for segment in segments)]))):
        codes = {f"code_{place}": segment.codes(table) for place, segment in enumerate(segments)}
        rows = pa.table({"customer_id": table.column(key), **codes})
        with connection.cursor() as cursor:
            cursor.copy_expert("COPY member FROM STDIN (FORMAT binary)", io.BytesIO(encode(rows)))
    execute(connection, "ANALYZE member")


def _code(place: int) -> sql.Identifier:
    return sql.Identifier(f"code_{place}")


class _Sink:
    """Takes a binary COPY of a value and of a code for each segment, and hands them on as tables."""

    def __init__(self, segments: Sequence[Segment], take: Callable[[pa.Table], None]) -> None:
        fields = [("fields", ">i2"), ("length", ">i4"), (VALUE, ">f8")]
        for segment in segments:
            fields += [(f"length of {segment.column}", ">i4"), (segment.column, ">i2")]
        self._row, self._segments, self._take = np.dtype(fields), segments, take
        self._waiting, self._begun = bytearray(), False

    def write(self, data: bytes) -> int:
        """Take bytes in."""
        self._waiting += data
        if not self._begun and len(self._waiting) >= HEADER:
            del self._waiting[:HEADER]
            self._begun = True
        if len(self._waiting) >= ROWS_AT_A_TIME * self._row.itemsize:
            whole = len(self._waiting) // self._row.itemsize * self._row.itemsize
            self._hand_on(bytes(self._waiting[:whole]))
            del self._waiting[:whole]
        return len(data)

    def close(self) -> None:
        """Hand on what is left."""
        rest = bytes(self._waiting).removesuffix(END)
        if rest:
            self._hand_on(rest)

    def _hand_on(self, content: bytes) -> None:
        rows = np.frombuffer(content, self._row)
        self._take(pa.table(dict(self._columns(rows))))

    def _columns(self, rows: np.ndarray) -> Iterator[tuple[str, pa.Array]]:
        yield VALUE, pa.array(rows[VALUE].astype(np.float64))
        for segment in self._segments:
            codes = rows[segment.column].astype(np.int16)
            yield segment.column, pa.array(segment.values, pa.string()).take(pa.array(codes, mask=codes < 0))
