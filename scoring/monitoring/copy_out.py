"""Reads numbers by binary COPY, a chunk at a time; rows are of a fixed length, because no field is null."""

import struct
from collections.abc import Callable, Sequence

import numpy as np
from psycopg2 import sql

from scoring.database import Connection

ROWS_AT_A_TIME = 200_000
HEADER = 19  # signature, flags and length of the extension
END = struct.pack(">h", -1)

FLOAT, SMALL, BIG = ">f8", ">i2", ">i8"  # a double precision, a smallint and a bigint as COPY sends them


def read(
    connection: Connection,
    query: sql.Composable,
    fields: Sequence[tuple[str, str]],
    take: Callable[[np.ndarray], None],
) -> None:
    """Give all rows of a query to ``take``, in structured arrays; memory: one such array.

    Parameters
    ----------
    fields
        Name and type (:data:`FLOAT`, :data:`SMALL` or :data:`BIG`) of each column of the query; none may be null.
    """
    sink = _Sink(fields, take)
    with connection.cursor() as cursor:
        cursor.copy_expert(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query), sink)
    sink.close()


class _Sink:
    """A file to which COPY writes."""

    def __init__(self, fields: Sequence[tuple[str, str]], take: Callable[[np.ndarray], None]) -> None:
        layout = [("fields", SMALL)]
        for name, kind in fields:
            layout += [(f"length of {name}", ">i4"), (name, kind)]
        self._row, self._take = np.dtype(layout), take
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
        self._take(np.frombuffer(content, self._row))
