"""Kinds of customers on which a metric rests: three positives among thousands of customers are only three. Pure.

Metrics of positives are means over the positives, or over pairs of a positive and a negative. Their error is known only
as well as the scarcest of these kinds allows: taken as one sample of many customers, a recall of three positives seems
three times as certain as it is.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OF_POSITIVES = frozenset({"roc_auc", "pr_auc", "recall", "f1", "ks"})
OF_BOTH_CLASSES = frozenset({"roc_auc", "ks"})
LEAST = 5  # with fewer of a kind those who are alike by chance seem to have no spread: all three were caught


def kind_of(metric: str, values: Floats, outcomes: Floats, threshold: float) -> Flags:
    """Customers over whom the metric takes its mean, bool (rows,); the others have a mean of their own.

    Parameters
    ----------
    metric
        A key of :data:`scoring.learning.paired.INFLUENCE`.
    values, outcomes
        float64 (rows,).
    threshold
        From this probability on a value says yes.
    """
    if metric in OF_POSITIVES:
        return np.asarray(outcomes > 0)
    return np.asarray(values >= threshold) if metric == "precision" else np.ones(len(values), dtype=np.bool_)


def too_few(metric: str, kind: Flags) -> str | None:
    """Why the metric of these customers has no error that can be relied on; None if it has."""
    if metric not in OF_POSITIVES and metric != "precision":
        return None
    if kind.sum() < LEAST:
        who = "customers are at or above the threshold" if metric == "precision" else "outcomes are positive"
        return f"fewer than {LEAST} {who}"
    if metric in OF_BOTH_CLASSES and (~kind).sum() < LEAST:
        return f"fewer than {LEAST} outcomes are negative"
    return None


def enlarged(influence: Floats, kind: Flags) -> Floats:
    """Contributions to the metric whose squares sum up to its variance, float64 (rows,); they sum up to 0.

    A mean of n takes a part of their variance, n / (n - 1) makes up for it; here by kind. So the error of ``roc_auc``
    is exactly that of DeLong, DeLong and Clarke-Pearson (1988), that of a mean Welch's (1947).
    """
    count = np.array([(~kind).sum(), kind.sum()])
    larger = influence * np.sqrt(count / np.maximum(count - 1, 1))[kind.astype(np.intp)]
    return np.asarray((larger - larger.mean()) / len(larger))


def needed(metric: str, side: Flags, kind: Flags) -> list[Flags]:
    """Rows of an arm (``side``) of each kind that must be many, bool (rows,) each."""
    return [side & kind, side & ~kind] if metric in OF_BOTH_CLASSES else [side & kind]


def scarcest(kinds: Flags, whose: NDArray[np.int64]) -> int:
    """Distinct customers of the kind that has fewest: bool (kinds, rows) and each row's customer (rows,)."""
    return min(len(np.unique(whose[kind])) for kind in kinds)
