"""Makes what must be there before anything is measured: a champion, and a database in its steady state."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import skops.io
import synthetic
from bench_definitions import CUSTOMERS, FIRST, RISK, SHOWN, TRAINED
from measure import Measured, answer

from scoring.database import connect, migrate
from scoring.domain.calendar import months_after
from scoring.learning.train import train
from scoring.models.registry import Registry
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.settings import Settings, load_settings

# What the tutorial way reads and writes. Its score table is as a tutorial has it: ordinary, with a primary key.
TUTORIAL_TABLES = """
    CREATE TABLE customers ({columns}, PRIMARY KEY (customer_id));
    CREATE TABLE customer_score (publication_id bigint, customer_id text, value double precision, points integer,
        band text, arm text, model_version integer, PRIMARY KEY (publication_id, customer_id));"""
SQL_TYPES = {"text": "text", "integer": "bigint", "number": "double precision"}


def champion(model: str) -> Measured:
    """Train the champion on the real sample, and put its file at ``model`` for the ways without a registry."""
    settings = load_settings()
    migrate(settings.database())
    for as_of in (TRAINED, SHOWN):
        stored = synthetic.write_snapshot(settings, synthetic.real(as_of))
        synthetic.record_snapshot(settings, stored, as_of)
    ref = train(settings, RISK, TRAINED)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    skops.io.dump(registry.load(ref, RISK.trusted_types), model)
    return Measured()


def steady_state(rows: int, runs: int, tutorial: bool) -> Measured:
    """Publish a first snapshot, so that everybody is announced, and record one for each of the coming ``runs``.

    The snapshots take turns: each time the same share of customers has moved against what was announced.
    """
    settings = load_settings()
    migrate(settings.database())
    was, moved = (
        synthetic.write_snapshot(settings, synthetic.customers(rows, FIRST, later=later)) for later in (False, True)
    )
    for number in range(runs + 1):
        synthetic.record_snapshot(settings, moved if number % 2 else was, months_after(FIRST, number))
    planned = plan(settings, RISK, FIRST, run_id="bench")
    for shard in planned.shards:
        score_shard(settings, planned.publication_id, shard)
    publish(settings, planned.publication_id)
    if tutorial:
        load_tutorial(settings, moved.location)
    return Measured(rows=rows)


def load_tutorial(settings: Settings, location: str) -> None:
    """Fill the table that the tutorial way reads."""
    columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]} NOT NULL" for column in CUSTOMERS.columns)
    with connect(settings.database()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(TUTORIAL_TABLES.format(columns=columns))
        for text in _csv(location):
            cursor.copy_expert("COPY customers FROM STDIN (FORMAT csv)", text)


def _csv(location: str) -> Iterator[io.BytesIO]:
    with pq.ParquetFile(location) as file:
        for batch in file.iter_batches():
            buffer = pa.BufferOutputStream()
            pyarrow.csv.write_csv(batch, buffer, pyarrow.csv.WriteOptions(include_header=False))
            yield io.BytesIO(buffer.getvalue())


if __name__ == "__main__":
    answer(lambda step, **arguments: {"champion": champion, "steady_state": steady_state}[step](**arguments))
