"""Synthetic customers of any number: rows of the sample drawn anew and jittered, made and written batch by batch."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from bench_definitions import AMOUNTS, CUSTOMERS, KEY, WHOLE
from numpy.typing import NDArray

from scoring.database import connect
from scoring.domain.dataset import DataSet
from scoring.settings import PROJECT, Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import ContentDigest, RowGroupWriter

SAMPLE = PROJECT / "sample_data" / "credit_cards"
BATCH_ROWS = 50_000
MOVED = 0.084  # share of customers who are drawn anew between two snapshots; about 5 % then have to be told
JITTER = 0.05  # standard deviation of the logarithm of the factor on each amount
ID_STEP = 97  # ids grow with gaps, as they do where customers come and go


def sample(as_of: dt.date) -> pd.DataFrame:
    """Real customers at ``as_of``: the key, the whole numbers and the amounts of the definition."""
    rows = pd.read_csv(SAMPLE / f"credit_cards_{as_of}.csv.gz", dtype={KEY: str})
    rows["worst_status"] = rows[["repayment_status", "previous_repayment_status"]].max(axis=1)
    return rows[[KEY, *WHOLE, *AMOUNTS]]


def real(as_of: dt.date) -> Iterator[pa.RecordBatch]:
    """The sample itself in the benchmark's columns: what the model is trained on."""
    rows = sample(as_of)
    yield _batch(rows[KEY].to_numpy(), {name: rows[name].to_numpy(float) for name in WHOLE + AMOUNTS})


def customers(count: int, as_of: dt.date, *, later: bool) -> Iterator[pa.RecordBatch]:
    """``count`` customers like those of the sample at ``as_of``; ``later`` has some of them moved.

    The same arguments give the same rows. Memory: one batch.
    """
    rows = sample(as_of)
    known = {name: rows[name].to_numpy(float) for name in WHOLE + AMOUNTS}
    for first in range(0, count, BATCH_ROWS):
        ids = np.arange(first, min(first + BATCH_ROWS, count))
        drawn = _draw(known, len(ids), np.random.default_rng([0, first]))
        if later:
            random = np.random.default_rng([1, first])
            moved = random.random(len(ids)) < MOVED
            anew = _draw(known, len(ids), random)
            drawn = {name: np.where(moved, anew[name], drawn[name]) for name in drawn}
        yield _batch(np.char.zfill((ids * ID_STEP + ID_STEP).astype("U10"), 10), drawn)


def _draw(
    known: dict[str, NDArray[np.float64]], count: int, random: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    rows = random.integers(0, len(known["age"]), count)
    drawn = {name: values[rows] for name, values in known.items()}
    for name in AMOUNTS:
        drawn[name] = np.round(drawn[name] * random.lognormal(0.0, JITTER, count))
    drawn["age"] = np.maximum(drawn["age"] + random.integers(-2, 3, count), 18.0)
    return drawn


def derived(columns: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The computed columns of the definition, float64 of shape (rows,) each."""
    limit = np.maximum(columns["credit_limit"], 1.0)
    headroom = limit - columns["bill"]
    return {
        "utilisation": columns["bill"] / limit,
        "previous_utilisation": columns["previous_bill"] / limit,
        "payment_share": columns["payment"] / np.maximum(columns["bill"], 1.0),
        "previous_payment_share": columns["previous_payment"] / np.maximum(columns["previous_bill"], 1.0),
        "bill_change": columns["bill"] - columns["previous_bill"],
        "payment_change": columns["payment"] - columns["previous_payment"],
        "headroom": headroom,
        "headroom_share": headroom / limit,
    }


def _batch(ids: NDArray[np.str_], columns: dict[str, NDArray[np.float64]]) -> pa.RecordBatch:
    schema = arrow_schema(CUSTOMERS)
    values = {KEY: ids} | columns | derived(columns)
    arrays = [pa.array(values[name]).cast(schema.field(name).type) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def write_snapshot(
    settings: Settings, batches: Iterator[pa.RecordBatch], data_set: DataSet = CUSTOMERS
) -> manifest.NewSnapshot:
    """Put rows into the lake as an ingest does; returns what is to be recorded of them (its as_of is a placeholder)."""
    schema = arrow_schema(data_set)
    with tempfile.TemporaryDirectory(dir=settings.home) as scratch:
        path = Path(scratch) / "accepted.parquet"
        writer, content = RowGroupWriter(path, schema, settings.row_group_rows), ContentDigest(schema)
        for batch in batches:
            writer.write(batch)
            content.update(batch)
        digest = content.hexdigest()
        writer.close(digest)
        location = lake.snapshot_location(settings.lake, data_set.name, dt.date.min, digest)
        lake.store(path, location)
    return manifest.NewSnapshot(
        data_set=data_set.name,
        as_of=dt.date.min,
        digest=digest,
        stopped_because=None,
        source="synthetic",
        corrects=None,
        definition_digest=data_set.digest,
        suite_digest="",
        location=location,
        row_group_rows=settings.row_group_rows,
        received=writer.written,
        accepted=writer.written,
        quarantined=0,
        duplicates=0,
        warnings=[],
    )


def record_snapshot(settings: Settings, received: manifest.NewSnapshot, as_of: dt.date) -> None:
    """Let stored rows be the snapshot of ``as_of``."""
    with connect(settings.database()) as connection, connection:
        manifest.record(connection, manifest.NewSnapshot(**{**vars(received), "as_of": as_of}), [])
