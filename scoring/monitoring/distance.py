"""How far two distributions over the same bins are apart, and how often chance alone would take them so far."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

FLOOR = 1e-4  # a share that an empty bin is taken to have in the PSI, which is infinite otherwise
EXPECTED = 5.0  # the chi-squared approximation wants at least so many rows in a bin


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


def p_value(reference: Counts, current: Counts) -> float:
    """Probability of a difference as large as this one if both were drawn from the same distribution.

    The likelihood-ratio (G) test of homogeneity for two samples. Bins in which fewer than five rows are expected of
    either sample are taken together: the approximation by chi-squared does not hold for them.
    """
    table = _pooled(np.vstack([reference, current]).astype(np.float64))
    if table.shape[1] < 2:  # noqa: PLR2004 - one bin is all
        return 1.0
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(table / expected), 0.0)
    return float(chi2.sf(2 * terms.sum(), table.shape[1] - 1))


def holm(p_values: Floats) -> Floats:
    """P-values adjusted for how many there are: below 0.05 for any of true null hypotheses in 5 % of the cases.

    Holm (1979), "A simple sequentially rejective multiple test procedure". It holds however the columns depend on
    each other.
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return result


def _shares(counts: Counts) -> Floats:
    total = counts.sum()
    return counts / total if total else np.full(len(counts), 1 / max(len(counts), 1))


def _relative_entropy(one: Floats, other: Floats) -> float:
    some = one > 0
    return float((one[some] * np.log2(one[some] / other[some])).sum())


def _pooled(table: Floats) -> Floats:
    smaller = table.sum(1).min() / table.sum()
    common = table.sum(0) * smaller >= EXPECTED
    rest = table[:, ~common].sum(1, keepdims=True)
    return np.hstack([table[:, common], rest]) if rest.any() else table[:, common]
