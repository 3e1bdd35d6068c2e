"""Predicts a few rows by walking the trees in Python: the estimator's own numbers, without its checks of the input.

Of the millisecond that scikit-learn takes for one row, nearly all is the same for a thousand rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.models.explaining.ensembles import HIST, NotExplainable, ensemble
from scoring.models.explaining.forest import NONE, Tree

Floats = NDArray[np.float64]

MOST = 8  # rows; with more scikit-learn is quicker
TRIED = 256  # rows

# A leaf is what it adds; an inner node is feature, threshold, whether NaN goes left, left child, right child.
Node = float | tuple[int, float, bool, Any, Any]


class Walker:
    """The trees of a HistGradientBoosting as nested tuples, which Python walks faster than arrays."""

    def __init__(self, estimator: Any, trees: list[Tree], base: float) -> None:
        self._roots, self._base = [_nested(tree) for tree in trees], base
        self._from_margin = estimator._loss.link.inverse  # noqa: SLF001 - there is no public way

    @classmethod
    def of(cls, estimator: Any, agrees: Callable[["Walker", Floats], bool]) -> "Walker | None":
        """A walker for a fitted estimator; None if it is of another kind, or does not agree.

        Parameters
        ----------
        agrees
            Whether a walker predicts certain rows as the estimator does, to the last bit. The rows, float64 of shape
            (:data:`TRIED`, features), are drawn from the thresholds of the trees, the floats next to them, and NaN.
        """
        if not isinstance(estimator, HIST):
            return None
        try:
            found = ensemble(estimator)
        except NotExplainable:  # it has categories, or a link of its own
            return None
        assert found is not None  # noqa: S101 - it is of that kind
        walker = cls(estimator, found.trees, found.base)
        return walker if agrees(walker, _hard_rows(found.trees, estimator.n_features_in_)) else None

    def predict(self, rows: Floats) -> Floats:
        """Probabilities of class 1, or amounts: float64 of shape (rows,), from float64 of shape (rows, features)."""
        return self.predict_lists(rows.tolist())

    def predict_lists(self, rows: list[list[float]]) -> Floats:
        """As :meth:`predict`."""
        return np.asarray(self._from_margin(np.array([self._margin(row) for row in rows])))

    def _margin(self, row: list[float]) -> float:
        margin = self._base
        for root in self._roots:
            node = root
            while type(node) is tuple:
                feature, threshold, missing_left, left, right = node
                value = row[feature]
                node = left if value <= threshold or (missing_left and value != value) else right  # noqa: PLR0124 - NaN
            margin += node  # type: ignore[operator] # a leaf; in the order of the trees, as the estimator adds
        return margin


def _nested(tree: Tree) -> Node:
    """A tree from its arrays; a child stands behind its parent there."""
    nodes: list[Node] = tree.value.tolist()
    parts = zip(
        tree.feature.tolist(), tree.threshold.tolist(), tree.missing_left.tolist(), tree.left.tolist(),
        tree.right.tolist(), strict=True,
    )  # fmt: skip
    for number, (feature, threshold, missing_left, left, right) in reversed(list(enumerate(parts))):
        if left != NONE:
            nodes[number] = (feature, threshold, missing_left, nodes[left], nodes[right])
    return nodes[0]


def _hard_rows(trees: list[Tree], features: int) -> Floats:
    """Rows at which a comparison that is a little off shows: at thresholds and next to them; NaN here and there."""
    random = np.random.default_rng(0)
    rows = np.empty((TRIED, features))
    for feature in range(features):
        at = np.concatenate([tree.threshold[tree.feature == feature] for tree in trees])
        values = np.concatenate([at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf), [np.nan, 0.0]])
        rows[:, feature] = random.choice(values, TRIED)
    return rows
