"""May an estimate be believed? Its record says so: how often the intervals held what was realised later. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom, norm

from scoring.monitoring.figures import CONFIDENCE

NEWEST = 12  # cohorts that count: what was long ago says little about the customers of today
RARE = 0.01  # an honest estimator is called untrusted by its hits in fewer cases than this
FAR = 4.0  # standard errors: by chance about one honest estimate in 16,000 misses by more
HALF_WIDTH = float(norm.ppf((1 + CONFIDENCE) / 2))  # standard errors from the middle of an interval to its end


@dataclass(frozen=True)
class Compared:
    """An estimate and what was realised later, of one metric of one cohort; ``low <= estimated <= high``."""

    metric: str
    estimated: float
    low: float
    high: float
    realised: float

    @property
    def inside(self) -> bool:
        """Whether the interval held the realised value; its ends belong to it."""
        return self.low <= self.realised <= self.high

    @property
    def far(self) -> bool:
        """Whether the estimate missed by more than ``FAR`` standard errors, by the half of the interval on that side.

        An interval without width has no standard error: any miss of it is far.
        """
        half = self.high - self.estimated if self.realised > self.estimated else self.estimated - self.low
        return abs(self.realised - self.estimated) > half / HALF_WIDTH * FAR


@dataclass(frozen=True)
class Trust:
    """Whether an estimator is to be believed.

    Parameters
    ----------
    trusted
        None: there is no record yet.
    reason
        A sentence for people.
    inside, of
        So many of so many estimates held the realised value.
    """

    trusted: bool | None
    reason: str
    inside: int
    of: int


def trust(record: Sequence[Compared]) -> Trust:
    """The verdict on an estimator by its record, one estimate for each cohort, the newest last.

    It is untrusted when an estimator with honest intervals would have so few hits in less than ``RARE`` of the cases
    (binomial distribution), or when its newest estimate missed by far. Only the ``NEWEST`` cohorts count.
    """
    newest = record[-NEWEST:]
    of, inside = len(newest), sum(one.inside for one in newest)
    if not of:
        return Trust(None, "no estimate can be compared with a realised value yet", 0, 0)
    if newest[-1].far:
        last = newest[-1]
        reason = (
            f"the newest estimate of {last.metric} was {last.estimated:.4g} ({last.low:.4g} to {last.high:.4g}) and "
            f"{last.realised:.4g} was realised: more than {FAR:g} standard errors away"
        )
        return Trust(False, reason, inside, of)
    held = f"{inside} of {of} estimate{'' if of == 1 else 's'} held the realised value"
    if binom.cdf(inside, of, CONFIDENCE) < RARE:
        return Trust(False, f"only {held}: honest intervals do so badly less than {RARE:.0%} of the time", inside, of)
    return Trust(True, held, inside, of)
