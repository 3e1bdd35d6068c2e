"""The pipeline: a snapshot on disk is planned, scored shard by shard and published, as the DAG's tasks do it."""

import datetime as dt
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import llvmlite.binding  # noqa: F401 - the predictor would import it on first use; imports do not count
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - MLflow would import it on first use
from bench_definitions import RISK
from measure import Measured, answer, peak_mb

from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.settings import load_settings


def ours(as_of: str, workers: int) -> Measured:
    """Score and publish the snapshot of ``as_of`` in this process, or its shards in ``workers`` processes."""
    measured = Measured()
    settings = load_settings()
    if workers == 1:
        with measured.phase("plan"):
            planned = plan(settings, RISK, dt.date.fromisoformat(as_of), run_id="bench")
        with measured.phase("score"):
            measured.rows = sum(score_shard(settings, planned.publication_id, shard) for shard in planned.shards)
    else:
        settings = settings.model_copy(update={"shard_rows": 500_000})  # a million customers are one shard otherwise
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        with pool:
            list(pool.map(_started, range(workers)))  # their imports are not measured either
            with measured.phase("plan"):
                planned = plan(settings, RISK, dt.date.fromisoformat(as_of), run_id="bench")
            with measured.phase("score"):
                done = list(pool.map(_score, [(planned.publication_id, shard) for shard in planned.shards]))
            measured.rows = sum(rows for rows, _ in done)
            measured.peak_mb = max(peak for _, peak in done)
    with measured.phase("publish"):
        measured.changed = publish(settings, planned.publication_id).changed
    return measured


def _started(number: int) -> int:
    return number


def _score(work: tuple[int, int]) -> tuple[int, float]:
    return score_shard(load_settings(), *work), peak_mb()


if __name__ == "__main__":
    answer(ours)
