"""The trees of an ensemble with one kind of comparison, whatever the library that fitted them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Precision: TypeAlias = Literal["float32", "float64"]

NONE = -1


class NotAccelerated(Exception):
    """Says why an estimator has no accelerated predictor."""


@dataclass(frozen=True)
class Grown:
    """One tree as it was fitted, an entry for each node, the root first.

    A row goes left if its feature is at most the threshold; a NaN goes left where ``missing_left`` says so. Where
    ``categories`` has an array for a node, a row goes left if that is true at its category; its last two entries
    are for any other category, and for none. ``left`` and ``right`` are -1 in a leaf, which adds ``value``.
    """

    feature: Ints
    threshold: Floats
    missing_left: Bools
    left: Ints
    right: Ints
    value: Floats
    categories: dict[int, Bools] = field(default_factory=dict)


@dataclass(frozen=True)
class Ensemble:
    """Trees whose leaves are added to ``base`` in their order, and how the estimator reads features and tells the sum.

    ``matrix`` makes of a frame what the trees compare, float64 of shape (rows, features), or None if the estimator has
    to say why not; ``link`` makes predictions of sums. ``sums`` is the precision in which the estimator adds,
    ``compares`` the one to which it rounds features first. ``finite`` says that it refuses infinities.
    In ``zero_for_missing`` are features of which a NaN is taken for zero.
    """

    trees: Sequence[Grown]
    features: int
    base: float
    matrix: Callable[[pd.DataFrame], Floats | None]
    link: Callable[[Floats], Floats]
    sums: Precision = "float64"
    compares: Precision = "float64"
    finite: bool = False
    zero_for_missing: tuple[int, ...] = ()

    def slots(self) -> Ints:
        """For each feature the number of its categories, with any other and none; 0 if it is a number."""
        found = np.zeros(self.features, np.int64)
        for tree in self.trees:
            for node, goes in tree.categories.items():
                found[tree.feature[node]] = max(found[tree.feature[node]], len(goes))
        return found

    def thresholds(self, feature: int | None) -> Floats:
        """All thresholds of a feature, or of all features, each once."""
        asked = [
            tree.threshold[_numbers(tree) & (True if feature is None else tree.feature == feature)]
            for tree in self.trees
        ]
        return np.unique(np.concatenate([*asked, np.zeros(0)]))


@dataclass(frozen=True)
class Plain:
    """A tree without a direction for NaN: a row goes to ``first`` if its column is at most the threshold.

    Columns are the features and, behind them, the opposite of each: "not more than t, or missing" is asked as "is the
    opposite at most what is next below -t", which is false for NaN as each comparison is, with the children exchanged.
    ``order`` has the nodes level by level, both children of a node side by side.
    """

    column: Ints
    threshold: Floats
    first: Ints
    second: Ints
    leaf: Bools
    value: Floats
    order: Ints
    depth: int
    categories: dict[int, Bools]


def plain(tree: Grown, ensemble: Ensemble) -> Plain:
    """The tree for the kernels.

    Raises
    ------
    NotAccelerated
        If it is no tree.
    """
    opposite = tree.missing_left & _numbers(tree) & ~np.isin(tree.feature, ensemble.zero_for_missing)
    below = np.where(np.isposinf(tree.threshold), np.nan, np.nextafter(-tree.threshold, -np.inf))
    first, second = np.where(opposite, tree.right, tree.left), np.where(opposite, tree.left, tree.right)
    order, depth = _levels(first, second)
    return Plain(
        column=np.where(tree.left == NONE, 0, tree.feature + opposite * ensemble.features),
        threshold=np.where(opposite, below, tree.threshold),
        first=first,
        second=second,
        leaf=tree.left == NONE,
        value=tree.value,
        order=order,
        depth=depth,
        categories=tree.categories,
    )


def _numbers(tree: Grown) -> Bools:
    """Which nodes compare a number."""
    found = tree.left != NONE
    found[list(tree.categories)] = False
    return np.asarray(found)


def _levels(first: Ints, second: Ints) -> tuple[Ints, int]:
    levels = [np.zeros(1, np.int64)]
    while len(here := levels[-1][first[levels[-1]] != NONE]):
        levels.append(np.column_stack([first[here], second[here]]).ravel())
        if len(levels) > len(first):
            break
    order = np.concatenate(levels)
    if not np.array_equal(np.sort(order), np.arange(len(first))):
        raise NotAccelerated("one of its trees has nodes that are not reached, or reached twice")
    return order, len(levels) - 1


def padded(goes: Bools, slots: int) -> NDArray[np.uint8]:
    """Where a node's categories go, for so many of its feature: those that it does not list go as any other does."""
    *listed, other, missing = goes
    return np.array([*listed, *[other] * (slots - len(goes)), other, missing], np.uint8)
