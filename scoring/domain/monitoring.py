"""What is watched of a score, and from when on a person must look at it."""

from pydantic import Field

from scoring.domain.definition import Definition


class DriftPolicy(Definition):
    """From when on customers have drifted.

    ``least`` is the Jensen-Shannon distance (0 to 1) that a column must have moved to count; it must also be too large
    for chance.
    """

    least: float = Field(default=0.1, gt=0, lt=1)


class Monitoring(Definition):
    """How a score is watched.

    Parameters
    ----------
    threshold
        From this probability on a classification says that the outcome will come; of no use to a regression.
    segments
        Categorical or boolean columns of the data set: drift is also measured for each of their values.
    drift
        From when on customers have drifted.
    most_changed
        Share of the customers (0 to 1) whose change may be told to the CRM without a person; None is no limit.
    """

    threshold: float = Field(default=0.5, gt=0, lt=1)
    segments: tuple[str, ...] = ()
    drift: DriftPolicy = DriftPolicy()
    most_changed: float | None = Field(default=None, gt=0, le=1)
