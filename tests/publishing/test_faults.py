"""Killed and cut-off work: after the retry everything is as if nothing had happened."""

from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from factories import JULY, JUNE, customers, deliver, published, query, score_rows, snapshot_of, state_of, value
from factories_faults import WAITING, wait_until_somebody_waits
from shop_definitions import SHOP, SPENDING
from waiting import PATIENCE

from scoring.database import connect
from scoring.errors import TransientError
from scoring.intake.ingest import ingest
from scoring.publishing import publications, shards
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import drop, publish

FIRST, SECOND = customers(30), [row | {"spend": row["spend"] * (1 + n % 3)} for n, row in enumerate(customers(32))]


@pytest.fixture
def undisturbed(shop, server):
    """What two partitions leave when nothing happens, made in another database; then it is dropped."""
    name = "undisturbed"
    admin = psycopg2.connect(server)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template_scoring")
    other = shop.model_copy(update={"database_url": type(shop.database_url)(server.replace("/postgres?", f"/{name}?"))})
    june(other)
    snapshot_of(other, SECOND, JULY)
    published(other, SPENDING, JULY)
    yield state_of(other)
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


def june(settings):
    snapshot_of(settings, FIRST, JUNE)
    published(settings, SPENDING, JUNE)


@pytest.fixture
def planned(shop):
    """The shop with June published and July planned."""
    june(shop)
    snapshot_of(shop, SECOND, JULY)
    return shop, plan(shop, SPENDING, JULY, run_id="first try")


def test_a_process_killed_during_a_shard_leaves_nothing_and_the_retry_completes(
    planned, undisturbed, killed_while_waiting
):
    shop, first = planned
    written = "LOCK TABLE scoring.shard IN SHARE MODE"  # its rows are copied, its mark is not set
    with killed_while_waiting(shop, "shard", written, first.publication_id):
        pass
    again = plan(shop, SPENDING, JULY, run_id="retry")
    assert again == first
    for shard in again.shards:
        score_shard(shop, again.publication_id, shard)
    assert publish(shop, again.publication_id).rows == 32
    assert state_of(shop) == undisturbed


@pytest.mark.parametrize(
    ("lock", "done"),
    [
        ("LOCK TABLE scoring.publication IN SHARE MODE", False),
        ("SELECT pg_advisory_lock(4711)", True),
    ],
    ids=["after its events were written and before the commit", "after the commit and before anything else"],
)
def test_a_process_killed_during_publish_tells_all_or_nothing_and_the_retry_completes(
    planned, undisturbed, lock, done, killed_while_waiting
):
    shop, first = planned
    for shard in first.shards:
        score_shard(shop, first.publication_id, shard)
    before = state_of(shop)
    with killed_while_waiting(shop, "publish", lock, first.publication_id):
        assert state_of(shop) == (undisturbed if done else before)
    published(shop, SPENDING, JULY)
    assert state_of(shop) == undisturbed


def test_a_process_killed_while_it_records_a_snapshot_leaves_nothing_and_the_retry_completes(
    shop, killed_while_waiting
):
    deliver(shop, FIRST, JULY)
    with killed_while_waiting(shop, "ingest", "LOCK TABLE scoring.snapshot IN SHARE MODE"):
        assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 0
    intake = ingest(shop, SHOP, JULY)
    assert (intake.accepted, intake.unchanged) == (30, False)
    files = [path for path in (shop.home / "lake").rglob("*") if path.is_file()]
    assert [path.suffix for path in files] == [".parquet"]


def test_a_connection_that_breaks_during_a_shard_is_worth_another_try(planned, undisturbed):
    shop, first = planned

    holder = psycopg2.connect(shop.database())
    with holder.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("LOCK TABLE scoring.shard IN SHARE MODE")
        running = pool.submit(score_shard, shop, first.publication_id, 1)
        wait_until_somebody_waits(shop, running.running)
        query(shop, WAITING.replace("count(*)", "pg_terminate_backend(pid)"))
        with pytest.raises(TransientError, match="The database broke off"):
            running.result(timeout=PATIENCE)
    holder.close()
    for shard in first.shards:
        score_shard(shop, first.publication_id, shard)
    publish(shop, first.publication_id)
    assert state_of(shop) == undisturbed


def test_a_publication_dropped_while_a_shard_is_scored_waits_for_the_shard(shop):
    snapshot_of(shop, FIRST)
    publication_id = plan(shop, SPENDING, JUNE, run_id="test").publication_id
    with ThreadPoolExecutor(1) as pool, connect(shop.database()) as connection:
        with connection:
            shards.lock(connection, publication_id, 0)
            dropping = pool.submit(drop, shop, SPENDING, JUNE, publication_id)
            wait_until_somebody_waits(shop, lambda: not dropping.done())
            table = publications.rows_table(publication_id)
            shards.copy_rows(connection, table, score_rows("c0001"))  # no deadlock
        dropping.result(timeout=PATIENCE)
    assert value(shop, "SELECT count(*) FROM scoring.publication") == 0
