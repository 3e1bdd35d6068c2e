"""Puts a version of a model in charge, or takes that back: a row of the ledger, then MLflow's alias follows.

After a crash between the two the same call again, or ``reconcile``, moves the alias.
"""

from scoring.alerts import wording
from scoring.alerts.facts import Fact, note
from scoring.database import Connection, transaction
from scoring.domain.score import Score
from scoring.domain.signature import require_signature
from scoring.models import charge, ledger
from scoring.models.ledger import Decision, Promotion
from scoring.models.registry import Registry
from scoring.models.rollback import rollback_target
from scoring.models.tags import ModelRef
from scoring.monitoring import verdicts
from scoring.publishing.arms import end_running
from scoring.settings import Settings

FIRST = Decision("first", "scoring", "It is the first version of its model.")


def promote(
    settings: Settings, score: Score, ref: ModelRef, decision: Decision, *, instead_of: int | None = None
) -> Promotion | None:
    """Put a version in charge and tell the score's owner; None if it is in charge already.

    Parameters
    ----------
    instead_of
        The version in charge with which it was compared; if another one is by now, nothing is done.

    Raises
    ------
    PermanentError
        If nobody or no reason is named.
    """
    require_signature("A promotion", decision.by, decision.reason)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    charge.find_in_charge(settings.database(), registry, ref.name)  # adopts what was in charge before the ledger
    made = None
    with transaction(settings.database()) as connection:
        ledger.lock(connection, ref.name)
        before = ledger.in_charge(connection, ref.name)
        overtaken = instead_of is not None and before is not None and before.model_version != instead_of
        if before is None or (before.model_version != ref.version and not overtaken):
            made = _put(connection, score, ref.version, ref.digest, decision)
    charge.follow(settings.database(), registry, ref.name)
    return made


def roll_back(settings: Settings, score: Score, version: int | None, *, by: str, reason: str) -> Promotion:
    """Put the version before in charge again, or the one given, and tell the score's owner.

    Raises
    ------
    NotFound
        If no other version was in charge before.
    PermanentError
        If the version given is in charge, or never was; or if nobody or no reason is named.
    """
    require_signature("A rollback", by, reason)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    name = score.model_name
    charge.find_in_charge(settings.database(), registry, name)
    with transaction(settings.database()) as connection:
        ledger.lock(connection, name)
        target = rollback_target(name, ledger.history(connection, name), version)
        decision = Decision("rollback", by, reason)
        made = _put(connection, score, target.model_version, target.model_digest, decision)
    charge.follow(settings.database(), registry, name)
    return made


def _end_experiment(connection: Connection, score: Score, made: Promotion) -> None:
    """An experiment compares with the version in charge: it ends with its charge, won or not."""
    if made.how == "experiment":
        end_running(connection, score, "challenger_wins", by=made.promoted_by, reason=made.reason)
    else:
        reason = f"Version {made.model_version} was put in charge by {made.promoted_by}: {made.reason}"
        end_running(connection, score, "stopped", by=made.promoted_by, reason=reason)


def _put(connection: Connection, score: Score, version: int, digest: str, decision: Decision) -> Promotion:
    """The new row, and what follows from it; the caller holds the ledger's lock.

    A version that is in charge again still needs the update that its successor was.
    """
    made = ledger.add(connection, score.model_name, version, digest, decision)
    _end_experiment(connection, score, made)
    verdicts.undone(connection, score.name, made.model_name, made.model_version)
    if made.from_version is not None:
        note(connection, _fact(score, made))
    return made


def _fact(score: Score, made: Promotion) -> Fact:
    return wording.model_promoted(
        score.name,
        score.owner,
        made.promotion_id,
        model=f"{made.model_name} version {made.model_version}",
        before=made.from_version,
        by=made.promoted_by,
        how=made.how,
        reason=made.reason,
    )
