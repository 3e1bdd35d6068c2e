"""The models of a publication: the champion, and in an experiment that splits the customers the challenger."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.database import Connection, transaction
from scoring.domain.assignment import to_challenger
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models import experiments
from scoring.models.charge import in_charge
from scoring.models.experiments import Experiment, Outcome
from scoring.models.fitting import fitting_encoding, scored_with
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.models.tags import ModelRef
from scoring.publishing.publications import CHALLENGER, CHAMPION, Arm
from scoring.settings import Settings

Unable = Callable[[int | None, PermanentError], None]  # is told which experiment's challenger cannot score, and why


def arms_of(settings: Settings, score: Score, data_set: DataSet) -> list[Arm]:
    """The arms of a publication that is planned now, the champion first.

    A challenger that does not fit ends its experiment; it does not hold the champion's scores up.

    Raises
    ------
    NotFound
        If there is no champion.
    PermanentError
        If the champion does not fit the definition, or was trained with another minor version of scikit-learn; or if
        reasons are to be stored and its kind cannot be explained.
    """

    def unable(experiment_id: int | None, error: PermanentError) -> None:
        if experiment_id is not None:
            end_unable(settings, score, experiment_id, error)

    return arms_now(settings, score, data_set, unable)


def arms_now(settings: Settings, score: Score, data_set: DataSet, unable: Unable) -> list[Arm]:
    """As :func:`arms_of`; of a challenger that does not fit ``unable`` is told, and the champion is alone."""
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    ref = in_charge(settings.database(), registry, score.model_name)
    champion = _arm(settings, score, data_set, CHAMPION, ref)
    with transaction(settings.database()) as connection:
        running = experiments.running(connection, score.name)
    if running is None or running.mode != "split" or running.share is None or running.champion != ref.version:
        return [champion]
    try:
        challenger = registry.version(ref.name, running.challenger)
        tried = _arm(settings, score, data_set, CHALLENGER, challenger)
    except PermanentError as error:
        unable(running.experiment_id, error)
        return [champion]
    return [_of_split(champion, running, 1 - running.share), _of_split(tried, running, running.share)]


def _arm(settings: Settings, score: Score, data_set: DataSet, name: str, ref: ModelRef) -> Arm:
    encoding = fitting_encoding(ref, score, data_set)
    if score.reasons is not None and score.reasons.stored and not ref.explained:
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        estimator = registry.load(ref, score.trusted_types)
        scorer = Scorer(estimator, score, encoding, key=data_set.key, name=str(ref), background=ref.background)
        scorer.explainer.refuse_slow()
    installed = scored_with(ref, settings.other_scikit_learn)
    return Arm(name, ref.name, ref.version, ref.digest, trained_with=ref.trained_with, scored_with=installed)


def _of_split(arm: Arm, running: Experiment, share: float) -> Arm:
    return replace(arm, experiment_id=running.experiment_id, share=share, salt=running.salt)


def end_running(
    connection: Connection, score: Score, outcome: Outcome, *, by: str, reason: str, only: int | None = None
) -> Experiment | None:
    """End the running experiment of a score, or only that of an id, and tell its owner; None if it is not running."""
    experiments.lock(connection, score.name)
    running = experiments.running(connection, score.name)
    if running is not None and only not in (None, running.experiment_id):
        return None
    if running is not None:
        experiments.end(connection, running.experiment_id, outcome, by, reason)
        versions = running.champion, running.challenger
        fact = wording.experiment_ended(
            score.name, score.owner, running.experiment_id, versions=versions, outcome=outcome, by=by, reason=reason
        )
        note(connection, fact)
    return running


def end_unable(settings: Settings, score: Score, experiment_id: int, error: PermanentError) -> None:
    """End an experiment whose challenger cannot score."""
    with transaction(settings.database()) as connection:
        reason = f"The challenger cannot score: {error}"
        end_running(connection, score, "stopped", by="scoring", reason=reason, only=experiment_id)


class ChallengerFailed(PermanentError):
    """The challenger of a split cannot score what was planned."""

    def __init__(self, experiment_id: int, error: PermanentError) -> None:
        super().__init__(
            f"The challenger of experiment {experiment_id} cannot score: {error}",
            remedy="The experiment has ended. Run the partition again from its first task: the champion scores all.",
            in_airflow="The experiment has ended. Clear the task *plan* of this run: the champion scores all.",
        )
        self.experiment_id, self.error = experiment_id, error


@contextmanager
def blamed(arm: Arm) -> Iterator[None]:
    """Inside, a permanent error of a split's challenger is told as such.

    Raises
    ------
    ChallengerFailed
        In place of any :class:`PermanentError`.
    """
    try:
        yield
    except PermanentError as error:
        if arm.arm != CHALLENGER or arm.experiment_id is None:
            raise
        raise ChallengerFailed(arm.experiment_id, error) from error


def assign(arms: Sequence[Arm], customers: pa.ChunkedArray) -> NDArray[np.int8]:
    """Position in ``arms`` of each customer's arm: int8 of shape (customers,).

    Parameters
    ----------
    arms
        Of one publication, the champion first, as :func:`arms_of` and ``publications.arms`` give them.
    customers
        Ids of the customers (string).
    """
    if len(arms) == 1:
        return np.zeros(len(customers), dtype=np.int8)
    _, tried = arms
    assert tried.salt is not None  # noqa: S101 - arms of a split have both of these
    assert tried.share is not None  # noqa: S101
    return to_challenger(tried.salt, tried.share, customers.to_pylist()).astype(np.int8)
