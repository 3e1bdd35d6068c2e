"""One metric of some customers with its influence values: how much each customer moves it. Pure.

The figures are those of :mod:`scoring.monitoring.metrics`; there all metrics are computed with all their intervals,
here only one is, because each cohort, arm and segment of an experiment asks for it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from scoring.learning.paired import INFLUENCE
from scoring.monitoring.metrics import NO_NEGATIVE, NO_OUTCOME, NO_POSITIVE, NOBODY_SAID, TOO_LARGE

Floats = NDArray[np.float64]

NOT_ENOUGH = "fewer than two outcomes of these customers are known"
NO_SPREAD = "the outcomes do not vary"


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric of customers; where it is not defined, only the reason.

    Parameters
    ----------
    value
        In units of the metric.
    influence
        float64 (rows,), with mean 0: the metric moves by ``influence[i] / rows`` with customer ``i``.
    reason
        None where the metric is defined.
    """

    value: float = np.nan
    influence: Floats | None = None
    reason: str | None = None


def measured(metric: str, values: Floats, outcomes: Floats, threshold: float) -> Measured:
    """Measure one metric.

    Parameters
    ----------
    metric
        A key of :data:`scoring.learning.paired.INFLUENCE`.
    values, outcomes
        float64 (rows,), finite; outcomes of a classification are 0.0 or 1.0.
    threshold
        From this probability on a value says yes.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        reason = _undefined(metric, values, outcomes, threshold)
        if reason is not None:
            return Measured(reason=reason)
        value, influence = VALUE[metric](values, outcomes, threshold), INFLUENCE[metric](values, outcomes, threshold)
        centred = influence - influence.mean()
        if not np.isfinite(np.square(centred).sum()):
            return Measured(reason=TOO_LARGE)
    return Measured(float(value), centred)


def _undefined(metric: str, values: Floats, outcomes: Floats, threshold: float) -> str | None:
    if len(outcomes) < 2:  # noqa: PLR2004 - one has no spread
        return NOT_ENOUGH if len(outcomes) else NO_OUTCOME
    positive = outcomes > 0
    if metric in {"roc_auc", "ks", "pr_auc", "recall"} and not positive.any():
        return NO_POSITIVE
    if metric in {"roc_auc", "ks"} and positive.all():
        return NO_NEGATIVE
    if metric == "precision" and not (values >= threshold).any():
        return NOBODY_SAID
    if metric == "f1" and not ((values >= threshold) | positive).any():
        return f"{NO_POSITIVE}, and {NOBODY_SAID}"
    return NO_SPREAD if metric == "r2" and (np.ptp(outcomes) == 0 or outcomes.var() == 0) else None


def _mean(metric: str) -> Callable[[Floats, Floats, float], float]:
    return lambda values, outcomes, threshold: float(INFLUENCE[metric](values, outcomes, threshold).mean())


def _roc_auc(values: Floats, outcomes: Floats, _: float) -> float:
    """By the rank sum of Mann and Whitney (1947)."""
    positive = outcomes > 0
    with_outcome, without = int(positive.sum()), int((~positive).sum())
    above = rankdata(values)[positive].sum() - with_outcome * (with_outcome + 1) / 2
    return float(above / (with_outcome * without))


def _pr_auc(values: Floats, outcomes: Floats, _: float) -> float:
    """Mean over the positives of the precision at their value."""
    caught, positives = np.sort(values), np.sort(values[outcomes > 0])
    first, first_of_positives = (np.searchsorted(side, positives, side="left") for side in (caught, positives))
    return float(((len(positives) - first_of_positives) / (len(caught) - first)).mean())


def _precision(values: Floats, outcomes: Floats, threshold: float) -> float:
    return float(outcomes[values >= threshold].mean())


def _recall(values: Floats, outcomes: Floats, threshold: float) -> float:
    return float((values[outcomes > 0] >= threshold).mean())


def _f1(values: Floats, outcomes: Floats, threshold: float) -> float:
    said = values >= threshold
    return float(2 * (said * outcomes).sum() / (said.sum() + outcomes.sum()))


def _ks(values: Floats, outcomes: Floats, _: float) -> float:
    """Largest gap between the distribution functions of both classes."""
    ones, others, at = (np.sort(values[side]) for side in (outcomes > 0, outcomes <= 0, outcomes >= 0))
    up_to = (np.searchsorted(side, at, side="right") / len(side) for side in (ones, others))
    return float(np.abs(next(up_to) - next(up_to)).max())


def _rmse(values: Floats, outcomes: Floats, _: float) -> float:
    return float(np.sqrt(np.square(values - outcomes).mean()))


def _r2(values: Floats, outcomes: Floats, _: float) -> float:
    return float(1 - np.square(values - outcomes).mean() / outcomes.var())


VALUE: dict[str, Callable[[Floats, Floats, float], float]] = {
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "brier": _mean("brier"),
    "log_loss": _mean("log_loss"),
    "ks": _ks,
    "mae": _mean("mae"),
    "rmse": _rmse,
    "r2": _r2,
}
