"""Cuts a stream of batches of any size into batches of one size."""

from collections.abc import Iterator

import pyarrow as pa

MAX_BATCH_BYTES = 256 << 20  # far below the 2 GiB that one Arrow array of strings can hold


def rechunk(
    batches: Iterator[pa.RecordBatch], rows: int, *, max_bytes: int = MAX_BATCH_BYTES
) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order, in batches of ``rows`` rows; the last may have fewer, but no batch is empty.

    A batch also ends where it would exceed ``max_bytes``, so that memory stays bounded.
    """
    held: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        for piece in _pieces(batch, max_bytes):
            if count and size + piece.nbytes > max_bytes:
                yield _joined(held)
                held, count, size = [], 0, 0
            held.append(piece)
            count, size = count + piece.num_rows, size + piece.nbytes
            while count >= rows:
                table = pa.Table.from_batches(held)
                yield _whole(table.slice(0, rows))
                rest = table.slice(rows)
                held, count, size = rest.to_batches(), rest.num_rows, rest.nbytes
    if count:
        yield _joined(held)


def _pieces(batch: pa.RecordBatch, max_bytes: int) -> Iterator[pa.RecordBatch]:
    """The batch, or halves of it, until each has at most ``max_bytes`` or one row."""
    if batch.num_rows > 1 and batch.nbytes > max_bytes:
        half = batch.num_rows // 2
        yield from _pieces(batch.slice(0, half), max_bytes)
        yield from _pieces(batch.slice(half), max_bytes)
    else:
        yield batch


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return _whole(pa.Table.from_batches(batches))


def _whole(table: pa.Table) -> pa.RecordBatch:
    (batch,) = table.combine_chunks().to_batches()
    return batch
