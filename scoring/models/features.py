"""What a model sees: the only place where columns become its features, as codes (float64) or typed."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.numbers import EXACT
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models.encoding import DTYPE_BY_NULLS, Encoding, Feature
from scoring.models.labels import positives

Values: TypeAlias = "pa.Array | pa.ChunkedArray"

EXACTLY = ("integer", "number", "boolean")


def feature_frame(encoding: Encoding, rows: pa.RecordBatch | pa.Table, key: str) -> pd.DataFrame:
    """What a model is shown of ``rows``: a row each, columns by name in the order of the encoding.

    As codes all columns are float64: a category is its 0-based position in the encoding's values, true is 1, a null is
    NaN. Typed, a category is a pandas category of the encoding's values (a null is NaN); a boolean is bool and an
    integer int64, or float64 with NaN for a null if they may be missing; numbers and decimals are float64.

    Raises
    ------
    PermanentError
        If an integer is beyond 2^53, a category is one that the model has never seen, or a value is missing that never
        was; names the customer by the id in column ``key``.
    """
    if encoding.shown == "codes":
        return pd.DataFrame(feature_matrix(encoding, rows, key), columns=_index(encoding), copy=False)
    columns = {one.name: _column(encoding, one, rows, key, _typed) for one in encoding.features}
    return pd.DataFrame(columns, columns=_index(encoding), copy=False)


def feature_matrix(encoding: Encoding, rows: pa.RecordBatch | pa.Table, key: str) -> np.ndarray:
    """The features of ``rows`` as codes, float64 of shape (rows, features), however the model is shown them.

    Raises
    ------
    PermanentError
        As :func:`feature_frame`.
    """
    columns = np.empty((len(encoding.features), rows.num_rows), dtype=np.float64)
    for position, feature in enumerate(encoding.features):
        columns[position] = _column(encoding, feature, rows, key, _floats)
    return np.ascontiguousarray(columns.T)  # row-major, as trees read it


def _column(
    encoding: Encoding,
    feature: Feature,
    rows: pa.RecordBatch | pa.Table,
    key: str,
    form: Callable[[Values, Feature], Any],
) -> Any:
    values = rows.column(feature.name)
    if feature.type == "category" and encoding.unseen == "null":
        values = pc.if_else(pc.is_in(values, value_set=_known(feature.values)), values, None)
    if not feature.nullable and values.null_count:
        raise _refused(values, feature, rows.column(key))
    try:
        return form(values, feature)
    except ValueError as error:  # a pa.ArrowInvalid is a ValueError too
        raise _refused(values, feature, rows.column(key)) from error


def _typed(values: Values, feature: Feature) -> Any:
    """One column as pandas holds it. Its dtype depends on the encoding alone, never on the rows."""
    floats = _floats(values, feature)
    if feature.type == "category":
        places = np.nan_to_num(floats, nan=-1).astype(np.int64)
        return pd.Categorical.from_codes(places, dtype=_dtype(feature.values))
    if feature.nullable or feature.type not in DTYPE_BY_NULLS:
        return floats
    return floats.astype(bool if feature.type == "boolean" else np.int64)


def _floats(values: Values, feature: Feature) -> np.ndarray:
    return as_float(values, feature.type, feature.values)


def features_of_one(encoding: Encoding, row: Mapping[str, Any]) -> list[float] | None:
    """As :func:`feature_frame`, of a single row of Python's values; None if that has to say.

    Decimals are left to it: Arrow's nearest float64 of one may be another than Python's.
    """
    found = []
    for feature in encoding.features:
        value, categories = row[feature.name], feature.values  # noqa: PD011 - no frame
        if value is None:
            found.append(math.nan)
        elif feature.type == "category" and value in categories:
            found.append(float(categories.index(value)))
        elif feature.type in EXACTLY and abs(value) <= EXACT:
            found.append(float(value))
        else:
            return None
    return found


def as_float(values: pa.Array | pa.ChunkedArray, kind: str, categories: Sequence[str] = ()) -> np.ndarray:
    """One column as float64 of shape (rows,), by the rules of :func:`feature_frame`.

    Raises
    ------
    ValueError
        If an integer is beyond 2^53 (a float64 may round it), or a category is not among ``categories``.
    """
    if kind == "category":
        places = pc.index_in(values, value_set=_known(tuple(categories)))
        if places.null_count != values.null_count:
            raise ValueError("a category is unknown")
        values = places
    floats = values if values.type == pa.float64() else pc.cast(values, pa.float64())
    return np.asarray(
        floats.to_numpy() if isinstance(floats, pa.ChunkedArray) else floats.to_numpy(zero_copy_only=False)
    )


@lru_cache(maxsize=100)
def _index(encoding: Encoding) -> "pd.Index[str]":
    return pd.Index(encoding.names)


@lru_cache(maxsize=1000)
def _known(categories: tuple[str, ...]) -> pa.Array:
    return pa.array(categories, pa.string())


@lru_cache(maxsize=1000)
def _dtype(categories: tuple[str, ...]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(list(categories))


def outcome_of(score: Score, values: pa.Array | pa.ChunkedArray, column: Column) -> np.ndarray:
    """Outcomes as float64 of shape (rows,): 0 or 1 for a classification, the amount for a regression; null is NaN."""
    if score.target.positive:
        return np.asarray(positives(values, score.target).to_numpy(zero_copy_only=False), np.float64)
    observed = as_float(values, column.type, column.values)
    if score.target.at_least is None:
        return observed
    return np.where(np.isnan(observed), np.nan, (observed >= score.target.at_least).astype(np.float64))


def _refused(values: Values, feature: Feature, keys: Values) -> PermanentError:
    if not feature.nullable and values.null_count:
        wrong = pc.is_null(values)
        problem, remedy = "and the model was trained with it always there", "Train a version with the new definition."
    elif feature.type == "category":
        wrong = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=_known(feature.values))))
        problem = "which the model has never seen"
        remedy = 'Train a version that knows it, correct the data, or let the definition say `unseen="null"`.'
    else:
        wrong = pc.or_(pc.greater(values, EXACT), pc.less(values, -EXACT))
        problem = f"which may not be exact for a model: it sees 64-bit floats, exact up to {EXACT:,}"
        remedy = "Take the column out of the score's features, or deliver it in a larger unit."
    position = pc.index(pc.fill_null(wrong, False), True).as_py()
    return PermanentError(
        f"Feature {feature.name!r} of customer {keys[position].as_py()!r} is {values[position].as_py()!r}, {problem}.",
        remedy=remedy,
    )
