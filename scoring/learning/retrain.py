"""Trains a new version on the newest mature cohorts, lets the gate judge it, and puts it in charge if it may be.

Every step finds itself done: the same inputs give the same version, the same verdict and no second promotion, so a run
that was killed anywhere is completed by the next.
"""

import datetime as dt

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.score import Score
from scoring.errors import NotFound
from scoring.learning.cohorts import mature, parted
from scoring.learning.judging import Retrained, settled
from scoring.learning.training import Inputs, Training, inputs_digest
from scoring.models.registry import Registry
from scoring.settings import Settings


def retrain(
    settings: Settings,
    score: Score,
    as_of: dt.date,
    *,
    known_at: dt.datetime | None = None,
    reason: str,
    only_register: bool = False,
) -> Retrained:
    """Train, compare and, if the definition allows it, promote.

    Parameters
    ----------
    as_of
        Cohorts count whose horizon ended by this date.
    known_at
        Only what was recorded until then counts (aware). None: all that is known.
    reason
        Why it is trained, for the record.
    only_register
        Register and compare the version, but do not put it in charge.

    Raises
    ------
    NotFound
        If there are not enough mature cohorts.
    PermanentError
        If there is nothing to learn, or the estimator fails.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    at = known_at or dt.datetime.now(dt.UTC)
    with transaction(settings.database()) as connection:
        inputs = _inputs(connection, score, as_of, at)
    digest = inputs_digest(score, data_set, inputs)
    ref = registry.find_made_of(score.model_name, digest)
    if ref is None:
        ref = Training(settings, score, data_set, registry, inputs).register(digest, as_of, reason)
    return settled(settings, score, ref, inputs.held_out, only_register=only_register)


def _inputs(connection: Connection, score: Score, as_of: dt.date, at: dt.datetime) -> Inputs:
    learning = score.learning
    found = mature(connection, score, as_of, at, learning.cohorts + learning.held_out)
    learned, held = parted(found, learning.cohorts, learning.held_out)
    if not learned:
        raise NotFound(
            f"{score.name} cannot be trained at {as_of}: {len(found)} of its cohorts are mature, "
            f"{learning.held_out + 1} are needed ({learning.held_out} to compare versions on).",
            remedy="Collect outcomes (`scoring outcome collect`), or wait until the next cohort is mature.",
        )
    return Inputs(learned, held)


def window_of(score: Score, cohorts: int | None) -> Score:
    """The same score with another number of cohorts to learn from, as a form may say."""
    if cohorts is None:
        return score
    return score.model_copy(update={"learning": score.learning.model_copy(update={"cohorts": cohorts})})
