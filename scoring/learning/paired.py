"""By how much one version does better than another on the same customers, with an interval. Pure.

Each metric is taken as a smooth function of the distribution of customers; its influence values say how it moves with
each of them. The variance of the differences of two versions' influence values is that of the gain: customers are the
same, so what both find hard cancels out. Hampel (1974), "The influence curve and its role in robust estimation"; for
the area under the ROC curve it is the test of DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two
or more correlated receiver operating characteristic curves".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.domain.metrics import BEST_IS_ONE
from scoring.monitoring.intervals import around, error_of_mean
from scoring.monitoring.metrics import figure_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """A metric of two versions on the same ``n`` customers.

    ``gain`` is by how much the challenger is better, in units of the metric, positive also where less is better;
    ``low`` and ``high`` are its 95 % interval. All are None where the metric is not defined; ``reason`` says why.
    """

    metric: str
    n: int
    champion: float | None = None
    challenger: float | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def gain_of(metric: str, champion: Floats, challenger: Floats, outcomes: Floats, *, threshold: float) -> Gain:
    """Compare two versions by one metric.

    Parameters
    ----------
    metric
        One that the definition can name as its headline.
    champion, challenger
        Their published values of the same customers, float64 (rows,).
    outcomes
        What happened, float64 (rows,): 0.0 or 1.0 of a classification.
    threshold
        From this probability on a value says yes.
    """
    n = len(outcomes)
    figures = []
    for values in (champion, challenger):
        found = figure_of(metric, values, outcomes, threshold)
        if found.value is None:
            return Gain(metric, n, reason=found.reason)
        figures.append(found.value)
    better = 1.0 if metric in BEST_IS_ONE else -1.0
    influence = INFLUENCE[metric]
    moved = influence(challenger, outcomes, threshold) - influence(champion, outcomes, threshold)
    gain = better * (figures[1] - figures[0])
    low, high = around(gain, error_of_mean(moved)) or (None, None)
    return Gain(metric, n, figures[0], figures[1], gain, low, high)


def _roc_auc(values: Floats, outcomes: Floats, _: float) -> Floats:
    positive = outcomes > 0
    above = _below(values[positive], values[~positive])
    below = 1 - _below(values[~positive], values[positive])
    auc, share = above.mean(), positive.mean()
    found = np.empty(len(values))
    found[positive] = (above - auc) / share
    found[~positive] = (below - auc) / (1 - share)
    return found


def _pr_auc(values: Floats, outcomes: Floats, _: float) -> Floats:
    """Average precision: mean over the positives of the precision at their value.

    A customer moves it as one of those over whom it is the mean, and by its part in the precision at every lower value.
    """
    order = np.argsort(values, kind="stable")
    known, came = values[order], outcomes[order] > 0
    first = np.searchsorted(known, known, side="left")  # those with at least the value begin here
    ahead = (len(known) - first) / len(known)
    caught = came[::-1].cumsum()[::-1][first] / len(known)
    precision, share = caught / ahead, came.mean()
    last = np.searchsorted(known, known, side="right") - 1
    with_me = np.cumsum(came / ahead)[last] / len(known)
    expected = np.cumsum(came * precision / ahead)[last] / len(known)
    mean = (came * precision).mean() / share
    found = np.empty(len(known))
    found[order] = (came * (precision - mean) + came * with_me - expected) / share
    return found


def _precision(values: Floats, outcomes: Floats, threshold: float) -> Floats:
    said = values >= threshold
    return np.asarray(said * (outcomes - outcomes[said].mean()) / said.mean())


def _recall(values: Floats, outcomes: Floats, threshold: float) -> Floats:
    said, share = values >= threshold, outcomes.mean()
    return np.asarray(outcomes * (said - (said * outcomes).mean() / share) / share)


def _f1(values: Floats, outcomes: Floats, threshold: float) -> Floats:
    said = values >= threshold
    below = said.mean() + outcomes.mean()
    f1 = 2 * (said * outcomes).mean() / below
    return np.asarray((2 * said * outcomes - f1 * (said + outcomes)) / below)


def _brier(values: Floats, outcomes: Floats, _: float) -> Floats:
    return np.square(values - outcomes)


def _log_loss(values: Floats, outcomes: Floats, _: float) -> Floats:
    smallest = np.finfo(np.float64).eps
    likely = np.clip(np.where(outcomes > 0, values, 1 - values), smallest, 1 - smallest)
    return np.asarray(-np.log(likely))


def _ks(values: Floats, outcomes: Floats, _: float) -> Floats:
    """The gap between the classes' distribution functions, where it is widest."""
    positive = outcomes > 0
    at = np.unique(values)
    gaps = _up_to(values[~positive], at) - _up_to(values[positive], at)
    widest = at[np.argmax(np.abs(gaps))]
    sign, share, below = np.sign(gaps[np.argmax(np.abs(gaps))]), positive.mean(), values <= widest
    of_others, of_positives = below[~positive].mean(), below[positive].mean()
    return np.asarray(sign * np.where(positive, -(below - of_positives) / share, (below - of_others) / (1 - share)))


def _mae(values: Floats, outcomes: Floats, _: float) -> Floats:
    return np.abs(values - outcomes)


def _rmse(values: Floats, outcomes: Floats, _: float) -> Floats:
    squared = np.square(values - outcomes)
    root = np.sqrt(squared.mean())
    return np.asarray(squared / (2 * root)) if root > 0 else np.zeros(len(values))


def _r2(values: Floats, outcomes: Floats, _: float) -> Floats:
    squared, around_mean = np.square(values - outcomes), np.square(outcomes - outcomes.mean())
    return np.asarray(-(squared - squared.mean() / around_mean.mean() * around_mean) / around_mean.mean())


def _below(values: Floats, others: Floats) -> Floats:
    """Share of the others below each value; equal ones count half."""
    ordered = np.sort(others)
    left, right = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return np.asarray((left + right) / 2 / len(ordered))


def _up_to(values: Floats, at: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(values), at, side="right") / len(values))


# Up to a constant, which does not change a variance.
INFLUENCE: dict[str, Callable[[Floats, Floats, float], Floats]] = {
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "brier": _brier,
    "log_loss": _log_loss,
    "ks": _ks,
    "mae": _mae,
    "rmse": _rmse,
    "r2": _r2,
}
