"""Finds a customer in the files of the lake, and writes a file without them."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from scoring.snapshots.lake import SnapshotFile
from scoring.snapshots.writing import metadata_of, parquet_writer


def without(location: str, key: str, customer: str, local: Path) -> int:
    """Write a snapshot's file without the rows of a customer to ``local``; returns how many rows it has then.

    Row groups keep their boundaries: what was planned over them still fits. Memory: one row group.
    """
    with SnapshotFile(location) as file:
        writer, erased, first, rows = parquet_writer(local, file.schema), list[int](), 0, 0
        for group in file.groups():
            theirs = pc.fill_null(pc.equal(group.column(key), customer), False)
            erased += (np.flatnonzero(theirs.to_numpy()) + first).tolist()
            kept = group.filter(pc.invert(theirs)).combine_chunks()
            writer.write_table(kept, row_group_size=max(kept.num_rows, 1))
            first, rows = first + group.num_rows, rows + kept.num_rows
        before = file.places(np.array(erased, np.int64)).tolist()
        writer.add_key_value_metadata(metadata_of(file.digest, sorted([*file.erased.tolist(), *before])))
        writer.close()
    return rows


def holds(location: str, key: str, customer: str) -> int:
    """Rows of a customer in a snapshot's file."""
    with SnapshotFile(location) as file:
        return sum(int(pc.sum(pc.equal(part.column(key), customer)).as_py() or 0) for part in file.groups([key]))
