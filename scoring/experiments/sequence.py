"""An interval of the difference that holds at all looks together, so one may look after each cohort. Pure.

It is the normal mixture of Robbins (1970), "Statistical methods related to the law of the iterated logarithm", in the
form of Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence sequences".
For Brownian motion S with information V = 1 / error^2 and estimate S / V, with probability of at least 1 - alpha

    |S - truth * V| <= sqrt((V + r) * log((V + r) / (r * alpha^2)))    at all V together.

Estimates of means and of smooth functions of them come so near to Brownian motion that it holds for them as the sizes
grow: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and asymptotic
confidence sequences". It is two-sided by itself.

The same customers come again, so looks are not sums of fresh ones. Two arguments cover this:

* If a customer's outcomes are equally correlated over equally large cohorts, the mean over cohorts is the best estimate
  at each look, and best estimates are Brownian motion in V (Jennison and Turnbull 1997, "Group-sequential analysis
  incorporating covariate information"). If looks are correlated even more than that, then by the inequality of Slepian
  (1962) each side is crossed less often. Looks that are correlated less are not covered by this.
* Whatever the correlation: no boundary is nearer than ``sqrt(1 + c)`` errors, whichever r is (:func:`peak`); so K
  looks miss with at most K times the chance of one. This is at most alpha for up to 20 looks at 0.05 and 28 at 0.01
  (:func:`looks_however_dependent`). So up to there r may also be taken from the data, as it is.

The interval is the current one, not the intersection of all so far: the truth is a mean over the cohorts so far, which
changes if the difference does.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import lambertw
from scipy.stats import norm

from scoring.experiments.comparison import Difference


@dataclass(frozen=True)
class Interval:
    """Holds the true difference at all looks with probability 1 - ``alpha``, in units of the metric."""

    low: float
    high: float
    alpha: float


def tuned(difference: Difference, planned_cohorts: int, alpha: float) -> float | None:
    """The r that makes the interval narrowest at the planned number of cohorts, at which nobody is held.

    To be taken at the first look that is judged and kept then. None if the information is not known or infinite.

    Parameters
    ----------
    difference
        At the first look that is judged.
    planned_cohorts
        Where it is to be narrowest; information is taken to grow in proportion to the number of cohorts.
    alpha
        Of the interval that r is for.
    """
    information = difference.information
    if not 0 < information < np.inf:
        return None
    return information / difference.cohorts * max(planned_cohorts, difference.cohorts) / peak(alpha)


def interval(difference: Difference, r: float | None, alpha: float) -> Interval | None:
    """The interval at this look; None if there is no estimate, or if its error is 0: then nothing was seen to vary.

    Parameters
    ----------
    difference
        At this look.
    r
        From :func:`tuned` at the first look that is judged; None: no interval.
    alpha
        Chance that the interval misses at any look.
    """
    if difference.estimate is None or r is None or not 0 < difference.information < np.inf:
        return None
    half = half_width(difference.information, r, alpha)
    return Interval(difference.estimate - half, difference.estimate + half, alpha)


def half_width(information: float, r: float, alpha: float) -> float:
    """Half of the interval's width, in units of the metric; information and r are in 1 / these squared."""
    together = information + r
    return float(np.sqrt(together * np.log(together / (r * alpha**2))) / information)


def peak(alpha: float) -> float:
    """Information over r where the boundary is nearest, c: there it lies ``sqrt(1 + c)`` errors from the truth.

    By the lower branch of Lambert's function (Howard et al. 2021, section 3.5).
    """
    return float(-lambertw(-(alpha**2) / np.e, -1).real - 1)


def looks_however_dependent(alpha: float) -> int:
    """At so many looks the interval holds whatever their correlation is, by Bonferroni's inequality."""
    return int(alpha / (2 * norm.sf(np.sqrt(1 + peak(alpha)))))
