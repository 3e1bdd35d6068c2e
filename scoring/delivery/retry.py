"""When a delivery is tried again: a pure function of the answer, the number of the try and chance.

Standard Webhooks recommends the waits (https://www.standardwebhooks.com, "Deliverability and reliability"): a first
try at once, nine more within about three days.
"""

import datetime as dt
import email.utils
from dataclasses import dataclass
from typing import Literal

DeliveryState = Literal["pending", "delivered", "dead", "split", "erased", "coalesced"]

WAITS = (
    dt.timedelta(seconds=5),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=5),
    dt.timedelta(hours=10),
    dt.timedelta(hours=14),
    dt.timedelta(hours=20),
    dt.timedelta(hours=24),
)
JITTER = 0.2  # a wait is up to 20 % longer; later waits still are never shorter than earlier ones
LONGEST_ASKED = dt.timedelta(hours=24)

GONE = 410
ASKS_TO_WAIT = frozenset({429, 503})


@dataclass(frozen=True)
class Next:
    """What follows an attempt: the delivery's new state and, if it is pending, the time until the next try."""

    state: DeliveryState
    wait: dt.timedelta = dt.timedelta()


def wait_after(attempt: int, chance: float) -> dt.timedelta | None:
    """Time to wait after failed try number ``attempt`` (from 1); None after the last.

    ``chance`` is uniform in [0, 1): it makes the scheduled wait up to 20 % longer.
    """
    if attempt > len(WAITS):
        return None
    return WAITS[attempt - 1] * (1 + JITTER * chance)


def following(status: int | None, attempt: int, *, asked: dt.timedelta | None, chance: float) -> Next:
    """Decide what follows the answer to try number ``attempt`` of the schedule.

    Parameters
    ----------
    status
        The HTTP status; None if there was no complete answer.
    attempt
        1 for the first try, or for the first one after a replay.
    asked
        What the answer's Retry-After asks for; see :func:`obeyed`. The longer of it and the scheduled wait counts: an
        endpoint that asks for seconds during an hour of maintenance must not use up all tries.
    chance
        Uniform in [0, 1).
    """
    if status is not None and status // 100 == 2:  # noqa: PLR2004 - 2xx
        return Next("delivered")
    if status == GONE:
        return Next("pending")
    wait = wait_after(attempt, chance)
    return Next("dead") if wait is None else Next("pending", max(wait, obeyed(status, asked)))


def obeyed(status: int | None, asked: dt.timedelta | None) -> dt.timedelta:
    """The wait that an answer imposes: Retry-After counts with status 429 and 503 only."""
    return asked if asked is not None and status in ASKS_TO_WAIT else dt.timedelta()


def retry_after(header: str | None, now: dt.datetime) -> dt.timedelta | None:
    """Read the wait that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or an HTTP date).

    24 h at most; None if there is no header or it is neither.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # A float takes any number of digits; int() and timedelta do not.
        return dt.timedelta(seconds=min(float(text), LONGEST_ASKED.total_seconds()))
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=dt.UTC)
    return min(max(date - now, dt.timedelta()), LONGEST_ASKED)
