"""The table that ends ``make run`` shows what the rooms recorded."""

import pytest
from factories import JULY, JUNE, customers, published_rows, snapshot_of
from factories_notify import new_secret
from shop_definitions import LEAVING, SPENDING

from scoring.database import connect
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.local.receiver import Fault, FaultPlan, Receiver
from scoring.local.results import progress, results, waiting
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard

SECRET = new_secret()


@pytest.fixture
def connection(shop):
    with connect(shop.database()) as connection:
        yield connection


def test_a_result_joins_the_snapshot_the_publication_and_what_was_told(shop, connection, tmp_path):
    published_rows(shop, SPENDING, customers(150))
    july = published_rows(shop, SPENDING, customers(10, spend=900.0), JULY)
    published_rows(shop, LEAVING, customers(10), JULY)
    assert waiting(connection) == 160
    with Receiver(SECRET, tmp_path / "crm.sqlite3", plan=FaultPlan(fail=(Fault(status=500, times=1),))) as crm:
        notify(shop.database(), Webhook(crm.url, SECRET))
    assert 0 < waiting(connection) < 160, "one request was refused"
    found = results(connection, ["spending", "leaving"])
    assert list(found) == [(JUNE, "spending"), (JULY, "leaving"), (JULY, "spending")]
    assert sum(one.events for one in found.values()) + waiting(connection) == 160
    assert sum(one.requests for one in found.values()) == crm_requests(connection)
    shown = found[JULY, "spending"]
    assert (shown.publication_id, shown.rows, shown.changed, shown.checksum) == (
        july.publication_id, 10, 10, july.checksum,
    )  # fmt: skip
    assert (shown.received, shown.accepted, shown.quarantined, shown.duplicates) == (10, 10, 0, 0)
    assert shown.model_version == "1"
    silent = found[JULY, "leaving"]
    assert (silent.events, silent.requests) == (0, 0)


def crm_requests(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM scoring.attempt")
        return cursor.fetchone()[0]


def test_progress_counts_accepted_and_scored_rows(shop, connection):
    assert progress(connection, "shop", ["spending"], JUNE) == (0, 0)
    snapshot_of(shop, customers(30))
    assert progress(connection, "shop", ["spending"], JUNE) == (30, 0)
    planned = plan(shop, SPENDING, JUNE, run_id="test")
    score_shard(shop, planned.publication_id, 0)
    assert progress(connection, "shop", ["spending"], JUNE) == (30, 14)
    assert progress(connection, "shop", ["leaving"], JUNE) == (30, 0)
