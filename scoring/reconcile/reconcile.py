"""Searches the whole installation once for what was left undone."""

import datetime as dt
from collections.abc import Sequence

from scoring.catalog import Catalog, load_catalog
from scoring.database import transaction
from scoring.domain.score import Score
from scoring.reconcile import observed
from scoring.reconcile.findings import Finding, SnapshotSeen, undelivered, unfinished, unpublished
from scoring.settings import Settings
from scoring.snapshots.partial import remove_partial_files

PARTIAL_FILE_AGE = dt.timedelta(days=1)  # no intake takes so long


def reconcile(settings: Settings, now: dt.datetime) -> list[Finding]:
    """Everything that is left undone at ``now`` (aware), what needs a person first; removes partial files of crashes.

    Raises
    ------
    TransientError
        If the database cannot be reached, or MLflow if it must be asked for a champion.
    """
    catalog = load_catalog(settings.definitions)
    with transaction(settings.database()) as connection:
        snapshots = observed.snapshots(connection, list(catalog.data_sets))
        publications = observed.publications(connection, list(catalog.scores))
        endpoints = observed.endpoints(connection)
    found = list(unfinished(snapshots, publications, now))
    begun = {publication.score for publication in publications}
    for score in catalog.scores.values():
        own_snapshots = _of(catalog, score, snapshots)
        own = [publication for publication in publications if publication.score == score.name]
        has_champion = score.name in begun or (bool(own_snapshots) and _has_champion(settings, score))
        found += unpublished(score.name, own_snapshots, own, has_champion=has_champion, now=now)
    for endpoint in endpoints:
        found += undelivered(endpoint, now)
    found += [
        Finding("partial file", f"{path} was left by a crash.", None, "none; it is removed.")
        for path in remove_partial_files(settings.lake, now - PARTIAL_FILE_AGE)
    ]
    return sorted(found, key=lambda finding: not finding.needs_person)


def _of(catalog: Catalog, score: Score, snapshots: Sequence[SnapshotSeen]) -> list[SnapshotSeen]:
    data_set = catalog.data_set(score.data_set).name
    return [snapshot for snapshot in snapshots if snapshot.data_set == data_set]


def _has_champion(settings: Settings, score: Score) -> bool:
    from scoring.models.registry import Registry  # takes seconds; only a score without any publication needs it

    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    return registry.find_champion(score.model_name) is not None
