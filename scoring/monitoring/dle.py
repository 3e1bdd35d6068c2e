"""How large the errors of a regression likely are before its outcomes are known, by a model of its errors. Pure.

Direct loss estimation (DLE): a second model learns from known outcomes how far the first is off for whom. Described in
the documentation of NannyML, "How it works: Estimation of performance of the monitored model".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from scoring.monitoring.figures import CONFIDENCE, Figure, undefined
from scoring.monitoring.metrics import TOO_LARGE
from scoring.monitoring.shift import ordered, ratios

METRICS = ("mae", "rmse")
LEAST_ROWS = 200  # customers with known outcomes to learn from
MOST_ROWS = 100_000  # of them that are learned from
FOLDS = 3
REPLICATES = 200
DRAWN = 20_000  # customers whose errors are drawn in a replicate; of more the noise is scaled down
LEAST_SHARE = 1e-3  # an expected error is at least this share of the mean one

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """What is known of the reference, float64 of shape (n,) each, and what is expected of current customers, (m,).

    ``made`` are absolute errors, ``expected`` those expected by a model that did not learn from the row, ``weights``
    how many times likelier such customers are now; ``now`` are the expected errors of current customers.
    """

    made: Floats
    expected: Floats
    weights: Floats
    now: Floats


def estimate(
    reference_features: Floats,
    reference_values: Floats,
    reference_outcomes: Floats,
    features: Floats,
    values: Floats,
    *,
    rows: int,
    seed: int,
) -> list[Figure]:
    """Mean absolute and root mean squared error of a publication, each with a 95 % interval for what will be realised.

    A model learns the size of an error from features and value. What it expects of current customers is multiplied by
    made/expected of the reference, weighted towards customers like those of now. The interval has three chances
    in it: the reference could have been another (it is drawn anew ``REPLICATES`` times), errors scatter about their
    expected size as those of the reference did, and ``features`` may be a sample of the customers.

    Parameters
    ----------
    reference_features
        float64 of shape (n, k), NaN for null, of customers that the model did not learn from.
    reference_values, reference_outcomes
        What the model said of them and what happened, float64 of shape (n,).
    features, values
        The same of current customers, or of a random sample of them: float64 of shapes (m, k) and (m,).
    rows
        Customers that the publication has.
    seed
        Equal seeds give equal results, whatever the order of rows.

    Returns
    -------
    list of Figure
        One for each of ``METRICS``, ``n`` is ``rows``. Its value is None where it is not defined.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        made = np.abs(reference_values - reference_outcomes)
        squarable = np.isfinite(np.square(made).sum())
    reason = None if squarable else TOO_LARGE
    if not len(values) or not rows:
        reason = "this publication has no customers"
    elif len(made) < LEAST_ROWS:
        reason = f"too few outcomes to learn from: {len(made)}; at least {LEAST_ROWS} are needed"
    if reason:
        return [undefined(metric, rows, reason) for metric in METRICS]
    then = np.column_stack([reference_features, reference_values])
    now = np.column_stack([features, values])
    errors = _learned(then, made, now[ordered(now)], seed)
    random = np.random.default_rng(seed)
    return [_figure(metric, power, errors, rows, random) for power, metric in enumerate(METRICS, start=1)]


def _learned(then: Floats, made: Floats, now: Floats, seed: int) -> Errors:
    """Expected errors, those of the reference by models that did not see them."""
    random = np.random.default_rng(seed)
    order = ordered(np.column_stack([then, made]))
    if len(order) > MOST_ROWS:
        order = np.sort(random.choice(order, MOST_ROWS, replace=False))
    then, made = then[order], made[order]
    folds = random.permutation(len(made)) % FOLDS
    expected, current = np.zeros(len(made)), np.zeros(len(now))
    for fold in range(FOLDS):
        kept = folds != fold
        mean = made[kept].mean()
        if mean <= 0:
            continue
        model = _regressor(seed).fit(then[kept], made[kept] / mean)
        expected[~kept] = model.predict(then[~kept]) * mean
        current += model.predict(now) * mean / FOLDS
    least = LEAST_SHARE * made.mean() or 1.0  # of a model that never errs each error is 0 times 1
    weights = ratios(then, now, seed=seed)
    return Errors(made, np.maximum(expected, least), weights, np.maximum(current, least))


def _figure(metric: str, power: int, errors: Errors, rows: int, random: np.random.Generator) -> Figure:
    """The mean of errors to a power, and its root."""
    made, expected, now = errors.made**power, errors.expected**power, errors.now**power
    relative, level = made / expected, now.mean()
    value = (errors.weights @ made) / (errors.weights @ expected) * level
    sampled = now.std() * np.sqrt(max(1 / len(now) - 1 / rows, 0.0))
    count = min(len(now), DRAWN)
    replicates = np.zeros(REPLICATES)
    for number in range(REPLICATES):
        weights = errors.weights * random.standard_exponential(len(made))  # Bayesian bootstrap, Rubin (1981)
        factor = (weights @ made) / (weights @ expected)
        scatter = _scatter(relative, weights, now, count, random) * np.sqrt(count / rows)
        replicates[number] = max(factor * (level + sampled * random.standard_normal() + scatter), 0.0)
    low, high = np.quantile(replicates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    root = 1 / power
    return Figure(metric, value**root, min(low, value) ** root, max(high, value) ** root, rows)


def _scatter(relative: Floats, weights: Floats, now: Floats, count: int, random: np.random.Generator) -> float:
    """How far the mean of ``count`` errors is from the expected one: relative errors are drawn from the reference."""
    shares = np.cumsum(weights)
    mean = (weights @ relative) / shares[-1]
    if mean <= 0:
        return 0.0
    drawn = relative[np.minimum(np.searchsorted(shares, random.random(count) * shares[-1]), len(relative) - 1)] / mean
    customers = now if count == len(now) else now[random.integers(len(now), size=count)]
    return float(customers @ (drawn - 1)) / count


def _regressor(seed: int) -> HistGradientBoostingRegressor:
    """The mean of something positive, by its logarithm; Poisson's loss lets a few large errors count less."""
    return HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=60,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=1.0,
        early_stopping=True,
        n_iter_no_change=5,
        random_state=seed,
    )
