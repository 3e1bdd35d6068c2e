"""One measured process of ``stream.py``: prepares, fills the topic, or reads it by our worker or by a bare loop."""

import datetime as dt
import itertools
import json
import time
from typing import Any

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - MLflow would import it on first use; imports do not count
import numpy as np
import pandas as pd
import psycopg2
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from measure import Measured, answer

from scoring.database import migrate, transaction, value
from scoring.definitions.credit_cards import CREDIT_CARDS, DELINQUENCY_RISK, FEATURES, NEXT_PAYMENT
from scoring.intake.ingest import ingest
from scoring.learning.train import train
from scoring.models.charge import in_charge
from scoring.models.registry import Registry
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.settings import PROJECT, load_kafka_settings, load_settings
from scoring.streaming.worker import Worker

TRAINED, SHOWN = dt.date(2005, 5, 31), dt.date(2005, 6, 30)
AT = dt.datetime(2005, 7, 10, tzinfo=dt.UTC)
PARTITIONS = 2
SCORES = [DELINQUENCY_RISK, NEXT_PAYMENT]

TABLE = """
    CREATE TABLE IF NOT EXISTS public.bare_score (customer_id text PRIMARY KEY, value float8, scored_at timestamptz)"""
PUT = """
    INSERT INTO public.bare_score VALUES (%s, %s, now())
    ON CONFLICT (customer_id) DO UPDATE SET value = excluded.value, scored_at = excluded.scored_at"""

BETWEEN = """
    SELECT extract(epoch FROM max(committed_at) - min(committed_at)) FROM scoring.stream_range WHERE topic = %s"""
FIRST = "SELECT received FROM scoring.stream_range WHERE topic = %s ORDER BY range_id LIMIT 1"


def prepare() -> Measured:
    """Train the sample's champion and publish a month, so that the CRM is told of changes."""
    settings = load_settings()
    migrate(settings.database())
    for as_of in (TRAINED, SHOWN):
        ingest(settings, CREDIT_CARDS, as_of)
    for score in SCORES:
        train(settings, score, TRAINED)
        planned = plan(settings, score, SHOWN, run_id="bench")
        for shard in planned.shards:
            score_shard(settings, planned.publication_id, shard)
        publish(settings, planned.publication_id)
    return Measured()


def fill(messages: int, topics: list[str]) -> Measured:
    """Write updates of real customers into topics: each a little later than the one before."""
    rows = pd.read_csv(PROJECT / "sample_data" / "credit_cards" / f"credit_cards_{SHOWN}.csv.gz", dtype=str)
    kinds = {column.name: column.type for column in CREDIT_CARDS.columns}
    client: Any = load_kafka_settings().client()
    admin = AdminClient(client)
    for made in admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics]).values():
        made.result(30)
    producer = Producer(client | {"enable.idempotence": True, "linger.ms": 5})
    records = [
        {name: cell if kinds[name] in ("text", "category") else float(cell) + 1 for name, cell in row.items()}
        for row in rows.drop_duplicates(CREDIT_CARDS.key).to_dict("records")
    ]
    whole = [name for name, kind in kinds.items() if kind == "integer"]
    for number, record in enumerate(itertools.islice(itertools.cycle(records), messages)):
        content = json.dumps(record | {name: int(record[name]) for name in whole})
        at = AT + dt.timedelta(milliseconds=number)
        for topic in topics:
            headers = {"event-time": at.isoformat()}
            while True:
                try:
                    producer.produce(topic, content, record[CREDIT_CARDS.key], headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush(120)
    return Measured(rows=messages)


def ours(topic: str) -> Measured:
    """Our worker, from the first message to the end of the topic."""
    settings = load_settings()
    stream = CREDIT_CARDS.stream
    assert stream is not None  # noqa: S101 - the sample has one
    data_set = CREDIT_CARDS.model_copy(update={"stream": stream.model_copy(update={"topic": topic})})
    worker = Worker(settings, load_kafka_settings(), data_set)
    total = worker.run(until_end=True)
    with transaction(settings.database()) as connection:
        between, first = float(value(connection, BETWEEN, (topic,))), int(value(connection, FIRST, (topic,)))
    # The first batch is not in between: its commit begins the measuring.
    return Measured(seconds=between, rows=total.received - first, changed=total.events)


def bare(topic: str, most: int) -> Measured:
    """The loop that people write first: poll, predict, upsert, commit the row, commit the offset."""
    settings = load_settings()
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    ref = in_charge(settings.database(), registry, DELINQUENCY_RISK.model_name)
    model = registry.load(ref, DELINQUENCY_RISK.trusted_types)
    client: Any = load_kafka_settings().client(
        group_id="bare", enable_auto_commit=False, auto_offset_reset="earliest", enable_partition_eof=True
    )
    consumer, measured, ended = Consumer(client), Measured(), set[int]()
    consumer.subscribe([topic])
    connection = psycopg2.connect(settings.database())
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
    began = None
    while measured.rows < most and len(ended) < PARTITIONS:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - so librdkafka names it
                ended.add(message.partition())
            continue
        began = began or time.perf_counter()
        record = json.loads(message.value())
        frame = pd.DataFrame([record], columns=list(FEATURES)).astype(np.float64)
        probability = float(model.predict_proba(frame)[0, 1])
        with connection, connection.cursor() as cursor:
            cursor.execute(PUT, (record[CREDIT_CARDS.key], probability))
        consumer.commit(message=message, asynchronous=False)
        measured.rows += 1
    measured.seconds = time.perf_counter() - (began or time.perf_counter())
    consumer.close()
    connection.close()
    return measured


def main(step: str, **arguments: Any) -> Measured:
    """One step."""
    steps: dict[str, Any] = {"prepare": prepare, "fill": fill, "ours": ours, "bare": bare}
    found: Measured = steps[step](**arguments)
    return found


if __name__ == "__main__":
    answer(main)
