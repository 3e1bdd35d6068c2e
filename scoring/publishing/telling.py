"""Tells the CRM what a publication changed, or holds that back until a person confirms it; people hear of either."""

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.database import Connection, value
from scoring.domain.score import Score
from scoring.publishing import announcements, comparison, digest, holds, publications
from scoring.publishing.decisions import announcing, telling
from scoring.publishing.plan import planned_definition
from scoring.publishing.publications import Publication
from scoring.settings import Settings


def announce(
    settings: Settings, connection: Connection, publication: Publication, rows: int, *, confirmed_by: str | None = None
) -> int | None:
    """Write what differs from what the CRM was last told, unless it is too old, held or rejected.

    Belongs into a transaction that holds the lock of the score. With ``confirmed_by``, a person's name, no limit
    counts.

    Returns
    -------
    int or None
        The number of events; None if the CRM is told nothing of the publication.
    """
    score = planned_definition(settings, publication)[0]
    heard = announcements.announced_until(connection, score.name)
    decided = announcing(publication.as_of, heard, score.change)
    if decided == "silent":
        _note_digest(connection, score, publication, "published in silence", f"The CRM has heard of {heard}.")
        return None
    held = holds.last(connection, publication.publication_id)
    if held is not None and held.state == "rejected" and confirmed_by is None:
        return None
    table, known_only = publications.rows_table(publication.publication_id), decided == "know"
    with comparison.compared(
        connection,
        table,
        score.change,
        count=rows,
        score=score.name,
        as_of=publication.as_of,
        known_only=known_only,
    ) as found:
        changed = found.told
        text = digest.described(comparison.movements(connection)) if changed else ""
        most = score.monitoring.most_changed
        decision = telling(changed, rows, most, first_load=heard is None, confirmed=confirmed_by is not None)
        if decision == "hold" and most is not None:
            _hold(connection, score, publication, changed=changed, rows=rows, most=most, text=text)
            return None
        events = announcements.tell(
            connection,
            score=score.name,
            as_of=publication.as_of,
            publication_id=publication.publication_id,
            per_minute=score.change.per_minute_after_promotion if found.paced else None,
        )
    if confirmed_by is None:
        holds.release(connection, publication.publication_id, score.name)
    holds.overtake_before(connection, score.name, publication.as_of)
    summary = "a first load" if known_only else digest.summary(changed, rows)
    confirmed = f"Confirmed by {confirmed_by}.\n" if confirmed_by else ""
    known = f"{rows:,} customers are known from now on; nobody is told of them.\n" if known_only else ""
    moved = 0 if known_only else found.moved
    pace = digest.after_promotion(moved, found.paced, score.change.per_minute_after_promotion)
    _note_digest(connection, score, publication, summary, f"{confirmed}{known}The CRM is told.\n{pace}{text}".strip())
    return events


def _hold(
    connection: Connection,
    score: Score,
    publication: Publication,
    *,
    changed: int,
    rows: int,
    most: float,
    text: str,
) -> None:
    hold_id = holds.open_hold(
        connection,
        publication_id=publication.publication_id,
        score=score.name,
        as_of=publication.as_of,
        changed=changed,
        rows=rows,
        most_changed=most,
    )
    limit = f"{digest.summary(changed, rows)}; the definition allows {most:.1%} without a person."
    note(
        connection,
        wording.publication_held(score.name, score.owner, publication.as_of, hold_id, limit=limit, digest=text),
    )


def _note_digest(connection: Connection, score: Score, publication: Publication, summary: str, text: str) -> None:
    shown_at = value(connection, "SELECT now()::text")  # a publication can be shown or announced again, later
    occurrence = f"publication {publication.publication_id} {shown_at}"
    note(connection, wording.digest(score.name, score.owner, publication.as_of, occurrence, summary=summary, text=text))
