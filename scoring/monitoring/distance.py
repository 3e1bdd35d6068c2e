"""How far two distributions over the same bins are apart, and how often chance alone would take them so far."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, fisher_exact

from scoring.monitoring.bins import Bins, Counted

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

FLOOR = 1e-4  # a share that an empty bin is taken to have in the PSI, which is infinite otherwise
EXPECTED = 5.0  # the chi-squared approximation wants at least so many rows in a bin
FEW = 50.0  # two bins with fewer rows than this expected in one are tested exactly


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index: 0 for equal shares; by custom 0.1 is a moderate and 0.25 a large shift.

    Sum of (c - r) ln(c / r) over the bins' shares; Siddiqi (2006), "Credit risk scorecards".
    """
    was, now = np.maximum(_shares(reference), FLOOR), np.maximum(_shares(current), FLOOR)
    return float(((now - was) * np.log(now / was)).sum())


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance with logarithms to base 2: 0 for equal shares, 1 for shares without overlap.

    Square root of the divergence; Endres and Schindelin (2003), "A new metric for probability distributions".
    """
    was, now = _shares(reference), _shares(current)
    middle = (was + now) / 2
    divergence = (_relative_entropy(was, middle) + _relative_entropy(now, middle)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def wasserstein(bins: Bins, reference: Counted, current: Counted) -> float | None:
    """Area between the two distribution functions of a number, in standard deviations of the reference.

    Also known as earth mover's or W1 distance; Vallender (1974), "Calculation of the Wasserstein distance between
    probability distributions on the line". In each bin the area is known exactly from the values' sum unless the
    functions cross in it, where they are taken to be straight.

    Returns
    -------
    float or None
        None if the reference does not vary, one side has no value, or values are too large to be squared.
    """
    was, now = _Side(reference), _Side(current)
    edges = bins.scaled(np.asarray(bins.edges))
    if not was.n or not now.n or not len(edges) or not np.isfinite([was.deviation, now.deviation, *edges]).all():
        return None
    if was.deviation <= 0:
        return None
    gap = np.cumsum(was.shares - now.shares)[:-1]  # at each edge
    moments = was.means - now.means
    area = np.abs(edges[1:] * gap[1:] - edges[:-1] * gap[:-1] - moments[1:-1])
    width, left, right = np.diff(edges), np.abs(gap[:-1]), np.abs(gap[1:])
    cross = gap[:-1] * gap[1:] < 0
    straight = np.zeros(len(area))
    straight[cross] = (width * (left**2 + right**2))[cross] / (2 * (left + right))[cross]
    below = abs(edges[0] * gap[0] - moments[0])
    above = abs(edges[-1] * gap[-1] + moments[-1])
    return float((below + np.maximum(area, straight).sum() + above) / was.deviation)


def p_value(reference: Counts, current: Counts) -> float:
    """Probability of a difference as large as this one if both were drawn from the same distribution.

    The larger of two approximations by chi-squared for the homogeneity of two samples: the likelihood ratio (G) is too
    small with few rows, Pearson's with uneven bins. Bins in which fewer than five rows are expected of either sample
    are taken together; two bins of few rows are tested exactly (Fisher).
    """
    table = _pooled(np.vstack([reference, current]))
    if table.shape[1] < 2:  # noqa: PLR2004 - one bin is all
        return 1.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    if table.shape[1] == 2 and expected.min() < FEW:  # noqa: PLR2004
        return float(fisher_exact(table).pvalue)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 2 * np.where(table > 0, table * np.log(table / expected), 0.0).sum()
    pearson = ((table - expected) ** 2 / expected).sum()
    return float(chi2.sf(min(ratio, pearson), table.shape[1] - 1))


def holm(p_values: Floats, *, families: int = 1) -> Floats:
    """P-values adjusted for how many there are: below 0.05 for any of true null hypotheses in 5 % of the cases.

    Holm (1979), "A simple sequentially rejective multiple test procedure". It holds however the columns depend on
    each other. ``families`` is how many such families share the 5 %.
    """
    order = np.argsort(p_values)
    factors = (len(p_values) - np.arange(len(p_values))) * families
    adjusted = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return result


class _Side:
    """One of two samples: shares and mean contributions of each bin, and its standard deviation."""

    def __init__(self, counted: Counted) -> None:
        self.n = counted.rows - counted.missing
        whole = max(self.n, 1)
        self.shares: Floats = counted.counts[:-1] / whole
        self.means: Floats = counted.sums / whole
        with np.errstate(over="ignore", invalid="ignore"):
            variance = counted.squares / whole - self.means.sum() ** 2
        # What is left of a constant by rounding is no variance.
        self.deviation = float(np.sqrt(variance)) if not variance <= 1e-12 * counted.squares / whole else 0.0


def _shares(counts: Counts) -> Floats:
    return np.asarray(counts / counts.sum())


def _relative_entropy(one: Floats, other: Floats) -> float:
    some = one > 0
    return float((one[some] * np.log2(one[some] / other[some])).sum())


def _pooled(table: Counts) -> Counts:
    """Columns of which both rows expect enough; the others are one column, or part of the least if they are few."""
    table = table[:, table.any(0)]
    smaller, enough = table.sum(1).min(), EXPECTED * table.sum()
    common = table.sum(0) * smaller >= enough
    kept, rest = table[:, common], table[:, ~common].sum(1)
    if rest.sum() * smaller >= enough or not kept.size:
        return np.column_stack([kept, rest])
    kept[:, kept.sum(0).argmin()] += rest
    return kept
