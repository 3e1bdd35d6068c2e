"""Contributions of the features to what an ensemble of trees predicts: exact SHAP values, path-dependent.

What a customer gets from a leaf depends only on which conditions of its path they meet, so it is computed once for each
leaf and pattern of conditions met. What they get from some leaves depends only on their cell of these, so it is added
up once for each cell that is seen, and kept for the next customers: in small blocks of leaves first, then in as large
ones as a table of their cells allows, to look up little for each customer.
"""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from scoring.models.explaining.blocks import Blocks, sums
from scoring.models.explaining.cells import Block, Intervals, blocks_of, cuts_of
from scoring.models.explaining.forest import Bounds, Forest, Tree
from scoring.models.explaining.leaves import Leaves
from scoring.models.explaining.shapley import base_of, leaf_contributions

Floats = NDArray[np.float64]

FEW = 64  # rows for which looking for equal ones does not pay
FIRST = 2**12  # rows to begin with: most of the cells are seen then
AT_ONCE = 2**14  # rows that are looked up at a time; with more, memory is taken anew each time, which costs much
TOGETHER = 16  # blocks that are looked up at a time
CELLS = 2**15  # of a block, if it has more than one leaf
ALL_CELLS = 2**25  # of all blocks, each with four bytes that say where its numbers are
LARGEST_TABLE = 2**25  # numbers in the table of leaves and patterns; a quarter of a gigabyte
KEPT = 2**25  # numbers of cells that are kept; a quarter of a gigabyte


class TreeContributions:
    """What each feature contributes to the sum of the predictions of some trees.

    Parameters
    ----------
    trees
        Whose predictions are added.
    features
        The number of features.
    """

    def __init__(self, trees: Sequence[Tree], features: int) -> None:
        self._forest, self._features, self._lock = Forest(trees), features, Lock()
        self.base = base_of(self._forest.path_weights, self._forest.values)

    @cached_property
    def _bounds(self) -> Bounds:
        return self._forest.bounds(self._features)

    @cached_property
    def _divided(self) -> list[Block]:
        """The blocks; none if leaves have more patterns, or cells, than fit into tables."""
        if np.exp2(self._forest.sizes).sum() * self._features > LARGEST_TABLE:
            return []
        leaves, most = cuts_of(self._bounds), CELLS
        while most:
            blocks = blocks_of(leaves, most)
            if sum(block.size for block in blocks) <= ALL_CELLS:
                return blocks
            most //= 4  # more blocks, with fewer cells in all
        return []

    @property
    def has_table(self) -> bool:
        """Whether contributions are looked up."""
        return bool(self._divided)

    @cached_property
    def _leaves(self) -> Leaves:
        return Leaves(self._forest, self._features)

    @cached_property
    def _intervals(self) -> Intervals:
        return Intervals([self._forest.edges(feature) for feature in range(self._features)])

    @cached_property
    def _blocks(self) -> Blocks:
        kept = max(KEPT // self._features, TOGETHER)
        return Blocks(self._leaves, self._divided, self._bounds, self._intervals, kept)

    @cached_property
    def _groups(self) -> list[slice]:
        count = len(self._divided)
        return [slice(first, min(first + TOGETHER, count)) for first in range(0, count, TOGETHER)]

    def of(self, matrix: Floats) -> Floats:
        """Contributions, float64 of shape (rows, features), of a matrix of that shape.

        A row's numbers do not depend on the others, not even in the last digit.
        """
        columns = np.ascontiguousarray(matrix.T)
        if not self.has_table:
            return np.array([self._one(row[:, None]) for row in matrix]).reshape(matrix.shape)
        return self._many(columns) if len(matrix) > FEW else self._few(columns)

    def _few(self, columns: Floats) -> Floats:
        """Without looking at cells; leaf by leaf, in the order in which blocks and their groups are added up."""
        found = self._forest.patterns(columns).T + self._leaves.starts[:-1]
        numbers = found.astype(np.int32)
        rows = self._leaves.computed(numbers, slice(0, numbers.shape[1]))
        for parts in ([block.leaves for block in self._divided], self._groups):
            ends = np.arange(len(numbers))[:, None] * numbers.shape[1] + [one.start for one in parts]
            rows = sums(rows, numbers, np.append(ends, numbers.size).astype(np.int32))
            numbers = np.arange(len(rows), dtype=np.int32).reshape(len(numbers), len(parts))
        return sums(rows, numbers)

    def _many(self, columns: Floats) -> Floats:
        with self._lock:
            blocks = self._blocks  # one thread makes them for the others too
        found, first = np.zeros(columns.shape[::-1]), 0
        while first < len(found):
            step = min(FIRST if blocks.are_new else AT_ONCE, blocks.kept // TOGETHER)
            cells = blocks.cells(self._intervals.of(columns[:, first : first + step]))
            for group in self._groups:
                found[first : first + step] += blocks.sums(cells[:, group], group)
            first += step
        return found

    def _one(self, columns: Floats) -> Floats:
        """Those of one row without a table, for trees that are too large for one."""
        forest = self._forest
        patterns = forest.patterns(columns)[:, 0]
        found = leaf_contributions(forest.path_weights, forest.sizes, forest.values, patterns)
        places = np.where(forest.path_features < 0, self._features, forest.path_features)
        added = np.bincount(places.ravel(), found.ravel(), minlength=self._features + 1)[:-1]
        return added.astype(np.float64, copy=False)
