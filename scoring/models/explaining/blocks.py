"""Contributions by cell of blocks of leaves: each is added up when a customer is first in the cell, and kept.

A cell gets the sum over the block's leaves, in their order, so its numbers do not depend on who is explained.
"""

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from scoring.models.explaining.cells import Block, Floats, Intervals, Ints
from scoring.models.explaining.forest import Bounds
from scoring.models.explaining.leaves import Leaves, Numbers, Patterns


class _Known:
    """The cells that were seen: their rows, and the place of each cell's row; 0 of a cell that was not seen."""

    def __init__(self, cells: int, kept: int, features: int) -> None:
        self.place = np.zeros(cells, np.int32)
        self.rows = np.empty((min(cells, kept) + 1, features))  # the system gives memory when it is written to
        self.used = 1


class Blocks:
    """The blocks of a forest.

    Parameters
    ----------
    kept
        How many cells are kept. If there are more, all are forgotten and it begins anew; so it must be as many as one
        call of :meth:`sums` has.
    """

    def __init__(
        self, leaves: Leaves, blocks: Sequence[Block], bounds: Bounds, intervals: Intervals, kept: int
    ) -> None:
        self._blocks, self._leaves, self._features, self.kept = blocks, leaves, len(intervals.edges), kept
        self._patterns = [Patterns(block, bounds, intervals, leaves.starts) for block in blocks]
        sizes = [block.size for block in blocks]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self._steps = np.empty((intervals.starts[-1], len(blocks)), np.min_scalar_type(max(sizes) - 1))
        for place, block in enumerate(blocks):
            self._steps[:, place] = block.steps(intervals)
        self._known, self._lock = self._nothing(), Lock()

    @property
    def are_new(self) -> bool:
        """Whether no cell was seen so far."""
        return self._known.used == 1

    def _nothing(self) -> _Known:
        return _Known(int(self._starts[-1]), self.kept, self._features)

    def cells(self, intervals: Numbers) -> NDArray[np.unsignedinteger]:
        """The number of each row's cell in each block: shape (rows, blocks).

        Parameters
        ----------
        intervals
            As :meth:`Intervals.of` gives them.
        """
        return np.asarray(sums(self._steps, intervals))

    def sums(self, cells: NDArray[np.unsignedinteger], blocks: slice) -> Floats:
        """What some blocks contribute: float64 of shape (rows, features).

        Parameters
        ----------
        cells
            Those of these blocks: shape (rows, blocks).
        """
        known, numbers = self._known, cells + self._starts[blocks]
        places = known.place.take(numbers)
        new = places == 0
        if new.any():
            now = self._learn(numbers, new, known, blocks)
            if now is known:
                places[new] = known.place.take(numbers[new])
            else:  # all was forgotten
                known, places = now, now.place.take(numbers)
        return sums(known.rows, places)

    def _learn(self, numbers: Ints, new: NDArray[np.bool_], known: _Known, blocks: slice) -> _Known:
        """Add up for cells of some blocks, given by their numbers among all, of which some are ``new`` to ``known``.

        One thread does it for the others too. Another one may have forgotten what was known; then all may be new.
        """
        with self._lock:
            wanted = self._unknown(numbers[new] if self._known is known else numbers, blocks)
            if self._known.used + len(wanted) > len(self._known.rows):
                self._known = self._nothing()
                wanted = self._unknown(numbers, blocks)
            known, ends = self._known, np.searchsorted(wanted, self._starts[blocks.start : blocks.stop + 1])
            patterns = [
                self._patterns[block].of(wanted[first:end] - self._starts[block])
                for block, first, end in zip(range(blocks.start, blocks.stop), ends[:-1], ends[1:], strict=True)
            ]
            leaves = slice(self._blocks[blocks.start].leaves.start, self._blocks[blocks.stop - 1].leaves.stop)
            rows = self._leaves.computed(np.concatenate([one.ravel() for one in patterns]), leaves)
            first = known.used
            for one in patterns:
                known.rows[known.used : known.used + len(one)] = sums(rows, one)
                known.used += len(one)
            known.place[wanted] = np.arange(first, known.used)  # last: another thread may look
            return known

    def _unknown(self, numbers: Ints, blocks: slice) -> Ints:
        first, end = self._starts[blocks.start], self._starts[blocks.stop]
        wanted = np.zeros(end - first, np.bool_)
        wanted[numbers - first] = True
        wanted &= self._known.place[first:end] == 0
        return np.asarray(np.flatnonzero(wanted) + first)


def sums(rows: Floats, numbers: Numbers, ends: Numbers | None = None) -> Floats:
    """Sums of rows, added in the order in which they are named.

    Parameters
    ----------
    rows
        Of shape (numbers, features).
    numbers
        Which rows to add: one sum for each line of a matrix; or of an array with ``ends``, from each of these to the
        next.
    """
    if ends is None:
        ends = np.arange(0, numbers.size + 1, numbers.shape[1], dtype=np.int32)
    ones = csr_array((np.ones(numbers.size, rows.dtype), numbers.ravel(), ends), shape=(len(ends) - 1, len(rows)))
    return np.asarray(ones @ rows)
