"""A person confirms or rejects a publication that is held: told to the CRM exactly once, or not at all."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, transaction
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.publishing import announcements, holds, publications
from scoring.publishing.decisions import Decision, deciding, is_too_old
from scoring.publishing.holds import Hold
from scoring.publishing.publications import Publication
from scoring.publishing.telling import announce
from scoring.settings import Settings


@dataclass(frozen=True)
class Decided:
    """What a decision led to; ``again`` if it had been taken before. ``events`` are those that it wrote."""

    publication_id: int
    events: int
    again: bool
    decided_by: str


def decide(settings: Settings, score: Score, as_of: dt.date, wanted: Decision, *, by: str, reason: str = "") -> Decided:
    """Let a person confirm or reject what is held of a score at ``as_of``.

    Confirmed, the differences from what the CRM was last told become events in the same transaction. Rejected, the
    CRM is told nothing of it, and what it was last told stands. What was rejected can be confirmed later.

    Raises
    ------
    NotFound
        If nothing of it is published, or it is not held.
    PermanentError
        If nobody is named, the CRM was told of a newer date meanwhile, or the definition has changed.
    """
    if not by.strip():
        raise PermanentError("A decision is recorded: it needs a name.", remedy="Say who you are with --by.")
    with transaction(settings.database()) as connection:
        publications.lock(connection, score.name)
        seen = publications.published(connection, score.name, as_of)
        if seen is None:
            raise NotFound(f"Nothing is published of {score.name} at {as_of}.")
        return _decide(settings, connection, seen, wanted, by=by.strip(), reason=reason.strip())


def _decide(
    settings: Settings, connection: Connection, seen: Publication, wanted: Decision, *, by: str, reason: str
) -> Decided:
    hold = holds.last(connection, seen.publication_id)
    heard = announcements.announced_until(connection, seen.score)
    state = hold.state if hold else None
    next_step = deciding(wanted, state, announced=bool(seen.announces), too_old=is_too_old(seen.as_of, heard))
    if hold is None or next_step == "not held":
        raise NotFound(f"{seen.name} is not held; there is nothing to decide.")
    if next_step == "overtaken":
        raise PermanentError(
            f"{seen.name} was overtaken: the CRM has heard of {heard}, or another publication took its place.",
            remedy="Nothing needs to be done. To tell the CRM what this date says, run the partition again.",
        )
    if next_step == "done":
        return Decided(seen.publication_id, 0, again=True, decided_by=hold.decided_by or "")
    return Decided(
        seen.publication_id,
        _carry_out(settings, connection, seen, hold, wanted, by=by, reason=reason),
        again=False,
        decided_by=by,
    )


def _carry_out(
    settings: Settings,
    connection: Connection,
    seen: Publication,
    hold: Hold,
    wanted: Decision,
    *,
    by: str,
    reason: str,
) -> int:
    """Record a decision and tell the CRM if it is a confirmation; returns the number of events."""
    events = 0
    if wanted == "confirmed":
        events = announce(settings, connection, seen, seen.rows or 0, confirmed_by=by) or 0
        publications.note_announced(connection, seen.publication_id, events)
    holds.decide(connection, hold.hold_id, wanted, by=by, reason=reason)
    return events
