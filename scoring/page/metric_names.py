"""The metrics of each kind of score by name, without the libraries that compute them. Pure."""

from scoring.domain.monitoring import headlines
from scoring.domain.score import Score
from scoring.errors import NotFound

DESCRIBING = {"classification": ("positive_rate", "expected_rate"), "regression": ("mape", "bias")}


def metrics_of(score: Score) -> tuple[str, ...]:
    """The metrics of a score: first those by which it can be judged."""
    return (*headlines(score.kind), *DESCRIBING[score.kind])


def metric_of(score: Score, metric: str | None) -> str:
    """The metric that was asked for, else the headline metric; :class:`NotFound` if the score has no such metric."""
    if not metric:
        return score.headline
    if metric not in metrics_of(score):
        raise NotFound(f"{score.name} has no metric {metric!r}; it has: {', '.join(metrics_of(score))}.")
    return metric
