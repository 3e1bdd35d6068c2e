"""LightGBM: read from its own text format, in which its numbers are exact."""

import ctypes
from typing import Any

import numpy as np

from scoring.models.accelerated.families.frames import coded
from scoring.models.accelerated.flat import NONE, Bools, Ensemble, Floats, Grown, NotAccelerated
from scoring.models.accelerated.machine import LINKS, function
from scoring.models.formats.contract import of_package

LOGISTIC = ("binary", "cross_entropy", "xentropy")
SUMS = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")  # objectives that tell the sum itself
CATEGORICAL, DEFAULT_LEFT = 1, 2  # bits of a decision type; the two above say what is taken for missing
NOTHING, ZERO = 0, 1


def ensemble(model: Any) -> Ensemble | None:
    """The trees; None if it is of another kind."""
    booster = getattr(model, "native", getattr(model, "booster_", model))
    if not of_package(booster, "lightgbm"):
        return None
    head, *trees = booster.model_to_string().split("\nTree=")
    said = _fields(head)
    if "average_output" in head.split() or said.get("num_tree_per_iteration", "1") != "1":
        raise NotAccelerated("it takes the mean of its trees, or tells more than two classes apart")
    objective, *options = said.get("objective", "none").split()
    link = _link(objective, options)
    known = booster.pandas_categorical or []
    nothing_missing: dict[int, bool] = {}
    grown = [_tree(_fields(text), nothing_missing) for text in trees]
    return Ensemble(
        trees=grown,
        features=int(said["max_feature_idx"]) + 1,
        base=0.0,
        matrix=lambda features: coded(features, known)[0],
        link=link,
        zero_for_missing=tuple(feature for feature, zero in nothing_missing.items() if zero),
    )


def _fields(text: str) -> dict[str, str]:
    lines = text.partition("\nend of trees")[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _link(objective: str, options: list[str]) -> Any:
    if objective in SUMS and "sqrt" not in options:
        return lambda sums: sums
    if objective not in LOGISTIC:
        raise NotAccelerated(f"the objective {' '.join([objective, *options])!r} has a link of its own")
    steepness = dict(option.split(":", 1) for option in options if ":" in option).get("sigmoid", "1")
    logistic = function(LINKS, "logistic", ctypes.c_int64, ctypes.c_double, ctypes.c_void_p)

    def link(sums: Floats) -> Floats:
        if len(sums):
            logistic(len(sums), -float(steepness), sums.ctypes.data)
        return sums

    return link


def _tree(said: dict[str, str], zero_for_missing: dict[int, bool]) -> Grown:
    """A tree; notes for each feature whether a NaN is taken for zero, which is the same in all trees."""
    if said.get("is_linear", "0") != "0":
        raise NotAccelerated("its leaves are linear models")
    leaves = np.array(said["leaf_value"].split(), np.float64)
    inner = len(leaves) - 1
    if not inner:
        one = np.full(1, NONE)
        return Grown(one, np.zeros(1), np.zeros(1, np.bool_), one, one, leaves)
    read = {
        name: np.array(said[name].split(), np.int64)
        for name in ("split_feature", "decision_type", "left_child", "right_child")
    }
    decision, feature = read["decision_type"], read["split_feature"]
    missing, listed = decision >> 2 & 3, decision & CATEGORICAL != 0
    if (missing[~listed] == ZERO).any():
        raise NotAccelerated("it was trained with zero_as_missing")
    for one, zero in zip(feature[~listed].tolist(), (missing[~listed] == NOTHING).tolist(), strict=True):
        if zero_for_missing.setdefault(one, zero) != zero:
            raise NotAccelerated("a feature's NaN is taken for zero in some trees only")
    beside = np.full(len(leaves), NONE)
    return Grown(
        feature=np.concatenate([feature, beside]),
        threshold=np.concatenate([np.array(said["threshold"].split(), np.float64), np.zeros(len(leaves))]),
        missing_left=np.concatenate([decision & DEFAULT_LEFT != 0, np.zeros(len(leaves), np.bool_)]),
        left=np.concatenate([_child(read["left_child"], inner), beside]),
        right=np.concatenate([_child(read["right_child"], inner), beside]),
        value=np.concatenate([np.zeros(inner), leaves]),
        categories=_categories(said, listed),
    )


def _child(children: Any, inner: int) -> Any:
    """Leaves are numbered -1, -2, ..."""
    return np.where(children < 0, inner - 1 - children, children)


def _categories(said: dict[str, str], listed: Bools) -> dict[int, Bools]:
    if not listed.any():
        return {}
    bounds = np.array(said["cat_boundaries"].split(), np.int64)
    words = np.array(said["cat_threshold"].split(), np.uint64).astype("<u4")
    numbers = np.where(listed, np.array(said["threshold"].split(), np.float64), 0.0).astype(np.int64)
    found = {}
    for node in np.flatnonzero(listed).tolist():
        mine = words[bounds[numbers[node]] : bounds[numbers[node] + 1]]
        goes = np.unpackbits(mine.view(np.uint8), bitorder="little").astype(np.bool_)
        found[node] = np.append(goes, [False, False])  # others and missing ones go right
    return found
