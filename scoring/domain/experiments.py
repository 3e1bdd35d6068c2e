"""How champion and challenger are compared on running cohorts, and when one of them has won."""

from collections.abc import Iterator

from pydantic import Field

from scoring.domain.definition import Definition
from scoring.domain.monitoring import Headline


class Guard(Definition):
    """A metric in which the challenger must not be surely worse.

    Parameters
    ----------
    metric
        Another one than that which decides.
    margin
        Share of the champion's error (see :func:`scoring.domain.metrics.error_of`) by which it may be worse.
    """

    metric: Headline
    margin: float = Field(gt=0)


class ExperimentPolicy(Definition):
    """When an experiment has a winner, and when it is stopped.

    Parameters
    ----------
    metric
        The one that decides; None: the score's headline.
    alpha
        Chance (0 to 1) that the interval of the difference misses it at any of all looks.
    least_gain
        The challenger wins if it is surely better by more than this share of the champion's error.
    least_customers
        Customers with a known outcome that each arm needs before anything is judged.
    planned_cohorts
        The number of cohorts at which the interval is narrowest.
    most_cohorts
        After so many without a winner the champion stays. At an ``alpha`` of 0.05 the interval holds at up to 20 looks
        however they depend on each other; see :mod:`scoring.experiments.sequence`.
    guards
        If the challenger is surely worse in one of these, the experiment stops.
    segments
        Columns whose values are guarded segments: the metric must not be surely worse in any of them.
    segment_margin
        Share of the champion's error in a segment by which the challenger may be worse there.
    share
        Of the customers that the challenger gets when a rule starts a split.
    """

    metric: Headline | None = None
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    least_gain: float = Field(default=0.0, ge=0, lt=1)
    least_customers: int = Field(default=200, gt=1)
    planned_cohorts: int = Field(default=6, gt=0)
    most_cohorts: int = Field(default=12, gt=0)
    guards: tuple[Guard, ...] = ()
    segments: tuple[str, ...] = ()
    segment_margin: float = Field(default=0.1, gt=0)
    share: float = Field(default=0.5, gt=0, lt=1)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if self.planned_cohorts > self.most_cohorts:
            yield f"planned_cohorts: {self.planned_cohorts} are more than most_cohorts, {self.most_cohorts}"
        metrics = [guard.metric for guard in self.guards]
        for metric in sorted({metric for metric in metrics if metrics.count(metric) > 1}):
            yield f"guards: {metric} is guarded twice"
