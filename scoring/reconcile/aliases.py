"""MLflow's aliases that somebody moved by hand: put back, and reported. A champion of before the ledger is adopted."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from scoring.alerts import wording
from scoring.database import transaction
from scoring.domain.score import Score
from scoring.errors import PermanentError, TransientError
from scoring.models import ledger
from scoring.models.ledger import Promotion
from scoring.reconcile.findings import Finding
from scoring.settings import Settings

if TYPE_CHECKING:  # importing MLflow takes seconds
    from scoring.models.registry import Registry


def strayed(settings: Settings, scores: Sequence[Score], used: Collection[str], now: dt.datetime) -> list[Finding]:
    """Point each alias at the version in charge; a finding for each that pointed elsewhere.

    The champion of a score among ``used`` (names of those that were published) that has no ledger yet is adopted: the
    page reads the ledger, and the next partition, which would adopt it too, may be a month away.

    If MLflow cannot be reached, that is a finding, too: what else is undone must be found nevertheless.
    """
    with transaction(settings.database()) as connection:
        rows = {score.name: ledger.in_charge(connection, score.model_name) for score in scores}
    looked_at = [score for score in scores if rows[score.name] or score.name in used]
    if not looked_at:
        return []
    from scoring.models.registry import Registry

    found: list[Finding] = []
    try:
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        for score in looked_at:
            row = rows[score.name]
            found += _followed(settings, registry, score, row, now) if row else _adopted(settings, registry, score)
    except TransientError as error:
        found.append(Finding("alias not checked", str(error), None, "look at MLflow; the next run tries again."))
    return found


def _followed(
    settings: Settings, registry: "Registry", score: Score, row: Promotion, now: dt.datetime
) -> Iterator[Finding]:
    from scoring.models import charge

    pointed = charge.follow(settings.database(), registry, row.model_name)
    if pointed is not None:
        moved = wording.alias_moved(
            score.name, score.owner, model=row.model_name, pointed=pointed, version=row.model_version, day=now.date()
        )
        yield Finding("alias moved", moved.text, None, moved.remedy, fact=moved)


def _adopted(settings: Settings, registry: "Registry", score: Score) -> Iterator[Finding]:
    from scoring.models import charge

    try:
        charge.find_in_charge(settings.database(), registry, score.model_name)
    except PermanentError as error:  # the alias points at a version that this project cannot score with
        remedy = f"`scoring model promote {score.name} <version> --reason <why>` with a version of this project."
        yield Finding("alias not checked", str(error), None, remedy, needs_person=True)
