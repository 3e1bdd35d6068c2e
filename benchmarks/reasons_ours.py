"""One measured process of ``reasons.py``: prepares the customers, or scores and publishes a partition."""

import datetime as dt
from collections.abc import Iterator

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - MLflow would import it on first use; imports do not count
import numpy as np
import pandas as pd
import pyarrow as pa
import synthetic
from measure import Measured, answer
from reasons_definitions import CUSTOMERS, PAYMENT, PAYMENT_EXPLAINED, RISK, RISK_EXPLAINED

from scoring.database import migrate
from scoring.domain.calendar import months_after
from scoring.learning.train import train
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.settings import load_settings
from scoring.snapshots.arrow import arrow_schema

TRAINED, SHOWN = dt.date(2005, 5, 31), dt.date(2005, 6, 30)
SCORES = {score.name: score for score in (RISK, RISK_EXPLAINED, PAYMENT, PAYMENT_EXPLAINED)}
WHOLE = ("age", "repayment_status", "previous_repayment_status")
AMOUNTS = ("credit_limit", "bill", "payment", "previous_bill", "previous_payment")


def prepare(sizes: list[int]) -> Measured:
    """Train the champions on the sample, and record a snapshot of each size, by month after SHOWN."""
    settings = load_settings()
    migrate(settings.database())
    for as_of in (TRAINED, SHOWN):
        stored = synthetic.write_snapshot(settings, _sample(as_of, None), CUSTOMERS)
        synthetic.record_snapshot(settings, stored, as_of)
    for score in SCORES.values():
        train(settings, score, TRAINED)
    for months, size in enumerate(sizes, 1):
        stored = synthetic.write_snapshot(settings, _sample(SHOWN, size), CUSTOMERS)
        synthetic.record_snapshot(settings, stored, months_after(SHOWN, months))
    return Measured()


def run(score: str, as_of: str) -> Measured:
    """Plan, score and publish a partition, as the DAG does it."""
    measured, settings, asked = Measured(), load_settings(), SCORES[score]
    with measured.phase("plan"):
        planned = plan(settings, asked, dt.date.fromisoformat(as_of), run_id="bench")
    with measured.phase("score"):
        measured.rows = sum(score_shard(settings, planned.publication_id, shard) for shard in planned.shards)
    with measured.phase("publish"):
        measured.changed = publish(settings, planned.publication_id).changed
    return measured


def _sample(as_of: dt.date, count: int | None) -> Iterator[pa.RecordBatch]:
    """The sample as it is, or ``count`` customers drawn from it, whose amounts differ a little."""
    rows = pd.read_csv(synthetic.SAMPLE / f"credit_cards_{as_of}.csv.gz", dtype=str)
    rows = rows.drop_duplicates(CUSTOMERS.key, keep="last")
    if count is not None:
        random = np.random.default_rng(count)
        rows = rows.iloc[random.integers(0, len(rows), count)]
        rows[CUSTOMERS.key] = np.char.zfill(np.arange(count).astype("U10"), 10)
        for name in AMOUNTS:
            drawn = random.lognormal(0.0, synthetic.JITTER, count)
            rows[name] = np.round(rows[name].to_numpy(float) * drawn)
    schema = arrow_schema(CUSTOMERS)
    kinds = dict.fromkeys(WHOLE, np.int64) | dict.fromkeys(AMOUNTS, np.float64)
    for first in range(0, len(rows), synthetic.BATCH_ROWS):
        part = rows.iloc[first : first + synthetic.BATCH_ROWS]
        arrays = [
            pa.array(part[name].to_numpy(kinds.get(name, object))).cast(schema.field(name).type)
            for name in schema.names
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


if __name__ == "__main__":
    answer(lambda step, **arguments: {"prepare": prepare, "run": run}[step](**arguments))
