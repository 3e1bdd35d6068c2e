"""Removes the files of old snapshots, their quarantined rows, and files that no snapshot knows.

A file leaves in three steps: its row is marked, the file is removed, the row says that it is gone. Both later steps
need the partition's lock, under which an intake puts a file back, so a kill or an intake in between loses nothing.
"""

import datetime as dt
from collections.abc import Mapping

from scoring.catalog import Catalog
from scoring.database import Connection, connect, execute, one_or_none, value
from scoring.maintain import observed, retirement
from scoring.maintain.report import Part, Removed
from scoring.maintain.rules import Run, cutoff, snapshot_stays
from scoring.settings import Settings
from scoring.snapshots import lake, listing, manifest

KIND, QUARANTINE, STRAY = "snapshot files", "quarantined rows", "stray files"
STRAY_AGE = dt.timedelta(days=1)  # no intake takes so long from its file to its row

Models = Mapping[tuple[str, str], str]

_MARK = """
    UPDATE scoring.snapshot n SET file = 'leaving' WHERE snapshot_id = %s AND file = 'kept' AND NOT EXISTS (
        SELECT FROM scoring.publication p WHERE p.snapshot_id = n.snapshot_id AND p.state <> 'retired')
    AND NOT EXISTS (
        SELECT FROM scoring.publication_history b JOIN scoring.publication p USING (publication_id)
        WHERE b.snapshot_id = n.snapshot_id AND p.state <> 'retired')"""

_LEAVING = "SELECT location FROM scoring.snapshot WHERE snapshot_id = %s AND file = 'leaving' FOR UPDATE"

_GONE = "UPDATE scoring.snapshot SET file = 'gone' WHERE snapshot_id = %s"

_OLD_QUARANTINE = """
    SELECT n.snapshot_id, n.data_set, n.as_of, n.kept AS rows FROM scoring.snapshot n
    WHERE n.kept > 0 AND n.created_at < %(before)s AND n.quarantine_retired_at IS NULL AND NOT EXISTS (
        SELECT FROM scoring.legal_hold_in_force h
        WHERE n.as_of BETWEEN h.first AND h.last AND CASE h.kind WHEN 'data_set' THEN h.name = n.data_set
                WHEN 'customer' THEN EXISTS (SELECT FROM scoring.quarantined_row q WHERE q.snapshot_id = n.snapshot_id
                                             AND (q.customer_id = h.name OR q.customer_id IS NULL))
                ELSE EXISTS (SELECT FROM unnest(%(scores)s::text[], %(data_sets)s::text[]) AS s (score, data_set)
                             WHERE s.score = h.name AND s.data_set = n.data_set) END)
    ORDER BY n.snapshot_id"""

_MARK_QUARANTINE = "UPDATE scoring.snapshot SET quarantine_retired_at = now() WHERE snapshot_id = %s"

_SOME_QUARANTINED = """
    DELETE FROM scoring.quarantined_row q USING (
        SELECT snapshot_id, row_number FROM scoring.quarantined_row JOIN scoring.snapshot USING (snapshot_id)
        WHERE quarantine_retired_at IS NOT NULL LIMIT %s) old
    WHERE q.snapshot_id = old.snapshot_id AND q.row_number = old.row_number"""

_KNOWN = """
    SELECT EXISTS (SELECT FROM scoring.snapshot
                   WHERE data_set = %s AND as_of::text = %s AND digest = %s AND file <> 'gone')"""


def remove_files(settings: Settings, catalog: Catalog, models: Models, run: Run) -> Part:
    """Remove the files of the snapshots that may go."""
    part = Part(KIND)
    with connect(settings.database()) as connection:
        if not run.dry_run:
            for what in retirement.unfinished(connection, KIND):
                _finish(connection, int(what))
        for seen, row in observed.snapshots(connection, catalog, models):
            reason = snapshot_stays(seen, run.keep, run.now)
            if reason is not None:
                part.stays[reason] += 1
                continue
            size, why_not = lake.size(row.location), None
            if not run.dry_run:
                connection.rollback()  # what was read before need not be true any more
                why_not = _remove(connection, catalog, models, run, row.snapshot_id)
            what = f"snapshot {row.snapshot_id} of {row.data_set} {row.as_of}"
            part.removed.append(Removed(what, row.rows, size, why_not))
    return part


def _remove(connection: Connection, catalog: Catalog, models: Models, run: Run, snapshot_id: int) -> str | None:
    """Mark a snapshot, then remove its file; says why it stays, if it does."""
    with retirement.not_under_hold(connection):
        found = observed.snapshots(connection, catalog, models, snapshot_id)
        if (
            not found
            or snapshot_stays(found[0][0], run.keep, run.now)
            or not execute(connection, _MARK, (snapshot_id,))
        ):
            return "it is needed again"
        row = found[0][1]
        retirement.begin(connection, KIND, str(snapshot_id), row.rows, lake.size(row.location))
    _finish(connection, snapshot_id)
    return None


def _finish(connection: Connection, snapshot_id: int) -> None:
    """Remove a marked file, unless an intake has put it back."""
    connection.rollback()
    with connection:
        snapshot = manifest.get(connection, snapshot_id)
        manifest.lock(connection, snapshot.data_set, snapshot.as_of)
        row = one_or_none(connection, dict, _LEAVING, (snapshot_id,))
        if row is None:
            retirement.forget(connection, KIND, str(snapshot_id))
            return
        lake.remove(row["location"])
        execute(connection, _GONE, (snapshot_id,))
        retirement.end(connection, KIND, str(snapshot_id))


def remove_quarantined(url: str, catalog: Catalog, run: Run) -> Part:
    """Remove the quarantined rows of old snapshots, with the rules that they break; their counts stay."""
    part = Part(QUARANTINE)
    asked = {"before": cutoff(run.keep.quarantine, run.now), **observed.scores_of(catalog)}
    with connect(url) as connection:
        with retirement.not_under_hold(connection):
            for row in observed.rows(connection, _OLD_QUARANTINE, asked):
                what = f"of snapshot {row['snapshot_id']}, {row['data_set']} {row['as_of']}"
                part.removed.append(Removed(what, row["rows"]))
                if not run.dry_run:
                    execute(connection, _MARK_QUARANTINE, (row["snapshot_id"],))
        if not run.dry_run:
            retirement.in_batches(connection, QUARANTINE, run.now, _SOME_QUARANTINED)
    return part


def sweep_strays(settings: Settings, run: Run) -> Part:
    """Remove files of the lake that no snapshot knows and that are older than a day: a crash has left them."""
    part = Part(STRAY)
    with connect(settings.database()) as connection:
        for file in listing.files(settings.lake):
            place = lake.partition_of(file.location)
            if place is None or file.changed >= run.now - STRAY_AGE:
                continue
            data_set, as_of, digest = place
            with connection:
                manifest.lock(connection, data_set, dt.date.fromisoformat(as_of))
                if value(connection, _KNOWN, (data_set, as_of, digest)):
                    continue
                if not run.dry_run:
                    lake.remove(file.location)
                    retirement.begin(connection, STRAY, file.location, 0, file.size)
                    retirement.end(connection, STRAY, file.location)
            part.removed.append(Removed(file.location, 0, file.size))
    return part
