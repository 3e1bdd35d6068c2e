"""How many events of a lane may be told now: whole minutes' worth, and never more than a few minutes at once. Pure."""

import datetime as dt
from dataclasses import dataclass

MINUTE = dt.timedelta(minutes=1)
MOST_MINUTES = 5  # the sweep comes every five minutes; what a longer pause did not use is lost, not caught up on


@dataclass(frozen=True)
class Turn:
    """How many events may be taken now, and up to which moment the lane's minutes are then used up."""

    events: int
    taken_at: dt.datetime


def turn(per_minute: int, taken_at: dt.datetime, now: dt.datetime, *, piece: int) -> Turn:
    """Whose turn has come.

    Parameters
    ----------
    per_minute
        How many events may be told in a minute.
    taken_at
        Up to when the minutes are used up.
    now
        The moment, by the same clock.
    piece
        How many events are taken at once, at least a minute's worth; what is left comes with the next call.
    """
    since = max(taken_at, now - MOST_MINUTES * MINUTE)
    minutes = max(0, min((now - since) // MINUTE, max(1, piece // per_minute)))  # a clock may have gone back
    return Turn(per_minute * minutes, since + minutes * MINUTE)
