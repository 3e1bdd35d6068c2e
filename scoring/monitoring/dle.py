"""How large the errors of a regression likely are before its outcomes are known, by a model of its errors. Pure.

Direct loss estimation (DLE): a second model learns from known outcomes how far the first is off for whom. Described in
the documentation of NannyML, "How it works: Estimation of performance of the monitored model".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from scoring.monitoring.figures import CONFIDENCE, Figure, undefined
from scoring.monitoring.metrics import TOO_LARGE
from scoring.monitoring.shift import fittable, ordered, ratios

METRICS = ("mae", "rmse")
LEAST_ROWS = 200  # customers with known outcomes to learn from
MOST_ROWS = 100_000  # of them that are learned from
FOLDS = 3
REPLICATES = 200
DRAWN = 5_000  # customers whose errors are drawn in a replicate; of more the noise is scaled down
POWERS = (1, 2)
TAIL, LEAST_TAIL = 0.05, 20  # share of the errors, and at least so many, that are the tail
MOST_SHAPE = 0.45  # from 0.5 on a squared error has no mean
LEAST_SHARE = 1e-3  # an expected error is at least this share of the mean one

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """What is known of the reference, float64 of shape (n,) each, and what is expected of current customers.

    ``made`` are absolute errors, ``expected`` those expected by a model that did not learn from the row, ``weights``
    how many times likelier such customers are now; ``now``, of shape (``FOLDS``, m), is what each of the models expects
    of current customers. Their powers are averaged, not they: the square of a mean is less than the mean of squares,
    and ``expected`` is of single models, too.
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
    by_value: bool = True,
) -> list[Figure]:
    """Mean absolute and root mean squared error of a publication, each with a 95 % interval for what will be realised.

    A model learns the size of an error from features and value. What it expects of current customers is multiplied by
    made/expected of the reference, weighted towards customers like those of now. The interval has four chances in it:
    the reference could have been another (it is drawn anew ``REPLICATES`` times); errors scatter about their expected
    size as those of the reference did, the largest as far as their tail lets expect; ``features`` may be a sample of
    the customers; and where the weights found the model of errors wrong it may still be wrong by as much.

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
    by_value
        Whether customers like those of now are known by their values, too, and not by features alone: False if the
        reference was not scored by the very same model.

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
    with threadpool_limits(1, "openmp"):  # on a busy machine threads wait for each other most of the time
        errors = _learned(then, made, now[ordered(now)], seed, by_value=by_value)
    random = np.random.default_rng(seed)
    return _figures(errors, rows, random)


def _learned(then: Floats, made: Floats, now: Floats, seed: int, *, by_value: bool) -> Errors:
    """Expected errors, those of the reference by models that did not see them."""
    random = np.random.default_rng(seed)
    order = ordered(np.column_stack([then, made]))
    if len(order) > MOST_ROWS:
        order = np.sort(random.choice(order, MOST_ROWS, replace=False))
    then, made = then[order], made[order]
    folds = random.permutation(len(made)) % FOLDS
    expected, current = np.zeros(len(made)), np.zeros((FOLDS, len(now)))
    for fold in range(FOLDS):
        kept = folds != fold
        mean = made[kept].mean()
        if mean <= 0:
            continue
        model = _regressor(seed).fit(fittable(then[kept]), made[kept] / mean)
        expected[~kept] = model.predict(then[~kept]) * mean
        current[fold] = model.predict(now) * mean
    least = LEAST_SHARE * made.mean() or 1.0  # of a model that never errs each error is 0 times 1
    told_by = slice(None) if by_value else slice(-1)  # the value stands last
    weights = ratios(then[:, told_by], now[:, told_by], seed=seed)
    return Errors(made, np.maximum(expected, least), weights, np.maximum(current, least))


def _figures(errors: Errors, rows: int, random: np.random.Generator) -> list[Figure]:
    """Means of errors and of squared errors with their replicates, and the root of the latter."""
    relative, tail = errors.made / errors.expected, Tail.of(errors.made / errors.expected)
    value, misfit = np.zeros(2), np.zeros(2)
    for place, power in enumerate(POWERS):
        plain, weighted = (_factor(errors, errors.made, weights, power) for weights in (1.0, errors.weights))
        value[place] = weighted * (errors.now**power).mean()
        misfit[place] = abs(np.log(weighted / plain)) if plain > 0 and weighted > 0 else 0.0
    misfit[1] = max(misfit[1], 2 * misfit[0])  # a size that is off by 1 % is a square off by 2 %
    drawn = np.array([_replicate(errors, relative, tail, rows, random) for _ in range(REPLICATES)])
    drawn = drawn * np.exp(misfit * random.standard_normal((REPLICATES, 2)))
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    low, high = np.minimum(low, value), np.maximum(high, value)
    return [
        Figure(metric, float(value[place] ** root), float(low[place] ** root), float(high[place] ** root), rows)
        for place, (metric, root) in enumerate(zip(METRICS, (1.0, 0.5), strict=True))
    ]


def _factor(errors: Errors, made: Floats, weights: Floats | float, power: int) -> float:
    """How many times larger errors are than expected."""
    return float((weights * made**power).sum() / (weights * errors.expected**power).sum())


def _replicate(
    errors: Errors, relative: Floats, tail: "Tail", rows: int, random: np.random.Generator
) -> tuple[float, float]:
    """Mean error and squared error as they could be realised, had the reference been another one, too."""
    weights = errors.weights * random.standard_exponential(len(relative))  # the Bayesian bootstrap, Rubin (1981)
    made = tail.drawn(relative, random) * errors.expected
    customers_now = errors.now.shape[1]
    count = min(customers_now, DRAWN)
    shares = np.cumsum(weights)
    places = np.minimum(np.searchsorted(shares, random.random(count) * shares[-1]), len(relative) - 1)
    scatter = tail.drawn(relative[places], random)
    drawn = np.arange(count) if count == customers_now else random.integers(0, customers_now, count)
    others = _sampled(customers_now, rows, random)
    found = []
    for power in POWERS:
        expected = (errors.now**power).mean(0)
        customers, mean = expected[drawn], float(weights @ relative**power) / shares[-1]
        noise = 1 + np.sqrt(count / rows) * (scatter**power / (mean or 1.0) - 1)
        now = (others @ expected) / others.sum() * (customers @ noise) / customers.sum()
        found.append(_factor(errors, made, weights, power) * now)
    return found[0], found[1]


def _sampled(count: int, rows: int, random: np.random.Generator) -> Floats:
    """Weights of ``count`` sampled customers had others of the ``rows`` been drawn: positive, all 1 if they are all."""
    left = np.sqrt(max(1 - count / rows, 0.0))
    return np.asarray(1 + left * (random.standard_exponential(count) - 1))


@dataclass(frozen=True)
class Tail:
    """The largest of some numbers as a generalised Pareto distribution: those to come may be larger than all so far."""

    above: float
    scale: float
    shape: float

    @classmethod
    def of(cls, numbers: Floats) -> "Tail":
        """Fitted by probability-weighted moments; Hosking and Wallis (1987), equation 5."""
        count = max(LEAST_TAIL, round(TAIL * len(numbers)))
        largest = np.sort(numbers)[-count - 1 :]
        excess = largest[1:] - largest[0]
        first = excess.mean()
        second = (excess * (1 - (np.arange(count) + 0.65) / count)).mean()
        if first <= 2 * second or second <= 0:  # all alike, or nearly
            return cls(np.inf, 0.0, 0.0)
        shape = min(2 - first / (first - 2 * second), MOST_SHAPE)
        return cls(float(largest[0]), float(first * (1 - shape)), float(shape))

    def drawn(self, numbers: Floats, random: np.random.Generator) -> Floats:
        """The numbers, those in the tail drawn anew."""
        some = numbers > self.above
        uniform = random.random(int(some.sum()))
        result = numbers.copy()
        if abs(self.shape) < 1e-6:  # noqa: PLR2004 - the exponential distribution
            result[some] = self.above - self.scale * np.log1p(-uniform)
        else:
            result[some] = self.above + self.scale / self.shape * ((1 - uniform) ** -self.shape - 1)
        return result


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
