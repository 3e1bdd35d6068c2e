"""Writes events to topics of Kafka: one message for each, of which compaction keeps the last of each customer.

A delivery is taken when the broker has acknowledged each of its messages. No error text quotes a peer or an option.
"""

import datetime as dt
import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from confluent_kafka import KafkaError, KafkaException, Producer

from scoring.delivery.adapters.contract import Answer, Limits, Message, Rendered
from scoring.delivery.adapters.records import Format, Record, records
from scoring.delivery.adapters.refusals import Refusal, refusal, worst
from scoring.delivery.message import Event, body, chunks, event_json
from scoring.errors import ConfigurationError
from scoring.settings import KafkaSettings

QUEUE_KBYTES = 65_536  # of messages under way, of all workers together
TAKEN = 200
SERVED_SECONDS = 0.1
REPORTED_SECONDS = 10.0  # after its time a message is reported as failed; librdkafka looks every second


@dataclass(frozen=True)
class Kafka:
    """The adapter (see ``contract``) for topics of Kafka, one for each score.

    Parameters
    ----------
    settings
        The brokers, and how they are reached.
    topic
        The pattern of topics; ``{score}`` stands for the score's name.
    form
        How an event is written.
    patience
        Seconds in which brokers must have acknowledged a message.
    """

    settings: KafkaSettings
    topic: str
    form: Format = "json"
    patience: float = 15.0
    kind: Literal["kafka"] = "kafka"
    ordered: Literal[True] = True

    @property
    def target(self) -> str:
        """The pattern of topics."""
        return self.topic

    def render(self, events: Sequence[Event], packed_at: dt.datetime, limits: Limits) -> Iterator[Rendered]:
        """Put events into bodies like a webhook's, each of one score: a missing topic holds up no other score."""
        by_score = sorted(events, key=lambda event: event.score)  # stable
        for _, group in itertools.groupby(by_score, key=lambda event: event.score):
            theirs = list(group)
            waiting = iter(theirs)
            texts = map(event_json, theirs)
            for part in chunks(texts, max_events=limits.max_events, max_bytes=limits.max_bytes):
                yield Rendered(body(packed_at, part), tuple(next(waiting) for _ in part))

    @contextmanager
    def opened(self) -> Iterator["KafkaSender"]:
        """Make a producer; it connects when it is needed."""
        sender = KafkaSender(self)
        try:
            yield sender
        finally:
            sender.close()


class KafkaSender:
    """Writes to the topics of one endpoint; all workers share one producer, and so its order."""

    def __init__(self, adapter: Kafka) -> None:
        self._adapter = adapter
        self._lock = threading.Lock()
        self._line = Line(adapter.settings, adapter.patience)

    def close(self) -> None:
        """End the producer; nothing is under way when all deliveries have been answered."""
        self._line.close()

    def send(self, message: Message) -> Answer:
        """Write all events of a delivery and wait until each is acknowledged; every failure becomes an answer."""
        begun = time.monotonic()
        found = self.write(records(message.body, self._adapter.topic, self._adapter.form))
        status, words = (TAKEN, None) if found is None else (found.status, found.words)
        return Answer(status, words, None, time.monotonic() - begun)

    def write(self, given: Sequence[Record]) -> Refusal | None:
        """Write records; returns why they were not all taken, or None."""
        line = self._living()
        for topic in sorted({one.topic for one in given}):
            missing = line.missing(topic)
            if missing is not None:
                return missing
        return line.write(given)

    def _living(self) -> "Line":
        """The producer, or a new one if an error has ended it."""
        with self._lock:
            if self._line.ended:
                self._line.close()
                self._line = Line(self._adapter.settings, self._adapter.patience)
            return self._line


class Line:
    """An idempotent producer, and the thread in which it tells what became of messages."""

    def __init__(self, settings: KafkaSettings, patience: float) -> None:
        self._patience = patience
        self._heard: set[int] = set()
        self._known: set[str] = set()
        self.ended = False
        self._fatal: KafkaError | None = None
        self._serving = threading.Lock()
        self._closed = threading.Event()
        self._producer = _producer(settings, patience, self._hear)
        self._thread = threading.Thread(target=self._serve, name="kafka", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; what is still under way is given up."""
        self._closed.set()
        self._thread.join()
        self._producer.purge()
        self._producer.poll(0)

    def missing(self, topic: str) -> Refusal | None:
        """Why a topic cannot be written to, if so; of one that was there once, writing tells."""
        if topic in self._known:
            return None
        try:
            found = self._producer.list_topics(topic, timeout=self._patience).topics[topic].error
        except KafkaException as error:
            found = error.args[0]
        if found is not None:
            return self._refusal(found, topic)
        self._known.add(topic)
        return None

    def write(self, given: Sequence[Record]) -> Refusal | None:
        """Write records and wait for what became of each; returns what decides about all, None if all are there."""
        batch = Batch(len(given))
        end = time.monotonic() + self._patience
        for one in given:
            try:
                self._produce(one, batch, end)
            except KafkaException as error:
                batch.note(one.topic, error.args[0])
            except BufferError:
                batch.note(one.topic, KafkaError(KafkaError._MSG_TIMED_OUT))  # noqa: SLF001
        if not batch.done.wait(self._patience + REPORTED_SECONDS):
            self._producer.purge()  # or it could still be written, after newer ones
            batch.done.wait(REPORTED_SECONDS)
        return self._judged(batch)

    def _produce(self, one: Record, batch: "Batch", end: float) -> None:
        while True:
            try:
                self._producer.produce(
                    one.topic,
                    one.value,
                    one.key,
                    headers=list(one.headers),
                    on_delivery=lambda error, _: batch.note(one.topic, error),
                )
            except BufferError:  # other workers' messages fill the memory
                if time.monotonic() > end:
                    raise
                self._closed.wait(SERVED_SECONDS)
            else:
                return

    def _judged(self, batch: "Batch") -> Refusal | None:
        if not batch.done.is_set():
            self.ended = True
            return Refusal(None, "the producer did not answer")
        if not batch.failed:
            self._heard.clear()
            return None
        with self._serving:  # the error that ended the producer comes after those of its messages
            pass
        self._known -= {topic for topic, _ in batch.failed}
        return worst([self._refusal(error, topic) for topic, error in batch.failed])

    def _refusal(self, error: KafkaError, topic: str) -> Refusal:
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - so librdkafka names it
            self.ended = True
            error = self._fatal or error
        return refusal(error.code(), error.name(), topic, frozenset(self._heard))

    def _hear(self, error: KafkaError) -> None:
        self._heard.add(error.code())

    def _serve(self) -> None:
        while not self._closed.is_set():
            with self._serving:
                try:
                    self._producer.poll(SERVED_SECONDS)
                except KafkaException as error:  # it has ended; what became of its messages is told all the same
                    self.ended, self._fatal = True, error.args[0]
                    self._hear(error.args[0])


class Batch:
    """What became of the messages of one delivery."""

    def __init__(self, count: int) -> None:
        self._left, self._lock = count, threading.Lock()
        self.failed: list[tuple[str, KafkaError]] = []
        self.done = threading.Event()
        if not count:
            self.done.set()

    def note(self, topic: str, error: KafkaError | None) -> None:
        """Count one message, taken or not."""
        with self._lock:
            self._left -= 1
            if error is not None:
                self.failed.append((topic, error))
            if not self._left:
                self.done.set()


def _producer(settings: KafkaSettings, patience: float, hear: object) -> Producer:
    milliseconds = int(patience * 1000)
    # The partition of a key as clients in Java choose it, so that streams of others can be joined; options may differ.
    own: Mapping[str, object] = {"partitioner": "murmur2_random", "linger.ms": 5, "compression.type": "lz4"}
    client = settings.client(
        enable_idempotence=True,  # with it, a try again writes nothing twice and changes no order
        acks="all",
        allow_auto_create_topics=False,  # a topic that the broker makes is not compacted
        delivery_timeout_ms=milliseconds,
        request_timeout_ms=milliseconds,
        socket_timeout_ms=milliseconds,
        topic_metadata_propagation_max_ms=0,
        queue_buffering_max_kbytes=QUEUE_KBYTES,
        reconnect_backoff_max_ms=1000,
    )
    try:
        return Producer({**own, **client, "error_cb": hear, "log_level": 0})
    except (KafkaException, ValueError, TypeError):  # its text quotes options
        raise ConfigurationError(
            "librdkafka refuses an option of the brokers.",
            remedy="Compare SCORING_KAFKA_OPTIONS with "
            "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md.",
            in_airflow="Correct the extras of the endpoint's connection, or SCORING_KAFKA_OPTIONS.",
        ) from None
