"""Fits the estimator of a definition: its search space tried, its probabilities calibrated, with a fixed seed."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import BaseCrossValidator, KFold, PredefinedSplit, StratifiedKFold, cross_val_score

from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.learning.training_set import TrainingSet, fitted
from scoring.models.formats.adapting import adapted

SEED, FOLDS = 0, 5
# What is maximised, by headline metric. What depends on a threshold or is none of scikit-learn's is replaced by a
# ranking metric.
SCORERS = {
    "pr_auc": "average_precision",
    "brier": "neg_brier_score",
    "log_loss": "neg_log_loss",
    "mae": "neg_mean_absolute_error",
    "rmse": "neg_root_mean_squared_error",
    "r2": "r2",
}
RANKING = "roc_auc"


def best_parameters(score: Score, known: TrainingSet, cohorts: NDArray[np.int64]) -> dict[str, Any]:
    """The combination of the search space that does best on customers that it has not learned from; {} without one.

    Parameters
    ----------
    known
        What is learned from.
    cohorts
        The number of each customer's cohort, in time: with several, the last one is the one that is tried on; with one,
        folds of it are.

    Raises
    ------
    PermanentError
        If no combination can be fitted.
    """
    space = score.learning.search
    if not space:
        return {}
    scorer, folds = SCORERS.get(score.headline, RANKING), _folds(score, cohorts)
    tried: list[tuple[float, dict[str, Any]]] = []
    for parameters in combinations(space, score.learning.tries):
        estimator = _with(score, parameters)
        values = cross_val_score(estimator, known.features, known.outcome, scoring=scorer, cv=folds, error_score=np.nan)
        tried.append((float(np.mean(values)), parameters))
    usable = [one for one in tried if np.isfinite(one[0])]
    if not usable:
        raise PermanentError(
            f"No combination of the search space of {score.name} can be fitted.",
            remedy="Correct 'learning.search' in its definition.",
        )
    return max(usable, key=lambda one: one[0])[1]


def combinations(space: Mapping[str, Sequence[Any]], most: int) -> list[dict[str, Any]]:
    """All combinations of the values in the order of their names, or ``most`` of them drawn with a seed."""
    names = sorted(space)
    every = [dict(zip(names, values, strict=True)) for values in itertools.product(*(space[name] for name in names))]
    if len(every) <= most:
        return every
    chosen = np.sort(np.random.default_rng(SEED).choice(len(every), most, replace=False))
    return [every[place] for place in chosen]


def fit(score: Score, known: TrainingSet, parameters: Mapping[str, Any]) -> Any:
    """The estimator with these parameters, fitted; calibrated if the definition says so.

    Calibration learns from predictions of folds (``ensemble=False``), so the model that predicts has learned from all.

    Raises
    ------
    PermanentError
        If it cannot be fitted; names the reason.
    """
    estimator = _with(score, parameters)
    if score.learning.calibrate is not None:
        estimator = CalibratedClassifierCV(estimator, method=score.learning.calibrate, cv=FOLDS, ensemble=False)
    return fitted(score, known, estimator)


def _with(score: Score, parameters: Mapping[str, Any]) -> Any:
    estimator = adapted(score.new_estimator(), score.features_as)
    try:
        return clone(estimator).set_params(**parameters)
    except (TypeError, ValueError) as error:
        raise PermanentError(
            f"The search space of {score.name} does not fit its estimator: {' '.join(str(error).split())[:300]}",
            remedy="Name parameters that the estimator has in 'learning.search'.",
        ) from error


def _folds(score: Score, cohorts: NDArray[np.int64]) -> BaseCrossValidator:
    if cohorts.min() < cohorts.max():
        return PredefinedSplit(np.where(cohorts == cohorts.max(), 0, -1))
    if score.kind == "classification":
        return StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    return KFold(FOLDS, shuffle=True, random_state=SEED)


def numbered(parts: Sequence[TrainingSet]) -> Iterator[NDArray[np.int64]]:
    """For each customer of each cohort the number of the cohort."""
    for place, part in enumerate(parts):
        yield np.full(len(part.outcome), place)
