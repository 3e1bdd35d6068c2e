"""Customers as frames that Evidently takes: the features of a score and its value."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.domain.dataset import Column
from scoring.monitoring.bins import numbers
from scoring.monitoring.counting import VALUE

NOTHING = "(none)"  # what a category without a value is called


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
