"""Writes the file of a snapshot, and digests its content: what the rows say, however they are stored."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scoring.domain.definition import digest_of

DIGEST_KEY = "scoring.snapshot_digest"  # in the file's own metadata
ERASED_KEY = "scoring.erased"  # places, as accepted, of rows that left because their persons were forgotten (JSON)


class ContentDigest:
    """SHA-256 of the rows' values in order; independent of chunks, file format and compression."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._parts = {name: [hashlib.sha256() for _ in range(3)] for name in schema.names}
        self._rows = 0

    def update(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Add rows."""
        self._rows += batch.num_rows
        for name in self._schema.names:
            column = batch.column(name)
            for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
                for part, data in zip(self._parts[name], _canonical(chunk), strict=True):
                    part.update(data)

    def hexdigest(self, **context: Any) -> str:
        """The digest (64 hex digits) of all rows so far and of ``context``."""
        columns = {name: [part.hexdigest() for part in parts] for name, parts in self._parts.items()}
        return digest_of({"schema": str(self._schema), "rows": self._rows, "columns": columns, **context})


def _canonical(array: pa.Array) -> tuple[Any, Any, Any]:
    """An array's nulls, text lengths and values as bytes; equal values give equal bytes, however they are stored."""
    nulls = np.ascontiguousarray(array.is_null().to_numpy(zero_copy_only=False))
    kind = array.type
    if pa.types.is_decimal(kind):
        array = array.cast(pa.string())
    elif pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif pa.types.is_date32(kind):
        array = array.cast(pa.int32())
    elif pa.types.is_timestamp(kind):
        array = array.cast(pa.int64())
    if pa.types.is_string(array.type):
        array = pc.fill_null(array, "")
        lengths = np.ascontiguousarray(pc.binary_length(array).to_numpy())
        first = array.offset
        offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[first : first + len(array) + 1]
        data = array.buffers()[2]
        return nulls, lengths, memoryview(data)[offsets[0] : offsets[-1]] if data is not None else b""
    return nulls, b"", np.ascontiguousarray(pc.fill_null(array, 0).to_numpy())


class RowGroupWriter:
    """Writes a Parquet file in row groups of exactly ``rows`` rows (fewer in the last), whatever the batch sizes."""

    def __init__(self, path: Path, schema: pa.Schema, rows: int) -> None:
        self._writer = parquet_writer(path, schema)
        self._rows = rows
        self._waiting: list[pa.RecordBatch] = []
        self._count = 0
        self.written = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; every complete row group goes to the file."""
        self._waiting.append(batch)
        self._count += batch.num_rows
        self.written += batch.num_rows
        if self._count >= self._rows:
            table = pa.Table.from_batches(self._waiting).combine_chunks()
            whole = table.num_rows - table.num_rows % self._rows
            self._writer.write_table(table.slice(0, whole), row_group_size=self._rows)
            rest = table.slice(whole)
            self._waiting, self._count = rest.to_batches(), rest.num_rows

    def close(self, digest: str, erased: Sequence[int] = ()) -> None:
        """Write the last rows and the snapshot's digest, then finish the file.

        ``erased`` are the places, among the accepted rows, of those that were not written (see :class:`SnapshotFile`).
        """
        if self._count:
            self._writer.write_table(pa.Table.from_batches(self._waiting).combine_chunks(), row_group_size=self._rows)
        self._writer.add_key_value_metadata(metadata_of(digest, erased))
        self._writer.close()


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of a snapshot's file."""
    # Floats rarely repeat, so a dictionary costs time and saves no space; splitting their bytes compresses better.
    # Compared with zstd and dictionaries for all columns (measured on the benchmark's customers): a third of the
    # time to read, a quarter of the time to write, and no larger.
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        compression="lz4",
        use_dictionary=[field.name for field in schema if not pa.types.is_floating(field.type)],
        use_byte_stream_split=floats,
        write_page_checksum=True,
    )


def metadata_of(digest: str, erased: Sequence[int]) -> dict[str, str]:
    """What a snapshot's file says of itself."""
    return {DIGEST_KEY: digest} | ({ERASED_KEY: json.dumps(list(erased))} if erased else {})
