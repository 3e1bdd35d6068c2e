"""Receives a query's rows by COPY in a thread, so that the server writes rows while the former ones are checked."""

import queue
import socket
import threading
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import psycopg2
from psycopg2 import sql

from scoring.database import Connection

PIECE_BYTES = 4 << 20
WAITING = 2  # pieces between the two threads
_QUOTE, _LINE_END = b'"', b"\n"

# The client says the encoding, whatever its environment says. A NULL is an empty cell, an empty text is "".
_COPY = sql.SQL("COPY ({}\n) TO STDOUT (FORMAT csv, ENCODING 'UTF8')")


def copied(connection: Connection, query: str, *, piece_bytes: int = PIECE_BYTES) -> Generator[bytes, None, None]:
    """The query's rows as CSV in UTF-8, in pieces of whole rows; memory is some ``piece_bytes`` and one row.

    Closing it before its end leaves a connection that cannot be used any more.

    Raises
    ------
    psycopg2.Error
        If the query fails or the connection breaks off.
    """
    pieces = _Pieces(piece_bytes)
    copying = threading.Thread(target=_copy, args=(connection, query, pieces), name="COPY", daemon=True)
    copying.start()
    try:
        while (piece := pieces.next()) is not None:
            yield piece
    finally:
        pieces.abandon()
        if copying.is_alive():
            _hang_up(connection)
        copying.join()


def _copy(connection: Connection, query: str, pieces: "_Pieces") -> None:
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert(_COPY.format(sql.SQL(query)), pieces)
        pieces.end(None)
    except Exception as error:  # noqa: BLE001 - raised again where the pieces are read
        pieces.end(error)


def _hang_up(connection: Connection) -> None:
    """End a COPY whose server may not send anything for long: libpq then sees the end of the connection."""
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=socket.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)  # fails if it has broken off on its own


class _Abandoned(Exception):
    """Nobody reads the pieces any more."""


class _Pieces:
    """Where COPY writes to in one thread, and another takes pieces of whole rows from.

    A row ends at a line end that is not within quotation marks. The protocol promises no message for each row.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: list[bytes] = []
        self._count = self._quotes = 0
        self._queue: queue.Queue[bytes | Exception | None] = queue.Queue(WAITING)
        self._abandoned = threading.Event()

    def write(self, data: bytes) -> int:
        """Take what the server sent; waits while enough pieces are there."""
        self._held.append(data)
        self._count += len(data)
        self._quotes += data.count(_QUOTE)
        if self._count >= self._size and self._quotes % 2 == 0 and data.endswith(_LINE_END):
            self._pass_on()
        return len(data)

    def end(self, error: Exception | None) -> None:
        """There are no more rows, or none because of an error."""
        if self._abandoned.is_set():
            return
        try:
            if self._held and error is None:
                self._pass_on()
            self._put(error)
        except _Abandoned:
            return

    def next(self) -> bytes | None:
        """The next piece, None at the end."""
        found = self._queue.get()
        if isinstance(found, Exception):
            raise found
        return found

    def abandon(self) -> None:
        """Let nobody wait for room any more."""
        self._abandoned.set()
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                return

    def _pass_on(self) -> None:
        piece = b"".join(self._held)
        self._held, self._count, self._quotes = [], 0, 0
        self._put(piece)

    def _put(self, found: Any) -> None:
        if self._abandoned.is_set():
            raise _Abandoned
        self._queue.put(found)
