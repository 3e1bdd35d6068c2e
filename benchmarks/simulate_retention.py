"""Two years of daily partitions, then `maintain`: sizes before and after, and whether anything needed was lost.

    python benchmarks/simulate_retention.py [--days 730] [--customers 300]

Snapshots are written and recorded as an intake does, without validation (0.3 s a day). Plan, shards, publish, outcomes,
monitoring, maintain, passports and reconcile are the real functions. By SQL, because the real way would
take hours: that the CRM took each day's events (a delivery of 100 events and its try), and that all of it is as old as
its dates say.
"""

import argparse
import datetime as dt
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from installation import installed
from retention_definitions import DAILY, NUMBERS, SCORES

from scoring.database import all_rows, connect, execute, migrate, transaction, value
from scoring.learning.promotion import promote
from scoring.maintain.maintain import Maintained, maintain
from scoring.models.encoding import Encoding
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.models.tags import SNAPSHOT_TAG, TRAINED_AS_OF_TAG
from scoring.monitoring.monitor import perform
from scoring.monitoring.watch import measure_drift
from scoring.outcomes.collect import collect
from scoring.page import partitions
from scoring.publishing.passport import passport, recompute
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import publish
from scoring.reconcile.reconcile import reconcile
from scoring.settings import KeepSettings, Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import ContentDigest, RowGroupWriter

FIRST = dt.date(2024, 1, 1)
KEEP = KeepSettings(publications=90, newest=24, snapshots=90, events=365, deliveries=90, attempts=30, model_runs=90)
MOVED = 0.15  # share of customers who are drawn anew from day to day
CORRECTED = 20  # every so many days the snapshot is delivered anew, and scored again
COLLECTED = 60  # newest cohorts with outcomes; in practice all are collected
MONITORED = 4  # newest cohorts with outcomes; each has the estimates of all later dates made anew
CHECKED = ("c000007",)  # whose passport of each kept publication is recomputed

TOLD = """
    WITH numbered AS (
        SELECT o.event_id, (row_number() OVER (ORDER BY o.event_id) - 1) / 100 AS place FROM scoring.outbox o
        WHERE o.delivery_id IS NULL
    ), made AS (
        INSERT INTO scoring.delivery (delivery_id, endpoint, state, body, events, attempts, delivered_at)
        SELECT gen_random_uuid(), 'crm_webhook', 'delivered', repeat('x', 180 * count(*)::int), count(*), 1, now()
        FROM numbered GROUP BY place ORDER BY place RETURNING delivery_id
    ), tries AS (
        INSERT INTO scoring.attempt (delivery_id, attempt, status, seconds) SELECT delivery_id, 1, 200, 0.02 FROM made
    ), placed AS (SELECT delivery_id, row_number() OVER () - 1 AS place FROM made)
    UPDATE scoring.outbox o SET delivery_id = p.delivery_id FROM numbered n JOIN placed p USING (place)
    WHERE o.event_id = n.event_id AND o.delivery_id IS NULL"""

AGED = """
    UPDATE scoring.publication SET opened_at = as_of + (opened_at - %(now)s),
        published_at = as_of + (published_at - %(now)s);
    UPDATE scoring.snapshot SET created_at = as_of, current_since = as_of + (current_since - %(now)s);
    UPDATE scoring.event SET created_at = as_of;
    UPDATE scoring.delivery d SET created_at = e.as_of, delivered_at = e.as_of
    FROM (SELECT o.delivery_id, max(e.as_of) AS as_of FROM scoring.outbox o JOIN scoring.event e USING (event_id)
          GROUP BY 1) e WHERE e.delivery_id = d.delivery_id;
    UPDATE scoring.attempt a SET attempted_at = d.delivered_at FROM scoring.delivery d
    WHERE d.delivery_id = a.delivery_id;
    UPDATE scoring.alert SET noted_at = %(now)s, routed_at = %(now)s"""

TABLES = """
    SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
    WHERE relnamespace = 'scoring'::regnamespace AND relkind = 'r' ORDER BY 2 DESC"""


class Customers:
    """The same customers every day; some of them have moved since the day before."""

    def __init__(self, count: int) -> None:
        self._random = np.random.default_rng(0)
        self._ids = [f"c{number:06}" for number in range(count)]
        self._values = self._random.normal(0, 1, (count, len(NUMBERS)))

    def next_day(self) -> pa.Table:
        """The rows of the next day."""
        moved = self._random.random(len(self._ids)) < MOVED
        self._values[moved] = self._random.normal(0, 1, (int(moved.sum()), len(NUMBERS)))
        columns: dict[str, Any] = {"customer_id": self._ids, "plan": ["free", "paid"] * (len(self._ids) // 2)}
        columns |= {name: self._values[:, place].copy() for place, name in enumerate(NUMBERS)}
        return pa.table(columns, schema=arrow_schema(DAILY))


def snapshot(settings: Settings, as_of: dt.date, table: pa.Table) -> str:
    """Write and record one; returns its digest."""
    with tempfile.TemporaryDirectory(dir=settings.home) as scratch:
        path = Path(scratch) / "accepted.parquet"
        writer, content = (
            RowGroupWriter(path, table.schema, settings.row_group_rows),
            ContentDigest(table.schema),
        )
        for batch in table.to_batches():
            writer.write(batch)
            content.update(batch)
        digest = content.hexdigest(as_of=as_of.isoformat())
        writer.close(digest)
        location = lake.snapshot_location(settings.lake, DAILY.name, as_of, digest)
        lake.store(path, location)
    with transaction(settings.database()) as connection:
        rows = table.num_rows
        new = manifest.NewSnapshot(
            data_set=DAILY.name, as_of=as_of, digest=digest, stopped_because=None, source="simulated", corrects=None,
            definition_digest=DAILY.digest, suite_digest="", location=location, row_group_rows=settings.row_group_rows,
            received=rows, accepted=rows, quarantined=0, duplicates=0, warnings=[],
        )  # fmt: skip
        manifest.record(connection, new, [])
    return digest


def champions(settings: Settings, table: pa.Table, digest: str) -> None:
    """Train both models on the first day, and put them in charge."""
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    frame = table.select(list(NUMBERS)).to_pandas()
    target = pd.Series(frame["n8"] > 0).astype(float)
    for score in SCORES:
        fitted = score.new_estimator().fit(frame, target if score.kind == "classification" else frame["n0"])
        tags = {TRAINED_AS_OF_TAG: FIRST.isoformat(), SNAPSHOT_TAG: digest}
        ref = registry.register(
            score.model_name, fitted, frame.head(5), encoding=Encoding.of(score, DAILY), trusted_types=(), tags=tags,
            metrics={}, as_of=FIRST,
        )  # fmt: skip
        promote(settings, score, ref, Decision("person", "the simulation", "It is the only one."))


def score_all(settings: Settings, as_of: dt.date) -> None:
    """Publish both scores of a date."""
    for score in SCORES:
        planned = plan(settings, score, as_of, run_id="simulation")
        for shard in planned.shards:
            score_shard(settings, planned.publication_id, shard)
        publish(settings, planned.publication_id)


def live(settings: Settings, days: int, count: int) -> list[dt.date]:
    """Live through the days; returns their dates."""
    customers, dates = Customers(count), [FIRST + dt.timedelta(days=number) for number in range(days)]
    for number, as_of in enumerate(dates):
        table = customers.next_day()
        digest = snapshot(settings, as_of, table)
        if number == 0:
            champions(settings, table, digest)
        score_all(settings, as_of)
        if number % CORRECTED == CORRECTED - 1:
            snapshot(settings, as_of, customers.next_day())
            score_all(settings, as_of)
        with transaction(settings.database()) as connection:
            execute(connection, TOLD)
    known = [as_of for as_of in dates if as_of + dt.timedelta(days=30) <= dates[-1]]
    for as_of in known[-COLLECTED:]:
        for score in SCORES:
            collect(settings, score, as_of)
    for as_of in known[-MONITORED:]:
        monitor(settings, as_of, dates[-1])
    with transaction(settings.database()) as connection:
        execute(connection, AGED, {"now": dt.datetime.now(dt.UTC)})
    return dates


def monitor(settings: Settings, as_of: dt.date, today: dt.date) -> None:
    """Say of both scores how well they did at a date; the verdict, which looks at all later dates, is left out."""
    for score in SCORES:
        measure_drift(settings, score, as_of)
        perform(settings, score, as_of, today=today)


def sizes(settings: Settings) -> dict[str, Any]:
    """Bytes and numbers of things, after VACUUM."""
    with connect(settings.database()) as connection:
        connection.autocommit = True
        execute(connection, "VACUUM ANALYZE")
        tables = {row["name"]: int(row["bytes"]) for row in all_rows(connection, dict, TABLES)}
        database = int(value(connection, "SELECT pg_database_size(current_database())"))
    rows = {name: size for name, size in tables.items() if name.startswith("score_")}
    files = [path.stat().st_size for path in Path(settings.lake).rglob("*.parquet")]
    others = {name: size for name, size in tables.items() if name not in rows and size > 500_000}  # noqa: PLR2004
    return {
        "database": database, "partitions": len(rows), "bytes of partitions": sum(rows.values()), "files": len(files),
        "bytes of files": sum(files), **others,
    }  # fmt: skip


def checked(settings: Settings, dates: list[dt.date], now: dt.datetime) -> dict[str, Any]:
    """See that nothing needed was lost; raises if a passport or an evaluation is."""
    query = "SELECT score, as_of FROM scoring.publication WHERE state = 'published' ORDER BY as_of"
    with transaction(settings.database()) as connection:
        kept = all_rows(connection, dict, query)
        retired = value(connection, "SELECT count(*) FROM scoring.publication WHERE state = 'retired'")
        seen = partitions.look(connection, SCORES[0].name)
        unknown = value(connection, "SELECT count(*) FROM scoring.publication WHERE rows IS NULL OR checksum IS NULL")
    evaluated = _evaluated(settings)
    for one in kept:
        for customer in CHECKED:
            recompute(settings, passport(settings, one["score"], customer, one["as_of"]))
    remaining = sorted({one["as_of"] for one in kept})
    again = [as_of for as_of in remaining if as_of + dt.timedelta(days=30) <= dates[-1]][-MONITORED:]
    for as_of in again:
        monitor(settings, as_of, dates[-1])
    found = [str(one) for one in reconcile(settings, now) if one.kind in ("not published", "outdated", "not finished")]
    return {
        "kept": len(kept), "retired": retired, "passports recomputed": len(CHECKED) * len(kept),
        "monitored again": 2 * len(again),
        "figures of retired": evaluated,
        "found undone": found, "dates on the page": len(seen.dates), "without counts": unknown,
    }  # fmt: skip


def _evaluated(settings: Settings) -> int:
    """How many retired publications have their figures of what happened still."""
    query = """SELECT count(DISTINCT publication_id) FROM scoring.current_evaluation e
        JOIN scoring.publication p USING (publication_id) WHERE p.state = 'retired' AND e.kind = 'realised'"""
    with transaction(settings.database()) as connection:
        return int(value(connection, query))


def said(done: Maintained) -> list[str]:
    """What the run said, without naming each thing."""
    return [line for part in done.parts for line in part.lines(dry_run=False)]


def main() -> None:
    """Simulate, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--customers", type=int, default=300)
    asked = parser.parse_args()
    with installed("retention_definitions") as settings:
        migrate(settings.database())
        begun = time.monotonic()
        dates = live(settings, asked.days, asked.customers)
        lived, before = time.monotonic() - begun, sizes(settings)
        now = dt.datetime.combine(dates[-1] + dt.timedelta(days=1), dt.time(3), dt.UTC)
        begun = time.monotonic()
        done = maintain(settings, KEEP, now)
        took = time.monotonic() - begun
        result = {"before": before, "after": sizes(settings), "checks": checked(settings, dates, now)}
        print("\n".join(said(done)))
        print(json.dumps({"days": asked.days, "customers": asked.customers, "lived s": round(lived), **result,
                          "maintain s": round(took, 1), "second run removes": maintain(settings, KEEP, now).removed},
                         indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
