"""Random forests and extra trees of scikit-learn, which see 32-bit floats and tell the mean of their trees."""

from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from scoring.models.accelerated.flat import NONE, Ensemble, Floats, Grown, NotAccelerated

FORESTS = RandomForestClassifier | ExtraTreesClassifier | RandomForestRegressor | ExtraTreesRegressor


def ensemble(model: Any) -> Ensemble | None:
    """The trees; None if it is of another kind."""
    if not isinstance(model, FORESTS):
        return None
    classes = list(getattr(model, "classes_", [1]))
    if model.n_outputs_ != 1 or 1 not in classes:
        raise NotAccelerated("it has more outcomes than one")
    if not model.estimators_[0]._support_missing_values(None):  # noqa: SLF001
        raise NotAccelerated("it refuses nulls")
    count, column = len(model.estimators_), classes.index(1)

    def mean(sums: Floats) -> Floats:
        return np.divide(sums, count, out=sums)

    return Ensemble(
        trees=[_tree(one.tree_, column) for one in model.estimators_],
        features=int(model.n_features_in_),
        base=0.0,
        matrix=lambda features: np.asarray(features.to_numpy(np.float64)),
        link=mean,
        compares="float32",
        finite=True,
    )


def _tree(tree: Any, column: int) -> Grown:
    leaf = tree.children_left == tree.children_right
    feature, left, right = (
        np.where(leaf, NONE, values.astype(np.int64))
        for values in (tree.feature, tree.children_left, tree.children_right)
    )
    return Grown(
        feature, tree.threshold.astype(np.float64), tree.missing_go_to_left.astype(bool) & ~leaf, left, right,
        tree.value[:, 0, column].astype(np.float64),
    )  # fmt: skip
