"""Collects the outcomes of a cohort: from the target's own source or a file, or from what a later snapshot shows."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction, value
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import NotFound
from scoring.outcomes import cohorts, reading, received
from scoring.outcomes.cohorts import Cohort
from scoring.outcomes.settle import Collected, Delivery, collected, explained, known, require_usable, settle
from scoring.settings import Settings
from scoring.snapshots import forgotten, manifest
from scoring.snapshots.manifest import Snapshot


def collect(
    settings: Settings, score: Score, as_of: dt.date, *, path: str | None = None, anywhere: bool = False
) -> Collected:
    """Take in what happened to the customers that were scored at ``as_of``; all of it in one transaction.

    The outcomes come from the file at ``path`` if there is one, else from the target's own source, else from the data
    set's snapshot at the end of the horizon. ``path`` must be below the inbox or a root of ``settings.source_roots``,
    unless ``anywhere``. The same content of the same source again adds nothing.

    Raises
    ------
    NotFound
        If the score is not published at ``as_of``, or the later snapshot is not there.
    SourceError, SourceNotReady
        If the source cannot be read, or is not there (yet).
    PermanentError
        If not one row can be used.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    with transaction(settings.database()) as connection:
        forgotten.hold(connection)
        cohort = cohorts.get(connection, score, as_of)
        if path is None and score.target.source is None:
            done = _derive(connection, score, data_set, cohort)
        else:
            received.create(connection)
            with reading.open_source(settings, score, data_set, as_of, path=path, anywhere=anywhere) as source:
                now = value(connection, "SELECT clock_timestamp()")
                judge = partial(reading.judged, score, data_set, as_of, now=now)
                gone = forgotten.of_data_set(connection, settings.erasure_secret, data_set.name)
                content = received.copy_all(connection, source.batches, judge, gone)
            received.refuse_strangers(connection, [cohort])
            digest = digest_of({"content": content.digest, **context(score, data_set, cohort)})
            delivery = Delivery(score.name, as_of, "system", source.name, digest, others=content.others)
            theirs = received.some_customers(connection)
            done = explained(connection, settle(connection, delivery, [cohort]), [cohort], theirs)
    return require_usable(f"{score.name} {as_of}", done)


def derived_from(score: Score, data_set: DataSet, as_of: dt.date) -> str:
    """What the source of derived outcomes is called."""
    return f"snapshot of {data_set.name} at {score.target.horizon.after(as_of)}"


def derived_digest(score: Score, data_set: DataSet, cohort: Cohort, later_digest: str) -> str:
    """The digest of the batch that a later snapshot leads to."""
    return digest_of({"snapshot": later_digest, **context(score, data_set, cohort)})


def context(score: Score, data_set: DataSet, cohort: Cohort) -> Mapping[str, Any]:
    """What decides, beside the content, what becomes of each row."""
    column = reading.value_column(score, data_set).model_dump(mode="json", exclude={"description"})
    read_as = {"cohort": cohort.snapshot_digest, "column": column, "minimum": score.minimum}
    return read_as | ({"meaning": score.target.meaning} if score.target.positive else {})


def _derive(connection: Connection, score: Score, data_set: DataSet, cohort: Cohort) -> Collected:
    later = _later(connection, score, data_set, cohort.as_of)
    digest = derived_digest(score, data_set, cohort, later.digest)
    delivery = Delivery(score.name, cohort.as_of, "system", derived_from(score, data_set, cohort.as_of), digest)
    if batch := known(connection, delivery):
        return collected(batch, [cohort.as_of], found=True)
    received.create(connection)
    for rows in reading.derived(score, data_set, cohort.as_of, later):
        received.copy(connection, rows)
    theirs = received.some_customers(connection)
    others = received.leave_out_others(connection, cohort)
    done = settle(connection, replace(delivery, others=others), [cohort])
    return explained(connection, done, [cohort], theirs)


def _later(connection: Connection, score: Score, data_set: DataSet, as_of: dt.date) -> Snapshot:
    date = score.target.horizon.after(as_of)
    later = manifest.current(connection, data_set.name, date)
    if later is None:
        newest = manifest.latest(connection, data_set.name)
        raise NotFound(
            f"What happened to the customers of {score.name} at {as_of} is shown by the snapshot of {data_set.name} at "
            f"{date}, which is not there{f'; the newest is of {newest.as_of}' if newest else ''}.",
            remedy=f"ingest it when its data is there: `scoring ingest {data_set.name} --as-of {date}`.",
        )
    return later
