"""Decides which streams nobody reads and which dead letters nobody sends. Pure."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scoring.alerts import wording
from scoring.domain.calendar import next_tick
from scoring.domain.dag_ids import stream_dag
from scoring.domain.streams import KafkaStream
from scoring.reconcile.findings import GRACE, Finding


@dataclass(frozen=True)
class StreamSeen:
    """A topic that was ever read for a data set: what was read of all its partitions, and what waits.

    ``lag`` is None if no broker has said how much there is. ``oldest_at`` is when the oldest message that waits was
    written, or before. ``stuck_since`` is since when messages wait in a partition of which none was recorded.
    ``looked_at`` is of the partition at which nobody has looked for longest.
    """

    data_set: str
    topic: str
    partitions: int
    received: int
    accepted: int
    quarantined: int
    outdated: int
    lost: int
    lag: int | None
    oldest_at: dt.datetime | None
    stuck_since: dt.datetime | None
    looked_at: dt.datetime
    moved_at: dt.datetime
    newest_event_time: dt.datetime | None


@dataclass(frozen=True)
class DeadLettersSeen:
    """How many dead letters of a data set have to be sent, and since when the oldest waits."""

    data_set: str
    waiting: int
    since: dt.datetime | None


def unread(data_set: str, stream: KafkaStream, seen: Sequence[StreamSeen], now: dt.datetime) -> Iterator[Finding]:
    """A stream at which nobody looks, or whose messages wait though somebody looks.

    One that was never read is none: nobody has begun to use it.

    Parameters
    ----------
    seen
        All topics that were ever read for the data set.
    """
    mine = [one for one in seen if one.topic == stream.topic]
    if not seen:
        return
    looked = min(one.looked_at for one in mine) if mine else max(one.looked_at for one in seen)
    if now >= _due(stream, looked):
        what = f"Nobody reads the topic {stream.topic}: updates of {data_set} are not scored."
        yield _finding(data_set, stream, what, looked)
        return
    for one in mine:
        if one.stuck_since is not None and now >= _due(stream, one.stuck_since):
            what = (
                f"Messages wait in the topic {stream.topic}, and none is recorded: updates of {data_set} are missing."
            )
            yield _finding(data_set, stream, what, one.stuck_since)


def unsent(dead: DeadLettersSeen, stream: KafkaStream, now: dt.datetime) -> Iterator[Finding]:
    """Dead letters that wait for the broker."""
    if dead.since is not None and now >= _due(stream, dead.since):
        yield Finding(
            "dead letters not sent",
            f"{dead.waiting:,} refused messages of {dead.data_set} wait for the topic {stream.dead_letters}.",
            dead.since,
            "see whether that topic exists and the worker may write to it; its log says what the broker answers. "
            "Nothing is lost: they are sent as soon as the broker takes them.",
            needs_person=True,
        )


def told(found: Finding, data_set: str, owner: str, stream: KafkaStream) -> Finding:
    """A finding of :func:`unread` or :func:`unsent` with the fact that the data set's owner is told."""
    if found.kind == "stream not read":
        say, topic = wording.stream_unread, stream.topic
    else:
        say, topic = wording.dead_letters_waiting, stream.dead_letters
    return replace(found, fact=say(data_set, owner, topic, found.since, what=found.what, remedy=found.remedy))


def _due(stream: KafkaStream, since: dt.datetime) -> dt.datetime:
    """By when something is done: within an hour, of the next drain where there is a schedule."""
    return (since if stream.schedule is None else next_tick(stream.schedule, since)) + GRACE


def _finding(data_set: str, stream: KafkaStream, what: str, since: dt.datetime) -> Finding:
    remedy = (
        f"start a worker, `scoring stream run {data_set}`, or see what its log says."
        if stream.schedule is None
        else f"see whether the DAG {stream_dag(data_set)} is paused or fails; trigger it."
    )
    return Finding("stream not read", what, since, remedy, needs_person=True)
