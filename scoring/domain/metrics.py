"""What a metric's figure says: how far it is from the best that there is."""

BEST_IS_ONE = frozenset({"precision", "recall", "f1", "roc_auc", "pr_auc", "ks", "r2"})


def error_of(metric: str, value: float) -> float:
    """How far a figure is from the best that its metric can be, in its units; bounds are shares of it.

    Parameters
    ----------
    metric
        A metric's name; those of ``BEST_IS_ONE`` are best at 1, all others at 0.
    value
        The metric's figure.
    """
    return 1.0 - value if metric in BEST_IS_ONE else value
