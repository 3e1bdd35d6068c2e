"""Which of several updates of a customer counts, and what a range of offsets came to: the rules, as pure functions."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scoring.domain.streams import is_newer

Verdict = Literal["accepted", "quarantined", "outdated"]
Start = Literal["earliest", "latest"]


class At(NamedTuple):
    """Where an update stands in the order of information: by event time, then by offset.

    The partition comes last. It decides only between updates of one customer in two partitions, which there are after
    a topic has got more of them.
    """

    event_time: dt.datetime
    offset: int
    partition: int


def is_outdated(update: At, newest: At | None, published: Collection[dt.date | None]) -> bool:
    """Whether an update tells nothing new.

    Parameters
    ----------
    update
        The update.
    newest
        The newest update of its customer that was accepted before.
    published
        The newest published date of each streamed score; None if there is none. A date that all of them have reached
        knows what the update tells.
    """
    if newest is not None and update <= newest:
        return True
    return bool(published) and not any(is_newer(update.event_time, as_of) for as_of in published)


def outdated(
    updates: Iterable[tuple[str, At]], newest: Mapping[str, At], published: Collection[dt.date | None]
) -> list[bool]:
    """Which updates (customer and place) are outdated, if they are taken one after the other."""
    known, found = dict(newest), []
    for customer, at in updates:
        found.append(is_outdated(at, known.get(customer), published))
        if not found[-1]:
            known[customer] = at
    return found


@dataclass(frozen=True)
class Range:
    """Offsets of a partition, from ``first_offset`` up to before ``next_offset``, and what became of their messages."""

    partition: int
    first_offset: int
    next_offset: int
    accepted: int = 0
    quarantined: int = 0
    outdated: int = 0
    lost: int = 0
    newest_event_time: dt.datetime | None = None

    @property
    def received(self) -> int:
        """All messages."""
        return self.accepted + self.quarantined + self.outdated


def ranges(
    verdicts: Iterable[tuple[int, int, Verdict, dt.datetime | None]], first: Mapping[int, int]
) -> tuple[Range, ...]:
    """The ranges of messages (partition, offset, verdict, event time), by partition.

    ``first`` is the first offset of each partition. What counts as the newest event time is that of an update that was
    not refused.
    """
    counts: dict[int, dict[Verdict, int]] = {}
    ends: dict[int, int] = {}
    times: dict[int, dt.datetime] = {}
    for partition, offset, verdict, event_time in verdicts:
        mine = counts.setdefault(partition, {"accepted": 0, "quarantined": 0, "outdated": 0})
        mine[verdict] += 1
        ends[partition] = max(offset + 1, ends.get(partition, 0))
        if event_time is not None and verdict != "quarantined":
            times[partition] = max(event_time, times.get(partition, event_time))
    return tuple(
        Range(one, first[one], ends[one], **counts[one], newest_event_time=times.get(one)) for one in sorted(counts)
    )


def begin_at(start: Start, partitions: Mapping[int, tuple[int, int]], *, topic_is_known: bool) -> dict[int, int]:
    """The first offset to read of partitions that were never read.

    Parameters
    ----------
    start
        What the definition says.
    partitions
        The lowest and the next offset that the broker has, by partition.
    topic_is_known
        Whether other partitions of the topic were read before: then these are new, and all in them is.
    """
    latest = start == "latest" and not topic_is_known
    return {partition: high if latest else low for partition, (low, high) in partitions.items()}
