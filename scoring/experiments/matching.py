"""What a metric of the larger arm would be if the arm were as small as the other. Pure.

Some metrics are flattered or hurt by few customers: the widest gap of ``ks`` is wider of 200 customers than of 800 of
the same kind. Arms of different sizes would differ by that in every cohort, and more cohorts would not make it vanish.
"""

import numpy as np

from scoring.experiments.measured import Floats, Measured, measured

OF_SIZE = frozenset({"ks", "pr_auc", "rmse", "r2", "f1"})  # the others are means, or unbiased given their denominators
ALIKE = 1.1  # arms that differ in size by a smaller factor are not matched
DRAWS = 20


def matched(whole: Measured, metric: str, values: Floats, outcomes: Floats, threshold: float, *, size: int) -> float:
    """The metric's mean over parts of ``size`` customers.

    Of each part the first-order luck of who is in it is taken off (the mean of its influence values), so that what is
    left is the effect of size and few draws are enough. The same rows give the same figure, in whatever order.

    Parameters
    ----------
    whole
        The metric of all rows of the arm.
    metric
        A key of :data:`scoring.learning.paired.INFLUENCE`.
    values, outcomes
        float64 (rows,), of the arm.
    threshold
        From this probability on a value says yes.
    size
        Customers of the other arm.
    """
    if metric not in OF_SIZE or size * ALIKE > len(values):
        return whole.value
    random, order, influence = np.random.default_rng(0), np.lexsort((outcomes, values)), np.asarray(whole.influence)
    found = []
    for _ in range(DRAWS):
        some = order[random.choice(len(order), size, replace=False)]
        part = measured(metric, values[some], outcomes[some], threshold)
        if part.reason is None:
            found.append(part.value - influence[some].mean())
    return float(np.mean(found)) if found else whole.value
