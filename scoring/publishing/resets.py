"""Sets the last announced date of a score back after a wrong date was announced; table ``announcement_reset``.

A date too far ahead (2062 for 2026) silences every date before it. A reset ends that. It keeps what the CRM was told,
so the next publication tells the differences from that, with higher versions.
"""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows, execute, transaction
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.publishing import announcements, publications
from scoring.publishing.announcements import Counts
from scoring.publishing.publications import Publication
from scoring.settings import Settings

_RECORD = """
    INSERT INTO scoring.announcement_reset (score, was, until, reset_by, reason) VALUES (%s, %s, %s, %s, %s)"""

_OF_SCORE = """
    SELECT was, until, reset_by, reason, reset_at FROM scoring.announcement_reset WHERE score = %s ORDER BY reset_id"""


@dataclass(frozen=True)
class Reset:
    """A row of table ``announcement_reset``: ``was`` is the last announced date before it, ``until`` after it."""

    was: dt.date
    until: dt.date
    reset_by: str
    reason: str
    reset_at: dt.datetime


@dataclass(frozen=True)
class Effect:
    """What a reset does.

    ``customers`` have an announcement of a date after ``until``; ``again`` are the publications that readers see and
    that are announced if they are run again.
    """

    score: str
    was: dt.date
    until: dt.date
    customers: int
    again: list[Publication]


@dataclass(frozen=True)
class Status:
    """The last announced date of a score, its customers by announcement, its publications, and the resets so far."""

    announced_until: dt.date
    counts: Counts
    published: list[Publication]
    resets: list[Reset]


def status(settings: Settings, score: Score) -> Status:
    """What was announced of a score; :class:`NotFound` if nothing was."""
    with transaction(settings.database()) as connection:
        heard = _heard(connection, score.name)
        return Status(
            heard,
            announcements.counts(connection, score.name, heard),
            publications.all_published(connection, [score.name]),
            all_rows(connection, Reset, _OF_SCORE, (score.name,)),
        )


def preview(settings: Settings, score: Score, until: dt.date) -> Effect:
    """What :func:`reset` would do; raises the same errors, except those about ``by`` and ``reason``."""
    with transaction(settings.database()) as connection:
        return _effect(connection, score.name, until)


def reset(settings: Settings, score: Score, until: dt.date, *, by: str, reason: str) -> Effect:
    """Set the last announced date of a score back to ``until``, and record who did it and why.

    Raises
    ------
    NotFound
        If nothing of the score was announced.
    PermanentError
        If ``until`` is not older than the last announced date, or nobody or no reason is named.
    """
    if not by.strip() or not reason.strip():
        raise PermanentError(f"A reset of {score.name} is recorded: it needs a name (--by) and a reason (--reason).")
    with transaction(settings.database()) as connection:
        publications.lock(connection, score.name)
        effect = _effect(connection, score.name, until)
        announcements.set_back(connection, score.name, until)
        publications.let_announce_again(connection, score.name, until)
        execute(connection, _RECORD, (score.name, effect.was, until, by, reason))
    return effect


def _effect(connection: Connection, score: str, until: dt.date) -> Effect:
    was = _heard(connection, score)
    if until >= was:
        raise PermanentError(
            f"{score} was announced until {was}, so it cannot be set back to {until}.", remedy="Choose an older date."
        )
    customers = announcements.counts(connection, score, until).later
    seen = publications.all_published(connection, [score])
    return Effect(score, was, until, customers, [one for one in seen if one.as_of >= until])


def _heard(connection: Connection, score: str) -> dt.date:
    heard = announcements.announced_until(connection, score)
    if heard is None:
        raise NotFound(f"Nothing of {score} was ever announced.")
    return heard
