"""Contributions of the features to what an ensemble of trees predicts: exact SHAP values, path-dependent.

What a customer gets from a leaf depends only on which conditions of its path they meet, so it is computed once for each
leaf and pattern of conditions met. What they get from a tree depends only on their cell of it, so it is added up once
for each cell, and kept for the next customers.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from scoring.models.explaining.cells import Cells, Intervals
from scoring.models.explaining.forest import Forest, Tree
from scoring.models.explaining.shapley import base_of, leaf_contributions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW = 64  # rows for which looking for equal ones does not pay
LARGEST_TABLE = 2**25  # numbers in the table of leaves and patterns; a quarter of a gigabyte
KEPT = 2**24  # numbers of cells that are kept; an eighth of a gigabyte


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
        self._given, self._forest, self._features = trees, Forest(trees), features
        self.base = base_of(self._forest.path_weights, self._forest.values)
        self._starts = np.concatenate([[0.0], np.cumsum(np.exp2(self._forest.sizes))])
        self.has_table = bool(self._starts[-1] * features <= LARGEST_TABLE)

    @cached_property
    def _table(self) -> "_Table":
        return _Table(self._forest, self._starts.astype(np.int32), self._features)

    @cached_property
    def _intervals(self) -> Intervals:
        return Intervals([self._forest.edges(feature) for feature in range(self._features)])

    @cached_property
    def _trees(self) -> "list[_OneTree]":
        return [_OneTree(tree, self._intervals.edges, KEPT // len(self._given)) for tree in self._given]

    def of(self, matrix: Floats) -> Floats:
        """Contributions, float64 of shape (rows, features), of a matrix of that shape.

        A row's numbers do not depend on the others, not even in the last digit.
        """
        columns = np.ascontiguousarray(matrix.T)
        if not self.has_table:
            return np.array([self._one(row[:, None]) for row in matrix]).reshape(matrix.shape)
        if len(matrix) > FEW and all(tree.cells.are_countable for tree in self._trees):
            return self._many(columns)
        step = FEW
        parts = [self._few(columns[:, first : first + step]) for first in range(0, len(matrix), step)]
        return np.concatenate(parts) if parts else np.zeros(matrix.shape)

    def _few(self, columns: Floats) -> Floats:
        codes = self._forest.patterns(columns) + self._table.starts[:-1, None]
        rows, trees = columns.shape[1], len(self._given)
        ends = np.concatenate([np.arange(rows)[:, None] * len(codes) + self._forest.first_leaf[:-1]]).ravel()
        parts = self._table.sums(codes.T.ravel(), np.append(ends, codes.size))
        return np.cumsum(parts.reshape(rows, trees, self._features), axis=1)[:, -1]

    def _many(self, columns: Floats) -> Floats:
        intervals, total = self._intervals.of(columns), np.zeros(columns.shape)
        first_leaf = self._forest.first_leaf
        for number, tree in enumerate(self._trees):
            leaves = slice(first_leaf[number], first_leaf[number + 1])
            groups, parts = tree.of_cells(intervals, columns, self._table, leaves)
            for feature in tree.forest.features:
                total[feature] += parts[feature].take(groups)
        return np.ascontiguousarray(total.T)

    def _one(self, columns: Floats) -> Floats:
        """Those of one row without a table, for trees that are too large for one."""
        forest = self._forest
        patterns = forest.patterns(columns)[:, 0]
        found = leaf_contributions(forest.path_weights, forest.sizes, forest.values, patterns)
        places = np.where(forest.path_features < 0, self._features, forest.path_features)
        added = np.bincount(places.ravel(), found.ravel(), minlength=self._features + 1)[:-1]
        return added.astype(np.float64, copy=False)


class _Table:
    """Contributions by leaf and pattern, computed when first asked for; a row of ``rows`` for each."""

    def __init__(self, forest: Forest, starts: Ints, features: int) -> None:
        self.starts, self._forest = starts, forest
        self._rows = np.zeros((int(starts[-1]), features))  # the system gives memory when it is written to
        self._known = np.zeros(int(starts[-1]), np.bool_)

    def sums(self, codes: Ints, starts: Ints) -> Floats:
        """The sum of the rows ``codes[starts[i]:starts[i + 1]]`` for each i, in that order."""
        wanted = np.zeros(len(self._known), np.bool_)
        wanted[codes] = True
        self._compute(np.flatnonzero(wanted & ~self._known))
        ones = csr_array((np.ones(len(codes)), codes, starts), shape=(len(starts) - 1, len(self._rows)))
        return np.asarray(ones @ self._rows)

    def _compute(self, codes: Ints) -> None:
        if not len(codes):
            return
        leaves = np.searchsorted(self.starts, codes, side="right") - 1
        forest = self._forest
        found = leaf_contributions(
            forest.path_weights[leaves], forest.sizes[leaves], forest.values[leaves], codes - self.starts[leaves]
        )
        for place in range(found.shape[1]):
            there = forest.sizes[leaves] > place
            self._rows[codes[there], forest.path_features[leaves[there], place]] = found[there, place]
        self._known[codes] = True  # last: another thread may look; both would write the same


class _OneTree:
    """A tree with the contributions to each of its cells that was seen so far."""

    def __init__(self, tree: Tree, edges: Sequence[Floats], most: int) -> None:
        self.forest, self._most = Forest([tree]), most
        self.cells = Cells(edges, {feature: self.forest.edges(feature) for feature in self.forest.features})
        self._kept = np.empty(0, np.int64), np.empty((len(edges), 0))

    def of_cells(
        self, intervals: Sequence[NDArray[np.intp]], columns: Floats, table: _Table, leaves: slice
    ) -> tuple[NDArray[np.intp], Floats]:
        """The group of each row, and the contributions to each group: shape (features, groups)."""
        groups, cells = self.cells.group(intervals)
        kept, parts = self._kept
        place = np.searchsorted(kept, cells)
        new = place == len(kept)
        new[~new] = kept[place[~new]] != cells[~new]
        found = np.empty((len(columns), len(cells)))
        found[:, ~new] = parts[:, place[~new]]
        if new.any():
            example = np.empty(len(cells), np.intp)
            example[groups] = np.arange(len(groups))
            codes = self.forest.patterns(columns[:, example[new]]) + table.starts[leaves, None]
            ends = np.arange(0, codes.size + 1, len(codes))
            found[:, new] = table.sums(codes.T.ravel(), ends).T
            self._keep(np.concatenate([kept, cells[new]]), np.concatenate([parts, found[:, new]], axis=1))
        return groups, found

    def _keep(self, cells: Ints, parts: Floats) -> None:
        if parts.size <= self._most:
            order = np.argsort(cells)
            self._kept = cells[order], parts[:, order]  # at once: another thread may look, or have kept others
