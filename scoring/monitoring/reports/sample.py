"""Seeded samples of customers as frames that Evidently takes: the features of a score and its value."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.database import Connection, all_rows
from scoring.domain.dataset import Column
from scoring.monitoring.bins import numbers
from scoring.monitoring.counting import VALUE
from scoring.publishing.publications import Publication
from scoring.snapshots.lake import SnapshotFile

SEED = 0
NOTHING = "(none)"  # what a category without a value is called


def customers(file: SnapshotFile, columns: Sequence[str], count: int) -> pa.Table:
    """``count`` rows of a snapshot, each as likely as any other; all if there are no more.

    Memory: those and a row group.
    """
    wanted = [name for name in columns if name in file.schema.names]
    if file.rows <= count:
        return file.read(wanted)
    chosen = np.sort(np.random.default_rng(SEED).choice(file.rows, count, replace=False))
    parts, first = [], 0
    for group in file.groups(wanted):
        inside = chosen[(chosen >= first) & (chosen < first + group.num_rows)] - first
        parts.append(group.take(pa.array(inside)))
        first += group.num_rows
    return pa.concat_tables(parts)


def published_values(connection: Connection, publication: Publication, ids: Sequence[str]) -> np.ndarray:
    """The values that readers see of some customers, float64 in their order; NaN for one who has none."""
    query = "SELECT customer_id, value FROM scoring.score WHERE publication_id = %s AND customer_id = ANY(%s)"
    found = all_rows(connection, dict, query, (publication.publication_id, list(ids)))
    known = {row["customer_id"]: row["value"] for row in found}
    return np.array([known.get(one, np.nan) for one in ids], np.float64)


def frame(rows: pa.Table, columns: Sequence[Column], values: np.ndarray) -> pd.DataFrame:
    """Numbers as float64, categories and booleans as text, and the score's value in the column ``VALUE``."""
    shown = {
        column.name: _shown(rows.column(column.name), column) for column in columns if column.name in rows.column_names
    }
    return pd.DataFrame({**shown, VALUE: values})


def _shown(values: pa.ChunkedArray, column: Column) -> np.ndarray:
    if column.type not in ("category", "boolean"):
        return numbers(values)
    words = [
        NOTHING if one is None else str(one).lower() if column.type == "boolean" else one for one in values.to_pylist()
    ]
    return np.array(words, dtype=object)


def comparable(reference: pd.DataFrame, current: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns that both have with values of the same kind, and those that cannot be compared."""
    both = [str(name) for name in current if name in reference]
    usable = [
        name
        for name in both
        if current[name].dtype == reference[name].dtype
        and current[name].notna().any()
        and reference[name].notna().any()
    ]
    return usable, [str(name) for name in dict.fromkeys([*current, *reference]) if name not in usable]
