"""The floor: predict on arrays in memory, COPY of the result into an indexed table, one hash join that counts changes.

It reads nothing, keeps no digest, writes no event and can't be repeated; what it does it does as fast as we know how.
"""

import io
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import skops.io
from bench_definitions import FEATURES, KEY, RISK
from measure import Measured, answer

from scoring.publishing.copy_format import encode

BATCH_ROWS = 50_000  # results are COPYed in pieces of so many rows, or their bytes would fill the memory

TABLE = """
    CREATE TABLE floor_score (publication_id bigint NOT NULL DEFAULT 1, customer_id text COLLATE "C" NOT NULL,
        value double precision NOT NULL, points smallint, band text, arm text NOT NULL,
        model_version integer NOT NULL)"""
COPY = "COPY floor_score (customer_id, value, points, band, arm, model_version) FROM STDIN (FORMAT binary)"
INDEX = "ALTER TABLE floor_score ADD PRIMARY KEY (customer_id)"
HASH_JOIN = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '128MB'"
CHANGES = """
    SELECT count(*) FROM floor_score n JOIN scoring.announcement a ON a.score = %s AND a.customer_id = n.customer_id
    WHERE n.band IS DISTINCT FROM a.band OR abs(n.points - a.points) >= 50"""


Predict: TypeAlias = Callable[[Any, pd.DataFrame], np.ndarray]


def by_estimator(estimator: Any, features: pd.DataFrame) -> np.ndarray:
    """Probabilities of class 1, by scikit-learn itself."""
    return np.asarray(estimator.predict_proba(features)[:, 1])


def floor(url: str, model: str, location: str, predict: Predict = by_estimator) -> Measured:
    """Score the customers of a snapshot file, which are brought into memory before the clock starts."""
    measured = Measured()
    ids, matrix = in_memory(location)
    features = pd.DataFrame(matrix, columns=list(FEATURES), copy=False)  # a view: the model wants to see the names
    connection = psycopg2.connect(url)
    with measured.phase("model"):
        estimator = skops.io.load(model, trusted=list(RISK.trusted_types))
    with measured.phase("predict"):
        value = predict(estimator, features)
        points = np.floor(value * 1000 + 0.5).astype(np.int16)
        band = np.searchsorted([band.upper for band in RISK.bands], value, side="left")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS floor_score")
        cursor.execute(TABLE)
        with measured.phase("copy"):
            names = pa.array([band.name for band in RISK.bands])
            for first in range(0, len(value), BATCH_ROWS):
                piece = slice(first, first + BATCH_ROWS)
                rows = _rows(ids[piece], value[piece], points[piece], names.take(pa.array(band[piece])))
                cursor.copy_expert(COPY, io.BytesIO(rows), size=1 << 20)
        with measured.phase("index"):
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
            cursor.execute(INDEX)
        with measured.phase("join"):
            cursor.execute(HASH_JOIN)
            cursor.execute(CHANGES, (RISK.name,))
            (measured.changed,) = cursor.fetchone() or (0,)
        with measured.phase("commit"):
            connection.commit()
    connection.close()
    measured.rows = len(value)
    return measured


def in_memory(location: str) -> tuple[pa.Array, np.ndarray]:
    """The keys and the float64 matrix of shape (rows, features) of a snapshot file."""
    with pq.ParquetFile(location) as file:
        rows = file.metadata.num_rows
        ids, matrix, first = [], np.empty((rows, len(FEATURES)), order="C"), 0
        for batch in file.iter_batches(BATCH_ROWS, columns=[KEY, *FEATURES]):
            ids.append(batch.column(KEY))
            for position, name in enumerate(FEATURES):
                matrix[first : first + batch.num_rows, position] = batch.column(name)
            first += batch.num_rows
    return pa.concat_arrays(ids), matrix


def _rows(ids: pa.Array, value: np.ndarray, points: np.ndarray, band: pa.Array) -> bytes:
    same = pa.array(np.zeros(len(ids), dtype=np.int8))
    arm = pa.DictionaryArray.from_arrays(same, pa.array(["champion"]))
    version = pa.DictionaryArray.from_arrays(same, pa.array([1], pa.int32()))
    columns = {"customer_id": ids, "value": value, "points": points, "band": band}
    return encode(pa.table(columns | {"arm": arm, "model_version": version}))


if __name__ == "__main__":
    answer(floor)
