"""Contributions of the features to a linear model's margin: coefficient times deviation from the training mean."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.linear_model._base import LinearClassifierMixin, LinearModel

Floats = NDArray[np.float64]


class LinearContributions:
    """What each feature contributes to ``intercept + sum(coefficients * features)``.

    Parameters
    ----------
    coefficients, intercept
        Of the model.
    means
        Of the features that it takes, over its training customers.
    """

    has_table = True

    def __init__(self, coefficients: Floats, intercept: float, means: Floats) -> None:
        self._coefficients, self._means = coefficients, means
        self.base = float(intercept + np.sum(coefficients * means))

    def of(self, matrix: Floats) -> Floats:
        """Contributions, float64 of shape (rows, features), of a matrix of that shape."""
        return np.asarray((matrix - self._means) * self._coefficients)


def coefficients(model: Any) -> tuple[Floats, float] | None:
    """The coefficients and the intercept of a fitted linear model of scikit-learn; None if it is none."""
    if not isinstance(model, LinearClassifierMixin | LinearModel | SGDRegressor):
        return None
    if isinstance(model, SGDClassifier) and model.loss != "log_loss":
        return None  # its probability is not that of a logistic regression
    weights = np.atleast_2d(np.asarray(model.coef_, np.float64))
    if len(weights) != 1:
        return None
    return weights[0], float(np.ravel(model.intercept_)[0])
