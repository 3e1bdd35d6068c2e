"""The matrix a model sees: the one place where a column's type becomes a float64."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column, DataSet
from scoring.domain.score import Score


def feature_frame(score: Score, data_set: DataSet, rows: pa.RecordBatch | pa.Table) -> pd.DataFrame:
    """Features of ``rows``: shape (rows, features), float64, columns in the order of the definition.

    A category is its 0-based position in the definition's ``values``; a null is NaN; true is 1.
    """
    columns = np.empty((len(score.features), rows.num_rows), dtype=np.float64)
    for position, name in enumerate(score.features):
        columns[position] = as_float(rows.column(name), data_set.column(name))
    matrix = np.ascontiguousarray(columns.T)  # row by row, as trees read it
    return pd.DataFrame(matrix, columns=list(score.features), copy=False)


def as_float(values: pa.Array | pa.ChunkedArray, column: Column) -> np.ndarray:
    """One column as float64 of shape (rows,), by the rules of :func:`feature_frame`."""
    if column.type == "category":
        values = pc.index_in(values, value_set=pa.array(column.values))
    return np.asarray(
        pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
        if isinstance(values, pa.Array)
        else pc.cast(values, pa.float64()).to_numpy()
    )


def outcome_of(score: Score, values: pa.Array | pa.ChunkedArray, column: Column) -> np.ndarray:
    """Outcomes as float64 of shape (rows,): 0 or 1 for a classification, the amount for a regression."""
    observed = as_float(values, column)
    if score.target.at_least is None:
        return observed
    return np.where(np.isnan(observed), np.nan, (observed >= score.target.at_least).astype(np.float64))
