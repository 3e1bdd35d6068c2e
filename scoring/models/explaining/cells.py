"""Customers that no split of a tree tells apart fall into one cell: they get the same contributions from it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST = 2**62


class Intervals:
    """Cuts each feature at the thresholds that a forest has for it; NaN is an interval of its own, the last."""

    def __init__(self, edges: Sequence[Floats]) -> None:
        self.edges = edges

    def of(self, columns: Floats) -> list[NDArray[np.intp]]:
        """The interval of each value, by feature; ``columns`` is float64 of shape (features, rows)."""
        found = []
        for edges, values in zip(self.edges, columns, strict=True):
            place = np.searchsorted(edges, values)
            missing = np.isnan(values)
            if missing.any():
                place[missing] = len(edges) + 1
            found.append(place)
        return found


class Cells:
    """The cells of one tree, numbered by mixed radix over the intervals of its features.

    Parameters
    ----------
    all_edges
        The thresholds of the whole forest, by feature.
    tree_edges
        Those of the tree.
    """

    def __init__(self, all_edges: Sequence[Floats], tree_edges: dict[int, Floats]) -> None:
        self.are_countable, stride, self._steps = True, 1, dict[int, Ints]()
        for feature, edges in tree_edges.items():
            inside = np.searchsorted(edges, all_edges[feature])
            self._steps[feature] = np.append(inside, [len(edges), len(edges) + 1]) * stride
            stride *= len(edges) + 2
            if stride > LARGEST:
                self.are_countable = False
                break

    def group(self, intervals: Sequence[NDArray[np.intp]]) -> tuple[NDArray[np.intp], Ints]:
        """The group of each row, counted from 0, and the cell of each group."""
        cell = np.zeros(len(intervals[0]), np.int64)
        for feature, steps in self._steps.items():
            cell += steps.take(intervals[feature])
        groups, cells = pd.factorize(cell)
        return groups, np.asarray(cells)
