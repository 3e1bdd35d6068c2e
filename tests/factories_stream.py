"""Topics with updates of the shop's customers, workers that read them, and looks at what became of them."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from factories import query
from factories_kafka import new_topic, produce
from factories_serving import record
from pydantic import SecretStr
from streamed_shop import SHOP
from waiting import until

from scoring.domain.streams import KafkaStream
from scoring.settings import KafkaSettings
from scoring.streaming.worker import Worker

JULY_10 = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)
QUICK = {"session.timeout.ms": SecretStr("6000"), "heartbeat.interval.ms": SecretStr("500"),
         "topic.metadata.refresh.interval.ms": SecretStr("500")}  # fmt: skip

# Ranges that do not begin where the one before has ended.
TORN = """
    SELECT count(*) FROM (
        SELECT first_offset,
            lag(next_offset, 1, 0::bigint) OVER (PARTITION BY partition_id ORDER BY first_offset) AS before
        FROM scoring.stream_range) r
    WHERE first_offset <> before"""


def kafka_of(broker, group, batch=1000):
    """How the test's broker is reached; each topic has a group of its own, so that no test waits for another's."""
    return KafkaSettings(servers=broker, options=QUICK, group=group, batch=batch)


def streamed(broker, partitions=1, **given):
    """The shop with a stream by a topic of its own."""
    topic = new_topic(broker, partitions)
    return SHOP.model_copy(update={"stream": KafkaStream(topic=topic, **given)})


def update(number, at=JULY_10, **values):
    """A message about a customer: key, value, and its headers."""
    row = record(number, **values)
    return row["customer_id"], json.dumps(row).encode(), [("event-time", at.isoformat())]


def send(broker, data_set, updates, **given):
    """Write updates (key, value, headers), in order."""
    for key, value, headers in updates:
        produce(broker, data_set.stream.topic, [(key, value)], headers=headers, **given)


def drain(settings, broker, data_set, **given):
    """Take in all that has come; returns what the worker counted."""
    kafka = kafka_of(broker, **({"group": data_set.stream.topic} | given))
    return Worker(settings, kafka, data_set).run(until_end=True)


# A worker in a process of its own; it finds its settings on standard input.
CHILD = """
import json, logging, signal, sys
logging.basicConfig(level="INFO", format="%(asctime)s %(process)d %(name)s %(message)s")
from factories_stream import SHOP, KafkaStream, Worker, kafka_of
from scoring.settings import Settings
broker, topic, group, batch = sys.argv[1:]
data_set = SHOP.model_copy(update={"stream": KafkaStream(topic=topic)})
worker = Worker(Settings(**json.load(sys.stdin)), kafka_of(broker, group, int(batch)), data_set)
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""


def forked(forks, settings, broker, data_set, *, group=None, batch=50, log=None):
    """A worker in a process of its own."""
    plain = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in settings
        if name in settings.model_fields_set and name != "source_urls"
    }
    return forks.start(
        ["-c", CHILD, broker, data_set.stream.topic, group or data_set.stream.topic, str(batch)],
        {"PYTHONPATH": "tests", "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": "/usr/bin:/bin"},
        given=json.dumps(plain),
        stdout=log,
        stderr=log,
    )


@contextmanager
def working(settings, broker, data_set) -> Iterator[SimpleNamespace]:
    """A worker in a thread."""
    worker = Worker(settings, kafka_of(broker, data_set.stream.topic), data_set)
    raised = []

    def run():
        try:
            worker.run()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)

    thread = threading.Thread(target=run, name="worker")
    thread.start()
    try:
        yield SimpleNamespace(worker=worker, thread=thread, raised=raised)
    finally:
        worker.stop()
        thread.join(60)
        assert not thread.is_alive()
        assert raised == []


def offsets(settings):
    """Where the reading of each partition goes on, and what was read."""
    return [
        tuple(row)
        for row in query(
            settings,
            "SELECT partition_id, next_offset, received, accepted, quarantined, outdated FROM scoring.stream_offset "
            "ORDER BY 1",
        )
    ]


def current(settings, score="spending"):
    """The scores that hold now, by customer."""
    rows = query(settings, "SELECT customer_id, value FROM scoring.current_score WHERE score = %s ORDER BY 1", score)
    return {row.customer_id: row.value for row in rows}


def wait_for(settings, received):
    """Wait until so many messages are recorded."""
    until(lambda: sum(row[2] for row in offsets(settings)) >= received)
