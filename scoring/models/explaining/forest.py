"""The trees of an ensemble as flat arrays, and which conditions on the way to each leaf a customer meets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Patterns = NDArray[np.int32 | np.int64]

NONE = -1
FEW = 31  # conditions that fit into 32 bits
NO_EDGE = 2**31 - 1  # the upper end of a condition that has none


@dataclass(frozen=True)
class Tree:
    """One tree, an entry for each node, the root first. A customer goes left if the feature is at most the threshold.

    ``feature`` and both children are -1 in a leaf. ``missing_left`` says whether NaN goes left. ``cover`` is the weight
    of the training customers that came by, ``value`` what a leaf adds to the prediction.
    """

    feature: Ints
    threshold: Floats
    missing_left: NDArray[np.bool_]
    left: Ints
    right: Ints
    cover: Floats
    value: Floats


@dataclass(frozen=True)
class _Level:
    """Inner nodes at one depth, their children, and the place and the bit of their condition."""

    nodes: Ints
    left: Ints
    right: Ints
    places: Ints
    bits: Ints


@dataclass(frozen=True)
class Bounds:
    """Which intervals of a feature meet the condition of a leaf: those after ``low``, up to ``high``.

    All are of shape (features, leaves). Intervals are counted as :class:`scoring.models.explaining.cells.Intervals`
    counts them: interval i ends at the feature's i-th edge. ``low`` is -1 and ``high`` is :data:`NO_EDGE` where a
    condition has no such end. ``missing`` says whether NaN meets it. ``bit`` is the condition's in patterns; 0 where a
    feature is not on a leaf's path.
    """

    low: NDArray[np.int32]
    high: NDArray[np.int32]
    missing: NDArray[np.bool_]
    bit: Ints


class Forest:
    """Trees whose predictions are added.

    Attributes
    ----------
    path_features, path_weights
        For each leaf the distinct features on its path (-1 beyond them), and of the training customers that come to
        their conditions the share that meets them (1 beyond); shape (leaves, conditions).
    sizes
        The number of distinct features on each leaf's path.
    values
        What each leaf adds to the prediction.
    first_leaf
        The position of each tree's first leaf, then the number of leaves.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        ends = np.cumsum([len(tree.feature) for tree in trees])
        roots = np.concatenate([[0], ends[:-1]])
        self._roots, self._nodes = roots, int(ends[-1])
        self._feature = np.concatenate([tree.feature for tree in trees])
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        self._missing_left = np.concatenate([tree.missing_left for tree in trees])
        self._left = np.concatenate([_moved(tree.left, root) for tree, root in zip(trees, roots, strict=True)])
        self._right = np.concatenate([_moved(tree.right, root) for tree, root in zip(trees, roots, strict=True)])
        self._leaves = np.flatnonzero(self._left == NONE)
        self.first_leaf = np.searchsorted(self._leaves, np.append(roots, self._nodes))
        self.values = np.concatenate([tree.value for tree in trees])[self._leaves]
        self._levels = self._follow(np.concatenate([tree.cover for tree in trees]))
        self._masks = np.left_shift(1, self.sizes)[:, None] - 1

    def _follow(self, cover: Floats) -> list[_Level]:
        """Go down all trees at once: each node inherits its parent's conditions and adds its own to one of them."""
        width = max(1, len(np.unique(self._feature[self._feature != NONE])))
        features, weights = np.full((self._nodes, width), NONE), np.ones((self._nodes, width))
        kind = np.int32 if width < FEW else np.int64
        sizes, levels, here = np.zeros(self._nodes, np.int64), [], self._roots
        while len(here := here[self._left[here] != NONE]):
            own, left, right = self._feature[here], self._left[here], self._right[here]
            same = features[here] == own[:, None]
            known = same.any(axis=1)
            place = np.where(known, same.argmax(axis=1), sizes[here])
            levels.append(_Level(here, left, right, place, np.left_shift(1, place)[:, None].astype(kind)))
            for child in (left, right):
                features[child], weights[child] = features[here], weights[here]
                features[child, place] = own
                weights[child, place] *= cover[child] / cover[here]
                sizes[child] = sizes[here] + ~known
            here = np.concatenate([left, right])
        widest = max(1, int(sizes.max()))
        self.path_features, self.path_weights = features[self._leaves, :widest], weights[self._leaves, :widest]
        self.sizes = sizes[self._leaves]
        return levels

    def edges(self, feature: int) -> Floats:
        """The thresholds of a feature, in order, each once."""
        return np.unique(self._threshold[self._feature == feature])

    def bounds(self, features: int) -> Bounds:
        """The conditions of all leaves on so many features."""
        ends = np.zeros(self._nodes, np.int32)
        for feature in np.unique(self._feature[self._feature != NONE]):
            those = self._feature == feature
            ends[those] = np.searchsorted(self.edges(feature), self._threshold[those])
        shape = (self._nodes, self.path_features.shape[1])
        low, high = np.full(shape, -1, np.int32), np.full(shape, NO_EDGE, np.int32)
        missing = np.ones(shape, np.bool_)
        for level in self._levels:
            for known in (low, high, missing):
                known[level.left] = known[level.right] = known[level.nodes]
            left, right, end = (level.left, level.places), (level.right, level.places), ends[level.nodes]
            high[left] = np.minimum(high[left], end)
            low[right] = np.maximum(low[right], end)
            missing[left] &= self._missing_left[level.nodes]
            missing[right] &= ~self._missing_left[level.nodes]
        leaf, place = np.nonzero(self.path_features != NONE)

        def by_feature(known: NDArray[Any]) -> NDArray[Any]:
            found = np.zeros((features, len(self._leaves)), known.dtype)
            found[self.path_features[leaf, place], leaf] = known[self._leaves[leaf], place]
            return found

        bits = np.broadcast_to(np.left_shift(1, np.arange(shape[1])), shape)
        return Bounds(by_feature(low), by_feature(high), by_feature(missing), by_feature(bits))

    def patterns(self, columns: Floats) -> Patterns:
        """Which conditions of each leaf's path customers meet, bit j for condition j: shape (leaves, rows).

        Parameters
        ----------
        columns
            Float64 of shape (features, rows).
        """
        found = np.empty((self._nodes, columns.shape[1]), self._levels[0].bits.dtype if self._levels else np.int32)
        found[self._roots] = -1
        missing = np.isnan(columns) if np.isnan(columns).any() else None
        for level in self._levels:
            of = self._feature[level.nodes]
            goes_left = columns[of] <= self._threshold[level.nodes, None]
            if missing is not None:
                goes_left |= missing[of] & self._missing_left[level.nodes, None]
            bits, before = goes_left * level.bits, found[level.nodes]
            found[level.left] = before & (bits | ~level.bits)
            found[level.right] = before & ~bits
        return np.asarray(found[self._leaves] & self._masks.astype(found.dtype))


def _moved(children: Ints, by: int) -> Ints:
    return np.where(children == NONE, NONE, children + by)
