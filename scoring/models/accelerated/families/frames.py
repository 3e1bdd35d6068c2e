"""Frames with pandas categories as the matrix that boosters of other libraries make of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scoring.models.accelerated.flat import Floats


def coded(features: pd.DataFrame, known: Sequence[Sequence[Any]]) -> tuple[Floats, bool]:
    """A frame as float64 of shape (rows, features), and whether a category in it is unknown.

    The frame's category columns have, in their order, the values ``known``; a category is its place among them. An
    unknown one is NaN, as a null is.
    """
    if not any(isinstance(dtype, pd.CategoricalDtype) for dtype in features.dtypes):
        return np.asarray(features.to_numpy(np.float64)), False
    found, values, unknown = np.empty(features.shape, order="F"), iter(known), False
    for place, (_, column) in enumerate(features.items()):
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.set_categories(list(next(values))).cat.codes.to_numpy()
            unknown |= bool(((codes < 0) & column.notna().to_numpy()).any())
            found[:, place] = np.where(codes < 0, np.nan, codes)
        else:
            found[:, place] = column.to_numpy(np.float64)
    return found, unknown
