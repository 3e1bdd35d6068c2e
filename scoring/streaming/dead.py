"""Sends what was refused to the topic of dead letters, at least once, with the place that it came from as headers."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from scoring.database import Connection
from scoring.domain.streams import KafkaStream
from scoring.settings import KafkaSettings
from scoring.streaming import refusals
from scoring.streaming.message import EVENT_TIME, LARGEST
from scoring.streaming.refusals import Refused

log = logging.getLogger(__name__)

AT_ONCE = 200  # dead letters of a transaction
AGAIN = 10.0  # seconds after which what the broker did not take is sent again
PATIENCE = 20.0  # seconds for the broker to take them

Header = tuple[str, str | bytes | None]


class DeadLetters:
    """The sender of one data set's dead letters."""

    def __init__(self, kafka: KafkaSettings, data_set: str, stream: KafkaStream) -> None:
        self._data_set, self.topic = data_set, stream.dead_letters
        given = kafka.client(enable_idempotence=True, message_max_bytes=4 * LARGEST)
        self._given = given | {"message.timeout.ms": int(PATIENCE * 1000) - 1000, "log_level": 3, "logger": log}
        self._producer: Producer | None = None  # most workers never need one
        self._due: float | None = 0.0  # when to look for letters (monotonic); None: none waits

    def expect(self) -> None:
        """Look for letters with the next :meth:`send`: some were written."""
        self._due = 0.0 if self._due is None else self._due

    def send(self, connection: Connection, *, at_once: bool = False) -> None:
        """Send what waits, and mark what the broker has taken; the rest is sent again after :data:`AGAIN`.

        ``at_once`` does not wait for that.
        """
        if self._due is not None and (at_once or time.monotonic() >= self._due):
            self._due = None if self._all_taken(connection) else time.monotonic() + AGAIN

    def _all_taken(self, connection: Connection) -> bool:
        while True:
            with connection:
                waiting = refusals.waiting(connection, self._data_set, AT_ONCE)
                taken = self._send(waiting)
                if taken:
                    refusals.note_sent(connection, taken)
            if len(taken) < len(waiting):
                log.warning("topic %s: %d dead letters wait for the broker", self.topic, len(waiting) - len(taken))
                return False
            if len(waiting) < AT_ONCE:
                return True

    def close(self) -> None:
        """Let go of the broker."""
        self._producer = None

    def _send(self, waiting: list[Refused]) -> list[int]:
        """Send some; returns the ids of those that the broker has taken."""
        taken: list[int] = []
        failed: list[KafkaError] = []
        if not waiting:
            return taken
        self._producer = producer = self._producer or Producer(self._given)
        with _collected(failed):
            for one in waiting:

                def told(error: KafkaError | None, _message: Message, refusal: int = one.refusal_id) -> None:
                    if error is None:
                        taken.append(refusal)
                    else:
                        failed.append(error)

                value = None if one.content is None else bytes(one.content)
                key = None if one.message_key is None else bytes(one.message_key)
                producer.produce(self.topic, value, key, headers=headers(one), on_delivery=told)
        deadline = time.monotonic() + PATIENCE
        while len(producer) and time.monotonic() < deadline:
            with _collected(failed):  # flush() would go on with callbacks while an error is being raised
                producer.poll(1.0)
        for what in {str(error) for error in failed}:
            log.warning("topic %s: %s", self.topic, what)
        if any(error.fatal() or error.code() == KafkaError._FATAL for error in failed):  # noqa: SLF001 - its name
            self._producer = None  # it takes nothing more; the next try has another one
        return taken


@contextmanager
def _collected(failed: list[KafkaError]) -> Iterator[None]:
    """Inside, what the client raises ends the block and is added to ``failed``."""
    try:
        yield
    except BufferError:  # more than the client holds; the rest is sent the next time
        return
    except KafkaException as error:
        failed.append(error.args[0])


def headers(one: Refused) -> list[Header]:
    """What a dead letter says of itself."""
    why = [
        {"rule": rule, "column": column, "value": value}
        for rule, column, value in zip(one.rules, one.columns, one.values, strict=True)
    ]
    told: list[Header] = [
        ("topic", one.topic),
        ("partition", str(one.partition_id)),
        ("offset", str(one.message_offset)),
        ("reason", one.reason),
        ("broken", json.dumps(why)),
        ("bytes", str(one.bytes)),
        ("refused-at", one.refused_at.isoformat()),
    ]
    return told + ([] if one.event_time is None else [(EVENT_TIME, one.event_time.isoformat())])
