"""Cuts features at the thresholds of trees, and numbers the cells that are made by some of the cuts.

Customers whom no condition of some leaves tells apart are in one cell of these leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.models.explaining.forest import NO_EDGE, Bounds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_LEAVES = 64
LIKE_FIRST, LIKE_LAST = 1, 2  # NaN meets the same conditions as the values of a feature's first, or last, interval


class Intervals:
    """The intervals of all features, one after the other: those up to each edge, the one beyond, and that of NaN.

    Attributes
    ----------
    edges
        The thresholds of each feature, in order.
    starts
        The place of each feature's first interval, then the number of intervals.
    """

    def __init__(self, edges: Sequence[Floats]) -> None:
        self.edges = edges
        self.starts = np.concatenate([[0], np.cumsum([len(one) + 2 for one in edges])])

    def of(self, columns: Floats) -> NDArray[np.int32]:
        """The places of the intervals of each row: shape (rows, features).

        Parameters
        ----------
        columns
            Float64 of shape (features, rows), each contiguous.
        """
        found = np.empty(columns.shape[::-1], np.int32)
        for feature, (edges, values) in enumerate(zip(self.edges, columns, strict=True)):
            place = np.searchsorted(edges, values)
            missing = np.isnan(values)
            if missing.any():
                place[missing] = len(edges) + 1
            np.add(place, self.starts[feature], out=found[:, feature], casting="unsafe")
        return found


class Cuts(NamedTuple):
    """How some leaves cut a feature: bit i of ``edges`` for the forest's i-th edge; ``like`` says what NaN is like."""

    edges: int = 0
    like: int = LIKE_FIRST | LIKE_LAST

    def joined(self, other: "Cuts") -> "Cuts":
        """How both cut it."""
        return Cuts(self.edges | other.edges, self.like & other.like)

    @property
    def classes(self) -> int:
        """The number of intervals that differ; the last is that of NaN if it is like neither end."""
        return self.edges.bit_count() + (1 if self.like else 2)

    @property
    def places(self) -> list[int]:
        """The forest's edges."""
        return [place for place in range(self.edges.bit_length()) if self.edges >> place & 1]

    def class_of(self, intervals: int) -> Ints:
        """The class of each of the feature's intervals, of which there are so many; the last is that of NaN."""
        found = np.searchsorted(self.places, np.arange(intervals))
        last = self.edges.bit_count()
        found[-1] = last + 1 if not self.like else 0 if self.like & LIKE_FIRST else last
        return found

    def examples(self, intervals: int) -> list[int]:
        """An interval of each class."""
        return [*self.places, intervals - 2] + ([] if self.like else [intervals - 1])


_UNCUT = Cuts()


@dataclass(frozen=True)
class Block:
    """Consecutive leaves, and the cells that their cuts make, numbered by mixed radix."""

    leaves: slice
    cuts: dict[int, Cuts]

    @property
    def shape(self) -> list[int]:
        """The number of classes of each feature."""
        return [cuts.classes for cuts in self.cuts.values()]

    @property
    def size(self) -> int:
        """The number of cells."""
        return prod(self.shape)

    def steps(self, intervals: Intervals) -> Ints:
        """What each interval adds to the number of a cell: shape (intervals,)."""
        found, stride = np.zeros(intervals.starts[-1], np.int64), 1
        for feature, cuts in reversed(self.cuts.items()):
            first, end = intervals.starts[feature : feature + 2]
            found[first:end] = cuts.class_of(end - first) * stride
            stride *= cuts.classes
        return found


def cuts_of(bounds: Bounds) -> list[dict[int, Cuts]]:
    """How each leaf cuts the features of its path."""
    found: list[dict[int, Cuts]] = [{} for _ in range(bounds.bit.shape[1])]
    there = bounds.bit.nonzero()
    ends = (one[there].tolist() for one in (bounds.low, bounds.high, bounds.missing))
    for feature, leaf, low, high, missing in zip(*(one.tolist() for one in there), *ends, strict=True):
        edges = (1 << low if low >= 0 else 0) | (1 << high if high != NO_EDGE else 0)
        like = (LIKE_FIRST if missing == (low < 0) else 0) | (LIKE_LAST if missing == (high == NO_EDGE) else 0)
        found[leaf][feature] = Cuts(edges, like)
    return found


def blocks_of(leaves: Sequence[dict[int, Cuts]], most: int) -> list[Block]:
    """Consecutive leaves together, as many as have at most so many cells; a leaf with more is a block of its own.

    No block has more than :data:`MOST_LEAVES`: what its new cells are added up from is in memory at a time.
    """
    found, first, joint, size = [], 0, dict[int, Cuts](), 1
    for place, leaf in enumerate(leaves):
        more, larger = joint | leaf, size
        for feature, cuts in leaf.items():
            before = joint.get(feature, _UNCUT)
            if cuts != before:
                more[feature] = both = before.joined(cuts)
                larger = larger // before.classes * both.classes
        if place > first and (larger > most or place - first == MOST_LEAVES):
            found.append(Block(slice(first, place), joint))
            first, more, larger = place, leaf, prod([cuts.classes for cuts in leaf.values()])
        joint, size = more, larger
    return [*found, Block(slice(first, len(leaves)), joint)]
