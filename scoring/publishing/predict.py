"""Scores one shard: row group by row group from the lake through the model into PostgreSQL.

A few row groups are in memory at a time, each in a thread of its own, so that reading, predicting and copying overlap.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.dataset import DataSet
from scoring.domain.scale import band_of, points_of
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.models.fitting import fitting_encoding, scored_with
from scoring.models.registry import Registry
from scoring.models.scorer import BLOCK, Scorer
from scoring.publishing import publications, shards
from scoring.publishing.arms import ChallengerFailed, assign, blamed, end_unable
from scoring.publishing.copy_format import encode
from scoring.publishing.plan import planned_definition
from scoring.publishing.publications import Arm
from scoring.publishing.reasons import StoredReasons
from scoring.publishing.shards import Shard
from scoring.settings import Settings
from scoring.snapshots import lake, manifest


@dataclass(frozen=True)
class Piece:
    """The rows of one row group, encoded for COPY, with the digest of their scores and their number."""

    content: bytes
    digest: str
    rows: int


class Scorers:
    """The loaded models of a publication, one for each arm.

    ``reasons`` says which reasons are stored with each score; None: none.
    """

    def __init__(
        self,
        score: Score,
        data_set: DataSet,
        arms: Sequence[Arm],
        scorers: Sequence[Scorer],
        reasons: StoredReasons | None = None,
    ) -> None:
        self._score, self._data_set, self._arms, self._scorers = score, data_set, arms, scorers
        self._reasons = reasons

    @property
    def columns(self) -> list[str]:
        """The columns to read from a snapshot, for all models together."""
        return list(dict.fromkeys(name for scorer in self._scorers for name in scorer.columns))

    @property
    def written(self) -> tuple[str, ...]:
        """The columns of :meth:`rows`."""
        return shards.COPIED if self._reasons is None else shards.COPIED + shards.REASONS

    def rows(self, customers: pa.Table) -> pa.Table:
        """The rows to publish for ``customers``, with the columns :attr:`written`."""
        keys, count = customers.column(self._data_set.key), customers.num_rows
        arm = assign(self._arms, keys)
        value, reasons = np.empty(count), None if self._reasons is None else self._reasons.of_nobody(count)
        for place, scorer in enumerate(self._scorers):
            mine = arm == place
            if not mine.any():
                continue
            with blamed(self._arms[place]):
                these = customers if mine.all() else customers.filter(pa.array(mine))
                features = scorer.features(these)
                value[mine] = scorer.values_of(features, these.column(self._data_set.key))
                if reasons is not None:
                    reasons.put(mine, scorer.explainer, features)
        points, band = points_of(self._score, value), band_of(self._score, value)
        names = pa.array([band.name for band in self._score.bands], pa.string())
        versions = pa.array([one.model_version for one in self._arms], pa.int32())
        return pa.table(
            {
                "customer_id": keys,
                "value": value,
                "points": pa.nulls(count, pa.int16()) if points is None else points,
                "band": pa.nulls(count, pa.string()) if band is None else pa.DictionaryArray.from_arrays(band, names),
                "arm": pa.DictionaryArray.from_arrays(arm, pa.array([one.arm for one in self._arms])),
                "model_version": pa.DictionaryArray.from_arrays(arm, versions),
            }
            | ({} if reasons is None else reasons.columns)
        )

    def piece(self, customers: pa.Table) -> Piece:
        """The rows to publish for ``customers``, encoded for COPY; reasons are not part of the digest."""
        rows = self.rows(customers)
        content = scores = encode(rows.select(shards.COPIED))
        if self._reasons is not None:
            content = encode(rows)
        return Piece(content, hashlib.sha256(scores).hexdigest(), customers.num_rows)


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
            f"Model {ref} was to be scored with scikit-learn {arm.scored_with}; {installed} is installed here.",
            remedy="Install the same packages on all workers, and run the partition again from its first task.",
        )
    encoding = fitting_encoding(ref, score, data_set)
    estimator = registry.load(replace(ref, digest=arm.model_digest), score.trusted_types)
    return Scorer(estimator, score, encoding, key=data_set.key, name=str(ref), block=BLOCK, background=ref.background)


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
        snapshot = manifest.by_id(connection, publication.snapshot_id)
        if snapshot is None:
            raise NotFound(f"Publication {publication_id} has no snapshot.", remedy="Ingest the partition again.")
        score, data_set = planned_definition(settings, publication)
        arms = publications.arms(connection, publication_id)
        reasons = StoredReasons.of(publication)
        loaded = [_loaded(settings, score, data_set, arm, explained=reasons is not None) for arm in arms]
        scorers = Scorers(score, data_set, arms, loaded, reasons)
        table, rows, digests = publications.rows_table(publication_id), 0, []
        with lake.SnapshotFile(snapshot.location) as file, threads_of_one_core(settings.threads) as pool:
            customers = (file.read_group(group, scorers.columns) for group in _groups(mine, file))
            for piece in _ahead(pool, scorers.piece, customers, settings.threads):
                shards.copy_rows(connection, table, piece.content, scorers.written)
                digests.append(piece.digest)
                rows += piece.rows
        shards.finish(connection, publication_id, shard, rows, digests)
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
    pool: ThreadPoolExecutor, work: Callable[[pa.Table], Piece], items: Iterable[pa.Table], count: int
) -> Iterator[Piece]:
    """The results of ``work`` for the items, in order; while the caller uses one, ``count`` others are under way."""
    under_way: deque[Future[Piece]] = deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) > count:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()
