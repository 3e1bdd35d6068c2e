"""What is watched of a score, and from when on a person must look at it."""

from pydantic import Field

from scoring.domain.definition import Definition


class DriftPolicy(Definition):
    """From when on customers have drifted.

    ``least`` is the Jensen-Shannon distance (0 to 1) that a column must have moved to count; it must also be too large
    for chance. ``columns`` is how many columns must have drifted for an update to be needed.
    """

    least: float = Field(default=0.1, gt=0, lt=1)
    columns: int = Field(default=3, ge=1)


class Monitoring(Definition):
    """How a score is watched.

    Parameters
    ----------
    threshold
        From this probability on a classification says that the outcome will come; of no use to a regression.
    segments
        Categorical or boolean columns of the data set: every figure is also given for each of their values.
    least_coverage
        Share of a cohort's customers (0 to 1) whose outcome must be known before the cohort is mature.
    primary
        The metric by which the score is judged; None is roc_auc for a classification, mae for a regression.
    tolerated_loss
        How much worse (share of the promised value, 0 to 1) the primary metric may be before an update is needed;
        the interval must also lie wholly on the worse side.
    drift
        From when on customers have drifted.
    most_changed
        Share of the customers (0 to 1) whose change may be told to the CRM without a person; None is no limit.
    """

    threshold: float = Field(default=0.5, gt=0, lt=1)
    segments: tuple[str, ...] = ()
    least_coverage: float = Field(default=0.9, gt=0, le=1)
    primary: str | None = None
    tolerated_loss: float = Field(default=0.1, ge=0, lt=1)
    drift: DriftPolicy = DriftPolicy()
    most_changed: float | None = Field(default=None, gt=0, le=1)
