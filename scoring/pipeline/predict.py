"""Scores one shard: one row group in memory at a time, from the lake through the model into PostgreSQL."""

import hashlib
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from scoring.catalog import load_catalog
from scoring.domain.dataset import DataSet
from scoring.domain.scale import band_of, points_of, value_of
from scoring.domain.score import Score
from scoring.errors import NotFound
from scoring.features import feature_frame
from scoring.settings import Settings
from scoring.stores import lake, publications, snapshots
from scoring.stores.database import connect
from scoring.stores.publications import Arm
from scoring.stores.registry import ModelRef, Registry

_AS_CSV = pyarrow.csv.WriteOptions(include_header=False)


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
        """Published values, float64 of shape (rows,): probabilities, or amounts not below the minimum."""
        if self._score.kind == "classification":
            return value_of(self._score, self._estimator.predict_proba(features)[:, 1])
        return value_of(self._score, self._estimator.predict(features).astype(np.float64))

    def rows(self, customers: pa.Table) -> pa.Table:
        """The rows to publish of some customers, in the columns of ``publications.COPIED``."""
        value = self.values(feature_frame(self._score, self._data_set, customers))
        points, band, count = points_of(self._score, value), band_of(self._score, value), len(value)
        names = pa.array([band.name for band in self._score.bands], pa.string())
        return pa.table(
            {
                "customer_id": customers.column(self._data_set.key),
                "value": value,
                "points": pa.nulls(count, pa.int16()) if points is None else points,
                "band": pa.nulls(count, pa.string()) if band is None else names.take(pa.array(band)),
                "arm": pa.repeat(self._arm.arm, count),
                "model_version": pa.repeat(self._arm.model_version, count),
            }
        )


def score_shard(settings: Settings, publication_id: int, shard: int) -> int:
    """Score the row groups of one shard; its rows and its mark are committed together. Returns the rows.

    A shard that is done already is left as it is: its inputs are fixed by the publication.
    """
    catalog = load_catalog(settings.definitions)
    with connect(settings.database()) as connection, connection:
        mine = publications.lock_shard(connection, publication_id, shard)
        publication = publications.by_id(connection, publication_id)
        if mine is None or publication is None:
            raise NotFound(f"Publication {publication_id} has no shard {shard}. Plan the partition again.")
        if mine.rows is not None:
            return mine.rows
        snapshot = snapshots.by_id(connection, publication.snapshot_id)
        if snapshot is None:
            raise NotFound(f"Publication {publication_id} has no snapshot. Ingest the partition again.")
        score = catalog.score(publication.score)
        (arm,) = publications.arms(connection, publication_id)
        scorer = Scorer(settings, score, catalog.data_set(score.data_set), arm)
        rows, digests = 0, []
        with lake.SnapshotFile(snapshot.location) as file:
            for group in range(mine.first_group, mine.first_group + mine.groups):
                scored = scorer.rows(file.read_group(group, scorer.columns))
                data = _csv(scored)
                publications.copy_rows(connection, publication_id, io.BytesIO(data))
                digests.append(hashlib.sha256(data).hexdigest())
                rows += scored.num_rows
        publications.finish_shard(connection, publication_id, shard, rows, digests)
    return rows


def _csv(rows: pa.Table) -> bytes:
    buffer = pa.BufferOutputStream()
    pyarrow.csv.write_csv(rows, buffer, _AS_CSV)
    return buffer.getvalue().to_pybytes()
