"""Scores one shard: row group by row group from the lake through the model into PostgreSQL.

A few row groups are in memory at a time, each in a thread of its own, so that reading, predicting and copying overlap.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from scoring.database import connect
from scoring.domain.dataset import DataSet
from scoring.domain.scale import band_of, points_of, value_of
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.models.features import feature_frame
from scoring.models.registry import ModelRef, Registry
from scoring.publishing import publications, shards
from scoring.publishing.copy_format import encode
from scoring.publishing.plan import planned_definition
from scoring.publishing.publications import Arm
from scoring.settings import Settings
from scoring.snapshots import lake, manifest


@dataclass(frozen=True)
class Piece:
    """The rows of one row group as they are copied, and the digest by which they are known."""

    content: bytes
    digest: str
    rows: int


class Scorer:
    """A loaded model of a score: rows in, the columns of table ``score`` out."""

    def __init__(self, settings: Settings, score: Score, data_set: DataSet, arm: Arm) -> None:
        self._score, self._data_set, self._arm = score, data_set, arm
        ref = ModelRef(arm.model_name, arm.model_version, arm.model_digest)
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        self._estimator = registry.load(ref, score.trusted_types)

    @property
    def columns(self) -> list[str]:
        """What has to be read of a snapshot."""
        return [self._data_set.key, *self._score.features]

    def values(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Published values, float64 of shape (rows,): probabilities, or amounts not below the minimum.

        Raises
        ------
        PermanentError
            If the model gives no finite number for somebody.
        """
        if self._score.kind == "classification":
            raw = self._estimator.predict_proba(features)[:, 1]
        else:
            raw = self._estimator.predict(features).astype(np.float64)
        if not np.isfinite(raw).all():
            raise PermanentError(
                f"Model {self._arm.model_name} version {self._arm.model_version} gives no finite number for "
                f"{np.count_nonzero(~np.isfinite(raw))} customers; nothing is published. Promote another version."
            )
        return value_of(self._score, raw)

    def rows(self, customers: pa.Table) -> pa.Table:
        """The rows to publish of some customers, in the columns of ``shards.COPIED``."""
        value = self.values(feature_frame(self._score, self._data_set, customers))
        points, band, count = points_of(self._score, value), band_of(self._score, value), len(value)
        names = pa.array([band.name for band in self._score.bands], pa.string())
        same = pa.array(np.zeros(count, dtype=np.int8))
        return pa.table(
            {
                "customer_id": customers.column(self._data_set.key),
                "value": value,
                "points": pa.nulls(count, pa.int16()) if points is None else points,
                "band": pa.nulls(count, pa.string()) if band is None else pa.DictionaryArray.from_arrays(band, names),
                "arm": pa.DictionaryArray.from_arrays(same, pa.array([self._arm.arm])),
                "model_version": pa.DictionaryArray.from_arrays(same, pa.array([self._arm.model_version], pa.int32())),
            }
        )

    def piece(self, customers: pa.Table) -> Piece:
        """The rows to publish of some customers, ready to be copied."""
        content = encode(self.rows(customers))
        return Piece(content, hashlib.sha256(content).hexdigest(), customers.num_rows)


def score_shard(settings: Settings, publication_id: int, shard: int) -> int:
    """Score the row groups of one shard; its rows and its mark are committed together. Returns the rows.

    A shard that is done already is left as it is: its inputs are fixed by the publication.
    """
    with connect(settings.database()) as connection, connection:
        mine = shards.lock(connection, publication_id, shard)
        publication = publications.by_id(connection, publication_id)
        if mine is None or publication is None:
            raise NotFound(f"Publication {publication_id} has no shard {shard}. Plan the partition again.")
        if mine.rows is not None:
            return mine.rows
        snapshot = manifest.by_id(connection, publication.snapshot_id)
        if snapshot is None:
            raise NotFound(f"Publication {publication_id} has no snapshot. Ingest the partition again.")
        score, data_set = planned_definition(settings, publication)
        (arm,) = publications.arms(connection, publication_id)
        scorer = Scorer(settings, score, data_set, arm)
        table, rows, digests = publications.rows_table(publication_id), 0, []
        with lake.SnapshotFile(snapshot.location) as file, _threads(settings.threads) as pool:
            groups = range(mine.first_group, mine.first_group + mine.groups)
            customers = (file.read_group(group, scorer.columns) for group in groups)
            for piece in _ahead(pool, scorer.piece, customers, settings.threads):
                shards.copy_rows(connection, table, piece.content)
                digests.append(piece.digest)
                rows += piece.rows
        shards.finish(connection, publication_id, shard, rows, digests)
    return rows


def _threads(count: int) -> ThreadPoolExecutor:
    """Threads that predict on one core each: those of OpenMP would wait for each other after every tree."""
    return ThreadPoolExecutor(count, "score", initializer=threadpool_limits, initargs=(1, "openmp"))


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[pa.Table], Piece], items: Iterable[pa.Table], count: int
) -> Iterator[Piece]:
    """Apply ``work`` to the items, in their order, with ``count`` of them under way while one is being used."""
    under_way: deque[Future[Piece]] = deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) > count:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()
