"""What a transform is shown, and what may come back: the only mapping between a data set's types and pandas' dtypes.

A dtype depends on the definition alone, never on the values: a part of the rows has the dtypes of the whole.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.numbers import EXACT
from scoring.snapshots.arrow import arrow_type


class Unfit(Exception):
    """A column that came back cannot be used: ``row`` (0-based) is the first wrong one, None if all are."""

    def __init__(self, problem: str, row: int | None = None) -> None:
        super().__init__(problem)
        self.row = row


def frame_of(columns: Sequence[Column], rows: pa.Table) -> pd.DataFrame:
    """The columns of ``rows`` as pandas has them, index 0, 1, ...

    A number or decimal is float64; an integer int64, or Int64 if nullable; a boolean bool, or boolean if nullable; a
    category is a pandas category of the definition's values; a text is str, a date datetime64. Nulls are NaN, NA, NaT.

    Raises
    ------
    Unfit
        If a category is none of the definition's.
    """
    made = {column.name: _series(column, rows.column(column.name).combine_chunks()) for column in columns}
    return pd.DataFrame(made, index=pd.RangeIndex(rows.num_rows), copy=False)


def _series(column: Column, values: pa.Array) -> Any:
    match column.type:
        case "number" | "decimal":
            return np.array(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False))  # a null is NaN
        case "integer" | "boolean":
            return _whole(column, values)
        case "category":
            codes = pc.index_in(values, value_set=pa.array(column.values, pa.string()))
            if codes.null_count != values.null_count:
                wrong = pc.index(pc.and_(codes.is_null(), values.is_valid()), True).as_py()
                raise Unfit(f"{column.name!r} is {values[wrong].as_py()!r}, which the definition does not know", wrong)
            places = np.array(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False))
            return pd.Categorical.from_codes(places, categories=pd.Index(column.values))
        case "text":
            return pd.array(values.to_numpy(zero_copy_only=False), dtype="str")
        case _:
            return pd.Series(pc.cast(values, pa.timestamp("us", getattr(values.type, "tz", None))).to_pandas())


def _whole(column: Column, values: pa.Array) -> Any:
    """Integers or booleans: with a mask if the definition allows nulls, whether there are any or not."""
    empty = pa.scalar(0 if column.type == "integer" else False, arrow_type(column))
    plain = np.array(pc.fill_null(values, empty).to_numpy(zero_copy_only=False))
    if not column.nullable:
        return plain
    mask = np.array(values.is_null().to_numpy(zero_copy_only=False))
    return pd.arrays.IntegerArray(plain, mask) if column.type == "integer" else pd.arrays.BooleanArray(plain, mask)


def array_of(column: Column, values: "pd.Series[Any]") -> pa.Array:
    """A column that came back, as Arrow of the column's type.

    Raises
    ------
    Unfit
        If it has another dtype, or a value that the column cannot have.
    """
    if column.type == "category":
        found = _categories(column, values)
    elif column.type == "boolean":
        _require(pd.api.types.is_bool_dtype(values.dtype), values, "booleans")
        found = pa.array(values.astype("boolean"), pa.bool_(), from_pandas=True)
    else:
        found = _numbers(column, values)
    if found.null_count and not column.nullable:
        raise Unfit("null, and the column is not nullable", pc.index(found.is_null(), True).as_py())
    return found


def _numbers(column: Column, values: "pd.Series[Any]") -> pa.Array:
    whole = pd.api.types.is_integer_dtype(values.dtype)
    if column.type == "integer":
        _require(whole, values, "integers (int64 or Int64)")
        return pa.array(values.astype("Int64"), pa.int64(), from_pandas=True)
    _require(whole or pd.api.types.is_float_dtype(values.dtype), values, "numbers (float64)")
    floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.isinf(floats) | (np.abs(floats) > EXACT if whole else False)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise Unfit(f"{values.iloc[row]}, which is not finite or not exact", row)
    return pa.array(floats, pa.float64(), from_pandas=True)


def _categories(column: Column, values: "pd.Series[Any]") -> pa.Array:
    try:
        found = pa.array(values.astype(object), pa.string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise Unfit(f"{values.dtype}; texts or categories are wanted") from error
    known = pc.is_in(found, value_set=pa.array(column.values, pa.string()))
    wrong = pc.and_(found.is_valid(), pc.invert(known))
    if pc.any(wrong).as_py():
        row = pc.index(wrong, True).as_py()
        raise Unfit(f"{found[row].as_py()!r}, which is none of {', '.join(map(repr, column.values))}", row)
    return found


def _require(fits: bool, values: "pd.Series[Any]", wanted: str) -> None:
    if not fits:
        raise Unfit(f"{values.dtype}; {wanted} are wanted")
