"""HistGradientBoosting of scikit-learn."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from scoring.models.accelerated.flat import NONE, Bools, Ensemble, Floats, Grown, NotAccelerated

# ruff: noqa: SLF001 - there is no public way to the trees

HIST = HistGradientBoostingClassifier | HistGradientBoostingRegressor
CATEGORIES = 256


def ensemble(model: Any) -> Ensemble | None:
    """The trees; None if it is of another kind."""
    if not isinstance(model, HIST):
        return None
    if model.n_trees_per_iteration_ != 1:
        raise NotAccelerated("it tells more than two classes apart")
    return Ensemble(
        trees=[_tree(predictor) for (predictor,) in model._predictors],
        features=int(model._bin_mapper.is_categorical_.size),
        base=float(np.ravel(model._baseline_prediction)[0]),
        matrix=partial(_matrix, model),
        link=model._loss.link.inverse,
    )


def _matrix(model: Any, features: Any) -> Floats:
    """As the estimator's own: categories first and as codes, if it has any."""
    found = features.to_numpy() if model._preprocessor is None else model._preprocess_X(features, reset=False)
    return np.asarray(found, np.float64)


def _tree(predictor: Any) -> Grown:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    feature, left, right = (
        np.where(leaf, NONE, nodes[name].astype(np.int64)) for name in ("feature_idx", "left", "right")
    )
    missing_left, lefts = nodes["missing_go_to_left"].astype(bool), _unpacked(predictor.raw_left_cat_bitsets)
    listed = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    categories = {}
    for node in listed.tolist():
        # An unseen category comes as a missing one: the model's own encoder makes it one.
        categories[node] = np.append(lefts[nodes["bitset_idx"][node]], [missing_left[node]] * 2)
    return Grown(
        feature=feature,
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=missing_left,
        left=left,
        right=right,
        value=nodes["value"].astype(np.float64),
        categories=categories,
    )


def _unpacked(bitsets: Any) -> Bools:
    """Bits of shape (bitsets, 256) from eight 32-bit numbers each, the lowest bit first."""
    words = np.ascontiguousarray(np.asarray(bitsets).reshape(-1, CATEGORIES // 32), dtype="<u4")
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little").astype(np.bool_)
