"""The table ``hold``: publications whose changes the CRM is not told until a person decides; a row is kept for good."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows, execute, one_or_none, value
from scoring.publishing.decisions import HoldState


@dataclass(frozen=True)
class Hold:
    """A row of table ``hold``: ``changed`` of ``rows`` customers, more than the share ``most_changed``."""

    hold_id: int
    publication_id: int
    score: str
    as_of: dt.date
    changed: int
    rows: int
    most_changed: float
    state: HoldState
    held_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    reason: str | None


_SELECT = """
    SELECT hold_id, publication_id, score, as_of, changed, rows, most_changed, state, held_at, decided_at, decided_by,
        reason
    FROM scoring.hold """

_OPEN = """
    INSERT INTO scoring.hold (publication_id, score, as_of, changed, rows, most_changed)
    VALUES (%(publication_id)s, %(score)s, %(as_of)s, %(changed)s, %(rows)s, %(most_changed)s)
    ON CONFLICT (publication_id) WHERE state = 'held'
        DO UPDATE SET changed = excluded.changed, most_changed = excluded.most_changed
    RETURNING hold_id"""

_DECIDE = """
    UPDATE scoring.hold SET state = %(state)s, decided_at = now(), decided_by = %(by)s, reason = %(reason)s
    WHERE hold_id = %(hold_id)s"""

_OVERTAKE = """
    UPDATE scoring.hold SET state = 'overtaken', decided_at = now() WHERE score = %(score)s AND state = 'held' AND """


def last(connection: Connection, publication_id: int) -> Hold | None:
    """The last time that a publication was held."""
    condition = "WHERE publication_id = %s ORDER BY hold_id DESC LIMIT 1"
    return one_or_none(connection, Hold, _SELECT + condition, (publication_id,))


def of_score(connection: Connection, score: str) -> dict[int, Hold]:
    """The last hold of each publication of a score that was ever held, by the publication's id."""
    found = all_rows(connection, Hold, _SELECT + "WHERE score = %s ORDER BY hold_id", (score,))
    return {hold.publication_id: hold for hold in found}


def open_hold(
    connection: Connection,
    *,
    publication_id: int,
    score: str,
    as_of: dt.date,
    changed: int,
    rows: int,
    most_changed: float,
) -> int:
    """Hold a publication, or find it held; returns the id of the hold."""
    held = {
        "publication_id": publication_id,
        "score": score,
        "as_of": as_of,
        "changed": changed,
        "rows": rows,
        "most_changed": most_changed,
    }
    return int(value(connection, _OPEN, held))


def decide(connection: Connection, hold_id: int, state: HoldState, *, by: str, reason: str) -> None:
    """Write what a person decided."""
    execute(connection, _DECIDE, {"hold_id": hold_id, "state": state, "by": by, "reason": reason or None})


def overtake_before(connection: Connection, score: str, as_of: dt.date) -> None:
    """End the holds of earlier dates: the CRM is told of ``as_of`` and of nothing older."""
    execute(connection, _OVERTAKE + "as_of < %(as_of)s", {"score": score, "as_of": as_of})


def overtake_same(connection: Connection, score: str, as_of: dt.date, *, by: int | None) -> None:
    """End the holds of a date but that of publication ``by``: readers see no other any more."""
    condition = "as_of = %(as_of)s AND publication_id IS DISTINCT FROM %(by)s"
    execute(connection, _OVERTAKE + condition, {"score": score, "as_of": as_of, "by": by})


def release(connection: Connection, publication_id: int, score: str) -> None:
    """End the hold of a publication that is within the limit now."""
    condition = "publication_id = %(publication_id)s"
    execute(connection, _OVERTAKE + condition, {"score": score, "publication_id": publication_id})
