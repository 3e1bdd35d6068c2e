"""Performance before outcomes are known: what is likely, from an earlier cohort whose outcomes are.

Classification: confidence-based performance estimation (CBPE). A calibrated probability says how likely each customer's
outcome is, so the expected number of hits, misses and false alarms follows. Regression: direct loss estimation (DLE). A
model of the errors of an earlier cohort says how large the errors of this one are. Both are described in the
documentation of NannyML ("How it works: performance estimation") and hold as long as what a customer's features say
about the outcome has not changed; when that changes, the estimates and the outcomes part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.isotonic import IsotonicRegression

from scoring.monitoring.metric import Metric, undefined
from scoring.monitoring.weighted import Classified

Floats = NDArray[np.float64]

REPLICATES = 200
MODELS = 12  # bootstrap fits of the model of errors
LEAST_REFERENCE = 200
TOO_SMALL = f"no earlier cohort with {LEAST_REFERENCE} known outcomes"
ONE_SIDED = "the earlier cohort shows one kind of outcome only"
CLASSIFICATION = ("precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "observed_rate")
REGRESSION = ("mae", "rmse")


@dataclass(frozen=True)
class Cohort:
    """Customers with an outcome: ``features`` (n, features), published ``value`` and ``outcome`` (n,), all float64."""

    features: Floats
    value: Floats
    outcome: Floats


def classification(reference: Cohort, probability: Floats, threshold: float, seed: int) -> list[Metric]:
    """Estimate the metrics of customers without outcomes from their probabilities.

    The 95 % interval holds both what is uncertain: the calibration (refitted on the reference drawn anew, in each
    replicate) and the outcomes themselves (drawn by the calibrated probabilities).

    Parameters
    ----------
    reference
        An earlier cohort with known outcomes (0 or 1) of the same model.
    probability
        Published values of the customers, float64 of shape (n,).
    threshold
        From this probability on the score says that the outcome will come.
    seed
        The same seed gives the same figures.
    """
    n = len(probability)
    if len(reference.outcome) < LEAST_REFERENCE:
        return [undefined(name, n, TOO_SMALL) for name in CLASSIFICATION]
    if np.ptp(reference.outcome) == 0:
        return [undefined(name, n, ONE_SIDED) for name in CLASSIFICATION]
    random = np.random.default_rng(seed)
    everybody = np.sort(probability)[::-1]
    point = _expected(everybody, _calibrated(reference, np.ones(len(reference.value)), everybody), threshold)
    drawn: dict[str, list[float]] = {name: [] for name in CLASSIFICATION}
    for _ in range(REPLICATES):
        weight = random.poisson(1.0, len(reference.value)).astype(np.float64)
        likely = _calibrated(reference, weight, everybody)
        outcome = (random.random(n) < likely).astype(np.float64)
        for name, value in Classified.of(outcome, everybody, threshold).metrics(np.ones(n)).items():
            if name in drawn and np.isfinite(value):
                drawn[name].append(value)
    return [_with_interval(name, point[name], drawn[name], n) for name in CLASSIFICATION]


def regression(reference: Cohort, features: Floats, value: Floats, seed: int) -> list[Metric]:
    """Estimate MAE and RMSE of customers without outcomes from their features and published values.

    The 95 % interval holds what is uncertain about the model of errors (fits on the reference drawn anew) and how
    errors scatter around it.

    Parameters
    ----------
    reference
        An earlier cohort with known outcomes of the same model.
    features, value
        Of the customers: float64 of shapes (n, features) and (n,).
    seed
        The same seed gives the same figures.
    """
    n = len(value)
    if len(reference.outcome) < LEAST_REFERENCE:
        return [undefined(name, n, TOO_SMALL) for name in REGRESSION]
    error = np.abs(reference.value - reference.outcome)
    known, asked = np.column_stack([reference.features, reference.value]), np.column_stack([features, value])
    mae = _loss(known, error, asked, np.random.default_rng([seed, 1]))
    mse = _loss(known, error**2, asked, np.random.default_rng([seed, 2]))
    return [
        _with_interval("mae", max(mae[0], 0.0), np.maximum(mae[1], 0.0), n),
        _with_interval("rmse", float(np.sqrt(max(mse[0], 0.0))), np.sqrt(np.maximum(mse[1], 0.0)), n),
    ]


def _calibrated(reference: Cohort, weight: Floats, probability: Floats) -> Floats:
    fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    some = weight > 0
    fit.fit(reference.value[some], reference.outcome[some], sample_weight=weight[some])
    return np.asarray(fit.predict(probability), dtype=np.float64)


def _expected(probability: Floats, likely: Floats, threshold: float) -> dict[str, float]:
    """Metrics when each customer has the outcome with probability ``likely``: twice the customers, weighted."""
    outcome = np.concatenate([np.ones(len(likely)), np.zeros(len(likely))])
    both = np.concatenate([probability, probability])
    order = np.argsort(-both, kind="stable")
    weight = np.concatenate([likely, 1 - likely])[order]
    return Classified.of(outcome, both, threshold).metrics(weight)


def _loss(known: Floats, loss: Floats, asked: Floats, random: np.random.Generator) -> tuple[float, Floats]:
    """Mean loss of the customers asked about, and values scattered as it may be off: float64 of shape (replicates,)."""
    fits, scatter = [], []
    for _ in range(MODELS):
        weight = random.poisson(1.0, len(loss)).astype(np.float64)
        out = weight == 0
        model = HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=15, min_samples_leaf=40, random_state=0)
        model.fit(known[~out], loss[~out], sample_weight=weight[~out])
        # Trees shrink towards the mean of what they saw: what is left on customers they did not see is their bias.
        left = loss[out] - model.predict(known[out])
        fits.append(float(model.predict(asked).mean() + left.mean()))
        scatter.append(float(left.std()))
    middle = float(np.mean(fits))
    spread = float(np.std(fits, ddof=1))
    noise = float(np.mean(scatter)) * np.sqrt(1 / len(asked) + 1 / len(loss))
    return middle, random.normal(middle, np.hypot(spread, noise), REPLICATES)


def _with_interval(name: str, value: float, drawn: NDArray[np.float64] | list[float], n: int) -> Metric:
    if not np.isfinite(value) or len(drawn) < 0.9 * REPLICATES:
        return undefined(name, n, "the expected outcomes do not define it")
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Metric(name, float(value), float(low), float(high), n, "estimate")
