"""Scores one shard: row group by row group from the lake through the model into PostgreSQL.

A few row groups are in memory at a time, each in a thread of its own, so that reading (one after the other, in order),
predicting and copying overlap.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import pyarrow as pa
from threadpoolctl import threadpool_limits

from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.features.file import opened_of
from scoring.models.fitting import fitting_encoding, scored_with
from scoring.models.registry import Registry
from scoring.models.scorer import BLOCK, Scorer
from scoring.models.versions import with_library
from scoring.publishing import publications, shards
from scoring.publishing.arms import ChallengerFailed, blamed, end_unable
from scoring.publishing.plan import planned_definition
from scoring.publishing.publications import Arm
from scoring.publishing.reasons import StoredReasons
from scoring.publishing.scorers import Piece, Scorers
from scoring.publishing.shards import Shard
from scoring.settings import Settings
from scoring.snapshots import lake

Read: TypeAlias = "Future[pa.Table]"


def load_scorer(settings: Settings, score: Score, data_set: DataSet, arm: Arm) -> Scorer:
    """Load the model of an arm, exactly as it was planned.

    Raises
    ------
    PermanentError
        If it does not fit the definition, or if another scikit-learn is installed than where the partition was planned.
    """
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    ref = registry.version(arm.model_name, arm.model_version)
    installed = scored_with(ref, settings.other_scikit_learn)
    if arm.scored_with not in (None, installed):
        raise PermanentError(
            f"Model {ref} was to be scored with {with_library(arm.scored_with)}; {installed} is installed here.",
            remedy="Install the same packages on all workers, and run the partition again from its first task.",
        )
    encoding = fitting_encoding(ref, score, data_set)
    estimator = registry.load(replace(ref, digest=arm.model_digest), score.trusted_types)
    return Scorer(
        estimator, score, encoding, key=data_set.key, name=str(ref), block=BLOCK, background=ref.background,
        parity=ref.parity,
    )  # fmt: skip


def _loaded(settings: Settings, score: Score, data_set: DataSet, arm: Arm, *, explained: bool) -> Scorer:
    with blamed(arm):
        scorer = load_scorer(settings, score, data_set, arm)
        if explained:
            scorer.explainer.refuse_slow()
        return scorer


def score_shard(settings: Settings, publication_id: int, shard: int) -> int:
    """Score the row groups of one shard and commit its rows with its mark; returns the number of rows.

    A finished shard is left as it is, because the publication fixes its inputs.

    Raises
    ------
    ChallengerFailed
        If the challenger of a split cannot score. Its experiment has ended then, so the next plan is without it.
    """
    try:
        return _score_shard(settings, publication_id, shard)
    except ChallengerFailed as failed:
        with transaction(settings.database()) as connection:
            publication = publications.by_id(connection, publication_id)
        if publication is not None:
            score = load_catalog(settings.definitions).score(publication.score)
            end_unable(settings, score, failed.experiment_id, failed.error)
        raise


def _score_shard(settings: Settings, publication_id: int, shard: int) -> int:
    with transaction(settings.database()) as connection:
        mine = shards.lock(connection, publication_id, shard)
        publication = publications.by_id(connection, publication_id)
        if mine is None or publication is None:
            raise NotFound(f"Publication {publication_id} has no shard {shard}.", remedy="Plan the partition again.")
        if mine.rows is not None:
            return mine.rows
        score, data_set = planned_definition(settings, publication)
        arms = publications.arms(connection, publication_id)
        reasons = StoredReasons.of(publication)
        loaded = [_loaded(settings, score, data_set, arm, explained=reasons is not None) for arm in arms]
        scorers = Scorers(score, data_set, arms, loaded, reasons)
        table, rows, digests = publications.rows_table(publication_id), 0, []
        planned = range(mine.first_group, mine.first_group + mine.groups)
        features = opened_of(connection, score, data_set, publication_id, publication.snapshot_id, groups=planned)
        with features as file, ThreadPoolExecutor(1, "read") as reader, threads_of_one_core(settings.threads) as pool:
            read = (reader.submit(file.read_group, group, scorers.columns) for group in _groups(mine, file))
            for piece in _ahead(pool, lambda customers: scorers.piece(customers.result()), read, settings.threads):
                shards.copy_rows(connection, table, piece.content, scorers.written)
                digests.append(piece.digest)
                rows += piece.rows
        predictors = {arm.arm: scorer.predictor for arm, scorer in zip(arms, loaded, strict=True)}
        shards.finish(connection, publication_id, shard, rows=rows, group_digests=digests, predictors=predictors)
    return rows


def _groups(shard: Shard, file: lake.SnapshotFile) -> range:
    if shard.first_group + shard.groups > file.row_groups:
        raise PermanentError(
            f"Shard {shard.shard} ends with row group {shard.first_group + shard.groups}; the snapshot's file has "
            f"{file.row_groups}. The file was written again, with other row groups, since the partition was planned.",
            remedy="Run the partition again from its first task, which plans it again.",
        )
    return range(shard.first_group, shard.first_group + shard.groups)


def threads_of_one_core(count: int) -> ThreadPoolExecutor:
    """Threads that predict on one core each: those of OpenMP would wait for each other after every tree."""
    return ThreadPoolExecutor(count, "score", initializer=threadpool_limits, initargs=(1, "openmp"))


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[Read], Piece], items: Iterable[Read], count: int
) -> Iterator[Piece]:
    """The results of ``work`` for the items, in order; while the caller uses one, ``count`` others are under way."""
    under_way: deque[Future[Piece]] = deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) > count:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()
