"""How well values fit outcomes: every metric with its interval, or the reason why it is not defined. Pure.

scikit-learn computes what it has. Intervals take the customers as independent draws.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_absolute_percentage_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

from scoring.domain.score import Kind
from scoring.monitoring.figures import Figure, undefined
from scoring.monitoring.intervals import Interval, around, error_of_mean, error_of_ratio, of_auc, wilson

Floats = NDArray[np.float64]

CLASSIFICATION = (
    "precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "log_loss", "ks", "positive_rate", "expected_rate",
)  # fmt: skip
REGRESSION = ("mae", "rmse", "r2", "mape", "bias")
OF_THRESHOLD = frozenset({"precision", "recall", "f1"})  # these mean something else at another threshold

NO_OUTCOME = "no outcome of these customers is known"
NO_POSITIVE = "no outcome is positive"
NO_NEGATIVE = "no outcome is negative"
NOBODY_SAID = "nobody has a probability at or above the threshold"
TOO_LARGE = "amounts are too large to be squared"
TOO_LARGE_TO_ADD = "amounts are too large to be added"

_SMALLEST = np.finfo(np.float64).eps  # scikit-learn's log loss clips probabilities to this


def metrics_of(kind: Kind, values: Floats, outcomes: Floats, threshold: float) -> list[Figure]:
    """All metrics of a kind of score; see :func:`classification` and :func:`regression`."""
    if kind == "classification":
        return classification(values, outcomes, threshold)
    return regression(values, outcomes)


def figure_of(metric: str, values: Floats, outcomes: Floats, threshold: float) -> Figure:
    """One metric by which a score can be judged, as :func:`metrics_of` gives it, without the work for the others.

    Parameters
    ----------
    metric
        A name that :func:`scoring.domain.monitoring.headlines` has.
    values, outcomes, threshold
        As of :func:`classification` and :func:`regression`.
    """
    if not len(values):
        return undefined(metric, 0, NO_OUTCOME)
    with np.errstate(over="ignore", invalid="ignore"):
        return next(one for one in _WITH[metric](values, outcomes, threshold) if one.metric == metric)


def classification(values: Floats, outcomes: Floats, threshold: float) -> list[Figure]:
    """Metrics of probabilities, one for each of :data:`CLASSIFICATION`.

    Intervals: Wilson's for shares; DeLong's for ``roc_auc``; Wilson's with the number of positives for ``pr_auc`` (the
    binomial interval of Boyd, Eng and Page 2013, "Area under the precision-recall curve"); the central limit theorem
    for ``brier`` and ``log_loss``; the delta method for ``f1`` and, at the point where the curves are farthest apart,
    for ``ks``.

    Parameters
    ----------
    values
        Probabilities, float64 (rows,).
    outcomes
        0.0 or 1.0, of the same shape.
    threshold
        From this probability on a value says yes.
    """
    n = len(values)
    if not n:
        return [undefined(metric, 0, NO_OUTCOME) for metric in CLASSIFICATION]
    said, positive = values >= threshold, outcomes > 0
    found = [
        *_at_threshold(said, positive),
        *_ranking(values, positive),
        *_losses(values, outcomes),
        _separation(values, positive),
        _figure("positive_rate", float(positive.mean()), wilson(float(positive.mean()), n), n),
        Figure("expected_rate", float(values.mean()), None, None, n),
    ]
    return sorted(found, key=lambda figure: CLASSIFICATION.index(figure.metric))


def regression(values: Floats, outcomes: Floats) -> list[Figure]:
    """Metrics of amounts, one for each of :data:`REGRESSION`; ``bias`` is the mean of value minus outcome.

    ``mape`` is about the customers whose outcome is not 0 (its ``n``). Intervals: the central limit theorem; for
    ``rmse`` of the squared errors, for ``r2`` by the delta method. With heavy tails they are too narrow. Of amounts
    whose squares overflow ``mae`` and ``bias`` stay, without an interval.
    """
    n = len(values)
    if not n:
        return [undefined(metric, 0, NO_OUTCOME) for metric in REGRESSION]
    with np.errstate(over="ignore", invalid="ignore"):
        errors = values - outcomes
        return [
            _absolute(values, outcomes),
            *_by_squares(values, outcomes, np.square(errors)),
            _relative(values, outcomes),
            _mean("bias", float(errors.mean()), errors),
        ]


def _figure(metric: str, value: float, interval: Interval | None, n: int) -> Figure:
    low, high = interval or (None, None)
    return Figure(metric, value, low, high, n)


def _mean(metric: str, mean: float, parts: Floats, *, least: float = -np.inf) -> Figure:
    if not np.isfinite(mean):
        return undefined(metric, len(parts), TOO_LARGE_TO_ADD)
    return _figure(metric, mean, around(mean, error_of_mean(parts), least=least), len(parts))


def _absolute(values: Floats, outcomes: Floats) -> Figure:
    return _mean("mae", float(mean_absolute_error(outcomes, values)), np.abs(values - outcomes), least=0.0)


def _by_squares(values: Floats, outcomes: Floats, squared: Floats) -> list[Figure]:
    n = len(values)
    if not np.isfinite(squared.sum()) or not np.isfinite(np.square(outcomes).sum()):
        return [undefined(metric, n, TOO_LARGE) for metric in ("rmse", "r2")]
    mean_squared, spread = float(squared.mean()), around(float(squared.mean()), error_of_mean(squared), least=0.0)
    root = float(root_mean_squared_error(outcomes, values))
    roots = None if spread is None else (min(root, float(np.sqrt(spread[0]))), max(root, float(np.sqrt(spread[1]))))
    return [_figure("rmse", root, roots, n), _explained(values, outcomes, squared, mean_squared)]


def _at_threshold(said: NDArray[np.bool_], positive: NDArray[np.bool_]) -> list[Figure]:
    n, yes, actual = len(said), int(said.sum()), int(positive.sum())
    found = []
    if yes:
        precision = float(precision_score(positive, said))
        found.append(_figure("precision", precision, wilson(precision, yes), yes))
    else:
        found.append(undefined("precision", 0, NOBODY_SAID))
    if not actual:
        return [*found, undefined("recall", 0, NO_POSITIVE), _f1(said, positive, n)]
    recall = float(recall_score(positive, said))
    return [*found, _figure("recall", recall, wilson(recall, actual), actual), _f1(said, positive, n)]


def _f1(said: NDArray[np.bool_], positive: NDArray[np.bool_], n: int) -> Figure:
    if not (said | positive).any():
        return undefined("f1", n, f"{NO_POSITIVE}, and {NOBODY_SAID}")
    f1 = float(f1_score(positive, said, zero_division=0.0))
    error = error_of_ratio(2.0 * (said & positive), said.astype(np.float64) + positive)
    if error == 0:  # all alike: no spread to see
        return _figure("f1", f1, wilson(f1, int((said | positive).sum())), n)
    return _figure("f1", f1, around(f1, error, least=0.0, most=1.0), n)


def _ranking(values: Floats, positive: NDArray[np.bool_]) -> list[Figure]:
    n, actual = len(values), int(positive.sum())
    missing = _missing_class(actual, n)
    if missing:
        auc = undefined("roc_auc", n, missing)
    else:
        area = float(roc_auc_score(positive, values))
        auc = _figure("roc_auc", area, of_auc(area, values[positive], values[~positive]), n)
    if not actual:
        return [auc, undefined("pr_auc", n, NO_POSITIVE)]
    average = min(float(average_precision_score(positive, values)), 1.0)  # rounding takes it a little beyond
    return [auc, _figure("pr_auc", average, wilson(average, actual), n)]


def _missing_class(positives: int, n: int) -> str | None:
    if not positives:
        return NO_POSITIVE
    return NO_NEGATIVE if positives == n else None


def _losses(values: Floats, outcomes: Floats) -> list[Figure]:
    n = len(values)
    squared = np.square(values - outcomes)
    kept = np.clip(values, _SMALLEST, 1 - _SMALLEST)
    logs = -np.where(outcomes > 0, np.log(kept), np.log1p(-kept))
    brier = float(brier_score_loss(outcomes, values, labels=[0, 1]))
    loss = float(log_loss(outcomes, values, labels=[0, 1]))
    return [
        _figure("brier", brier, around(brier, error_of_mean(squared), least=0.0, most=1.0), n),
        _figure("log_loss", loss, around(loss, error_of_mean(logs), least=0.0), n),
    ]


def _separation(values: Floats, positive: NDArray[np.bool_]) -> Figure:
    """Largest gap between the distribution functions of both classes (Kolmogorov-Smirnov)."""
    n, actual = len(values), int(positive.sum())
    if missing := _missing_class(actual, n):
        return undefined("ks", n, missing)
    points = np.unique(values)
    high = np.searchsorted(np.sort(values[positive]), points, side="right") / actual
    low = np.searchsorted(np.sort(values[~positive]), points, side="right") / (n - actual)
    place = int(np.abs(low - high).argmax())
    ks, here, there = float(abs(low - high)[place]), float(high[place]), float(low[place])
    error = float(np.sqrt(here * (1 - here) / actual + there * (1 - there) / (n - actual)))
    if error == 0:
        return _figure("ks", ks, wilson(ks, min(actual, n - actual)), n)
    return _figure("ks", ks, around(ks, error, least=0.0, most=1.0), n)


def _explained(values: Floats, outcomes: Floats, squared: Floats, mean_squared: float) -> Figure:
    n = len(values)
    variance = float(outcomes.var())
    if outcomes.min() == outcomes.max() or variance == 0:  # that of equal outcomes is not 0 where their mean is rounded
        return undefined("r2", n, "the outcomes do not vary")
    r2 = float(r2_score(outcomes, values))
    if not np.isfinite(r2):
        return undefined("r2", n, "the outcomes vary too little to divide by it")
    influence = squared - mean_squared / variance * np.square(outcomes - outcomes.mean())
    return _figure("r2", r2, around(r2, error_of_mean(influence) / variance, most=1.0), n)


def _relative(values: Floats, outcomes: Floats) -> Figure:
    some = outcomes != 0
    n = int(some.sum())
    if not n:
        return undefined("mape", 0, "every outcome is 0")
    with np.errstate(over="ignore"):
        shares = np.abs(values[some] - outcomes[some]) / np.abs(outcomes[some])
        squarable = np.isfinite(np.square(shares).sum())
    if not squarable:
        return undefined("mape", n, "an outcome is too near to 0 to divide by it")
    mape = float(mean_absolute_percentage_error(outcomes[some], values[some]))
    return _figure("mape", mape, around(mape, error_of_mean(shares), least=0.0), n)


# What computes a metric, together with those that it shares the work with.
_WITH: dict[str, Callable[[Floats, Floats, float], list[Figure]]] = {
    **dict.fromkeys(
        ("precision", "recall", "f1"),
        lambda values, outcomes, threshold: _at_threshold(values >= threshold, outcomes > 0),
    ),
    **dict.fromkeys(("roc_auc", "pr_auc"), lambda values, outcomes, _: _ranking(values, outcomes > 0)),
    **dict.fromkeys(("brier", "log_loss"), lambda values, outcomes, _: _losses(values, outcomes)),
    "ks": lambda values, outcomes, _: [_separation(values, outcomes > 0)],
    "mae": lambda values, outcomes, _: [_absolute(values, outcomes)],
    **dict.fromkeys(
        ("rmse", "r2"),
        lambda values, outcomes, _: _by_squares(values, outcomes, np.square(values - outcomes)),
    ),
}
