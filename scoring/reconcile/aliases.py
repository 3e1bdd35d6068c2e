"""MLflow's aliases that somebody moved by hand: put back, and reported."""

import datetime as dt
from collections.abc import Sequence

from scoring.alerts import wording
from scoring.database import transaction
from scoring.domain.score import Score
from scoring.errors import TransientError
from scoring.models import ledger
from scoring.reconcile.findings import Finding
from scoring.settings import Settings


def strayed(settings: Settings, scores: Sequence[Score], now: dt.datetime) -> list[Finding]:
    """Point each alias at the version in charge; a finding for each that pointed elsewhere.

    If MLflow cannot be reached, that is a finding, too: what else is undone must be found nevertheless.
    """
    database = settings.database()
    with transaction(database) as connection:
        rows = {score.name: ledger.in_charge(connection, score.model_name) for score in scores}
    if not any(rows.values()):
        return []
    from scoring.models.charge import follow  # importing MLflow takes seconds
    from scoring.models.registry import Registry

    found, today = [], now.date()
    try:
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        for score in scores:
            row = rows[score.name]
            if row is None:
                continue
            pointed = follow(database, registry, score.model_name)
            if pointed is None:
                continue
            moved = wording.alias_moved(
                score.name, score.owner, model=row.model_name, pointed=pointed, version=row.model_version, day=today
            )
            found.append(Finding("alias moved", moved.text, None, moved.remedy, fact=moved))
    except TransientError as error:
        found.append(Finding("alias not checked", str(error), None, "look at MLflow; the next run tries again."))
    return found
