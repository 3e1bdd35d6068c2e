"""One measured process of ``history.py``: prepares customers and champions, or scores a partition."""

import datetime as dt
from collections.abc import Iterator

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - MLflow would import it on first use; imports do not count
import numpy as np
import pyarrow as pa
import synthetic
from bench_definitions import AMOUNTS, SHOWN
from history_definitions import CUSTOMERS, PERIODS, PLAIN, REMEMBERING, SUMMARISING
from measure import Measured, answer

from scoring.database import migrate
from scoring.domain.calendar import months_after
from scoring.learning.train import train
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.settings import load_settings

LEARNED = 30_000  # customers from whom the champions learn, in the months before the measured ones
FIRST = dt.date(2004, 1, 31)
MEASURED = months_after(FIRST, 2 * len(PERIODS) + 2)
SCORES = {score.name: score for score in (PLAIN, SUMMARISING, REMEMBERING)}


def prepare(size: int) -> Measured:
    """Record eight months of few customers and train on them, then seven of ``size``."""
    settings = load_settings()
    migrate(settings.database())
    few = len(PERIODS) + 2
    for month in range(few + len(PERIODS) + 1):
        stored = synthetic.write_snapshot(settings, _month(LEARNED if month < few else size, month), CUSTOMERS)
        synthetic.record_snapshot(settings, stored, months_after(FIRST, month))
        if month == few - 1:
            for score in SCORES.values():
                train(settings, score, months_after(FIRST, month - 1))
    return Measured()


def run(score: str) -> Measured:
    """Plan and score the last month: the part of a partition that a history makes longer."""
    measured, settings = Measured(), load_settings()
    with measured.phase("plan"):
        planned = plan(settings, SCORES[score], MEASURED, run_id="bench")
    with measured.phase("score"):
        measured.rows = sum(score_shard(settings, planned.publication_id, shard) for shard in planned.shards)
    return measured


def _month(count: int, month: int) -> Iterator[pa.RecordBatch]:
    """The same customers each month with other amounts, in another order."""
    for number, batch in enumerate(synthetic.customers(count, SHOWN, later=False)):
        random = np.random.default_rng([month, number])
        order = pa.array(random.permutation(batch.num_rows))
        columns = {name: batch.column(name) for name in batch.schema.names}
        known = {
            name: np.round(columns[name].to_numpy() * random.lognormal(0.0, synthetic.JITTER, batch.num_rows))
            for name in AMOUNTS
        }
        columns |= known | synthetic.derived(columns | known)
        made = [pa.array(columns[name]).cast(batch.schema.field(name).type) for name in batch.schema.names]
        yield pa.RecordBatch.from_arrays(made, schema=batch.schema).take(order)


if __name__ == "__main__":
    answer(lambda step, **arguments: {"prepare": prepare, "run": run}[step](**arguments))
