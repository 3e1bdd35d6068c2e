"""Retraining learns from what cohorts looked back at when they were published; retention and erasure know it, too."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from derived_shop import SHOP, SPENDING
from factories import customer, published, query, register, snapshot_of, value
from factories_learning import T, learning, registry_of
from factories_monitoring import MONTHS, month, shoppers, truth
from waiting import until

from scoring.catalog import load_catalog
from scoring.customers.forget import forget
from scoring.database import connect
from scoring.learning.cohorts import mature, read
from scoring.learning.retrain import retrain
from scoring.maintain import observed, rules
from scoring.maintain.snapshots import _MARK
from scoring.publishing import shards
from scoring.publishing.passport import passport, recompute
from scoring.publishing.plan import plan
from scoring.snapshots import rewriting

WAITING = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND query LIKE '%%scoring%%shard%%FOR UPDATE%%'"""
SCORE = learning(SPENDING, cohorts=3)


@pytest.fixture
def settings(own_registry):
    found = own_registry.model_copy(update={"definitions": "derived_shop", "row_group_rows": 40, "shard_rows": 80})
    register(found, SPENDING, data_set=SHOP)
    return found


def three(settings):
    for place, as_of in enumerate(MONTHS[:3]):
        rows = shoppers(120, place)
        month(settings, as_of, rows=rows, later=truth(rows, place), score=SPENDING)
    # The outcomes of a month are the next snapshot in these tests: make the months what they are looked back at.
    for place, as_of in enumerate(MONTHS[:3]):
        snapshot_of(settings, shoppers(120, place), as_of)
        published(settings, SPENDING, as_of)


def cohorts(settings):
    with connect(settings.database()) as connection:
        return mature(connection, SCORE, T, dt.datetime.now(dt.UTC), 3)


def test_a_cohort_is_read_with_what_it_looked_back_at_when_it_was_published(settings):
    three(settings)
    before = cohorts(settings)
    snapshot_of(settings, [customer(number, spend=9.0) for number in range(120)], MONTHS[1])
    after = cohorts(settings)
    assert [one.content for one in after] == [one.content for one in before]
    with connect(settings.database()) as connection:
        rows = read(connection, SCORE, SHOP, after[2], columns=["spend_before_1"], most=1000).rows
    assert set(rows.column("spend_before_1").to_pylist()) != {9.0}
    published(settings, SPENDING, MONTHS[2])
    (*same, changed) = cohorts(settings)
    assert [one.content for one in same] == [one.content for one in before[:2]]
    assert replace(changed, past=None).content != changed.content != before[2].content
    with connect(settings.database()) as connection:
        rows = read(connection, SCORE, SHOP, changed, columns=["spend_before_1"], most=1000).rows
    assert set(rows.column("spend_before_1").to_pylist()) == {9.0}


def test_another_past_is_another_training_and_the_same_is_the_same(settings):
    three(settings)
    first = retrain(settings, SCORE, T, reason="the schedule", only_register=True)
    again = retrain(settings, SCORE, T, reason="the schedule", only_register=True)
    assert again.ref.version == first.ref.version
    assert registry_of(settings).tags(first.ref)["rows"]
    snapshot_of(settings, [customer(number, spend=9.0) for number in range(120)], MONTHS[0])
    published(settings, SPENDING, MONTHS[1])
    other = retrain(settings, SCORE, T, reason="the schedule", only_register=True)
    assert other.ref.version == first.ref.version + 1


def seen(settings):
    catalog = load_catalog(settings.definitions)
    with connect(settings.database()) as connection:
        return {one.snapshot_id: one for one, _ in observed.snapshots(connection, catalog, {})}


def test_a_snapshot_stays_while_a_publication_looks_back_at_it_or_the_next_date_will(settings):
    first = snapshot_of(settings, [customer(1)], MONTHS[0])
    second = snapshot_of(settings, [customer(1)], MONTHS[1])
    assert seen(settings)[first.snapshot_id].used == 0
    published(settings, SPENDING, MONTHS[1])
    assert (seen(settings)[first.snapshot_id].used, seen(settings)[second.snapshot_id].used) == (1, 1)
    assert seen(settings)[first.snapshot_id].reach == 2
    with connect(settings.database()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_MARK, (first.snapshot_id,))
        assert cursor.rowcount == 0
    query(
        settings,
        "UPDATE scoring.publication SET state = 'retired', retired_from = 'published', retired_at = now() RETURNING 1",
    )
    assert seen(settings)[first.snapshot_id].used == 0
    keep = rules.Keep(
        publications=1, newest=1, superseded=1, snapshots=1, quarantine=1, events=1, deliveries=1, attempts=1,
        outcomes=1, model_runs=1, versions=1, alerts=1, api_requests=1, streams=1,
    )  # fmt: skip
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=400)
    assert rules.snapshot_stays(seen(settings)[first.snapshot_id], keep, later) == "scores look back 2 dates"
    for as_of in MONTHS[2:4]:
        snapshot_of(settings, [customer(1)], as_of)
    assert rules.snapshot_stays(seen(settings)[first.snapshot_id], keep, later) is None


def test_a_forgotten_customer_is_not_looked_back_at_and_others_keep_their_passports(settings):
    rows = [customer(number, spend=100.0 + number) for number in range(90)]
    snapshot_of(settings, rows, MONTHS[0])
    snapshot_of(settings, rows, MONTHS[1])
    published(settings, SPENDING, MONTHS[1])
    forget(settings, SHOP, "c0041", by="Ann", reason="a letter")
    assert value(settings, "SELECT count(*) FROM scoring.published_score WHERE customer_id = 'c0041'") == 0
    for name in ("c0040", "c0042", "c0089"):
        found = passport(settings, "spending", name)
        assert recompute(settings, found) == found.row.value == 100.0 + int(name[1:])
    snapshot_of(settings, rows, MONTHS[2])  # as if somebody had brought them back
    published(settings, SPENDING, MONTHS[2])
    assert passport(settings, "spending", "c0041").row.value == 0.0


def test_an_erasure_waits_for_shards_that_look_back_at_the_file(settings):
    first = snapshot_of(settings, [customer(number) for number in range(9)], MONTHS[0])
    snapshot_of(settings, [customer(number) for number in range(5, 9)], MONTHS[1])  # the person is in the first alone
    planned = plan(settings, SPENDING, MONTHS[1], run_id="test")
    with connect(settings.database()) as scoring, ThreadPoolExecutor(1) as pool:
        shards.lock(scoring, planned.publication_id, 0)
        forgetting = pool.submit(forget, settings, SHOP, "c0001", by="Ann", reason="a letter")
        try:
            until(lambda: forgetting.done() or value(settings, WAITING))
            assert rewriting.holds(first.location, "customer_id", "c0001") == 1
        finally:
            scoring.rollback()
        forgetting.result(60)
    assert rewriting.holds(first.location, "customer_id", "c0001") == 0
