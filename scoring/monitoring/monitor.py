"""All that is done about a publication when it is published, and again when outcomes of its customers come.

Each step is a transaction of its own and finds itself done, so a killed run is simply run again.
"""

import datetime as dt
from dataclasses import dataclass

from scoring.database import transaction
from scoring.domain.score import Score
from scoring.monitoring import evaluations
from scoring.monitoring.estimating import estimate
from scoring.monitoring.judge import judge
from scoring.monitoring.migration import count_migration
from scoring.monitoring.performance import evaluate, shown_at
from scoring.monitoring.verdicts import Verdict
from scoring.settings import Settings


@dataclass(frozen=True)
class Performance:
    """What is known of how well a publication does; None of what is not there."""

    realised: evaluations.Evaluation | None
    estimated: evaluations.Evaluation | None


def perform(settings: Settings, score: Score, as_of: dt.date, *, today: dt.date) -> Performance:
    """Count who changed bands, evaluate a publication by known outcomes, and estimate it and what learns from it.

    Parameters
    ----------
    today
        The current date (UTC).

    Raises
    ------
    NotFound
        If nothing is published.
    """
    count_migration(settings, score, as_of)
    evaluate(settings, score, as_of, today=today)
    estimate(settings, score, as_of)
    for later in _later(settings, score, as_of):
        if later >= score.target.horizon.after(as_of):
            estimate(settings, score, later)
    return performance_of(settings, score, as_of)


def conclude(settings: Settings, score: Score, as_of: dt.date) -> Verdict:
    """Judge a publication, and those after it whose estimates it lets us trust or not; errors as :func:`perform`."""
    verdict = judge(settings, score, as_of)
    for later in _later(settings, score, as_of):
        judge(settings, score, later)
    return verdict


def performance_of(settings: Settings, score: Score, as_of: dt.date) -> Performance:
    """What was found of a publication; evaluates nothing."""
    with transaction(settings.database()) as connection:
        publication_id = shown_at(settings, connection, score, as_of).publication.publication_id
        return Performance(
            evaluations.current(connection, publication_id, "realised"),
            evaluations.current(connection, publication_id, "estimated"),
        )


def _later(settings: Settings, score: Score, as_of: dt.date) -> list[dt.date]:
    with transaction(settings.database()) as connection:
        return evaluations.later_immature(connection, score.name, as_of)
