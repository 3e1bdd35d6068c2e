"""Searches the whole installation once for what was left undone."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from scoring.alerts.facts import note_all
from scoring.catalog import Catalog, load_catalog
from scoring.database import transaction
from scoring.domain.calendar import last_ticks
from scoring.domain.score import Score
from scoring.intake.scratch import remove_abandoned_scratch
from scoring.models import ledger
from scoring.reconcile import observed
from scoring.reconcile.aliases import strayed
from scoring.reconcile.findings import Finding, Kind, SnapshotSeen, undelivered, unfinished, unpublished
from scoring.reconcile.people import overdue, undecided, untold
from scoring.reconcile.watching import uncollected, unmonitored
from scoring.settings import Settings
from scoring.snapshots.partial import remove_partial_files

DATES = 10  # of a schedule, that are looked at for what is overdue
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
        snapshots = observed.snapshots(connection, list(catalog.data_sets))
        publications = observed.publications(connection, list(catalog.scores))
        endpoints = observed.endpoints(connection)
        holds, alerts = observed.holds(connection, list(catalog.scores)), observed.alerts(connection)
        collected = {name: observed.collected(connection, name) for name in catalog.scores}
        monitored = {name: observed.monitored(connection, name) for name in catalog.scores}
        promoted = {name for name, score in catalog.scores.items() if ledger.in_charge(connection, score.model_name)}
    found = list(unfinished(snapshots, publications, now))
    used = {publication.score for publication in publications}
    for score in catalog.scores.values():
        own_snapshots = _of(catalog, score, snapshots)
        own = [publication for publication in publications if publication.score == score.name]
        has_champion = score.name in promoted | used or (bool(own_snapshots) and _has_champion(settings, score))
        found += unpublished(score.name, own_snapshots, own, has_champion=has_champion, now=now)
        found += unmonitored(score.name, own, monitored=monitored[score.name], now=now)
        if score.target.source is None:
            horizon, told = score.target.horizon, collected[score.name]
            found += uncollected(score.name, horizon, own_snapshots, own, collected=told, now=now)
        if score.deadline is not None:
            found += overdue(
                score.name,
                score.owner,
                deadline=score.deadline,
                ticks=_ticks(catalog, score, now),
                publications=own,
                now=now,
            )
    for endpoint in endpoints:
        found += undelivered(endpoint, now)
    found += [
        *undecided(holds, now),
        *untold(alerts, now),
        *strayed(settings, list(catalog.scores.values()), used, now),
    ]
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


def _ticks(catalog: Catalog, score: Score, now: dt.datetime) -> dict[dt.date, dt.datetime]:
    data_set = catalog.data_set(score.data_set)
    if data_set.schedule is None:
        return {}
    return last_ticks(data_set.schedule, now, first=data_set.first_as_of, last=data_set.last_as_of, dates=DATES)


def _of(catalog: Catalog, score: Score, snapshots: Sequence[SnapshotSeen]) -> list[SnapshotSeen]:
    data_set = catalog.data_set(score.data_set).name
    return [snapshot for snapshot in snapshots if snapshot.data_set == data_set]


def _has_champion(settings: Settings, score: Score) -> bool:
    from scoring.models.charge import find_in_charge  # takes seconds; only a score of which nothing is known needs it
    from scoring.models.registry import Registry

    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    return find_in_charge(settings.database(), registry, score.model_name) is not None
