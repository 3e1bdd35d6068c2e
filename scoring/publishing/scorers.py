"""The loaded models of a publication, and what they say of customers: scores, as rows to publish, encoded for COPY."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.domain.scale import band_of, points_of
from scoring.domain.score import Score
from scoring.models.scorer import Scorer
from scoring.publishing import shards
from scoring.publishing.arms import assign, blamed
from scoring.publishing.copy_format import fields, joined
from scoring.publishing.publications import Arm
from scoring.publishing.reasons import Columns, StoredReasons

Keys: TypeAlias = "pa.ChunkedArray | pa.Array"


@dataclass(frozen=True)
class Piece:
    """The rows of one row group, encoded for COPY, with the digest of their scores and their number."""

    content: bytes
    digest: str
    rows: int


@dataclass(frozen=True)
class Scored:
    """The scores of customers: arrays of shape (customers,).

    ``points`` (int16) and ``band`` (positions in the score's bands) are None if it has none; ``arm`` (int8) are
    positions in the publication's arms; ``reasons`` are None if not asked for.
    """

    keys: Keys
    value: NDArray[np.float64]
    points: NDArray[np.int16] | None
    band: NDArray[np.intp] | None
    arm: NDArray[np.int8]
    reasons: Columns | None


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

    def scored(self, customers: pa.Table | pa.RecordBatch) -> Scored:
        """The scores of customers, from rows that have :attr:`columns`.

        Raises
        ------
        ChallengerFailed
            If the challenger cannot score one of them.
        PermanentError
            If the champion cannot.
        """
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
        return self._with_bands(keys, value, arm, reasons)

    def scored_one(self, row: Mapping[str, Any]) -> Scored | None:
        """As :meth:`scored`, without reasons, of a single row of Python's values; None if that has to say."""
        keys = pa.array([row[self._data_set.key]], pa.string())
        arm = assign(self._arms, keys)
        value = self._scorers[arm[0]].value_of_one(row)
        return None if value is None else self._with_bands(keys, value, arm, None)

    def _with_bands(
        self, keys: Keys, value: NDArray[np.float64], arm: NDArray[np.int8], reasons: Columns | None
    ) -> Scored:
        return Scored(keys, value, points_of(self._score, value), band_of(self._score, value), arm, reasons)

    def rows(self, customers: pa.Table) -> pa.Table:
        """The rows to publish for ``customers``, with the columns :attr:`written`; raises as :meth:`scored`."""
        found = self.scored(customers)
        count, points, band, arm = customers.num_rows, found.points, found.band, found.arm
        names = pa.array([band.name for band in self._score.bands], pa.string())
        versions = pa.array([one.model_version for one in self._arms], pa.int32())
        return pa.table(
            {
                "customer_id": found.keys,
                "value": found.value,
                "points": pa.nulls(count, pa.int16()) if points is None else points,
                "band": pa.nulls(count, pa.string()) if band is None else pa.DictionaryArray.from_arrays(band, names),
                "arm": pa.DictionaryArray.from_arrays(arm, pa.array([one.arm for one in self._arms])),
                "model_version": pa.DictionaryArray.from_arrays(arm, versions),
            }
            | ({} if found.reasons is None else found.reasons.columns)
        )

    def piece(self, customers: pa.Table) -> Piece:
        """The rows to publish for ``customers``, encoded for COPY; reasons are not part of the digest."""
        columns = fields(self.rows(customers))
        content = scores = joined(columns[: len(shards.COPIED)])
        if self._reasons is not None:
            content = joined(columns)
        return Piece(content, hashlib.sha256(scores).hexdigest(), customers.num_rows)
