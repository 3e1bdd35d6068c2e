"""Shows a complete publication to readers and writes what changed as events: all of it in one transaction, or none."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, connect
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import IntegrityError, NotFound, TransientError
from scoring.publishing import announcements, publications, shards
from scoring.publishing.plan import planned_definition
from scoring.publishing.publications import Publication
from scoring.publishing.shards import Shard
from scoring.settings import Settings
from scoring.snapshots import manifest


@dataclass(frozen=True)
class Published:
    """What readers see now. ``changed`` counts the events; a publication that does not announce has none."""

    publication_id: int
    rows: int
    changed: int
    checksum: str
    announces: bool


def publish(settings: Settings, publication_id: int) -> Published:
    """Publish what the shards have written; what is published already stays as it is, and what was planned later too.

    Only a publication whose as_of is not older than what the CRM has heard of the score announces its
    differences; an older one (a backfill) is published in silence.

    Raises
    ------
    TransientError
        If a shard is not done yet.
    IntegrityError
        If the rows are not those that the snapshot has.
    """
    with connect(settings.database()) as connection, connection:
        asked = publications.by_id(connection, publication_id)
        if asked is None:
            raise NotFound(f"There is no publication {publication_id}. Plan the partition again.")
        publications.lock(connection, asked.score)
        publication = publications.by_id(connection, publication_id)  # as it stands now that nobody else acts
        if publication is None:
            raise NotFound(f"Publication {publication_id} was dropped meanwhile. Plan the partition again.")
        if publication.state == "published":
            return _report(publication)
        newer = publications.overtaken_by(connection, publication)
        if newer is not None:  # a run that comes late: newer inputs have been published meanwhile
            return _report(newer)
        done = shards.of_publication(connection, publication_id)
        rows = _count(connection, publication, done)
        changed, announces = _announce(settings, connection, publication)
        checksum = checksum_of(done)
        publications.show(connection, publication, rows=rows, changed=changed, checksum=checksum, announces=announces)
        return Published(publication_id, rows, changed, checksum, announces)


def checksum_of(done: list[Shard]) -> str:
    """Checksum of a publication's rows, from the digests of its row groups: however they were cut into shards."""
    return digest_of([digest for shard in done for digest in shard.group_digests or []])


def _count(connection: Connection, publication: Publication, done: list[Shard]) -> int:
    waiting = [str(shard.shard) for shard in done if shard.rows is None]
    if waiting:
        raise TransientError(
            f"Publication {publication.publication_id} of {publication.score} {publication.as_of} waits for "
            f"shards {', '.join(waiting)}. Run the partition again."
        )
    snapshot = manifest.by_id(connection, publication.snapshot_id)
    expected = snapshot.accepted if snapshot else 0
    marked = sum(shard.rows or 0 for shard in done)
    rows = publications.index_rows(connection, publication.publication_id) if publication.state == "open" else marked
    if not rows == marked == expected:
        raise IntegrityError(
            f"Publication {publication.publication_id} of {publication.score} {publication.as_of} has {rows} rows, its "
            f"shards wrote {marked}, its snapshot has {expected}. Drop it (`scoring publication drop "
            f"{publication.score} {publication.as_of} --id {publication.publication_id}`) and run the partition again."
        )
    return rows


def _announce(settings: Settings, connection: Connection, publication: Publication) -> tuple[int, bool]:
    rule = planned_definition(settings, publication)[0].change
    heard = announcements.announced_until(connection, publication.score)
    if heard is not None and publication.as_of < heard:
        return 0, False
    silent = heard is None and not rule.announce_first_load
    events = announcements.announce(
        connection,
        publications.rows_table(publication.publication_id),
        rule,
        score=publication.score,
        as_of=publication.as_of,
        publication_id=publication.publication_id,
        silent=silent,
    )
    return events, True


def _report(publication: Publication) -> Published:
    return Published(
        publication.publication_id,
        publication.rows or 0,
        publication.changed or 0,
        publication.checksum or "",
        bool(publication.announces),
    )


def drop(settings: Settings, score: Score, as_of: dt.date, publication_id: int | None = None) -> Publication:
    """Remove what is published of a score at ``as_of``, or the publication of that id whatever its state.

    Announcements and events stay, for the CRM has heard them.

    Raises
    ------
    NotFound
        If there is no such publication.
    """
    with connect(settings.database()) as connection, connection:
        publications.lock(connection, score.name)
        if publication_id is None:
            found = publications.published(connection, score.name, as_of)
        else:
            found = publications.by_id(connection, publication_id)
        if found is None or (found.score, found.as_of) != (score.name, as_of):
            missing = "Nothing is published" if publication_id is None else f"There is no publication {publication_id}"
            raise NotFound(f"{missing} of {score.name} at {as_of}.")
        publications.drop(connection, found)
    return found
