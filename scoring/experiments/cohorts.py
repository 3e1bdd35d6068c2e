"""What a cohort of an experiment tells about the difference of the arms, before cohorts are put together. Pure.

The metric of each arm is a smooth function of the distribution of its customers; a customer's influence value says how
much it moves with him (Hampel 1974, "The influence curve and its role in robust estimation"). So the difference of the
arms is, up to what vanishes with more customers, a sum of one contribution per customer.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from scoring.domain.metrics import BEST_IS_ONE
from scoring.experiments.kinds import enlarged, kind_of, needed, too_few
from scoring.experiments.matching import matched
from scoring.experiments.measured import Measured, measured

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Customers of a split that were scored at one date and whose outcome is known.

    Parameters
    ----------
    customers
        int64 (rows,): the same code for the same customer in every cohort.
    challenger
        bool (rows,): whether his value is the challenger's.
    values, outcomes
        float64 (rows,), finite.
    covariates
        float64 (rows, k), known of a customer before he was assigned; NaN: not known. None: there are none.
    """

    customers: Codes
    challenger: Flags
    values: Floats
    outcomes: Floats
    covariates: Floats | None = None

    def only(self, rows: Flags) -> "Cohort":
        """The rows of a segment; ``rows`` is bool (rows,)."""
        known = None if self.covariates is None else self.covariates[rows]
        return Cohort(self.customers[rows], self.challenger[rows], self.values[rows], self.outcomes[rows], known)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Customers that both models scored at one date and whose outcome is known.

    There are no covariates: what they save is the luck of who got into which arm, and here everyone is in both.

    Parameters
    ----------
    customers
        int64 (rows,): the same code for the same customer in every cohort.
    champion, challenger
        Values by each model, float64 (rows,), finite.
    outcomes
        float64 (rows,), finite.
    """

    customers: Codes
    champion: Floats
    challenger: Floats
    outcomes: Floats

    def only(self, rows: Flags) -> "Pairs":
        """The rows of a segment; ``rows`` is bool (rows,)."""
        return Pairs(self.customers[rows], self.champion[rows], self.challenger[rows], self.outcomes[rows])


@dataclass(frozen=True, eq=False)
class Part:
    """One cohort's part of a difference; if ``reason`` is not None, the metric is not defined in an arm.

    Parameters
    ----------
    customers, in_champion, in_challenger
        int64 and bool (rows,): who, and in which arms his value counts.
    moved
        float64 (rows,): contributions to ``gain``, which sum up to 0.
    kinds
        bool (kinds of customers in the arms, rows): each must be many, else the error is not known well.
    covariates, shift
        float64 (rows, k): contributions to ``shift``, by how much the arms differ in each covariate (k,).
    gain
        By how much the challenger is better, in units of the metric, as if both arms were of the smaller one's size
        (:mod:`scoring.experiments.matching`).
    champion, challenger
        The metric of each as it is.
    weight
        Of this cohort among the others.
    """

    customers: Codes
    in_champion: Flags
    in_challenger: Flags
    moved: Floats
    kinds: Flags = field(default_factory=lambda: np.empty((0, 0), dtype=np.bool_))
    covariates: Floats = field(default_factory=lambda: np.empty((0, 0)))
    shift: Floats = field(default_factory=lambda: np.empty(0))
    gain: float = 0.0
    champion: float = 0.0
    challenger: float = 0.0
    weight: float = 0.0
    reason: str | None = None


def part_of(cohort: Cohort | Pairs, metric: str, threshold: float) -> Part:
    """What one cohort tells; it does not change any more, so it need not be computed again at the next look.

    Parameters
    ----------
    cohort
        Of a split or of a shadow run.
    metric
        A key of :data:`scoring.learning.paired.INFLUENCE`.
    threshold
        From this probability on a value says yes.
    """
    return _of_pairs(cohort, metric, threshold) if isinstance(cohort, Pairs) else _of_split(cohort, metric, threshold)


def _of_pairs(pairs: Pairs, metric: str, threshold: float) -> Part:
    known = [(values, pairs.outcomes, threshold) for values in (pairs.champion, pairs.challenger)]
    n, everyone = len(pairs.outcomes), np.ones(len(pairs.outcomes), dtype=np.bool_)
    part = Part(pairs.customers, everyone, everyone, np.zeros(n), weight=float(n))
    return _compared(part, metric, [_Arm(measured(metric, *of), kind_of(metric, *of)) for of in known])


def _of_split(cohort: Cohort, metric: str, threshold: float) -> Part:
    sides = (~cohort.challenger, cohort.challenger)
    known = [(cohort.values[side], cohort.outcomes[side], threshold) for side in sides]
    arms = [_Arm(measured(metric, *of), kind_of(metric, *of)) for of in known]
    n, sizes = len(cohort.outcomes), [int(side.sum()) for side in sides]
    weight = sizes[0] * sizes[1] / max(n, 1)
    part = _compared(Part(cohort.customers, *sides, np.zeros(n), weight=weight), metric, arms)
    if part.reason is not None:
        return part
    ends = [matched(arm.found, metric, *of, size=min(sizes)) for arm, of in zip(arms, known, strict=True)]
    return _with_covariates(replace(part, gain=_sign(metric) * (ends[1] - ends[0])), cohort.covariates)


@dataclass(frozen=True, eq=False)
class _Arm:
    """A metric of one arm, and which of its customers are of the kind over which it takes its mean."""

    found: Measured
    kind: Flags


def _compared(part: Part, metric: str, arms: list[_Arm]) -> Part:
    for name, arm in zip(("champion", "challenger"), arms, strict=True):
        reason = arm.found.reason or too_few(metric, arm.kind)
        if reason is not None:
            return replace(part, reason=f"{name}: {reason}")
    moved, kinds, better = np.zeros(len(part.customers)), [], _sign(metric)
    for side, arm, sign in zip((part.in_champion, part.in_challenger), arms, (-better, better), strict=True):
        moved[side] += sign * enlarged(np.asarray(arm.found.influence), arm.kind)
        kind = side.copy()
        kind[side] = arm.kind
        kinds += needed(metric, side, kind)
    champion, challenger = (arm.found.value for arm in arms)
    part = replace(part, gain=better * (challenger - champion), champion=champion, challenger=challenger)
    return replace(part, moved=moved, kinds=np.array(kinds))


def _with_covariates(part: Part, covariates: Floats | None) -> Part:
    if covariates is None or not covariates.shape[1]:
        return part
    known = np.isfinite(covariates)
    means = np.where(known, covariates, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, covariates, means)
    ends = [filled[side].mean(axis=0) for side in (part.in_champion, part.in_challenger)]
    moved = np.empty(filled.shape)
    for side, middle, sign in zip((part.in_champion, part.in_challenger), ends, (-1.0, 1.0), strict=True):
        moved[side] = sign * (filled[side] - middle) * (np.sqrt(side.sum() / (side.sum() - 1)) / side.sum())
    return replace(part, covariates=moved, shift=ends[1] - ends[0])


def _sign(metric: str) -> float:
    return 1.0 if metric in BEST_IS_ONE else -1.0
