"""Says whether a score is as new as its schedule promises. Pure."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Word = Literal["up to date", "due", "overdue", "by hand", "not published", "not started"]


@dataclass(frozen=True)
class Freshness:
    """How new a score is.

    Parameters
    ----------
    word
        ``due`` means that the date of the schedule has come, ``overdue`` that the definition's deadline has passed.
    expected
        The newest date of the schedule; None if there is none yet, or no schedule.
    deadline
        When that date must be published (UTC); None if the definition sets no deadline.
    """

    word: Word
    expected: dt.date | None = None
    deadline: dt.datetime | None = None


def freshness(
    newest: dt.date | None,
    *,
    scheduled: bool,
    tick: tuple[dt.date, dt.datetime] | None,
    within: dt.timedelta | None,
    now: dt.datetime,
) -> Freshness:
    """How new a score is at the moment ``now`` (aware).

    Parameters
    ----------
    newest
        The newest published date; None if nothing is published.
    scheduled
        Whether its data set has a schedule.
    tick
        The newest date of that schedule up to ``now``, with its moment; None if there is none yet.
    within
        The definition's deadline, from the tick on.
    """
    if not scheduled:
        return Freshness("not published" if newest is None else "by hand")
    if tick is None:
        return Freshness("not started" if newest is None else "up to date")
    expected, moment = tick
    deadline = moment + within if within is not None else None
    if newest is not None and newest >= expected:
        return Freshness("up to date", expected, deadline)
    late = deadline is not None and deadline <= now
    return Freshness("overdue" if late else "due", expected, deadline)
