"""A worker's part of a topic: it joins the consumer group, begins where the database says, and gives micro-batches."""

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Raw

from scoring.domain.streams import KafkaStream
from scoring.errors import ConfigurationError, TransientError
from scoring.settings import KafkaSettings
from scoring.streaming.looks import Look, look
from scoring.streaming.message import LARGEST, Message, event_time_of

log = logging.getLogger(__name__)

MOST_BYTES = 8 << 20  # of a micro-batch, after which it takes no further message
LINGER = 0.02  # seconds that a batch waits for another message, once it has one
OVER = 30.0  # seconds for what the broker is asked

# What is fetched ahead is bounded, too. A message that is larger than all of it still comes, by itself.
_OWN = {
    "enable_auto_commit": False,
    "enable_auto_offset_store": False,
    "auto_offset_reset": "error",
    "enable_partition_eof": True,
    "partition_assignment_strategy": "range",
    "queued_max_messages_kbytes": MOST_BYTES >> 10,
    "fetch_max_bytes": MOST_BYTES,
    "max_partition_fetch_bytes": LARGEST,
}
_USUAL = {
    "log_level": 3,
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 3_000,
    "topic.metadata.refresh.interval.ms": 30_000,
}

_WRONG = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError._AUTHENTICATION)  # noqa: SLF001 - librdkafka's own codes
_EOF, _GONE = KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001


@dataclass(frozen=True)
class Gap:
    """Offsets that the broker has no more: reading goes on at ``earliest`` in place of ``wanted``."""

    partition: int
    wanted: int
    earliest: int


@dataclass
class Part:
    """The partitions that this worker has, in one assignment; every rebalance makes another one.

    ``positions`` is where each of them goes on, None until the database has said it. ``written`` is when the last
    message that was read was written, or when the end was seen after it (Unix time in milliseconds).
    """

    partitions: frozenset[int] = frozenset()
    positions: dict[int, int] | None = None
    ended: set[int] = field(default_factory=set)
    written: dict[int, int] = field(default_factory=dict)


class Topic:
    """A consumer of one topic. After a rebalance what was read and is not recorded is dropped: others read it again."""

    def __init__(self, kafka: KafkaSettings, data_set: str, stream: KafkaStream) -> None:
        self.name, self._most = stream.topic, kafka.batch
        usual = {name: value for name, value in _USUAL.items() if name not in kafka.options}
        group = f"{kafka.group}.{data_set}"
        given = kafka.client(group_id=group, **_OWN) | usual
        self._consumer = Consumer(given | {"error_cb": self._trouble, "logger": log})
        self.part: Part | None = None  # none before the first assignment
        self.trouble: str | None = None
        self._kept: list[Message] = []
        self._consumer.subscribe([self.name], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    def close(self) -> None:
        """Leave the group; others get the partitions at once."""
        self._consumer.close()

    def begin(self, positions: Mapping[int, int]) -> None:
        """Read the assigned partitions from these offsets on."""
        assert self.part is not None  # noqa: S101 - there are positions of an assignment
        self.part.positions = dict(positions)
        self._consumer.assign([TopicPartition(self.name, one, at) for one, at in sorted(positions.items())])

    def bounds(self, partitions: Collection[int]) -> dict[int, tuple[int, int]]:
        """The lowest and the next offset that the broker has, by partition.

        Raises
        ------
        TransientError
            If it does not answer.
        """
        with _translated(self.name):
            found = {
                one: self._consumer.get_watermark_offsets(TopicPartition(self.name, one), timeout=OVER)
                for one in sorted(partitions)
            }
        return {one: (max(low, 0), max(high, 0)) for one, (low, high) in found.items()}

    def partitions(self) -> frozenset[int]:
        """All partitions of the topic; errors as of :meth:`bounds`."""
        with _translated(self.name):
            found = self._consumer.list_topics(self.name, timeout=OVER).topics[self.name]
            if found.error is not None:
                raise KafkaException(found.error)
        return frozenset(found.partitions)

    def batch(self, seconds: float) -> tuple[list[Message], list[Gap]]:
        """The next messages, as soon as there are some; none after so many seconds, or after a rebalance."""
        part = self.part
        kept, self._kept = self._kept, []
        found, gaps, bytes_, wait = kept, list[Gap](), sum(one.size for one in kept), 0.0 if kept else seconds
        while len(found) < self._most and bytes_ < MOST_BYTES and not gaps:
            raw = self._consumer.poll(wait)
            if self.part is not part:  # what was read before is read again
                return [], []
            if raw is None:
                break
            if (error := raw.error()) is not None:
                gaps += self._told(raw, error)
            elif (message := self._expected(raw)) is not None:
                found.append(message)
                bytes_ += message.size
                wait = LINGER
        return found, gaps

    def hold_still(self, seconds: float) -> None:
        """Stay in the group for a while, and read nothing."""
        assigned = self._consumer.assignment()
        self._consumer.pause(assigned)
        until, part = time.monotonic() + seconds, self.part
        while (left := until - time.monotonic()) > 0 and self.part is part:
            raw = self._consumer.poll(left)
            if raw is not None and raw.error() is None and self.part is part and (one := self._expected(raw)):
                self._kept.append(one)
        if self.part is part:
            self._consumer.resume(assigned)

    def go_on_at(self, partition: int, offset: int) -> None:
        """Read on at another offset."""
        assert self.part is not None  # noqa: S101
        assert self.part.positions is not None  # noqa: S101
        self.part.positions[partition] = offset
        self._kept = [one for one in self._kept if one.partition != partition]
        self._consumer.seek(TopicPartition(self.name, partition, offset))

    @property
    def at_end(self) -> bool:
        """Whether everything in the assigned partitions has been read."""
        part = self.part
        return part is not None and not self._kept and part.ended >= part.partitions and part.positions is not None

    def looks(self, recorded: Mapping[int, int]) -> list[Look]:
        """What is seen of assigned partitions; ``recorded`` is their next offset to record. The broker is not asked."""
        part, now = self.part, int(time.time() * 1000)
        if part is None or part.positions is None:
            return []
        found = []
        for one in sorted(recorded.keys() & part.positions.keys()):
            ended, position = one in part.ended, part.positions[one]
            if ended:
                part.written[one] = now
            written = part.written.get(one)
            found.append(
                look(one, recorded[one], position=position, ended=ended, high=self._high(one), written_ms=written,
                     now_ms=now)
            )  # fmt: skip
        return found

    def _high(self, partition: int) -> int | None:
        """The end that came with the last messages of a partition; None if none came."""
        try:
            found = self._consumer.get_watermark_offsets(TopicPartition(self.name, partition), cached=True)
        except KafkaException:  # the client has not heard of the partition yet
            return None
        return None if found is None or found[1] < 0 else found[1]

    def _told(self, raw: Raw, error: KafkaError) -> list[Gap]:
        partition = raw.partition()
        if error.code() == _EOF and self.part is not None and partition is not None:
            self.part.ended.add(partition)
        elif error.code() == _GONE and partition is not None and self.part is not None and self.part.positions:
            wanted = self.part.positions.get(partition, 0)
            return [Gap(partition, wanted, self.bounds(frozenset({partition}))[partition][0])]
        else:
            self._trouble(error)
        return []

    def _expected(self, raw: Raw) -> Message | None:
        """A message that was not read before, of a partition that this worker has."""
        part, partition, offset = self.part, raw.partition(), raw.offset()
        if part is None or part.positions is None or partition is None or offset is None:
            return None
        if offset < part.positions.get(partition, offset + 1):
            return None
        self.trouble = None
        part.positions[partition] = offset + 1
        part.ended.discard(partition)
        kind, timestamp = raw.timestamp()
        if kind != TIMESTAMP_NOT_AVAILABLE:
            part.written[partition] = timestamp
        headers: Any = raw.headers() or ()
        time_, mistimed = event_time_of(headers, None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp)
        return Message(partition, offset, _bytes(raw.key()), _bytes(raw.value()), time_, mistimed)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Nothing is read before the database has said from where."""
        self.part, self._kept = Part(frozenset(one.partition for one in partitions)), []
        consumer.assign([])
        log.info("topic %s: this worker has partitions %s", self.name, sorted(self.part.partitions))

    def _revoked(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self.part, self._kept = None, []
        consumer.unassign()

    def _trouble(self, error: KafkaError) -> None:
        text = f"{error.name()}: {error.str()}"
        if text != self.trouble:
            log.warning("topic %s: %s; it goes on by itself", self.name, text)
        self.trouble = text
        if error.code() in _WRONG:
            log.error("topic %s: the broker refuses this worker; see SCORING_KAFKA_OPTIONS", self.name)


@contextmanager
def _translated(topic: str) -> Iterator[None]:
    """Inside, an error of the client becomes one of ours."""
    try:
        yield
    except KafkaException as error:
        what: KafkaError = error.args[0]
        if what.code() in _WRONG:
            raise ConfigurationError(
                f"The broker refuses this worker: {what.str()}", remedy="Correct SCORING_KAFKA_OPTIONS."
            ) from error
        raise TransientError(f"The broker does not answer about topic {topic}: {what.str()}") from error


def _bytes(given: str | bytes | None) -> bytes | None:
    return given.encode() if isinstance(given, str) else given
