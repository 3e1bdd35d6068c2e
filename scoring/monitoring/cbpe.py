"""How well a classification likely does before its outcomes are known, from its own probabilities. Pure.

Confidence-based performance estimation (CBPE): where a probability is calibrated it says how often the score will be
right. Kivimäki, Białek, Kuberski and Nurminen (2025), "Performance estimation in binary classification using
calibrated confidence", arXiv:2505.05295. With weights that make the reference look like the customers of now it is
calibrated for those (PAPE): Białek, Kivimäki, Kuberski and Perrakis (2024), "Estimating model performance under
covariate shift without labels", arXiv:2401.08348.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.monitoring.curve import Curve, Table
from scoring.monitoring.figures import CONFIDENCE, Figure, undefined
from scoring.monitoring.metrics import NOBODY_SAID

METRICS = ("precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "log_loss", "positive_rate")
LEAST_ROWS = 100  # customers with known outcomes to learn from
LEAST_OF_A_CLASS = 10
REPLICATES = 200
MISFIT = 0.5  # standard error of what is still wrong, as a share of what the weights changed; by simulation
BINS = 1000  # of as many current customers each; as many again grow finer towards both ends
TINY = float(np.finfo(np.float64).eps)  # log loss takes a probability to be at least so far from 0 and 1

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Binned:
    """Current customers by value, in growing order; all arrays have the shape (bins,).

    ``likely`` is the mean value. ``square_if`` and ``log_if`` are the mean squared error and log loss of a customer of
    the bin without (first) and with the outcome (second). ``above`` says that the value is at least the threshold.
    """

    counts: Counts
    likely: Floats
    square_if: tuple[Floats, Floats]
    log_if: tuple[Floats, Floats]
    above: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Floats, threshold: float) -> "Binned":
        """Equal values are in the same bin, and the threshold is exactly between two."""
        known = np.sort(values)
        edges = known[_places(len(known))]
        starts = np.unique(np.append(np.searchsorted(known, edges), np.searchsorted(known, threshold)))
        starts = starts[starts < len(known)]
        counts = np.diff(np.append(starts, len(known)))

        def mean(errors: Floats, weights: Floats) -> Floats:
            # Within a bin the outcome comes to those with larger values more often, as the values themselves say.
            total = np.add.reduceat(weights, starts)
            return np.asarray(np.add.reduceat(errors * weights, starts) / total)

        yes, no = np.maximum(known, TINY), np.maximum(1 - known, TINY)
        return cls(
            counts.astype(np.int64),
            np.add.reduceat(known, starts) / counts,
            (mean(known**2, no), mean((1 - known) ** 2, yes)),
            (mean(-np.log(no), no), mean(-np.log(yes), yes)),
            known[starts] >= threshold,
        )


def estimate(
    reference_values: Floats,
    reference_outcomes: Floats,
    values: Floats,
    *,
    threshold: float,
    seed: int,
    weights: Floats | None = None,
) -> list[Figure]:
    """Expected metrics of a publication, each with a 95 % interval for what will be realised.

    A curve is learned from the reference and says how likely the outcome is at each value. The interval has the chance
    in both: ``REPLICATES`` times the reference is drawn anew, the curve is fitted to it, and outcomes of all current
    customers are drawn from the curve; the ends are quantiles of the metrics of those. What the weights
    changed is a measure of what may still be wrong: ``MISFIT`` of it is a standard error more.

    Parameters
    ----------
    reference_values
        Probabilities that the model gave to customers it did not learn from, float64 of shape (n,).
    reference_outcomes
        What happened to them, 0.0 or 1.0, float64 of shape (n,).
    values
        Probabilities of the publication, float64 of shape (m,), without NaN.
    threshold
        From this probability on the score says that the outcome will come.
    seed
        Equal seeds give equal results, whatever the order of rows.
    weights
        How many times likelier customers like each of the reference are now, float64 of shape (n,), from
        :func:`scoring.monitoring.shift.ratios` of features and value; None if customers are as they were. Without
        them the interval is too narrow when customers have shifted: a score that is calibrated for all is not for each.

    Returns
    -------
    list of Figure
        One for each of ``METRICS``, ``n`` is m. Its value is None where it is not defined.
    """
    weights = np.ones(len(reference_values)) if weights is None else weights
    reason = _missing(reference_outcomes, weights, values)
    if reason:
        return [undefined(metric, len(values), reason) for metric in METRICS]
    random = np.random.default_rng(seed)
    table, current = Table.of(reference_values, reference_outcomes, weights), Binned.of(values, threshold)
    curve = Curve.of(table)
    unweighted = Curve.of(Table.of(reference_values, reference_outcomes, np.ones(len(weights))))
    expected, plain = (current.counts * one.at(current.likely) for one in (curve, unweighted))
    left = random.standard_normal(REPLICATES) * MISFIT
    replicated = Curve.of(table.resampled(random, REPLICATES), curve.knots)
    drawn = random.binomial(current.counts, replicated.at(current.likely))
    return [
        _figure(metric, current, np.vstack([expected, plain]), drawn.astype(np.float64), left) for metric in METRICS
    ]


def _missing(outcomes: Floats, weights: Floats, values: Floats) -> str | None:
    """Why nothing can be estimated."""
    if not len(values):
        return "this publication has no customers"
    needed = f"at least {LEAST_ROWS} are needed, {LEAST_OF_A_CLASS} of each kind"
    positives = int(outcomes.sum())
    others = len(outcomes) - positives
    if len(outcomes) < LEAST_ROWS or min(positives, others) < LEAST_OF_A_CLASS:
        return f"too few outcomes to learn from: {positives} positive and {others} others; {needed}"
    came = outcomes > 0
    alike, alike_of_a_class = _worth(weights), min(_worth(weights[came]), _worth(weights[~came]))
    if alike < LEAST_ROWS or alike_of_a_class < LEAST_OF_A_CLASS:
        return f"too few outcomes of customers like these: the {len(outcomes)} known are worth {alike:.0f}; {needed}"
    return None


def _worth(weights: Floats) -> float:
    """How many equally weighted customers would say as much: a hair more than so, for rounding."""
    return float(weights.sum() ** 2 / np.square(weights).sum()) * (1 + 1e-9)


def _figure(metric: str, current: Binned, expected: Floats, drawn: Floats, left: Floats) -> Figure:
    """One metric of the expected outcomes, with quantiles of those of drawn outcomes (replicates, bins).

    ``expected`` is (2, bins): with the weights and without. ``left`` is how much of their difference is still wrong in
    each replicate.
    """
    n = int(current.counts.sum())
    function, reason = FUNCTIONS[metric]
    with np.errstate(divide="ignore", invalid="ignore"):
        (value, plain), replicates = function(current, expected).tolist(), function(current, drawn)
    known = np.isfinite(replicates)
    if not np.isfinite(value) or known.sum() < len(replicates) / 2:
        return undefined(metric, n, reason)
    realised = replicates[known] + left[known] * (value - plain)
    low, high = np.quantile(realised, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    most = np.inf if metric == "log_loss" else 1.0
    return Figure(metric, value, max(min(float(low), value), 0.0), min(max(float(high), value), max(most, value)), n)


def _precision(current: Binned, positives: Floats) -> Floats:
    return np.asarray(positives[:, current.above].sum(1) / current.counts[current.above].sum())


def _recall(current: Binned, positives: Floats) -> Floats:
    return np.asarray(positives[:, current.above].sum(1) / positives.sum(1))


def _f1(current: Binned, positives: Floats) -> Floats:
    said = current.counts[current.above].sum()
    return np.asarray(2 * positives[:, current.above].sum(1) / (said + positives.sum(1)))


def _roc_auc(current: Binned, positives: Floats) -> Floats:
    """Share of pairs of a positive and another in which the positive has the larger value; equal ones count half."""
    others = current.counts - positives
    below = np.cumsum(others, axis=1) - others / 2
    return np.asarray((positives * below).sum(1) / (positives.sum(1) * others.sum(1)))


def _pr_auc(current: Binned, positives: Floats) -> Floats:
    """Average precision: mean over the positives of the precision among all with at least their value."""
    found = np.cumsum(positives[:, ::-1], axis=1)
    said = np.cumsum(current.counts[::-1])
    return np.asarray((positives[:, ::-1] * found / said).sum(1) / positives.sum(1))


def _brier(current: Binned, positives: Floats) -> Floats:
    return _mean(current, positives, current.square_if)


def _log_loss(current: Binned, positives: Floats) -> Floats:
    return _mean(current, positives, current.log_if)


def _positive_rate(current: Binned, positives: Floats) -> Floats:
    return np.asarray(positives.sum(1) / current.counts.sum())


def _mean(current: Binned, positives: Floats, errors: tuple[Floats, Floats]) -> Floats:
    without, having = errors
    return np.asarray(((current.counts - positives) @ without + positives @ having) / current.counts.sum())


def _places(count: int) -> Counts:
    """Ranks at which bins begin: of equal share, and ever finer towards both ends, where metrics bend."""
    finer = np.geomspace(1, count, BINS // 2)
    ranks = np.concatenate([[0.0], np.linspace(0, count, BINS, endpoint=False), finer, count - finer])
    return np.unique(np.clip(ranks.astype(np.int64), 0, count - 1))


_NO_POSITIVES = "most likely none of these customers has the outcome"
FUNCTIONS: dict[str, tuple[Callable[[Binned, Floats], Floats], str]] = {
    "precision": (_precision, NOBODY_SAID),
    "recall": (_recall, _NO_POSITIVES),
    "f1": (_f1, f"{NOBODY_SAID}, and most likely none of them has the outcome"),
    "roc_auc": (_roc_auc, "most likely these customers all have the outcome, or none has"),
    "pr_auc": (_pr_auc, _NO_POSITIVES),
    "brier": (_brier, "never"),
    "log_loss": (_log_loss, "never"),
    "positive_rate": (_positive_rate, "never"),
}
