"""The pictures of a version that people look at, of customers from which it has not learned."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance
from sklearn.metrics import precision_recall_curve, roc_curve

from scoring.domain.score import Score
from scoring.learning.fitting import RANKING, SCORERS, SEED
from scoring.monitoring.calibration import calibration

if TYPE_CHECKING:  # importing Matplotlib takes a second
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

SHUFFLED = 2_000  # customers by whom importance is measured
SHOWN = 20  # features with the largest importance
POINTS = 5_000  # of a scatter plot


def pictures(
    score: Score, estimator: object, features: pd.DataFrame, values: Floats, outcomes: Floats
) -> "dict[str, Figure]":
    """Pictures by file name: curves and calibration of a classification, errors of a regression, importance of both.

    A picture that these customers do not define (a curve without both classes) is left out.
    """
    found = {"importance.png": _importance(score, estimator, features, outcomes)}
    if score.kind == "regression":
        return found | {
            "errors.png": _errors(values, outcomes),
            "calibration.png": _calibration(score, values, outcomes),
        }
    if len(np.unique(outcomes)) > 1:
        found |= {"roc.png": _roc(values, outcomes), "precision_recall.png": _precision_recall(values, outcomes)}
    return found | {"calibration.png": _calibration(score, values, outcomes)}


def _roc(values: Floats, outcomes: Floats) -> "Figure":
    others, caught, _ = roc_curve(outcomes, values)
    figure, axes = _axes("ROC", "share of the others that is above", "share of the positives that is above")
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    axes.plot(others, caught)
    return figure


def _precision_recall(values: Floats, outcomes: Floats) -> "Figure":
    precision, recall, _ = precision_recall_curve(outcomes, values)
    figure, axes = _axes("Precision and recall", "recall", "precision")
    axes.plot(recall, precision)
    axes.axhline(outcomes.mean(), color="0.7", linestyle="--")
    return figure


def _calibration(score: Score, values: Floats, outcomes: Floats) -> "Figure":
    groups = [one for one in calibration(score, values, outcomes) if one.grouping_by == "decile" and one.n]
    expected = np.array([one.expected for one in groups], np.float64)
    observed = np.array([one.observed for one in groups], np.float64)
    low, high = (
        np.array([getattr(one, end) for one in groups], np.float64) for end in ("observed_low", "observed_high")
    )
    figure, axes = _axes("Expected and observed, by tenths of the customers", "expected", "observed")
    ends = [np.nanmin([expected, observed]), np.nanmax([expected, observed])]
    axes.plot(ends, ends, color="0.7", linestyle="--")
    axes.errorbar(expected, observed, yerr=[np.maximum(observed - low, 0), np.maximum(high - observed, 0)], fmt="o-")
    return figure


def _errors(values: Floats, outcomes: Floats) -> "Figure":
    some = np.random.default_rng(SEED).permutation(len(values))[:POINTS]
    figure, axes = _axes("Errors", "value", "value minus outcome")
    axes.axhline(0, color="0.7", linestyle="--")
    axes.scatter(values[some], (values - outcomes)[some], s=4, alpha=0.3)
    return figure


def _importance(score: Score, estimator: object, features: pd.DataFrame, outcomes: Floats) -> "Figure":
    some = np.sort(np.random.default_rng(SEED).permutation(len(features))[:SHUFFLED])
    scorer = SCORERS.get(score.headline, RANKING)
    if score.kind == "classification" and len(np.unique(outcomes[some])) == 1:
        scorer = "neg_brier_score"  # the others need both classes
    found = permutation_importance(
        estimator, features.iloc[some], outcomes[some], scoring=scorer, n_repeats=3, random_state=SEED
    )
    order = np.argsort(found.importances_mean)[-SHOWN:]
    figure, axes = _axes(f"Importance: {scorer} lost when a feature is shuffled", "lost", "")
    axes.barh([str(name) for name in features.columns[order]], found.importances_mean[order])
    return figure


def _axes(title: str, x: str, y: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes
