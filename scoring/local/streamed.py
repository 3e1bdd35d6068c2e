"""The broker and the stream workers as parts of the local platform, and the updates that ``run`` sends through them."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from scoring.database import Connection, all_rows
from scoring.domain.dataset import DataSet
from scoring.domain.streams import known_until
from scoring.publishing import publications
from scoring.settings import KafkaSettings
from scoring.snapshots import lake, manifest
from scoring.snapshots.keys import record_of
from scoring.streaming import offsets, refusals
from scoring.streaming.message import EVENT_TIME
from scoring.streaming.offsets import Offset

UPDATES, BAD_EVERY = 1000, 100
PARTITIONS = 2
LATER = dt.timedelta(hours=12)  # than the end of the newest published day
ANSWER_SECONDS = 5.0

_NEW_EVENTS = """
    SELECT event_id, customer_id FROM scoring.event WHERE event_id > %s AND publication_id IS NULL ORDER BY event_id"""


def answers(kafka: KafkaSettings) -> bool:
    """Whether the broker answers."""
    quiet: Any = {**kafka.client(), "log_level": 0}
    admin = AdminClient(quiet)
    try:
        admin.list_topics(timeout=1)
    except KafkaException:
        return False
    return True


def make_topics(kafka: KafkaSettings, connection: Connection, data_sets: Iterable[DataSet]) -> None:
    """Make the topics of some data sets in a broker that has just been started.

    It remembers nothing, so where reading goes on is forgotten, too: what comes again is known to be outdated.
    """
    client: Any = kafka.client()
    admin = AdminClient(client)
    for data_set in data_sets:
        assert data_set.stream is not None  # noqa: S101 - the caller has chosen them
        names = data_set.stream.topic, data_set.stream.dead_letters
        for made in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
            try:
                made.result(ANSWER_SECONDS)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        with connection:
            offsets.forget(connection, data_set.name, data_set.stream.topic)


@dataclass(frozen=True)
class Streamed:
    """What became of the updates that were sent: counts, and seconds at p95 from written until an event was seen."""

    data_set: str
    received: int
    accepted: int
    refused: int
    outdated: int
    announced: int
    p95: float | None

    @property
    def line(self) -> str:
        """One line for the end of ``run``."""
        known = f", {self.outdated:,} were known already" if self.outdated else ""
        seen = f"; p95 {self.p95:.2f} s from written to event" if self.p95 is not None else ""
        return (
            f"Stream of {self.data_set}: {self.received:,} updates, {self.accepted:,} scored{known}, "
            f"{self.announced:,} announced, {self.refused:,} dead letters{seen}."
        )


def stream(
    kafka: KafkaSettings,
    connection: Connection,
    data_set: DataSet,
    score: str,
    wait: Callable[[Callable[[], bool]], None],
) -> Streamed | None:
    """Send updates of customers of the newest publication of a score, and follow them; None if there is none.

    Parameters
    ----------
    wait
        Waits until a condition holds.
    """
    assert data_set.stream is not None  # noqa: S101
    with connection:
        published = publications.published(connection, score, None)
        snapshot = manifest.by_id(connection, published.snapshot_id) if published else None
    if published is None or snapshot is None:
        return None
    with lake.SnapshotFile(snapshot.location) as file:
        columns = [column.name for column in data_set.stored]
        rows = next(iter(file.groups(columns))).slice(0, UPDATES).to_pylist()
    at = known_until(published.as_of) + LATER
    following = _Following(connection, data_set)
    wait(following.is_read)  # starting takes the worker seconds
    following.written = _send(kafka, data_set, _updates(rows, data_set), at)
    wait(lambda: following.is_done(len(rows)))
    return following.result


def _updates(rows: Sequence[Mapping[str, Any]], data_set: DataSet) -> Iterator[tuple[str, dict[str, Any]]]:
    """The customers' rows with each number a little larger; of every hundredth customer something impossible."""
    for place, row in enumerate(rows):
        whole, known = record_of(data_set, row), data_set.key_columns
        changed = {
            name: one + 1 if type(one) in (int, float) and name not in known else one for name, one in whole.items()
        }
        if place % BAD_EVERY == BAD_EVERY - 1:
            changed |= {name: "much" for name, value in changed.items() if type(value) is float}
        yield str(row[data_set.key]), changed


def _send(
    kafka: KafkaSettings, data_set: DataSet, updates: Iterable[tuple[str, dict[str, Any]]], at: dt.datetime
) -> dict[str, float]:
    """Write the updates; returns when each customer's was written, by the clock of :func:`time.monotonic`."""
    assert data_set.stream is not None  # noqa: S101
    producer = Producer(kafka.client(enable_idempotence=True, linger_ms=1))
    written = {}
    for customer, record in updates:
        value = json.dumps(record, default=str)
        producer.produce(data_set.stream.topic, value, customer, headers={EVENT_TIME: at.isoformat()})
        written[customer] = time.monotonic()
        producer.poll(0)
    producer.flush(ANSWER_SECONDS)
    return written


class _Following:
    """Looks which events have come since it was made."""

    def __init__(self, connection: Connection, data_set: DataSet) -> None:
        assert data_set.stream is not None  # noqa: S101
        self._connection, self._data_set, self._topic = connection, data_set, data_set.stream.topic
        self.written: dict[str, float] = {}
        self._seconds: list[float] = []
        with connection:
            (newest,) = all_rows(connection, dict, "SELECT coalesce(max(event_id), 0) AS id FROM scoring.event")
            self._before = _received(self._read())
        self._newest: int = newest["id"]

    def is_read(self) -> bool:
        """Whether a worker reads all partitions."""
        with self._connection:
            return sum(one.looked_at is not None for one in self._read()) >= PARTITIONS

    def is_done(self, count: int) -> bool:
        """Whether so many messages are recorded and all dead letters sent."""
        with self._connection:
            events = all_rows(self._connection, dict, _NEW_EVENTS, (self._newest,))
            seen = time.monotonic()
            received = _received(self._read())
            letters = refusals.count_waiting(self._connection, self._data_set.name)
        for event in events:
            self._newest = event["event_id"]
            self._seconds.append(seen - self.written[event["customer_id"]])
        return received >= self._before + count and not letters

    @property
    def result(self) -> Streamed:
        """The counts."""
        with self._connection:
            read = self._read()
        return Streamed(
            self._data_set.name,
            received=_received(read),
            accepted=sum(one.accepted for one in read),
            refused=sum(one.quarantined for one in read),
            outdated=sum(one.outdated for one in read),
            announced=len(self._seconds),
            p95=float(np.percentile(self._seconds, 95)) if self._seconds else None,
        )

    def _read(self) -> list[Offset]:
        """How far each partition of the topic was read."""
        listed = offsets.listed(self._connection, self._data_set.name)
        return [one for one in listed if one.topic == self._topic]


def _received(read: Iterable[Offset]) -> int:
    return sum(one.received for one in read)
