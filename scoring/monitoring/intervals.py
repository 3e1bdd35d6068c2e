"""95 % intervals: Wilson's for a share of customers, a seeded bootstrap for everything else."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

CONFIDENCE = 0.95
REPLICATES = 200

Floats = NDArray[np.float64]
Bounds = tuple[float, float]


def wilson(successes: float, trials: float) -> Bounds:
    """Bounds of a proportion, also where it is near 0 or 1 or where trials are few.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    share = successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def bootstrap(metrics: Callable[[Floats], dict[str, float]], n: int, seed: int) -> dict[str, Bounds]:
    """Percentile bounds of each metric of ``n`` customers, drawn again with Poisson weights.

    A customer's weight is Poisson(1), which is the multinomial bootstrap as n grows and needs one pass a replicate:
    Chamandy et al. (2012), "Estimating uncertainty for massive data streams". A metric that is undefined in a
    replicate is left out of it; one that is undefined in more than a tenth of them has no bounds.

    Parameters
    ----------
    metrics
        Takes weights, float64 of shape (n,), and gives each metric or NaN.
    n
        Customers.
    seed
        The same seed gives the same bounds.
    """
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(REPLICATES):
        for name, value in metrics(random.poisson(1.0, n).astype(np.float64)).items():
            if np.isfinite(value):
                drawn.setdefault(name, []).append(value)
    tail = (1 - CONFIDENCE) / 2
    return {
        name: (float(np.quantile(values, tail)), float(np.quantile(values, 1 - tail)))
        for name, values in drawn.items()
        if len(values) >= 0.9 * REPLICATES
    }
