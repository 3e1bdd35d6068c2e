"""Whether as many customers of each arm are compared as were assigned to it. Pure.

If one arm has lost outcomes, the customers who are left differ from those of the other, and no statistic mends that:
Fabijan, Gupchup, Gupta, Omhover, Qin, Vermeer and Dmitriev (2019), "Diagnosing sample ratio mismatch in online
controlled experiments".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

SURE = 0.001
MATTERS = 0.001


@dataclass(frozen=True, eq=False)
class Assigned:
    """Customers of one cohort with a known outcome.

    Parameters
    ----------
    customers
        int64 (rows,): the same code for the same customer in every cohort.
    challenger
        bool (rows,): the arm.
    share
        Of customers (0 to 1, neither) that the challenger got at this cohort's date.
    """

    customers: NDArray[np.int64]
    challenger: NDArray[np.bool_]
    share: float


@dataclass(frozen=True)
class Ratio:
    """Customers of champion and challenger, the challenger's share as found and as assigned, and the test's p-value."""

    champion: int
    challenger: int
    share: float
    expected: float
    p: float

    @property
    def mismatch(self) -> bool:
        """Surely not chance, and large enough to matter."""
        return self.p < SURE and abs(self.share - self.expected) >= MATTERS


def ratio_of(cohorts: Sequence[Assigned]) -> Ratio | None:
    """Compare the arms' sizes with the shares; None without customers.

    Each customer counts once, in the first cohort in which his outcome is known, because he stays in his arm. The test
    is chi-square with one degree of freedom; each customer's chance is the share of his first cohort.

    Parameters
    ----------
    cohorts
        In the order of their dates.
    """
    if not sum(len(cohort.customers) for cohort in cohorts):
        return None
    _, first = np.unique(np.concatenate([cohort.customers for cohort in cohorts]), return_index=True)
    challenger = np.concatenate([cohort.challenger for cohort in cohorts])[first]
    shares = np.concatenate([np.full(len(cohort.customers), cohort.share) for cohort in cohorts])[first]
    n, found = len(first), int(challenger.sum())
    too_many = found - float(shares.sum())
    p = float(chdtrc(1, too_many**2 / float((shares * (1 - shares)).sum())))
    return Ratio(n - found, found, found / n, float(shares.mean()), p)
