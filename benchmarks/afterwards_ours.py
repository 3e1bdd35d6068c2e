"""One measured process of ``afterwards.py``: publishes a month, or does our way or the floor of a step after it."""

import datetime as dt

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - MLflow would import it on first use; imports do not count
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.stats  # noqa: F401
from bench_definitions import CUSTOMERS, FEATURES, FIRST, KEY, RISK
from measure import Measured, answer
from psycopg2 import sql
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from scoring.database import connect, transaction
from scoring.domain.calendar import months_after
from scoring.learning.training_set import training_set
from scoring.monitoring import copy_out
from scoring.monitoring.monitor import conclude, perform
from scoring.monitoring.watch import measure_drift
from scoring.outcomes.collect import collect
from scoring.publishing import publications
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.settings import load_settings
from scoring.snapshots import manifest
from scoring.snapshots.manifest import Snapshot

LATE = dt.date(2030, 1, 1)  # all cohorts are mature
PAIRS = sql.SQL("""
    SELECT s.value AS value, o.value AS outcome FROM {} s
    JOIN scoring.outcome o ON o.score = {} AND o.as_of = {} AND o.customer_id = s.customer_id""")


def published(month: int) -> Measured:
    """Publish a month as it comes in production: nothing here is measured."""
    settings = load_settings()
    planned = plan(settings, RISK, months_after(FIRST, month), run_id="bench")
    for shard in planned.shards:
        score_shard(settings, planned.publication_id, shard)
    publish(settings, planned.publication_id)
    return Measured()


def assembled(month: int) -> Measured:
    """Assemble the training set of a month and the one after it."""
    measured, (before, after) = Measured(), _snapshots(month)
    with measured.phase("training set"):
        measured.rows = len(training_set(RISK, CUSTOMERS, before, after).outcome)
    return measured


def assembled_floor(month: int) -> Measured:
    """Read the columns of both files, look the keys up, and put the features into a matrix."""
    measured, (before, after) = Measured(), _snapshots(month)
    column = RISK.target.column
    with measured.phase("training set"):
        rows = pq.read_table(before.location, columns=[KEY, *FEATURES]).combine_chunks()
        shown = pq.read_table(after.location, columns=[KEY, column]).combine_chunks()
        found = pc.index_in(rows[KEY], value_set=shown[KEY])
        outcome = pc.greater_equal(shown[column].take(found), 2)
        kept = rows.filter(outcome.is_valid())
        matrix = np.empty((len(FEATURES), kept.num_rows))
        for place, name in enumerate(FEATURES):
            matrix[place] = kept[name].cast(pa.float64())
    measured.rows = matrix.shape[1]
    return measured


def watched(month: int) -> Measured:
    """Collect a month's outcomes, then monitor it, as the DAGs' tasks do."""
    measured, settings, as_of = Measured(), load_settings(), months_after(FIRST, month)
    with measured.phase("outcomes"):
        measured.rows = collect(settings, RISK, as_of).recorded
    with measured.phase("drift"):
        measure_drift(settings, RISK, as_of)
    with measured.phase("performance"):
        perform(settings, RISK, as_of, today=LATE)
    with measured.phase("verdict"):
        conclude(settings, RISK, as_of)
    return measured


def watched_floor(month: int) -> Measured:
    """Join scores and outcomes, which are there, and compute four figures of them by scikit-learn; keeps nothing."""
    measured, settings, as_of = Measured(), load_settings(), months_after(FIRST, month)
    parts: list[np.ndarray] = []
    with connect(settings.database()) as connection:
        found = publications.published(connection, RISK.name, as_of)
        if found is None:
            raise AssertionError("each month is published before it is looked at")
        table = publications.rows_table(found.publication_id)
        query = PAIRS.format(table, sql.Literal(RISK.name), sql.Literal(as_of))
        with measured.phase("join"):
            copy_out.read(connection, query, [("value", copy_out.FLOAT), ("outcome", copy_out.FLOAT)], parts.append)
            value, raw = (np.concatenate([part[name] for part in parts]).astype(float) for name in ("value", "outcome"))
    with measured.phase("figures"):
        happened = raw >= 2  # noqa: PLR2004 - the target's
        said = value >= 0.5  # noqa: PLR2004
        roc_auc_score(happened, value)
        brier_score_loss(happened, value)
        precision_score(happened, said)
        recall_score(happened, said)
    measured.rows = len(value)
    return measured


def _snapshots(month: int) -> tuple[Snapshot, Snapshot]:
    with transaction(load_settings().database()) as connection:
        before, after = (
            manifest.current(connection, CUSTOMERS.name, months_after(FIRST, month + more)) for more in (0, 1)
        )
    if before is None or after is None:
        raise AssertionError("steady_state has recorded a snapshot for each month")
    return before, after


STEPS = {
    "publish": published,
    "training set": assembled,
    "training set, floor": assembled_floor,
    "monitor": watched,
    "monitor, floor": watched_floor,
}

if __name__ == "__main__":
    answer(lambda step, month: STEPS[step](month))
