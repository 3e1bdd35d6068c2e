"""95 % intervals in closed form: the same rows give the same interval, without a seed. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from scoring.monitoring.figures import CONFIDENCE

Floats = NDArray[np.float64]
Interval = tuple[float, float]

Z = float(norm.ppf((1 + CONFIDENCE) / 2))


def wilson(share: float, n: float) -> Interval:
    """Interval of a share of ``n`` independent cases, 0 to 1.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference". It is wide with few cases
    and never leaves 0 to 1, also where all cases are alike.
    """
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return min(share, max(0.0, float(middle - half))), max(share, min(1.0, float(middle + half)))


def around(middle: float, error: float, *, least: float = -np.inf, most: float = np.inf) -> Interval | None:
    """The middle plus and minus 1.96 standard errors, within bounds; None if the error is not known."""
    if not np.isfinite(error):
        return None
    return max(middle - Z * error, least), min(middle + Z * error, most)


def error_of_mean(values: Floats) -> float:
    """Standard error of the mean of independent values (rows,); NaN of fewer than two."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def error_of_ratio(above: NDArray[Any], below: NDArray[Any]) -> float:
    """Standard error of sum(above) / sum(below) of independent pairs (rows,), by the delta method.

    Cochran (1977), "Sampling techniques", 3rd ed., section 6.
    """
    if len(above) < 2:  # noqa: PLR2004 - one pair has no spread
        return float("nan")
    ratio = above.sum() / below.sum()
    return error_of_mean(above - ratio * below) / abs(float(below.mean()))


def error_of_auc(positives: Floats, negatives: Floats) -> float:
    """Standard error of the area under the ROC curve, from the values of both classes; NaN if one has fewer than two.

    DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver operating
    characteristic curves", by ranks as Sun and Xu (2014), "Fast implementation of DeLong's algorithm".
    """
    if min(len(positives), len(negatives)) < 2:  # noqa: PLR2004 - one has no spread
        return float("nan")
    above = _share_below(positives, np.sort(negatives))
    below = 1 - _share_below(negatives, np.sort(positives))
    return float(np.sqrt(above.var(ddof=1) / len(positives) + below.var(ddof=1) / len(negatives)))


def of_auc(auc: float, positives: Floats, negatives: Floats) -> Interval | None:
    """Interval of the area under the ROC curve, on the scale of its logit, so that it stays within 0 and 1.

    Where the classes do not overlap, DeLong's error is 0; then the interval is Wilson's for the smaller class.
    """
    error = error_of_auc(positives, negatives)
    if np.isnan(error):
        return None
    if error == 0 or auc in (0, 1):
        return wilson(auc, min(len(positives), len(negatives)))
    logit, spread = np.log(auc / (1 - auc)), Z * error / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-spread, spread]))))
    return min(float(low), auc), max(float(high), auc)


def _share_below(values: Floats, ordered: Floats) -> Floats:
    """Share of ``ordered`` below each value; equal ones count half."""
    left = np.searchsorted(ordered, values, side="left")
    right = np.searchsorted(ordered, values, side="right")
    return np.asarray((left + right) / 2 / len(ordered))
