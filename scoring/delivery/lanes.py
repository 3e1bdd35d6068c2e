"""The table ``lane``: events of a score that an endpoint is told at a limited pace, after a promotion.

Publishing opens a lane and puts events into it. A lane's row is locked while events are taken from it, and its minutes
are used up by the transaction that packs them: of two senders only one takes, and a killed one has taken nothing.
"""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, column, execute, one_or_none
from scoring.delivery.pace import turn
from scoring.domain.score import MOST_PER_MINUTE

_OF_ENDPOINT = "SELECT lane FROM scoring.lane WHERE endpoint = %s ORDER BY taken_at, lane"

_LOCK = """
SELECT per_minute, taken_at, clock_timestamp() AS now FROM scoring.lane WHERE lane = %s FOR UPDATE SKIP LOCKED
"""

_MOVE = "UPDATE scoring.lane SET taken_at = %(taken_at)s WHERE lane = %(lane)s"


@dataclass(frozen=True)
class _Lane:
    per_minute: int
    taken_at: dt.datetime
    now: dt.datetime


def of_endpoint(connection: Connection, endpoint: str) -> list[int]:
    """The lanes of an endpoint, those that have waited longest first; lane 0 is not among them."""
    return column(connection, _OF_ENDPOINT, (endpoint,))


def take(connection: Connection, lane: int) -> int:
    """Use up the minutes of a lane that have passed; returns how many events may be packed for them."""
    found = one_or_none(connection, _Lane, _LOCK, (lane,))
    if found is None:  # another sender takes from it now
        return 0
    taken = turn(found.per_minute, found.taken_at, found.now, piece=MOST_PER_MINUTE)
    if taken.events:
        execute(connection, _MOVE, {"lane": lane, "taken_at": taken.taken_at})
    return taken.events
