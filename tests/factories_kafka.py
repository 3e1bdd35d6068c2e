"""A real broker for tests, topics in it, and what stands in a topic."""

import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from ports import free_port
from waiting import PATIENCE, until

from scoring.local.broker import broker_command
from scoring.local.streamed import answers
from scoring.settings import KafkaSettings

_number = itertools.count(1)


@contextmanager
def running_broker(log: Path, port: int | None = None) -> Iterator[str]:
    """A broker that keeps everything in memory, with its address; it is killed at the end."""
    port = port or free_port()
    address = f"127.0.0.1:{port}"
    with log.open("ab") as stream:
        process = subprocess.Popen(broker_command(port), stdout=stream, stderr=subprocess.STDOUT)
    try:
        until(lambda: answers(KafkaSettings(servers=address)))
        yield address
    finally:
        process.kill()
        process.wait()


def new_topic(address: str, partitions: int = 1) -> str:
    """Make a topic of a name that no other test has."""
    topic = f"test-{os.getpid()}-{next(_number)}"
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
    return topic


def produce(address: str, topic: str, messages: Sequence[tuple[str | None, bytes | None]], **given: object) -> None:
    """Write messages (key, value), in order; ``given`` goes to each, as ``partition`` or ``headers``."""
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "message.max.bytes": 100_000_000})
    failed: list[object] = []
    for key, value in messages:
        producer.produce(
            topic, value, key, on_delivery=lambda error, _: failed.append(error) if error else None, **given
        )
        producer.poll(0)
    assert producer.flush(60) == 0
    assert not failed


def messages_of(address: str, topic: str) -> list[Message]:
    """All that stands in a topic now: by partition, in order.

    It is read until the broker says that there is no more: Tansu's answer for the end of a partition counts batches.
    """
    settings = {"bootstrap.servers": address, "group.id": "tests", "enable.auto.commit": False}
    consumer = Consumer(settings | {"enable.partition.eof": True})
    try:
        found: list[Message] = []
        for partition in consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions:
            consumer.assign([TopicPartition(topic, partition, 0)])
            while True:
                message = consumer.poll(30)
                assert message is not None
                if (error := message.error()) is None:
                    found.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    break
                else:
                    raise KafkaException(error)
        return found
    finally:
        consumer.close()
