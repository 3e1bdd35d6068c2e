"""What leaves contribute, by the pattern of conditions that a customer meets; each is computed once."""

import numpy as np
from numpy.typing import NDArray

from scoring.models.explaining.cells import Block, Floats, Intervals, Ints
from scoring.models.explaining.forest import Bounds, Forest
from scoring.models.explaining.shapley import leaf_contributions

Numbers = NDArray[np.int32]


class Leaves:
    """Contributions by leaf and pattern: a row for each pattern of the first leaf, then of the next.

    Attributes
    ----------
    starts
        The row of each leaf's first pattern, then the number of rows.
    """

    def __init__(self, forest: Forest, features: int) -> None:
        self._forest = forest
        self.starts = np.concatenate([[0], np.cumsum(np.left_shift(1, forest.sizes))])
        self._rows = np.zeros((int(self.starts[-1]), features))  # the system gives memory when it is written to
        self._known = np.zeros(len(self._rows), np.bool_)

    def computed(self, numbers: Numbers, leaves: slice) -> Floats:
        """The rows of all leaves, float64 of shape (rows, features), of which those of some numbers are computed.

        Parameters
        ----------
        numbers
            Of any shape; all are patterns of ``leaves``.
        """
        first, end = self.starts[leaves.start], self.starts[leaves.stop]
        if numbers.size < end - first:  # of a few customers
            new = np.unique(numbers[~self._known[numbers]]).astype(np.int64)
        else:
            wanted = np.zeros(end - first, np.bool_)
            wanted[numbers - first] = True
            new = np.flatnonzero(wanted & ~self._known[first:end]) + first
        if len(new):
            self._compute(new)
        return self._rows

    def _compute(self, numbers: Ints) -> None:
        forest, leaves = self._forest, np.searchsorted(self.starts, numbers, side="right") - 1
        patterns, sizes = numbers - self.starts[leaves], forest.sizes[leaves]
        found = leaf_contributions(forest.path_weights[leaves], sizes, forest.values[leaves], patterns)
        row, place = np.nonzero(np.arange(found.shape[1]) < sizes[:, None])
        self._rows[numbers[row], forest.path_features[leaves[row], place]] = found[row, place]
        self._known[numbers] = True  # last: another thread may look; both would write the same


class Patterns:
    """The patterns that the cells of a block meet, as numbers of rows of :class:`Leaves`.

    The features are divided into the first and the others, so that a cell's numbers are the sum of two rows of small
    tables.
    """

    def __init__(self, block: Block, bounds: Bounds, intervals: Intervals, starts: Ints) -> None:
        shape, leaves = block.shape, block.leaves
        bits = np.split(_bits(block, bounds, intervals), np.cumsum(shape))[:-1]  # behind the last there is nothing
        size, half = 1, 0
        while size * size < block.size:
            size *= shape[half]
            half += 1
        start = starts[leaves].astype(np.int32)
        self._first, self._others = _outer(bits[:half], start), _outer(bits[half:], np.zeros_like(start))

    def of(self, cells: Ints) -> Numbers:
        """Of some cells: shape (cells, leaves)."""
        first, others = np.divmod(cells, len(self._others))
        found = self._first.take(first, axis=0)
        found += self._others.take(others, axis=0)
        return found


def _bits(block: Block, bounds: Bounds, intervals: Intervals) -> Numbers:
    """The bits of the conditions that a class of a feature meets: shape (classes of all features, leaves)."""
    features = np.repeat(np.array(list(block.cuts), np.intp), block.shape)
    counts = [len(intervals.edges[feature]) + 2 for feature in block.cuts]
    examples = [cuts.examples(count) for cuts, count in zip(block.cuts.values(), counts, strict=True)]
    example = np.array([one for of_feature in examples for one in of_feature], np.int32)[:, None]
    is_missing = example == np.repeat(counts, block.shape)[:, None] - 1
    low, high, missing, bit = (
        one[features, block.leaves] for one in (bounds.low, bounds.high, bounds.missing, bounds.bit)
    )
    return (np.where(is_missing, missing, (low < example) & (example <= high)) * bit).astype(np.int32)


def _outer(tables: list[Numbers], start: Numbers) -> Numbers:
    """The sums of ``start`` and a row of each table: shape (all combinations, leaves)."""
    found = start[None]
    for table in tables:
        found = (found[:, None] + table).reshape(-1, len(start))
    return found
