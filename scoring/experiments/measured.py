"""One metric of some customers with its influence values: how much each customer moves it. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.learning.paired import INFLUENCE
from scoring.monitoring.metrics import TOO_LARGE, figure_of

Floats = NDArray[np.float64]

NOT_ENOUGH = "fewer than two outcomes of these customers are known"


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric of customers; where it is not defined, only the reason.

    Parameters
    ----------
    value
        In units of the metric.
    influence
        float64 (rows,), with mean 0: the metric moves by ``influence[i] / rows`` with customer ``i``.
    reason
        None where the metric is defined.
    """

    value: float = np.nan
    influence: Floats | None = None
    reason: str | None = None


def measured(metric: str, values: Floats, outcomes: Floats, threshold: float) -> Measured:
    """Measure one metric.

    Parameters
    ----------
    metric
        A key of :data:`scoring.learning.paired.INFLUENCE`.
    values, outcomes
        float64 (rows,), finite; outcomes of a classification are 0.0 or 1.0.
    threshold
        From this probability on a value says yes.
    """
    if len(outcomes) == 1:
        return Measured(reason=NOT_ENOUGH)
    figure = figure_of(metric, values, outcomes, threshold)
    if figure.value is None:
        return Measured(reason=figure.reason)
    with np.errstate(over="ignore", invalid="ignore"):
        influence = INFLUENCE[metric](values, outcomes, threshold)
        centred = influence - influence.mean()
        if not np.isfinite(np.square(centred).sum()):
            return Measured(reason=TOO_LARGE)
    return Measured(figure.value, centred)
