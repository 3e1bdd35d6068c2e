"""An estimator of our own: how often customers with the same values had the outcome."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin


class CellRates(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Share of positive outcomes among customers with the same values of all features.

    Few customers say little: each cell is drawn towards the share of all by ``prior`` customers that are like them.
    Values that were never seen get the share of all.

    Its attributes are arrays and numbers, so that it can be stored without pickle.
    """

    def __init__(self, prior: float = 20.0) -> None:
        self.prior = prior

    def fit(self, X: ArrayLike, y: ArrayLike) -> "CellRates":  # noqa: N803 - scikit-learn calls it so
        """Learn from features (rows, features) and outcomes 0 or 1 (rows,)."""
        rows, outcomes = np.asarray(X, np.float64), np.asarray(y, np.float64)
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = rows.shape[1]
        self.overall_ = float(outcomes.mean())
        self.cells_, places = np.unique(rows, axis=0, return_inverse=True)
        places = places.reshape(-1)
        counts, positives = np.bincount(places), np.bincount(places, outcomes)
        self.rates_ = (positives + self.prior * self.overall_) / (counts + self.prior)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Probabilities of the classes 0 and 1, float64 (rows, 2)."""
        known = {cell.tobytes(): rate for cell, rate in zip(self.cells_, self.rates_, strict=True)}
        rows = np.ascontiguousarray(X, np.float64)
        rates = np.array([known.get(row.tobytes(), self.overall_) for row in rows])
        return np.column_stack([1 - rates, rates])

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The likelier class, (rows,)."""
        return self.predict_proba(X).argmax(axis=1)
