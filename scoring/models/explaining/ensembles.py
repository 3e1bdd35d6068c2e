"""Reads the trees out of scikit-learn's ensembles; each kind keeps them in its own way."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from scoring.models.explaining.forest import NONE, Tree

Unit = Literal["log-odds", "probability", "amount"]

HIST = HistGradientBoostingClassifier | HistGradientBoostingRegressor
BOOSTED = GradientBoostingClassifier | GradientBoostingRegressor
AVERAGED = RandomForestClassifier | RandomForestRegressor | ExtraTreesClassifier | ExtraTreesRegressor
SINGLE = DecisionTreeClassifier | DecisionTreeRegressor
LINKS = {"squared_error", "absolute_error", "quantile", "huber", "log_loss"}  # losses whose prediction is the margin


@dataclass(frozen=True)
class Ensemble:
    """Trees whose predictions, added to ``base``, are the margin, in ``unit``.

    ``precision`` is the type to which the estimator rounds features before it compares them.
    """

    trees: list[Tree]
    base: float
    unit: Unit
    precision: type[np.floating[Any]]


class NotExplainable(Exception):
    """Says why an estimator cannot be explained."""


def ensemble(model: Any) -> Ensemble | None:
    """The trees of a fitted ensemble of scikit-learn; None if it is none.

    Raises
    ------
    NotExplainable
        If it is one, but with an option for which this is not known to be exact.
    """
    boosting: Unit = "log-odds" if hasattr(model, "classes_") else "amount"
    if isinstance(model, HIST | BOOSTED) and model.loss not in LINKS:
        raise NotExplainable(f"the loss {model.loss!r} of {type(model).__name__} has a link of its own")
    if isinstance(model, HIST):
        if model.is_categorical_ is not None:
            raise NotExplainable(f"{type(model).__name__} has 'categorical_features'; without them it sees their codes")
        trees = [_hist(predictor) for (predictor,) in model._predictors]  # noqa: SLF001 - there is no public way
        return Ensemble(trees, float(model._baseline_prediction.ravel()[0]), boosting, np.float64)  # noqa: SLF001
    if isinstance(model, BOOSTED):
        rate = model.learning_rate
        return Ensemble([_of(tree, rate) for tree in model.estimators_.ravel()], _initial(model), boosting, np.float32)
    average: Unit = "probability" if hasattr(model, "classes_") else "amount"
    if isinstance(model, AVERAGED):
        share = 1 / len(model.estimators_)
        return Ensemble([_of(tree, share) for tree in model.estimators_], 0.0, average, np.float32)
    if isinstance(model, SINGLE):
        return Ensemble([_of(model, 1.0)], 0.0, average, np.float32)
    return None


def _hist(predictor: Any) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    feature, left, right = (_inner(nodes[name], leaf) for name in ("feature_idx", "left", "right"))
    return Tree(
        feature=feature,
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=left,
        right=right,
        cover=nodes["count"].astype(np.float64),
        value=nodes["value"].astype(np.float64),
    )


def _of(tree: DecisionTreeClassifier | DecisionTreeRegressor, weight: float) -> Tree:
    """A tree whose leaves count ``weight``; a classifier's leaf is the share of class 1 among its customers."""
    kept = tree.tree_
    leaf = kept.children_left == kept.children_right
    return Tree(
        feature=_inner(kept.feature, leaf),
        threshold=kept.threshold.astype(np.float64),
        missing_left=kept.missing_go_to_left.astype(bool),
        left=_inner(kept.children_left, leaf),
        right=_inner(kept.children_right, leaf),
        cover=kept.weighted_n_node_samples.astype(np.float64),
        value=_values(kept.value) * weight,
    )


def _values(value: NDArray[np.float64]) -> NDArray[np.float64]:
    _, outputs, classes = value.shape
    if outputs > 1 or classes > 2:  # noqa: PLR2004 - a score has one outcome, which occurs or not
        raise NotExplainable(f"its trees have {outputs} outputs with {classes} classes")
    return np.asarray(value[:, 0, -1] / value[:, 0].sum(axis=1) if classes > 1 else value[:, 0, 0])


def _inner(values: NDArray[Any], leaf: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(leaf, NONE, values.astype(np.int64))


def _initial(model: Any) -> float:
    """What gradient boosting starts from: the same for everybody, or it cannot be explained."""
    if not (model.init_ == "zero" or isinstance(model.init_, DummyClassifier | DummyRegressor)):
        raise NotExplainable(f"{type(model).__name__} starts from another estimator, {type(model.init_).__name__}")
    nobody = np.zeros((1, model.n_features_in_), np.float32)
    return float(np.ravel(model._raw_predict_init(nobody))[0])  # noqa: SLF001 - there is no public way


def kinds() -> Iterator[str]:
    """The names of the ensembles, for messages."""
    for union in (HIST, BOOSTED, AVERAGED, SINGLE):
        yield from (kind.__name__ for kind in union.__args__)
