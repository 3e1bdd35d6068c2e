"""Keeps received rows on local disk, so that the source is read only once; finds rows with the same key."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.errors import SourceError
from scoring.intake.key_hashes import Hashed, KeyHashes
from scoring.intake.sources import Received
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.hashes import hashes_of
from scoring.snapshots.parts import place_of

# Rows checked at a time: Great Expectations has a fixed cost for each batch, so small ones are slow.
CHECKED_ROWS = 200_000


class Staged:
    """All received rows of one intake in a local Parquet file. Memory: one batch, and a byte for each row."""

    def __init__(self, data_set: DataSet, received: Received, path: Path, *, hashed: Hashed = hashes_of) -> None:
        self._data_set, self._hashed = data_set, hashed
        self.name = received.name
        self._hashes = KeyHashes(path.with_suffix(".hashes"), hashed=hashed)
        self.rows = 0
        with pq.ParquetWriter(path, arrow_schema(data_set), compression="lz4") as writer:
            for batch in received.batches:
                writer.write_batch(batch)
                self._hashes.add(batch.column(data_set.key))
                self.rows += batch.num_rows
        self._file = pq.ParquetFile(path, pre_buffer=False)  # else all that was read stays in memory
        self.parts = received.parts

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Each batch with the number of its first row (1-based, as received)."""
        first = 1
        for batch in self._file.iter_batches(batch_size=CHECKED_ROWS, use_threads=False):
            yield first, batch
            first += batch.num_rows

    def duplicates(self) -> NDArray[np.bool_]:
        """Marks the rows to drop for another row with the same key, by the data set's rule: bool, shape (rows,).

        Rows without a key are not duplicates.

        Raises
        ------
        SourceError
            If there are duplicates and the rule is ``refuse``.
        """
        dropped = np.zeros(self.rows, dtype=bool)
        shared = self._hashes.shared()
        if shared.size:
            keys = self._keys_with(shared)
            last = self._data_set.duplicates == "keep_last"
            twice = keys[keys.duplicated(keep="last" if last else "first")]
            if self._data_set.duplicates == "refuse" and len(twice):
                row = int(twice.index[0]) + 1
                name, row = place_of(self.parts, row) if self.parts else (self.name, row)
                raise SourceError(
                    name,
                    f"the key {twice.iloc[0]!r} is already in an earlier row ({len(twice)} such rows).",
                    "deliver each key once, or choose another rule in the data set's 'duplicates'.",
                    row=row,
                    column=self._data_set.key,
                )
            dropped[twice.index.to_numpy()] = True
        return dropped

    def _keys_with(self, shared: NDArray[np.uint64]) -> "pd.Series[str]":
        """The keys whose hash is one of ``shared``, by the 0-based number of their row."""
        rows, keys, first = [np.empty(0, np.intp)], list[str](), 0
        for batch in self._file.iter_batches(columns=[self._data_set.key], use_threads=False):
            column = batch.column(0)
            there = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
            hashes = self._hashed(column.drop_null())
            nearest = shared[np.minimum(np.searchsorted(shared, hashes), shared.size - 1)]
            here = there[nearest == hashes]
            rows.append(here + first)
            keys += column.take(pa.array(here)).to_pylist()
            first += batch.num_rows
        return pd.Series(keys, index=np.concatenate(rows), dtype=object)
