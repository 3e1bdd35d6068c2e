"""Realised performance: what a score was worth, once outcomes are known. scikit-learn computes what it has."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from scoring.monitoring.intervals import bootstrap, wilson
from scoring.monitoring.metric import Method, Metric, undefined
from scoring.monitoring.weighted import Classified, Predicted

Floats = NDArray[np.float64]

NO_CUSTOMERS = "no customer has a known outcome"
NO_POSITIVES = "no customer had the outcome"
NO_NEGATIVES = "every customer had the outcome"
NOBODY_SAID = "no probability reaches the threshold"
CONSTANT = "all outcomes are the same"
ZERO_OUTCOME = "an outcome is 0, and a share of 0 has no size"
ONE_CUSTOMER = "one customer has no spread"


def classification(outcome: Floats, probability: Floats, threshold: float, seed: int) -> list[Metric]:
    """Metrics of a classification.

    Parameters
    ----------
    outcome
        0 or 1, float64 of shape (n,).
    probability
        Published values, float64 of shape (n,).
    threshold
        From this probability on the score says that the outcome will come.
    seed
        Of the bootstrap.

    Returns
    -------
    list of Metric
        precision, recall, f1 at the threshold, roc_auc, pr_auc (average precision), ks, brier, log_loss,
        calibration_error, observed_rate and expected_rate.
    """
    n = len(outcome)
    if not n:
        return [undefined(name, 0, NO_CUSTOMERS) for name in _CLASSIFICATION]
    said = (probability >= threshold).astype(np.float64)
    sample = Classified.of(outcome, probability, threshold)
    own = sample.metrics(np.ones(n))  # ks, the rates and calibration, which scikit-learn does not have
    theirs: dict[str, Callable[[], float]] = {
        "precision": lambda: sk.precision_score(outcome, said),
        "recall": lambda: sk.recall_score(outcome, said),
        "f1": lambda: sk.f1_score(outcome, said, zero_division=0.0),
        "roc_auc": lambda: sk.roc_auc_score(outcome, probability),
        "pr_auc": lambda: sk.average_precision_score(outcome, probability),
        "brier": lambda: sk.brier_score_loss(outcome, probability),
        "log_loss": lambda: sk.log_loss(outcome, probability),
    }
    bounds = (bootstrap(sample.metrics, n, seed) if n > 1 else {}) | _shares(outcome, said)
    reasons = _classification_reasons(outcome, said)
    return [
        undefined(name, n, reasons[name])
        if name in reasons
        else _metric(name, n, theirs[name]() if name in theirs else own[name], bounds)
        for name in _CLASSIFICATION
    ]


def regression(outcome: Floats, predicted: Floats, seed: int) -> list[Metric]:
    """Metrics of a regression: mae, rmse, r2, mape (only where no outcome is 0) and bias (predicted - observed).

    ``outcome`` and ``predicted`` are float64 of shape (n,); ``seed`` is that of the bootstrap.
    """
    n = len(outcome)
    if not n:
        return [undefined(name, 0, NO_CUSTOMERS) for name in _REGRESSION]
    theirs: dict[str, Callable[[], float]] = {
        "mae": lambda: sk.mean_absolute_error(outcome, predicted),
        "rmse": lambda: sk.root_mean_squared_error(outcome, predicted),
        "r2": lambda: sk.r2_score(outcome, predicted),
        "mape": lambda: sk.mean_absolute_percentage_error(outcome, predicted),
        "bias": lambda: float(np.mean(predicted - outcome)),
    }
    reasons: dict[str, str] = {}
    if n == 1 or np.ptp(outcome) == 0:
        reasons["r2"] = ONE_CUSTOMER if n == 1 else CONSTANT
    if (outcome == 0).any():
        reasons["mape"] = ZERO_OUTCOME
    bounds = bootstrap(Predicted(outcome, predicted).metrics, n, seed) if n > 1 else {}
    return [
        undefined(name, n, reasons[name]) if name in reasons else _metric(name, n, theirs[name](), bounds)
        for name in _REGRESSION
    ]


_CLASSIFICATION: Sequence[str] = (
    "precision", "recall", "f1", "roc_auc", "pr_auc", "ks", "brier", "log_loss", "calibration_error", "observed_rate",
    "expected_rate",
)  # fmt: skip
_REGRESSION: Sequence[str] = ("mae", "rmse", "r2", "mape", "bias")
_SHARES = frozenset({"precision", "recall", "observed_rate"})


def _shares(outcome: Floats, said: Floats) -> dict[str, tuple[float, float]]:
    hits = float((outcome * said).sum())
    trials = {
        "precision": (hits, said.sum()),
        "recall": (hits, outcome.sum()),
        "observed_rate": (outcome.sum(), len(said)),
    }
    return {name: wilson(float(part), float(whole)) for name, (part, whole) in trials.items() if whole}


def _classification_reasons(outcome: Floats, said: Floats) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if not outcome.any():
        reasons |= dict.fromkeys(("recall", "f1", "roc_auc", "pr_auc", "ks", "log_loss"), NO_POSITIVES)
    if outcome.all():
        reasons |= dict.fromkeys(("roc_auc", "ks", "log_loss"), NO_NEGATIVES)
    if not said.any():
        reasons["precision"] = NOBODY_SAID
    return reasons


def _metric(name: str, n: int, value: float, bounds: dict[str, tuple[float, float]]) -> Metric:
    low, high = bounds.get(name, (None, None))
    method: Method = "none" if low is None else "wilson" if name in _SHARES else "bootstrap"
    return Metric(name, float(value), low, high, n, method)
