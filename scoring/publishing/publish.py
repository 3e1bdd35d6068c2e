"""Shows a complete publication to readers and writes the changes as events, all in one transaction."""

import datetime as dt
from dataclasses import dataclass

import psycopg2

from scoring.database import Connection, connect, transaction
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import IntegrityError, NotFound, TransientError
from scoring.publishing import announcements, holds, keys, publications, shards
from scoring.publishing.decisions import is_too_old, publishable
from scoring.publishing.digest import summary
from scoring.publishing.holds import Hold
from scoring.publishing.publications import Publication
from scoring.publishing.shards import Shard
from scoring.publishing.telling import announce
from scoring.settings import Settings
from scoring.snapshots import manifest


@dataclass(frozen=True)
class Published:
    """The publication that readers see now.

    ``changed`` counts the events. ``silent`` says that the CRM is told nothing because it has heard of a newer date, or
    because a person rejected the publication; ``held`` that it is told nothing until a person confirms. ``warning``
    says what a person should know: that it is silent or held, or that another publication than the one asked for is
    seen.
    """

    publication_id: int
    rows: int
    changed: int
    checksum: str
    silent: bool
    held: bool = False
    warning: str | None = None


def publish(settings: Settings, publication_id: int) -> Published:
    """Publish what the shards have written. No-op if already published or overtaken by a later plan.

    The CRM is told the differences unless it has heard of a newer date of the score: an older publication (a backfill)
    is silent. A silent one that is run again after a reset of the announcements is told then. One that changes more
    customers than the definition allows is held until a person decides (:mod:`scoring.publishing.holding`).

    Raises
    ------
    TransientError
        If a shard is not done yet.
    IntegrityError
        If the rows are not those that the snapshot has.
    PermanentError
        If a customer's key is too long to be indexed, or the definition has changed since the plan.
    """
    with connect(settings.database()) as connection:
        try:
            with connection:
                return _publish(settings, connection, _locked(connection, publication_id))
        except psycopg2.errors.ProgramLimitExceeded as error:
            with connection:
                raise keys.too_long(connection, _existing(connection, publication_id)) from error


def _existing(connection: Connection, publication_id: int) -> Publication:
    found = publications.by_id(connection, publication_id)
    if found is None:
        raise NotFound(f"There is no publication {publication_id}.", remedy="Plan the partition again.")
    return found


def _locked(connection: Connection, publication_id: int) -> Publication:
    """Lock the publication's score, then read the publication."""
    publications.lock(connection, _existing(connection, publication_id).score)
    return _existing(connection, publication_id)


def _publish(settings: Settings, connection: Connection, publication: Publication) -> Published:
    newer = publications.overtaken_by(connection, publication)
    done = shards.of_publication(connection, publication.publication_id)
    snapshot = manifest.by_id(connection, publication.snapshot_id)
    expected = (snapshot.stored if snapshot else 0) + publication.erased  # what shards wrote, also of who left since
    marks = {shard.shard: shard.rows for shard in done}
    match publishable(publication.state, newer.publication_id if newer else None, marks, expected):
        case "published":
            return _announce_late(settings, connection, publication)
        case "retired":
            return _retired(publication)
        case "overtaken" if newer is not None:
            return _announce_late(settings, connection, newer, instead_of=publication)
        case "waiting":
            raise _waiting(publication, marks)
        case "torn":
            raise _torn(publication, f"Its shards wrote {_written(marks)} rows", expected)
    if publication.state == "open":
        rows = keys.add(connection, publication) + publication.erased
        if rows != expected:
            raise _torn(publication, f"It has {rows} rows", expected)
    return _show(settings, connection, publication, done, expected)


def _show(
    settings: Settings, connection: Connection, publication: Publication, done: list[Shard], rows: int
) -> Published:
    events = announce(settings, connection, publication, rows)
    announces, changed, checksum = events is not None, events or 0, checksum_of(done)
    publications.reveal(connection, publication, rows=rows, changed=changed, checksum=checksum, announces=announces)
    holds.overtake_same(connection, publication.score, publication.as_of, by=publication.publication_id)
    return _seen(connection, _existing(connection, publication.publication_id))


def _announce_late(
    settings: Settings, connection: Connection, seen: Publication, *, instead_of: Publication | None = None
) -> Published:
    """Report what readers see; announce it first if it was silent or held and need not be any more."""
    heard = announcements.announced_until(connection, seen.score)
    if not seen.announces and not is_too_old(seen.as_of, heard):
        events = announce(settings, connection, seen, seen.rows or 0)
        if events is not None:
            publications.note_announced(connection, seen.publication_id, events)
        seen = _existing(connection, seen.publication_id)
    return _seen(connection, seen, instead_of)


def _seen(connection: Connection, seen: Publication, instead_of: Publication | None = None) -> Published:
    warnings, hold = [], None
    if instead_of is not None:
        warnings.append(f"{instead_of.name} is not shown: publication {seen.publication_id} was planned later.")
    if not seen.announces:
        hold = holds.last(connection, seen.publication_id)
        warnings.append(_untold(connection, seen, hold))
    held = hold is not None and hold.state == "held"
    return Published(
        seen.publication_id,
        rows=seen.rows or 0,
        changed=seen.changed or 0,
        checksum=seen.checksum or "",
        silent=not seen.announces and not held,
        held=held,
        warning=" ".join(warnings) or None,
    )


def _retired(publication: Publication) -> Published:
    """A publication whose rows were removed while somebody wanted it published once more: there is nothing to do."""
    return Published(
        publication.publication_id,
        rows=publication.rows or 0,
        changed=publication.changed or 0,
        checksum=publication.checksum or "",
        silent=not publication.announces,
        warning=f"{publication.name} was retired at {publication.retired_at:%Y-%m-%d}: its rows are gone. To score the "
        "date once more, run the partition from its first task.",
    )


def _untold(connection: Connection, seen: Publication, hold: Hold | None) -> str:
    """Why the CRM is told nothing of a publication, and what to do about it."""
    partition = f"{seen.score} {seen.as_of}"
    if hold is not None and hold.state == "held":
        return (
            f"{seen.name} is held: {summary(hold.changed, hold.rows)}, and the definition allows "
            f"{hold.most_changed:.1%} without a person. The CRM is told nothing until "
            f"`scoring publication confirm {partition} --by <name>`; or `scoring publication reject {partition} "
            f"--by <name>`."
        )
    if hold is not None and hold.state == "rejected":
        return (
            f"{seen.name} is silent: {hold.decided_by} rejected it. Readers see it until "
            f"`scoring publication drop {partition}`."
        )
    heard = announcements.announced_until(connection, seen.score)
    return (
        f"{seen.name} is silent: the CRM has heard of {heard} and is told nothing older. If {heard} is a mistake: "
        f"`scoring announce reset {seen.score} --until <date>`."
    )


def _waiting(publication: Publication, marks: dict[int, int | None]) -> TransientError:
    missing = ", ".join(str(shard) for shard, rows in marks.items() if rows is None)
    return TransientError(f"{publication.name} waits for shards {missing}.", remedy="Run the partition again.")


def _torn(publication: Publication, found: str, expected: int) -> IntegrityError:
    return IntegrityError(
        f"{publication.name} is not whole. {found}, its snapshot has {expected}.",
        remedy=f"Drop it ({publication.drop_command}) and run the partition again.",
    )


def _written(marks: dict[int, int | None]) -> int:
    return sum(rows or 0 for rows in marks.values())


def checksum_of(done: list[Shard]) -> str:
    """Checksum of a publication's rows, from the digests of its row groups, so independent of the shards."""
    return digest_of([digest for shard in done for digest in shard.group_digests or []])


def drop(settings: Settings, score: Score, as_of: dt.date, publication_id: int | None = None) -> Publication:
    """Remove what is published of a score at ``as_of``, or the publication of that id whatever its state.

    Announcements and events stay, because the CRM was told them.

    Raises
    ------
    NotFound
        If there is no such publication.
    """
    with transaction(settings.database()) as connection:
        publications.lock(connection, score.name)
        if publication_id is None:
            found = publications.published(connection, score.name, as_of)
        else:
            found = publications.by_id(connection, publication_id)
        if found is None or (found.score, found.as_of) != (score.name, as_of):
            missing = "Nothing is published" if publication_id is None else f"There is no publication {publication_id}"
            raise NotFound(f"{missing} of {score.name} at {as_of}.")
        publications.drop(connection, found)
        holds.release(connection, found.publication_id, found.score)
    return found
