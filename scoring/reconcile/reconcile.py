"""Searches the whole installation once for what was left undone."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from scoring.alerts.facts import note_all
from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.score import Score
from scoring.intake.scratch import remove_abandoned_scratch
from scoring.reconcile import undone
from scoring.reconcile.aliases import strayed
from scoring.reconcile.findings import Finding, Kind
from scoring.settings import Settings
from scoring.snapshots.partial import remove_partial_files

ABANDONED_AGE = dt.timedelta(days=1)  # no intake takes so long


def reconcile(settings: Settings, now: dt.datetime) -> list[Finding]:
    """Everything that is left undone at ``now`` (aware), what needs a person first; removes what crashes left on disk.

    Raises
    ------
    TransientError
        If the database cannot be reached, or MLflow if it must be asked for a champion.
    """
    catalog = load_catalog(settings.definitions)
    with transaction(settings.database()) as connection:
        seen = undone.observe(connection, catalog)
    found = undone.findings(seen, catalog, now, has_champion=partial(_has_champion, settings))
    used = {publication.score for publication in seen.publications}
    found += strayed(settings, list(catalog.scores.values()), used, now)
    left: dict[Kind, list[Path]] = {
        "partial file": remove_partial_files(settings.lake, now - ABANDONED_AGE),
        "abandoned directory": remove_abandoned_scratch(now - ABANDONED_AGE),
    }
    for kind, paths in left.items():
        found += [Finding(kind, f"{path} was left by a crash.", None, "none; it is removed.") for path in paths]
    return sorted(found, key=lambda finding: not finding.needs_person)


def tell(settings: Settings, found: Sequence[Finding]) -> int:
    """Note the facts among some findings, for people; returns how many are news."""
    with transaction(settings.database()) as connection:
        return note_all(connection, [finding.fact for finding in found if finding.fact is not None])


def _has_champion(settings: Settings, score: Score) -> bool:
    from scoring.models.charge import find_in_charge  # takes seconds; only a score of which nothing is known needs it
    from scoring.models.registry import Registry

    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    return find_in_charge(settings.database(), registry, score.model_name) is not None
