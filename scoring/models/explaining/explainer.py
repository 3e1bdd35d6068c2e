"""Explains what a fitted estimator says of customers: a base plus one contribution of each feature is the margin."""

from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.preprocessing import StandardScaler

from scoring.domain.reasons import Reason, Reasons, told
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding
from scoring.models.explaining.ensembles import NotExplainable, Unit, ensemble, kinds
from scoring.models.explaining.linear import LinearContributions, coefficients
from scoring.models.explaining.steps import Parts, parts_of
from scoring.models.explaining.trees import TreeContributions

Floats = NDArray[np.float64]
Places = NDArray[np.int16]

REMEDY = (
    "Use a linear model or an ensemble of trees of scikit-learn, perhaps behind scalers and a SimpleImputer in a "
    "Pipeline (docs/reason-codes.md), or remove 'reasons' from the definition."
)


class _Contributions(Protocol):
    base: float

    @property
    def has_table(self) -> bool: ...

    def of(self, matrix: Floats) -> Floats: ...


class Explainer:
    """Contributions of the features to the margin of a model.

    The margin is what the model adds up: the log-odds of a classification by boosting or by a linear model, the
    probability of one by a forest, the amount of a regression before the score's ``minimum``.

    Attributes
    ----------
    names
        The features, in the model's order.
    base
        The margin of nobody in particular: its mean over the training customers.
    unit
        Of ``base`` and contributions.
    """

    def __init__(
        self, score: Score, encoding: Encoding, parts: Parts, inner: _Contributions, *, unit: Unit, precision: Any
    ) -> None:
        self._score, self._parts, self._inner, self._precision = score, parts, inner, precision
        self._slope = 1.0 if parts.slope is None else parts.slope
        self.names, self.base = encoding.names, self._slope * inner.base + parts.offset
        self.unit: Unit = unit if parts.slope is None else "log-odds"

    @classmethod
    def of(cls, estimator: Any, score: Score, encoding: Encoding, background: Floats | None = None) -> "Explainer":
        """An explainer for a fitted estimator.

        Parameters
        ----------
        encoding
            What the estimator was trained on.
        background
            What :func:`background_of` gave at training; only linear models need it.

        Raises
        ------
        PermanentError
            If the estimator is of a kind whose contributions are not known exactly; says which kinds are.
        """
        try:
            parts = parts_of(estimator)
            trees = ensemble(parts.model)
            if trees is not None:
                found = TreeContributions(trees.trees, len(encoding.features))
                found.base += trees.base
                return cls(score, encoding, parts, found, unit=trees.unit, precision=trees.precision)
            unit: Unit = "log-odds" if score.kind == "classification" else "amount"
            return cls(score, encoding, parts, _linear(parts, background), unit=unit, precision=np.float64)
        except NotExplainable as error:
            raise PermanentError(
                f"The estimator of {score.name} cannot be explained: {error}.", remedy=REMEDY
            ) from error

    @property
    def is_quick(self) -> bool:
        """Whether all customers of a publication can be explained."""
        return self._inner.has_table

    def refuse_slow(self) -> None:
        """Refuse to explain all customers of a publication if each takes a good part of a second.

        Raises
        ------
        PermanentError
            If the trees are too large.
        """
        if not self.is_quick:
            raise PermanentError(
                f"The trees of {self._score.name}'s model are too large to explain all customers.",
                remedy="Limit them ('max_leaf_nodes', 'max_depth') and train a version, or leave 'stored' out of the "
                "definition's reasons: single customers are still explained when asked for.",
            )

    def contributions(self, features: pd.DataFrame) -> Floats:
        """What each feature contributes, float64 of shape (rows, features); with :attr:`base` it adds up to the margin.

        A customer's numbers are the same to the last digit whoever else is in ``features``.

        Parameters
        ----------
        features
            As :func:`scoring.models.features.feature_frame` makes them.
        """
        matrix = self._parts.before(features).astype(self._precision, copy=False)
        return self._slope * self._inner.of(np.asarray(matrix, np.float64))

    def predicted(self, contributions: Floats) -> Floats | None:
        """What the estimator predicts if these are the contributions; None if an isotonic calibration comes after."""
        margin = self.base + contributions.sum(axis=1)
        if self._parts.is_monotone:
            return None
        return np.asarray(expit(margin) if self.unit == "log-odds" else margin)

    def reasons(self, features: pd.DataFrame) -> list[list[Reason]]:
        """For each row of features the reasons that the definition asks for, the strongest first."""
        wanted = self._score.reasons or Reasons()
        places, values = top(self.contributions(features), wanted.count)
        return [
            told(wanted, [(self.names[place], value) for place, value in zip(*row, strict=True)])
            for row in zip(places.tolist(), values.tolist(), strict=True)
        ]


def top(contributions: Floats, count: int) -> tuple[Places, Floats]:
    """The largest contributions of each row, whatever their sign: positions and values, both of shape (rows, count).

    Of equal ones the first feature comes first. With fewer features than ``count``, there are as many as features.
    """
    left = np.abs(contributions)
    rows, count = np.arange(len(left)), min(count, left.shape[1])
    places = np.empty((len(left), count), np.int16)
    for number in range(count):
        places[:, number] = found = left.argmax(axis=1)
        left[rows, found] = -1.0
    return places, np.take_along_axis(contributions, places.astype(np.intp), axis=1)


def background_of(estimator: Any, features: pd.DataFrame) -> Floats | None:
    """What :meth:`Explainer.of` needs of the training customers: the means of a linear model's features, or None.

    They are the means of what the model takes: behind an imputer and scalers, if it has such.
    """
    try:
        parts = parts_of(estimator)
    except NotExplainable:
        return None
    return None if coefficients(parts.model) is None else parts.before(features).mean(axis=0)


def _linear(parts: Parts, background: Floats | None) -> LinearContributions:
    known = coefficients(parts.model)
    if known is None:
        raise NotExplainable(
            f"{type(parts.model).__name__} is neither a linear model with one output nor one of {', '.join(kinds())}"
        )
    weights, intercept = known
    if background is None and parts.steps and isinstance(parts.steps[-1], StandardScaler) and parts.steps[-1].with_mean:
        background = np.zeros(len(weights))
    if background is None:
        raise NotExplainable("this version was registered without the training means of its features; train a new one")
    if not len(weights) == len(background):
        raise NotExplainable(f"it has {len(weights)} coefficients and {len(background)} training means")
    return LinearContributions(weights, intercept, background)
