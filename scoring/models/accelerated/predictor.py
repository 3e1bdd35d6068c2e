"""Predicts with the trees of an ensemble, block of rows by block, to the estimator's own last bit."""

from typing import Any

import numpy as np
import pandas as pd

from scoring.models.accelerated.asking import Asking
from scoring.models.accelerated.families import ensemble_of
from scoring.models.accelerated.flat import Ensemble, Floats, NotAccelerated, plain
from scoring.models.accelerated.walking import Walking

ALIGNED = 64  # bytes; what vectors of all processors want
SMALL = 350  # nodes of a tree that are asked quicker than one is walked
LISTED = 4000  # nodes of a tree with categories, which is always asked


class Accelerated:
    """The trees of an ensemble, ready to be asked. Threads may share it."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        trees = [plain(tree, ensemble) for tree in ensemble.trees]
        largest, listed = max(len(tree.leaf) for tree in trees), any(tree.categories for tree in trees)
        if listed and largest > LISTED:
            raise NotAccelerated(f"it has categories, and a tree of {largest:,} nodes")
        self._trees = (Asking if listed or largest <= SMALL else Walking)(trees, ensemble)
        self._slots = ensemble.slots()

    @classmethod
    def of(cls, estimator: Any) -> "Accelerated":
        """The accelerated predictor of a fitted estimator, or of what was loaded of its file.

        Raises
        ------
        NotAccelerated
            If there is none for it, or llvmlite is not installed; says why.
        """
        try:
            return cls(ensemble_of(estimator))
        except ImportError as error:
            raise NotAccelerated("llvmlite is not installed") from error

    def predict(self, features: pd.DataFrame) -> Floats | None:
        """Probabilities of class 1, or amounts: float64 of shape (rows,). None: the estimator has to say why not."""
        matrix = self.ensemble.matrix(features)
        if matrix is None:
            return None
        sums = np.full(-(-len(matrix) // self._trees.rows) * self._trees.rows, self.ensemble.base)
        views, scratch = _aligned((2 * self.ensemble.features, self._trees.rows)), _aligned((self._trees.scratch,))
        for first in range(0, len(matrix), self._trees.rows):
            rows = matrix[first : first + self._trees.rows]
            if not self._view(rows, views[:, : len(rows)]):
                return None
            self._trees.add(views, scratch, sums[first : first + self._trees.rows])
        return self.ensemble.link(sums[: len(matrix)])

    def _view(self, rows: Floats, view: Floats) -> bool:
        """Let a view show some rows; False if the estimator refuses one of them."""
        ensemble, (shown, opposite) = self.ensemble, np.vsplit(view, 2)
        if ensemble.compares == "float32":
            with np.errstate(over="ignore"):
                shown[:] = rows.T.astype(np.float32)
        else:
            shown[:] = rows.T
        if ensemble.finite and np.isinf(shown).any():
            return False
        for feature in ensemble.zero_for_missing:
            shown[feature][np.isnan(shown[feature])] = 0.0
        np.negative(shown, out=opposite)
        for feature in np.flatnonzero(self._slots).tolist():
            missing, codes = self._slots[feature] - 1, np.trunc(shown[feature])
            other = np.where(np.isnan(codes), missing, missing - 1)
            shown[feature] = np.where((codes >= 0) & (codes < missing - 1), codes, other)
        return True


def _aligned(shape: tuple[int, ...]) -> Floats:
    count = int(np.prod(shape))
    kept = np.zeros(count + ALIGNED // 8)
    first = -kept.ctypes.data % ALIGNED // 8
    return kept[first : first + count].reshape(shape)
