"""By how much the challenger is better over the cohorts of an experiment, with its standard error. Pure.

Cohorts are strata: the shares of the arms may change from one to the next, so arms that were pooled over time would
also differ by what changed with time (Simpson 1951, "The interpretation of interaction in contingency tables"). Each
cohort is compared within itself; a cohort weighs nA * nB / (nA + nB), which knows the outcomes of neither arm.

The same customers come again in each cohort and may move to the other arm. So a customer's contributions over all
cohorts and arms are added before they are squared (Liang and Zeger 1986, "Longitudinal data analysis using generalized
linear models"); with one cohort the error is that of Welch (1947).

Covariates take away what luck gave one arm: Deng, Xu, Kohavi and Walker (2013), "Improving the sensitivity of online
controlled experiments by utilizing pre-experiment data". The sum of signed contributions is regressed on the signed
contributions to the covariates' differences; the coefficients are those that make the variance smallest, and with one
cohort those of Lin (2013), "Agnostic notes on regression adjustments to experimental data".

Assumed: customers are independent of each other; the arm is drawn independently of all else; covariates are known
before it is; which outcomes become known does not depend on the arm (see :mod:`scoring.experiments.ratio`); no single
customer makes up much of the variance, so that the estimate is about normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.experiments.cohorts import Codes, Cohort, Pairs, Part, part_of
from scoring.experiments.kinds import scarcest

Floats = NDArray[np.float64]

CUSTOMERS_PER_COVARIATE = 20
NO_COHORT = "no cohort has known outcomes"


@dataclass(frozen=True)
class Difference:
    """By how much the challenger is better; estimate, error and figures are None where ``reason`` says why.

    Parameters
    ----------
    metric
        Its name; estimate, error and figures are in its units.
    estimate
        Positive: the challenger is better, also where less is better.
    error
        Standard error of the estimate.
    champion, challenger
        The figures, weighted over cohorts as the estimate is. Their difference is the estimate before covariates and
        before the arms were matched in size (:mod:`scoring.experiments.matching`).
    rows
        Values with a known outcome of the champion and the challenger.
    arms
        Distinct customers among them, of each. One who moved is in both.
    customers
        Distinct customers of both.
    scarce
        Distinct customers of the scarcest kind over which the metric takes means, in the arm that has fewer: positives,
        say. On so many the error rests.
    explained
        Share (0 to 1) of the variance that covariates took away.
    cohorts
        Number of those that are compared.
    left_out
        Why a cohort is not compared, by its place in the order given.
    """

    metric: str
    estimate: float | None = None
    error: float | None = None
    champion: float | None = None
    challenger: float | None = None
    rows: tuple[int, int] = (0, 0)
    arms: tuple[int, int] = (0, 0)
    customers: int = 0
    scarce: int = 0
    explained: float = 0.0
    cohorts: int = 0
    left_out: tuple[tuple[int, str], ...] = ()
    reason: str | None = None

    @property
    def information(self) -> float:
        """1 / error squared; 0 if there is no estimate, infinite if the error is 0."""
        if self.error is None:
            return 0.0
        return float(1 / np.square(self.error)) if self.error > 0 else float("inf")


def difference(cohorts: Sequence[Cohort | Pairs], metric: str, *, threshold: float) -> Difference:
    """Compare the arms over all cohorts.

    Parameters
    ----------
    cohorts
        Those with outcomes, all of a split or all of a shadow run, with the same covariates.
    metric
        A key of :data:`scoring.learning.paired.INFLUENCE`.
    threshold
        From this probability on a value says yes.
    """
    return difference_of([part_of(cohort, metric, threshold) for cohort in cohorts], metric)


def difference_of(parts: Sequence[Part], metric: str) -> Difference:
    """Put the parts of cohorts together; see :func:`difference`."""
    some = [part for part in parts if part.reason is None]
    left_out = tuple((place, part.reason) for place, part in enumerate(parts) if part.reason is not None)
    if not some:
        return Difference(metric, left_out=left_out, reason=left_out[0][1] if left_out else NO_COHORT)
    weights = np.array([part.weight for part in some])
    weights /= weights.sum()
    who = np.concatenate([part.customers for part in some])
    codes, whose = np.unique(who, return_inverse=True)
    moved = _summed(np.concatenate([part.moved * weight for part, weight in zip(some, weights, strict=True)]), whose)
    estimate, variance, explained = _adjusted(some, weights, moved, whose)
    rows, arms = _counts(some, whose, len(codes))
    return Difference(
        metric,
        estimate,
        float(np.sqrt(variance)),
        float(weights @ [part.champion for part in some]),
        float(weights @ [part.challenger for part in some]),
        rows=rows,
        arms=arms,
        customers=len(codes),
        scarce=scarcest(np.concatenate([part.kinds for part in some], axis=1), whose),
        explained=explained,
        cohorts=len(some),
        left_out=left_out,
    )


def _summed(contributions: Floats, whose: Codes) -> Floats:
    return np.asarray(np.bincount(whose, weights=contributions))


def _adjusted(parts: Sequence[Part], weights: Floats, moved: Floats, whose: Codes) -> tuple[float, float, float]:
    """Estimate, variance and explained share; adjusted by covariates if that pays."""
    estimate, variance = float(weights @ [part.gain for part in parts]), float(moved @ moved)
    k = max(len(part.shift) for part in parts)
    if not 0 < k * CUSTOMERS_PER_COVARIATE <= len(moved):
        return estimate, variance, 0.0
    together = np.concatenate([_wide(part, k) * weight for part, weight in zip(parts, weights, strict=True)])
    columns = np.column_stack([_summed(column, whose) for column in together.T])
    size = np.sqrt(np.square(columns).sum(axis=0))
    size[size == 0] = 1.0
    slopes, _, rank, _ = np.linalg.lstsq(columns / size, moved, rcond=None)
    rest = moved - columns / size @ slopes
    adjusted = float(rest @ rest) * len(moved) / (len(moved) - int(rank))
    if not adjusted < variance:
        return estimate, variance, 0.0
    shifts = np.array([part.shift if len(part.shift) else np.zeros(k) for part in parts])
    return estimate - float(weights @ shifts @ (slopes / size)), adjusted, 1 - adjusted / variance


def _wide(part: Part, k: int) -> Floats:
    return part.covariates if len(part.shift) else np.zeros((len(part.customers), k))


def _counts(parts: Sequence[Part], whose: Codes, customers: int) -> tuple[tuple[int, int], tuple[int, int]]:
    rows, arms = [], []
    for name in ("in_champion", "in_challenger"):
        side = np.concatenate([getattr(part, name) for part in parts])
        rows.append(int(side.sum()))
        seen = np.zeros(customers, dtype=np.bool_)
        seen[whose[side]] = True
        arms.append(int(seen.sum()))
    return (rows[0], rows[1]), (arms[0], arms[1])
