"""Decides whether a model needs an update, and whether one was useful. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from scoring.domain.metrics import BEST_IS_ONE
from scoring.domain.monitoring import UpdatePolicy
from scoring.monitoring.figures import Figure


@dataclass(frozen=True)
class Evidence:
    """What is known of a publication.

    Parameters
    ----------
    metric
        The headline metric.
    promised
        Its value at training, on customers that the model had not learned from; None if that is not recorded.
    realised
        Its value by outcomes; None while the cohort is not mature.
    estimated
        Its estimated value; None if there is none.
    trusted
        Whether the record of the estimates allows to trust them; None without a record.
    drifted
        Features that have drifted since training; None if that was not compared.
    days
        Days from as_of to the end of the horizon.
    """

    metric: str
    promised: float | None
    realised: Figure | None
    estimated: Figure | None
    trusted: bool | None
    drifted: int | None
    days: int


def reasons(evidence: Evidence, policy: UpdatePolicy) -> list[str]:
    """Why the model needs an update, one sentence each; empty if it does not.

    An estimate counts only until the cohort is mature, and unless its record is bad. Drift counts only where outcomes
    are far away, and only until they are known.
    """
    return list(_reasons(evidence, policy))


def _reasons(evidence: Evidence, policy: UpdatePolicy) -> Iterator[str]:
    promised, realised, estimated = evidence.promised, evidence.realised, evidence.estimated
    if promised is not None and realised is not None and _surely_worse(realised, promised, policy.tolerated_loss):
        yield f"{_said(realised, promised)}, by known outcomes"
    if realised is not None:
        return
    if (
        promised is not None
        and estimated is not None
        and evidence.trusted is not False
        and _surely_worse(estimated, promised, policy.tolerated_loss)
    ):
        yield f"{_said(estimated, promised)}, as is estimated"
    drifted, most = evidence.drifted, policy.drifted_columns
    if drifted is not None and most is not None and drifted >= most and evidence.days >= policy.far_days:
        yield f"{drifted} features have drifted since training, and outcomes are {evidence.days} days away"


def loss(metric: str, value: float, promised: float) -> float:
    """By which share of the promised value a value is worse; negative if it is better."""
    worse = promised - value if metric in BEST_IS_ONE else value - promised
    if promised == 0:
        return math.inf if worse > 0 else 0.0
    return worse / abs(promised)


def useful(metric: str, before: float, after: float) -> bool:
    """Whether a new version does better than the old one did last."""
    return after > before if metric in BEST_IS_ONE else after < before


def _surely_worse(figure: Figure, promised: float, tolerated: float) -> bool:
    """Whether even the better end of the interval is worse than is tolerated: then it is more than noise."""
    best = figure.high if figure.metric in BEST_IS_ONE else figure.low
    return best is not None and loss(figure.metric, best, promised) > tolerated


def _said(figure: Figure, promised: float) -> str:
    return (
        f"{figure.metric} is {figure.value:.4g} (95 % interval {figure.low:.4g} to {figure.high:.4g}), "
        f"{promised:.4g} was promised"
    )
