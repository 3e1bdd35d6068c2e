"""Starts an experiment, changes the challenger's share, and stops it. Each is on record with its author and reason."""

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.domain.signature import require_signature
from scoring.errors import NotFound, PermanentError
from scoring.learning.judging import GATE, Retrained
from scoring.models import charge, experiments, ledger
from scoring.models.experiments import Experiment, Mode, NewExperiment
from scoring.models.fitting import fitting_encoding, scored_with
from scoring.models.registry import Registry
from scoring.publishing.arms import end_running
from scoring.settings import Settings


def start(
    settings: Settings,
    score: Score,
    version: int,
    *,
    mode: Mode,
    share: float | None = None,
    salt: str | None = None,
    by: str,
    reason: str,
) -> Experiment:
    """Start comparing a version with the one in charge.

    Parameters
    ----------
    mode
        ``split``: each customer gets the score of one of them, from the next plan on. ``shadow``: the challenger scores
        everybody, and nobody sees it.
    share
        Of the customers (0 to 1, both excluded) that the challenger gets in a split. None: the definition's.
    salt
        What decides who gets which version, 32 hex digits. None: drawn.

    Raises
    ------
    NotFound
        If no version is in charge.
    PermanentError
        If an experiment is running, the version is in charge or does not fit the definition, the share is none, or
        nobody or no reason is named.
    """
    require_signature("An experiment", by, reason)
    given = _share(mode, score.experiment.share if share is None else share)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    champion = charge.in_charge(settings.database(), registry, score.model_name)
    ref = registry.version(score.model_name, version)
    if ref == champion:
        raise PermanentError(f"{ref} is in charge: it cannot be compared with itself.", remedy="Name another version.")
    fitting_encoding(ref, score, load_catalog(settings.definitions).data_set(score.data_set))
    scored_with(ref, settings.other_scikit_learn)
    new = NewExperiment(score.name, ref.name, mode, champion.version, ref.version, ref.digest, by, reason)
    with transaction(settings.database()) as connection:
        ledger.lock(connection, ref.name)  # nobody else comes into charge meanwhile
        experiments.lock(connection, score.name)
        _refuse_second(connection, score, champion.version)
        return experiments.add(connection, new, given, salt)


NOT_TRIED = "It is not tried: it was tried before, or another experiment is running (`scoring experiment list`)."


def start_by_rule(settings: Settings, score: Score, found: Retrained) -> Experiment | None:
    """Start the split that the promotion policy asks for, if the gate lets the challenger pass; else None.

    A challenger is tried once: what an experiment has decided, the same retraining again does not undo. Its salt
    follows from its file, so that an installation made anew from the same data publishes the same scores.
    """
    if not found.tried:
        return None
    with transaction(settings.database()) as connection:
        if any(one.challenger == found.ref.version for one in experiments.all_of(connection, score.name)):
            return None
        if experiments.running(connection, score.name) is not None:
            return None
    salt = digest_of([score.name, found.ref.digest])[:32]
    return start(settings, score, found.ref.version, mode="split", salt=salt, by=GATE, reason=found.because)


def set_share(settings: Settings, score: Score, share: float, *, by: str, reason: str) -> Experiment:
    """Give the challenger of the running split another share of the customers from the next plan on.

    Only customers between the old and the new share move.

    Raises
    ------
    NotFound
        If no experiment is running.
    PermanentError
        If it is a shadow, the share is none, or nobody or no reason is named.
    """
    require_signature("A change of an experiment", by, reason)
    with transaction(settings.database()) as connection:
        experiments.lock(connection, score.name)
        running = _running(connection, score)
        if running.mode == "shadow":
            raise PermanentError(f"The {running.name} is a shadow: its challenger scores everybody.")
        experiments.set_share(connection, running.experiment_id, _share("split", share) or 0.0, by, reason)
        return experiments.get(connection, running.experiment_id)


def stop(settings: Settings, score: Score, *, by: str, reason: str) -> Experiment:
    """End the running experiment without a winner: the champion scores everybody from the next plan on.

    Raises
    ------
    NotFound
        If no experiment is running.
    PermanentError
        If nobody or no reason is named.
    """
    require_signature("The end of an experiment", by, reason)
    with transaction(settings.database()) as connection:
        running = _running(connection, score)
        end_running(connection, score, "stopped", by=by, reason=reason)
        return experiments.get(connection, running.experiment_id)


def _running(connection: Connection, score: Score) -> Experiment:
    found = experiments.running(connection, score.name)
    if found is None:
        raise NotFound(
            f"No experiment of {score.name} is running.",
            remedy=f"Start one: `scoring experiment start {score.name} <version> --reason <why>`.",
        )
    return found


def _share(mode: Mode, share: float) -> float | None:
    if mode == "shadow":
        return None
    if not 0 < share < 1:
        raise PermanentError(
            f"The challenger cannot have a share of {share:g} of the customers.",
            remedy="Give one between 0 and 1, e.g. 0.5; to end the experiment, stop it.",
        )
    return share


def _refuse_second(connection: Connection, score: Score, champion: int) -> None:
    running = experiments.running(connection, score.name)
    if running is not None:
        raise PermanentError(
            f"The {running.name} of {score.name} is running: version {running.champion} against {running.challenger}.",
            remedy=f"Stop it first: `scoring experiment stop {score.name} --reason <why>`.",
        )
    row = ledger.in_charge(connection, score.model_name)
    if row is not None and row.model_version != champion:
        raise PermanentError(
            f"Version {row.model_version} of {score.model_name} has just come into charge, in place of {champion}.",
            remedy="Start the experiment again if you still want it.",
        )
