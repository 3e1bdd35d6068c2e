"""Reads from the database how far partitions are, for ``run``: whether one is done, and the final table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection
from scoring.delivery import summary
from scoring.delivery.summary import Told
from scoring.errors import IntegrityError
from scoring.publishing import publications, shards
from scoring.publishing.publications import Publication
from scoring.snapshots import manifest


@dataclass(frozen=True)
class Result:
    """A publication that readers see, with the counts of its snapshot and of its delivered events."""

    as_of: dt.date
    score: str
    publication_id: int
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    rows: int
    changed: int
    checksum: str
    model_version: str
    events: int
    requests: int


def progress(connection: Connection, data_set: str, scores: Sequence[str], as_of: dt.date) -> tuple[int, int]:
    """Rows accepted and rows scored so far of a partition."""
    with connection:
        snapshot = manifest.current(connection, data_set, as_of)
        return snapshot.accepted if snapshot else 0, shards.rows_written(connection, scores, as_of)


def waiting(connection: Connection) -> int:
    """Events that are not delivered."""
    with connection:
        return summary.unconfirmed(connection)


def results(connection: Connection, scores: Sequence[str]) -> dict[tuple[dt.date, str], Result]:
    """The publications of some scores that readers see, by as_of and score."""
    with connection:
        told = summary.told(connection)
        seen = publications.all_published(connection, scores)
        return {(one.as_of, one.score): _result(connection, one, told.get(one.publication_id)) for one in seen}


def _result(connection: Connection, seen: Publication, told: Told | None) -> Result:
    snapshot = manifest.by_id(connection, seen.snapshot_id)
    if snapshot is None:
        raise IntegrityError(f"{seen.name} has lost its snapshot {seen.snapshot_id}.")
    versions = [str(arm.model_version) for arm in publications.arms(connection, seen.publication_id)]
    return Result(
        seen.as_of,
        seen.score,
        seen.publication_id,
        received=snapshot.received,
        accepted=snapshot.accepted,
        quarantined=snapshot.quarantined,
        duplicates=snapshot.duplicates,
        rows=seen.rows or 0,
        changed=seen.changed or 0,
        checksum=seen.checksum or "",
        model_version=", ".join(versions),
        events=told.events if told else 0,
        requests=told.requests if told else 0,
    )
