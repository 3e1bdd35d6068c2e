"""Seeded samples of customers, for what would cost too much with all of them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from scoring.database import Connection, all_rows
from scoring.publishing.publications import Publication
from scoring.snapshots.lake import SnapshotFile

SEED = 0


def places(rows: int, count: int) -> np.ndarray:
    """``count`` of so many rows in growing order, each as likely as any other; all if there are no more."""
    if rows <= count:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, count, replace=False))


def customers(file: SnapshotFile, columns: Sequence[str], count: int) -> pa.Table:
    """``count`` rows of a snapshot, each as likely as any other; all if there are no more.

    Memory: those and a row group.
    """
    wanted = [name for name in columns if name in file.schema.names]
    return file.read(wanted) if file.rows <= count else rows_at(file, wanted, places(file.rows, count))


def rows_at(file: SnapshotFile, columns: Sequence[str], chosen: np.ndarray) -> pa.Table:
    """The rows of a snapshot at some places (int64, growing); memory: those and a row group."""
    parts, first = [], 0
    for group in file.groups(list(columns)):
        inside = chosen[(chosen >= first) & (chosen < first + group.num_rows)] - first
        parts.append(group.take(pa.array(inside)))
        first += group.num_rows
    return pa.concat_tables(parts)


def published_values(
    connection: Connection, publication: Publication, ids: Sequence[str], version: int | None = None
) -> np.ndarray:
    """The values that readers see of some customers, float64 in their order; NaN for one who has none.

    With ``version`` those of other model versions count as none.
    """
    query = """SELECT customer_id, value FROM scoring.score
        WHERE publication_id = %s AND customer_id = ANY(%s) AND model_version = coalesce(%s, model_version)"""
    found = all_rows(connection, dict, query, (publication.publication_id, list(ids), version))
    known = {row["customer_id"]: row["value"] for row in found}
    return np.array([known.get(one, np.nan) for one in ids], np.float64)
