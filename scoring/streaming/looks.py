"""What a worker sees of a partition beyond what is recorded: how much waits, and since when. Pure."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """A look at a partition.

    Parameters
    ----------
    partition
        Which one.
    next_offset
        The next offset to record, as the worker knows it.
    end_offset
        The offset of the next message that will be written; None if the broker has not said it.
    waits_since
        No message that is not recorded was written before this; None if that is not known.
    """

    partition: int
    next_offset: int
    end_offset: int | None
    waits_since: dt.datetime | None


def look(
    partition: int, recorded: int, *, position: int, ended: bool, high: int | None, written_ms: int | None, now_ms: int
) -> Look:
    """What is seen of a partition.

    Parameters
    ----------
    recorded, position
        The next offset to record, and the next to read.
    ended
        Whether the broker has said that there is nothing at ``position``. That counts for more than ``high``, behind
        which the marks of transactions may stand.
    high
        The end that came with the last messages; None if none came. An end before ``position`` cannot be one: some
        brokers count otherwise.
    written_ms
        When the last message that was read was written, or when the end was seen after it (Unix time in milliseconds).
        Its writer may have set any time.
    now_ms
        What the clock says.
    """
    end = position if ended else high if high is not None and high >= position else None
    since = None
    if written_ms is not None:
        since = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=min(max(written_ms, 0), now_ms))
    return Look(partition, recorded, end, since)
