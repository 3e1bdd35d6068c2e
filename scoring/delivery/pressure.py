"""Decides from an endpoint's latest answers whether to hold it, to disable it, or neither."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.delivery.retry import GONE, obeyed

# After this many consecutive unreachable answers, hold the endpoint.
OUT_OF_REACH_LIMIT = 5
OUT_OF_REACH_HOLD = dt.timedelta(minutes=1)
OUT_OF_REACH = frozenset({None, 502, 503, 504})


@dataclass(frozen=True)
class Answered:
    """The status of an answer (None without an answer) and the wait that its Retry-After asks for."""

    status: int | None
    asked: dt.timedelta | None = None


@dataclass(frozen=True)
class Pressure:
    """For how long nothing is sent to the endpoint, and whether it is disabled until a person enables it."""

    hold: dt.timedelta = dt.timedelta()
    disable: bool = False


def pressure(answers: Sequence[Answered]) -> Pressure:
    """Decide what the newest answer means for the endpoint.

    Parameters
    ----------
    answers
        The latest answers of one run, the newest last; only the last ``OUT_OF_REACH_LIMIT`` count.
    """
    newest = answers[-1]
    hold = obeyed(newest.status, newest.asked)
    latest = answers[-OUT_OF_REACH_LIMIT:]
    if len(latest) == OUT_OF_REACH_LIMIT and all(answer.status in OUT_OF_REACH for answer in latest):
        hold = max(hold, OUT_OF_REACH_HOLD)
    return Pressure(hold, disable=newest.status == GONE)
