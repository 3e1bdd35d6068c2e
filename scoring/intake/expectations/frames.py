"""Converts Arrow columns to pandas for Great Expectations, without losing anything that a rule can see."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.domain.numbers import EXACT

# A float64 holds all integers up to this size exactly. Unlike int64 it has nulls, and it is faster than Int64.


def to_frame(data: pa.RecordBatch | pa.Table, columns: Sequence[str], *, in_pairs: bool = False) -> pd.DataFrame:
    """A frame of ``columns`` whose index is the 0-based position of the row.

    Text and category are strings, integer is int64, with nulls float64 if that is exact and else Int64,
    number and decimal are float64 (a decimal compares as the JSON number of a rule does, exact to 15
    significant digits). A date is an Arrow date, which compares with a rule's bounds, or ``in_pairs``
    datetime64, which compares with a null. A timestamp is datetime64 in UTC, without its zone.
    """
    index = pd.RangeIndex(data.num_rows)
    series = {name: _series(data.column(name), in_pairs=in_pairs) for name in columns}
    return pd.DataFrame({name: one.set_axis(index) for name, one in series.items()}, index=index)


def _series(column: Any, *, in_pairs: bool) -> Any:
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("s")).to_pandas() if in_pairs else column.to_pandas(types_mapper=pd.ArrowDtype)
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us")).to_pandas()  # UTC, as a rule's bounds are, which have no zone
    if pa.types.is_decimal(column.type):
        return column.cast(pa.string()).cast(pa.float64()).to_pandas()  # the direct cast is sometimes off by one bit
    if pa.types.is_integer(column.type) and column.null_count and not _exact_in_float64(column):
        return column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return column.to_pandas()


def _exact_in_float64(column: Any) -> bool:
    bounds = pc.min_max(column).as_py()
    return bounds["min"] is None or max(-bounds["min"], bounds["max"]) <= EXACT


def texts(data: pa.RecordBatch, columns: Sequence[str], rows: NDArray[np.intp]) -> list[str | None]:
    """The values at the 0-based ``rows`` as a person reads them, several columns separated by a comma."""
    taken = [data.column(name).take(pa.array(rows)).to_pylist() for name in columns]
    if len(taken) == 1:
        return [None if value is None else _text(value) for value in taken[0]]
    return [", ".join("null" if value is None else _text(value) for value in row) for row in zip(*taken, strict=True)]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
