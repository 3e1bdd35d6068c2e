"""Makes what is compared: three snapshots, a model trained on the first of them, publications of the others."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from drift_definitions import BEFORE, CATEGORIES, NOW, NUMBERS, SPEND, TRAINED, WIDE, WORDS
from measure import Measured, answer

from scoring.database import migrate, transaction
from scoring.learning.promotion import promote
from scoring.models.encoding import Encoding
from scoring.models.features import feature_frame
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.models.tags import SNAPSHOT_TAG, TRAINED_AS_OF_TAG
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.settings import Settings, load_settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import ContentDigest, RowGroupWriter

BATCH_ROWS = 50_000
SHIFTED = 0.3  # of every tenth column in the last snapshot, in standard deviations
LEARNED_ROWS = 50_000  # from which the model is fitted: how well it does is not asked here


def customers(count: int, seed: int, shift: float) -> Iterator[pa.Table]:
    """Normal, skewed, half empty and whole numbers, and categories; every tenth column is moved by ``shift``."""
    schema = arrow_schema(WIDE)
    for first in range(0, count, BATCH_ROWS):
        random, rows = np.random.default_rng([seed, first]), min(BATCH_ROWS, count - first)
        columns: dict[str, object] = {WIDE.key: [f"{number:010}" for number in range(first, first + rows)]}
        for place, name in enumerate(NUMBERS):
            normal = random.normal(shift if place % 10 == 0 else 0.0, 1.0, rows)
            values = (normal, np.exp(normal), np.round(10 * normal), np.maximum(normal, 0.0))[place % 4]
            columns[name] = pa.array(values, mask=random.random(rows) < 0.05 if place % 5 == 1 else None)  # noqa: PLR2004
        for name in CATEGORIES:
            columns[name] = pa.array(WORDS).take(pa.array(random.integers(0, len(WORDS), rows)))
        yield pa.table(columns, schema=schema)


def snapshot(settings: Settings, as_of: dt.date, count: int, seed: int, shift: float) -> str:
    """Write and record one; returns its digest."""
    schema = arrow_schema(WIDE)
    with tempfile.TemporaryDirectory(dir=settings.home) as scratch:
        path = Path(scratch) / "accepted.parquet"
        writer, content = RowGroupWriter(path, schema, settings.row_group_rows), ContentDigest(schema)
        for table in customers(count, seed, shift):
            for batch in table.to_batches():
                writer.write(batch)
                content.update(batch)
        digest = content.hexdigest()
        writer.close(digest)
        location = lake.snapshot_location(settings.lake, WIDE.name, as_of, digest)
        lake.store(path, location)
    with transaction(settings.database()) as connection:
        received = manifest.NewSnapshot(
            data_set=WIDE.name, as_of=as_of, digest=digest, stopped_because=None, source="synthetic", corrects=None,
            definition_digest=WIDE.digest, suite_digest="", location=location, row_group_rows=settings.row_group_rows,
            received=count, accepted=count, quarantined=0, duplicates=0, warnings=[],
        )  # fmt: skip
        manifest.record(connection, received, [])
    return digest


def prepare(rows: int) -> Measured:
    """Everything that is there before drift is looked at."""
    settings = load_settings()
    migrate(settings.database())
    digest = snapshot(settings, TRAINED, rows, 0, 0.0)
    snapshot(settings, BEFORE, rows, 1, 0.0)
    snapshot(settings, NOW, rows, 2, SHIFTED)
    encoding = Encoding.of(SPEND, WIDE)
    learned = feature_frame(encoding, next(customers(LEARNED_ROWS, 0, 0.0)), WIDE.key)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    ref = registry.register(
        SPEND.model_name, SPEND.new_estimator().fit(learned, learned[NUMBERS[0]]), learned.head(5), encoding=encoding,
        trusted_types=SPEND.trusted_types, tags={TRAINED_AS_OF_TAG: TRAINED.isoformat(), SNAPSHOT_TAG: digest},
        metrics={}, as_of=TRAINED,
    )  # fmt: skip
    promote(settings, SPEND, ref, Decision("person", "the benchmark", "It is the only one."))
    for as_of in (BEFORE, NOW):
        planned = plan(settings, SPEND, as_of, run_id="bench")
        for shard in planned.shards:
            score_shard(settings, planned.publication_id, shard)
        publish(settings, planned.publication_id)
    return Measured(rows=rows)


if __name__ == "__main__":
    answer(prepare)
