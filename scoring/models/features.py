"""The matrix that a model sees: the only place where columns become float64."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding

EXACT = 2**53  # a float64 holds every integer up to this size, and only some beyond


def feature_frame(encoding: Encoding, rows: pa.RecordBatch | pa.Table, key: str) -> pd.DataFrame:
    """Features of ``rows``: shape (rows, features), float64, columns in the order of the encoding.

    A category is its 0-based position in the encoding's values; a null is NaN; true is 1.

    Raises
    ------
    PermanentError
        If an integer is beyond 2^53, or a category is one that the model has never seen; names the customer by the id
        in column ``key``.
    """
    columns = np.empty((len(encoding.features), rows.num_rows), dtype=np.float64)
    for position, feature in enumerate(encoding.features):
        values = rows.column(feature.name)
        try:
            columns[position] = as_float(values, feature.type, feature.values)
        except ValueError as error:  # a pa.ArrowInvalid is a ValueError too
            raise _refused(values, feature.name, feature.type, feature.values, rows.column(key)) from error
    matrix = np.ascontiguousarray(columns.T)  # row-major, as trees read it
    return pd.DataFrame(matrix, columns=encoding.names, copy=False)


def as_float(values: pa.Array | pa.ChunkedArray, kind: str, categories: Sequence[str] = ()) -> np.ndarray:
    """One column as float64 of shape (rows,), by the rules of :func:`feature_frame`.

    Raises
    ------
    ValueError
        If an integer is beyond 2^53 (a float64 may round it), or a category is not among ``categories``.
    """
    if kind == "category":
        places = pc.index_in(values, value_set=pa.array(categories, pa.string()))
        if places.null_count != values.null_count:
            raise ValueError("a category is unknown")
        values = places
    floats = pc.cast(values, pa.float64())
    return np.asarray(
        floats.to_numpy() if isinstance(floats, pa.ChunkedArray) else floats.to_numpy(zero_copy_only=False)
    )


def outcome_of(score: Score, values: pa.Array | pa.ChunkedArray, column: Column) -> np.ndarray:
    """Outcomes as float64 of shape (rows,): 0 or 1 for a classification, the amount for a regression; null is NaN."""
    observed = as_float(values, column.type, column.values)
    if score.target.at_least is None:
        return observed
    return np.where(np.isnan(observed), np.nan, (observed >= score.target.at_least).astype(np.float64))


def _refused(
    values: pa.ChunkedArray, name: str, kind: str, categories: Sequence[str], keys: pa.ChunkedArray
) -> PermanentError:
    if kind == "category":
        wrong = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=pa.array(categories, pa.string()))))
        problem, remedy = "which the model has never seen", "Train a version that knows it, or correct the data."
    else:
        wrong = pc.or_(pc.greater(values, EXACT), pc.less(values, -EXACT))
        problem = f"which may not be exact for a model: it sees 64-bit floats, exact up to {EXACT:,}"
        remedy = "Take the column out of the score's features, or deliver it in a larger unit."
    position = pc.index(pc.fill_null(wrong, False), True).as_py()
    return PermanentError(
        f"Feature {name!r} of customer {keys[position].as_py()!r} is {values[position].as_py()!r}, {problem}.",
        remedy=remedy,
    )
