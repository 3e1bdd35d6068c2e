"""Customers of the shop, files and snapshots of them, publications, and looks at what became of them."""

import csv
import datetime as dt
import math
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
import pyarrow as pa
from mlflow import MlflowClient
from psycopg2.extras import NamedTupleCursor
from shop_definitions import SHOP

from scoring.database import connect
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.intake.quarantine import quarantined
from scoring.learning.promotion import promote as put_in_charge
from scoring.models.encoding import Encoding
from scoring.models.explaining.explainer import background_of
from scoring.models.ledger import Decision
from scoring.models.registry import CHAMPION, Registry
from scoring.models.tags import PROMISED, ModelRef, explanation_tags
from scoring.publishing.copy_format import encode
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import Published, publish
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.manifest import QuarantinedRow, Snapshot
from scoring.snapshots.writing import ContentDigest, RowGroupWriter

MAY, JUNE, JULY, AUGUST = (dt.date(2024, 5, 31), dt.date(2024, 6, 30), dt.date(2024, 7, 31), dt.date(2024, 8, 31))

SUITE = {
    "name": "shop",
    "expectations": [
        {"type": kind, "kwargs": kwargs, "severity": severity}
        for kind, kwargs, severity in (
            ("expect_column_values_to_match_regex", {"column": "customer_id", "regex": "^c"}, "critical"),
            ("expect_column_values_to_be_between", {"column": "spend", "min_value": 0}, "critical"),
            ("expect_column_values_to_be_between", {"column": "visits", "max_value": 31}, "warning"),
            ("expect_column_max_to_be_between", {"column": "spend", "min_value": 1}, "critical"),
        )
    ],
}

Row = dict[str, Any]


def customer(number: int, **values: Any) -> Row:
    """A customer in good order; ``values`` replace columns."""
    row: Row = {
        "customer_id": f"c{number:04d}",
        "spend": 100.0 + number,
        "mood": (number % 21 - 10) / 4,
        "visits": number % 11,
        "plan": "paid" if number % 3 else "free",
        "active": None if number % 5 == 0 else bool(number % 2),
        "balance": f"{number}.{number % 100:02d}",
        "joined": dt.date(2020, 1, 1) + dt.timedelta(days=number),
    }
    assert row.keys() >= values.keys()
    return row | values


def customers(count: int, **values: Any) -> list[Row]:
    """Customers c0000, c0001, ... in good order."""
    return [customer(number, **values) for number in range(count)]


def deliver(settings: Settings, rows: Iterable[Row], as_of: dt.date = JUNE) -> Path:
    """Put a CSV file with the rows where the definition's source is."""
    return write_csv(Path(settings.inbox) / f"shop_{as_of}.csv", rows)


def write_csv(path: Path, rows: Iterable[Row]) -> Path:
    """Rows as CSV; a null is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SHOP.column_names)
        for row in rows:
            cells = (row[name] for name in SHOP.column_names)
            writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in cells])
    return path


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows as Arrow, with the data set's types."""
    schema = arrow_schema(SHOP)
    columns = {name: pa.array([row[name] for row in rows]) for name in schema.names}
    return pa.table({name: column.cast(schema.field(name).type) for name, column in columns.items()}, schema)


def snapshot_of(settings: Settings, rows: Sequence[Row], as_of: dt.date = JUNE) -> Snapshot:
    """Make accepted rows the current snapshot, without the time that validation takes."""
    content = ContentDigest(arrow_schema(SHOP))
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "accepted.parquet"
        writer = RowGroupWriter(file, arrow_schema(SHOP), settings.row_group_rows)
        for batch in table_of(rows).to_batches():
            writer.write(batch)
            content.update(batch)
        digest = content.hexdigest()
        writer.close(digest)
        location = lake.snapshot_location(settings.lake, SHOP.name, as_of, digest)
        lake.store(file, location)
    with connect(settings.database()) as connection, connection:
        known = manifest.find(connection, SHOP.name, as_of, digest)
        if known is None:
            received = manifest.NewSnapshot(
                data_set=SHOP.name, as_of=as_of, digest=digest, stopped_because=None, source="made up", corrects=None,
                definition_digest=SHOP.digest, suite_digest="0" * 64, location=location,
                row_group_rows=settings.row_group_rows, received=len(rows), accepted=len(rows), quarantined=0,
                duplicates=0, warnings=[],
            )  # fmt: skip
            manifest.record(connection, received, [])
        else:
            manifest.make_current(connection, known)
        found = manifest.current(connection, SHOP.name, as_of)
    assert found is not None
    return found


def in_quarantine(settings: Settings, as_of: dt.date = JUNE) -> tuple[Snapshot, list[QuarantinedRow]]:
    """The newest snapshot and its quarantined rows."""
    with quarantined(settings, SHOP, as_of) as (snapshot, rows):
        return snapshot, list(rows)


def scored(settings: Settings, score: Score, as_of: dt.date = JUNE) -> int:
    """Plan a partition and score all its shards; returns the id of the publication, not yet published."""
    planned = plan(settings, score, as_of, run_id="test")
    for shard in planned.shards:
        score_shard(settings, planned.publication_id, shard)
    return planned.publication_id


def score_rows(*customer_ids: str) -> bytes:
    """Rows of a score as a shard copies them, each with the value 1."""
    columns = {
        "customer_id": pa.array(customer_ids, pa.string()),
        "value": pa.array([1.0] * len(customer_ids)),
        "points": pa.nulls(len(customer_ids), pa.int16()),
        "band": pa.nulls(len(customer_ids), pa.string()),
        "arm": pa.array(["champion"] * len(customer_ids)),
        "model_version": pa.array([1] * len(customer_ids), pa.int32()),
    }
    return encode(pa.table(columns))


def published(settings: Settings, score: Score, as_of: dt.date = JUNE) -> Published:
    """Run a partition from plan to publish."""
    return publish(settings, scored(settings, score, as_of))


def published_rows(settings: Settings, score: Score, rows: Sequence[Row], as_of: dt.date = JUNE) -> Published:
    """Make the snapshot and publish the score of it."""
    snapshot_of(settings, rows, as_of)
    return published(settings, score, as_of)


def register(
    settings: Settings,
    score: Score,
    *,
    scale: float = 1.0,
    promote: bool = True,
    data_set: DataSet = SHOP,
    tags: dict[str, str] | None = None,
    promised: dict[str, float] | None = None,
    out_of_fold: pa.Table | None = None,
    background: bool = True,
) -> ModelRef:
    """Register a model that gives ``scale`` times the score's first feature, through a sigmoid for a probability.

    ``promised`` and ``out_of_fold`` are what training would keep of it (see scoring.learning.out_of_fold);
    ``background`` is whether it keeps the training means.
    """
    width = len(score.features)
    example = pd.DataFrame(np.arange(4.0)[:, None] * np.ones(width), columns=list(score.features))
    target = np.array([0.0, 0.0, 1.0, 1.0]) if score.kind == "classification" else example.iloc[:, 0]
    estimator = score.estimator().fit(example, target)
    coefficients = np.zeros(width)
    coefficients[0] = scale
    estimator.coef_ = coefficients[None, :] if score.kind == "classification" else coefficients
    estimator.intercept_ = np.zeros(1) if score.kind == "classification" else 0.0
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    means = background_of(estimator, example) if background else None
    ref = registry.register(
        score.model_name, estimator, example, encoding=Encoding.of(score, data_set), trusted_types=(),
        tags={"made": "for tests"} | (tags or {}) | explanation_tags(means, explained=background),
        as_of=MAY, out_of_fold=out_of_fold,
        metrics={f"{PROMISED}{name}": metric for name, metric in (promised or {}).items()},
    )  # fmt: skip
    if promote and not settings.database_url.get_secret_value():  # as it was before there was a ledger: it is adopted
        client = MlflowClient(tracking_uri=settings.mlflow_tracking_uri.get_secret_value())
        client.set_registered_model_alias(ref.name, CHAMPION, str(ref.version))
    elif promote:
        put_in_charge(settings, score, ref, Decision("person", "a test", "for tests"))
    return ref


def mood(probability: float) -> float:
    """The mood to which the champion of ``leaving`` gives this probability."""
    return math.log(probability / (1 - probability))


def query(settings: Settings, statement: str, *arguments: Any) -> list[Any]:
    """Rows (named tuples) of a query."""
    with (
        closing(psycopg2.connect(settings.database())) as connection,
        connection,
        connection.cursor(cursor_factory=NamedTupleCursor) as cursor,
    ):
        cursor.execute(statement, arguments)
        return [] if cursor.description is None else cursor.fetchall()  # it is empty where no column is asked for


def value(settings: Settings, statement: str, *arguments: Any) -> Any:
    """The one value that a query gives."""
    ((found,),) = query(settings, statement, *arguments)
    return found


def events(settings: Settings) -> list[Any]:
    """What the CRM is told, in the order in which it was written."""
    return query(settings, "SELECT * FROM scoring.event ORDER BY event_id")


def told(settings: Settings) -> list[tuple[str, int]]:
    """Customer and version of each event, in the order of the customers."""
    return sorted((event.customer_id, event.version) for event in events(settings))


STATE = {
    "snapshot": "SELECT data_set, as_of, digest, state, received, accepted FROM scoring.snapshot ORDER BY 1, 2, 3",
    "score": "SELECT score, as_of, customer_id, value, points, band, arm, model_version "
    "FROM scoring.published_score ORDER BY 1, 2, 3",
    "publication": "SELECT score, as_of, state, inputs_digest, rows, changed, checksum, announces "
    "FROM scoring.publication ORDER BY 1, 2, 4",
    "announcement": "SELECT score, customer_id, version, as_of, value, points, band "
    "FROM scoring.announcement ORDER BY 1, 2",
    "event": "SELECT score, customer_id, version, as_of, value, previous_value FROM scoring.event ORDER BY 1, 2, 3",
    "outbox": "SELECT o.endpoint, e.score, e.customer_id, e.version "
    "FROM scoring.outbox o JOIN scoring.event e USING (event_id) ORDER BY 1, 2, 3, 4",
}


def state_of(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All that an undisturbed run would leave, without ids and times."""
    return {table: [tuple(row) for row in query(settings, statement)] for table, statement in STATE.items()}
