"""Keeps received rows on local disk, so that the source is read only once; finds rows with the same key."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.errors import SourceError
from scoring.intake.sources import Received
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.parts import place_of

# Rows checked at a time: Great Expectations has a fixed cost for each batch, so small ones are slow.
CHECKED_ROWS = 200_000


class Staged:
    """All received rows of one intake in a local Parquet file. Memory: one batch, and a 64-bit hash of each key."""

    def __init__(self, data_set: DataSet, received: Received, path: Path) -> None:
        self._data_set = data_set
        self.name = received.name
        hashes = []
        with pq.ParquetWriter(path, arrow_schema(data_set), compression="lz4") as writer:
            for batch in received.batches:
                writer.write_batch(batch)
                hashes.append(_hashes(batch.column(data_set.key)))
        self._file = pq.ParquetFile(path)
        self._hashes = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
        self.rows = len(self._hashes)
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
        candidates = self._sharing_a_hash()
        if candidates.size:
            keys = pd.Series(self._keys_at(candidates), index=candidates)
            last = self._data_set.duplicates == "keep_last"
            twice = keys[keys.duplicated(keep="last" if last else "first") & keys.notna()]
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

    def _sharing_a_hash(self) -> NDArray[np.intp]:
        """The rows whose hash another row has, too; one sorted copy of the hashes is all the memory that it takes."""
        in_order = np.sort(self._hashes)
        shared = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
        if not shared.size:
            return np.empty(0, np.intp)
        del in_order
        found = []
        for first in range(0, self.rows, CHECKED_ROWS):
            hashes = self._hashes[first : first + CHECKED_ROWS]
            nearest = shared[np.minimum(np.searchsorted(shared, hashes), shared.size - 1)]
            found.append(np.flatnonzero(nearest == hashes) + first)
        return np.concatenate(found)

    def _keys_at(self, rows: NDArray[np.intp]) -> list[str | None]:
        keys: list[str | None] = []
        first = 0
        for batch in self._file.iter_batches(columns=[self._data_set.key], use_threads=False):
            here = rows[(rows >= first) & (rows < first + batch.num_rows)] - first
            keys.extend(batch.column(0).take(pa.array(here)).to_pylist())
            first += batch.num_rows
        return keys


def _hashes(keys: pa.Array) -> NDArray[np.uint64]:
    return pd.util.hash_array(
        np.asarray(pc.fill_null(keys, "").to_numpy(zero_copy_only=False), dtype=object), categorize=False
    )
