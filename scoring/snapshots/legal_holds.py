"""The table ``legal_hold``: what must stay whatever its age, because a court or an auditor wants it."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from scoring.database import Connection, all_rows, execute, one_or_none, value
from scoring.errors import NotFound, PermanentError

Kind = Literal["data_set", "score", "customer"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class LegalHold:
    """A row of table ``legal_hold``: ``first`` and ``last`` bound the dates it is about; None is no bound."""

    hold_id: int
    kind: Kind
    name: str
    first: dt.date | None
    last: dt.date | None
    reason: str
    placed_by: str
    placed_at: dt.datetime
    released_at: dt.datetime | None
    released_by: str | None


_SELECT = """
    SELECT hold_id, kind, name, first, last, reason, placed_by, placed_at, released_at, released_by
    FROM scoring.legal_hold """

_PLACE = """
    INSERT INTO scoring.legal_hold (kind, name, first, last, reason, placed_by)
    VALUES (%(kind)s, %(name)s, %(first)s, %(last)s, %(reason)s, %(by)s) RETURNING hold_id"""

_RELEASE = "UPDATE scoring.legal_hold SET released_at = clock_timestamp(), released_by = %s WHERE hold_id = %s"

# The lock of ``scoring.maintain.retirement.alone``: once a hold is placed, no removal that has not seen it runs.
_AFTER_REMOVALS = "SELECT pg_advisory_xact_lock(hashtext('scoring.legal_hold'))"


def place(
    connection: Connection,
    kind: Kind,
    name: str,
    *,
    first: dt.date | None,
    last: dt.date | None,
    reason: str,
    by: str,
) -> int:
    """Place a hold; returns its id. It waits for the removal of a moment ago and counts for every later one.

    Raises
    ------
    PermanentError
        If it says no name, no reason or nobody, or ends before it begins.
    """
    if not (name.strip() and reason.strip() and by.strip()):
        raise PermanentError("A legal hold is recorded with its name, a reason and who placed it.")
    if first is not None and last is not None and last < first:
        raise PermanentError(f"The hold would end ({last}) before it begins ({first}).")
    execute(connection, _AFTER_REMOVALS)
    given = {"kind": kind, "name": name.strip(), "first": first, "last": last, "reason": reason.strip(), "by": by}
    return int(value(connection, _PLACE, given))


def release(connection: Connection, hold_id: int, by: str) -> LegalHold:
    """Release a hold, or find it released; what it kept leaves with the next run, if it is old.

    Raises
    ------
    NotFound
        If there is no such hold.
    """
    found = one_or_none(connection, LegalHold, _SELECT + "WHERE hold_id = %s FOR UPDATE", (hold_id,))
    if found is None:
        raise NotFound(f"There is no legal hold {hold_id}.", remedy="`scoring hold list` shows them.")
    if found.released_at is None:
        execute(connection, _RELEASE, (by, hold_id))
    return found


def all_holds(connection: Connection, *, released: bool = False) -> list[LegalHold]:
    """The holds in force, and with ``released`` all others, the oldest first."""
    return all_rows(connection, LegalHold, _SELECT + "WHERE released_at IS NULL OR %s ORDER BY hold_id", (released,))
