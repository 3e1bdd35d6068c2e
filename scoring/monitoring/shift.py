"""How many times likelier customers like each of the reference are now: weights that make then look like now. Pure."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

FOLDS = 3
MOST = 20_000  # rows of a side that a classifier learns from
LIMIT = 100.0  # a weight is at most so many times the mean

Floats = NDArray[np.float64]


def ratios(reference: Floats, current: Floats, *, seed: int) -> Floats:
    """Density ratio now/then at each row of the reference, by a classifier that tells the two apart.

    By Bayes' rule the odds of being a current row are the ratio of the densities, times that of the numbers of rows;
    Sugiyama, Suzuki and Kanamori (2012), "Density ratio estimation in machine learning", chapter 4. A row is judged by
    a classifier that did not learn from it. Where nothing has shifted the classifier finds nothing and all weigh alike.

    Parameters
    ----------
    reference, current
        What is known of customers then and now, the score's own value among it if the same model gave both: float64 of
        shape (n, k) and (m, k), NaN for null. ``current`` may be a sample of the customers.
    seed
        Equal seeds give equal results, whatever the order of rows.

    Returns
    -------
    float64 of shape (n,)
        Positive, of mean about 1.
    """
    if min(len(reference), len(current)) < FOLDS:
        return np.ones(len(reference))
    with threadpool_limits(1, "openmp"):  # on a busy machine threads wait for each other most of the time
        return _judged(reference, current, seed)


def _judged(reference: Floats, current: Floats, seed: int) -> Floats:
    result, then, now = np.ones(len(reference)), ordered(reference), ordered(current)
    random = np.random.default_rng(seed)
    folds, others = random.permutation(len(then)) % FOLDS, random.permutation(len(now)) % FOLDS
    for fold in range(FOLDS):
        was, came = (
            _some(rows[which != fold], random) for rows, which in ((reference[then], folds), (current[now], others))
        )
        teller = _classifier(seed).fit(fittable(np.vstack([was, came])), np.repeat([0.0, 1.0], [len(was), len(came)]))
        rows = then[folds == fold]
        likely = teller.predict_proba(reference[rows])[:, 1]
        result[rows] = likely / (1 - likely) * len(was) / len(came)
    return np.asarray(np.minimum(result / result[then].mean(), LIMIT))


def ordered(rows: Floats) -> NDArray[np.intp]:
    """Places of rows in growing order, by their last column first: the same rows for any order of them."""
    return np.asarray(np.lexsort(rows.T))


def fittable(rows: Floats) -> Floats:
    """Rows with 0 in columns of nulls only, which a gradient boosting cannot be fitted to; they say nothing."""
    return np.asarray(np.where(np.isnan(rows).all(axis=0), 0.0, rows))


def _some(rows: Floats, random: np.random.Generator) -> Floats:
    if len(rows) <= MOST:
        return rows
    return rows[random.choice(len(rows), MOST, replace=False)]


def _classifier(seed: int) -> HistGradientBoostingClassifier:
    """It learns no more than it can confirm on rows that it holds back: weights that are only noise cost precision."""
    return HistGradientBoostingClassifier(
        max_iter=60,
        max_leaf_nodes=8,
        min_samples_leaf=50,
        l2_regularization=10.0,
        early_stopping=True,
        n_iter_no_change=5,
        random_state=seed,
    )
