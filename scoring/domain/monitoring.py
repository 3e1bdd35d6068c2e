"""What is watched of a score, and from when on a person must look at it."""

from typing import Literal, get_args

from pydantic import Field

from scoring.domain.definition import Definition

OfClassification = Literal["precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "log_loss", "ks"]
OfRegression = Literal["mae", "rmse", "r2"]
Headline = OfClassification | OfRegression


def headlines(kind: str) -> tuple[str, ...]:
    """The metrics by which a classification or a regression can be judged."""
    return get_args(OfClassification if kind == "classification" else OfRegression)


class DriftPolicy(Definition):
    """From when on customers have drifted.

    ``least`` is the Jensen-Shannon distance (0 to 1) that a column must have moved to count; it must also be too large
    for chance.
    """

    least: float = Field(default=0.1, gt=0, lt=1)


class UpdatePolicy(Definition):
    """When the model of a score needs an update.

    Parameters
    ----------
    metric
        The headline metric, by which the model is judged: of a classification or of a regression as the score is.
        None: ``roc_auc`` or ``mae``.
    tolerated_loss
        By which share of the promised value the metric may be worse. Promised is what the model did at training on
        customers that it had not learned from.
    drifted_columns
        From so many drifted features on the model needs an update where outcomes are far away; None: drift alone is
        never enough.
    far_days
        Outcomes are far away if the horizon has at least so many days.
    """

    metric: Headline | None = None
    tolerated_loss: float = Field(default=0.1, ge=0, lt=1)
    drifted_columns: int | None = Field(default=3, gt=0)
    far_days: int = Field(default=60, gt=0)


class Monitoring(Definition):
    """How a score is watched.

    Parameters
    ----------
    threshold
        From this probability on a classification says that the outcome will come; of no use to a regression.
    segments
        Categorical or boolean columns of the data set: drift and performance are also measured for each of their
        values.
    least_coverage
        A cohort is mature when its horizon has passed and at least this share of its outcomes (0 to 1) is known.
    drift
        From when on customers have drifted.
    update
        When the model needs an update.
    most_changed
        Share of the customers (0 to 1) whose change may be told to the CRM without a person; None is no limit.
    """

    threshold: float = Field(default=0.5, gt=0, lt=1)
    segments: tuple[str, ...] = ()
    least_coverage: float = Field(default=0.8, gt=0, le=1)
    drift: DriftPolicy = DriftPolicy()
    update: UpdatePolicy = UpdatePolicy()
    most_changed: float | None = Field(default=None, gt=0, le=1)
