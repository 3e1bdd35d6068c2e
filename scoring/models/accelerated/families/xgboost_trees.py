"""XGBoost, which sees, adds and tells 32-bit floats."""

import ctypes
import json
import math
from typing import Any

import numpy as np

from scoring.models.accelerated.families.frames import coded
from scoring.models.accelerated.flat import NONE, Bools, Ensemble, Floats, Grown, NotAccelerated
from scoring.models.accelerated.machine import LINKS, function
from scoring.models.formats.contract import of_package

LOGISTIC = ("binary:logistic", "reg:logistic")
SUMS = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror")
MOST = 88.7  # XGBoost's own bound of what it takes the exponential of


def ensemble(model: Any) -> Ensemble | None:
    """The trees; None if it is of another kind."""
    if not of_package(getattr(model, "native", model), "xgboost"):
        return None
    booster = _booster(model)
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    if learner["gradient_booster"]["name"] != "gbtree" or int(learner["learner_model_param"]["num_class"]) > 1:
        raise NotAccelerated("it is no plain boosting of trees, or tells more than two classes apart")
    if objective not in LOGISTIC + SUMS:
        raise NotAccelerated(f"the objective {objective!r} has a link of its own")
    known = _known(booster)

    def matrix(features: Any) -> Floats | None:
        found, unknown = coded(features, known)
        return None if unknown else found  # XGBoost refuses a category that it has not learned

    return Ensemble(
        trees=[_tree(tree) for tree in learner["gradient_booster"]["model"]["trees"]],
        features=int(booster.num_features()),
        base=_margin(learner["learner_model_param"]["base_score"], objective),
        matrix=matrix,
        link=_logistic() if objective in LOGISTIC else lambda sums: sums,
        sums="float32",
        compares="float32",
        finite=True,
    )


def _booster(model: Any) -> Any:
    booster = getattr(model, "native", model)
    if not hasattr(booster, "get_booster"):
        return booster
    trained = booster.get_booster()
    stopped = getattr(booster, "early_stopping_rounds", None) is not None
    return trained[: booster.best_iteration + 1] if stopped else trained


def _known(booster: Any) -> list[list[str]]:
    """The values of its categories, feature by feature; none if it learned from numbers."""
    if "c" not in (booster.feature_types or []):
        return []
    values = booster.get_categories(export_to_arrow=True).to_arrow()
    return [found.to_pylist() for _, found in values if found is not None]


def _margin(base_score: str, objective: str) -> float:
    score = np.float32(base_score.strip("[]"))
    if objective not in LOGISTIC:
        return float(score)
    return -float(np.float32(math.log(np.float32(1) / score - np.float32(1))))


def _logistic() -> Any:
    logistic = function(LINKS, "logistic_single", ctypes.c_int64, ctypes.c_double, ctypes.c_void_p)

    def link(sums: Floats) -> Floats:
        if len(sums):
            logistic(len(sums), float(np.float32(MOST)), sums.ctypes.data)
        return sums

    return link


def _tree(said: dict[str, Any]) -> Grown:
    left, right = np.array(said["left_children"], np.int64), np.array(said["right_children"], np.int64)
    leaf = left == NONE
    numbers = np.array(said["split_conditions"], np.float32)
    categories = _categories(said)
    below = np.nextafter(numbers, np.float32(-np.inf)).astype(np.float64)  # a row goes left if it is less
    return Grown(
        feature=np.where(leaf, NONE, np.array(said["split_indices"], np.int64)),
        threshold=np.where(numbers == -np.inf, np.nan, below),
        missing_left=np.array(said["default_left"], np.bool_) & ~leaf,
        left=left,
        right=np.where(leaf, NONE, right),
        value=np.where(leaf, numbers.astype(np.float64), 0.0),
        categories=categories,
    )


def _categories(said: dict[str, Any]) -> dict[int, Bools]:
    """A category that is listed goes right, another one left, a missing one as the node says."""
    found: dict[int, Bools] = {}
    parts = zip(said["categories_nodes"], said["categories_segments"], said["categories_sizes"], strict=True)
    for node, first, size in parts:
        listed = np.array(said["categories"][first : first + size], np.int64)
        goes = np.ones(int(listed.max(initial=0)) + 3, np.bool_)
        goes[listed] = False
        goes[-1] = said["default_left"][node]
        found[node] = goes
    return found
