"""What is killed is finished, what is under way is waited for, and nobody comes back by a side door."""

import datetime as dt
import json

import psycopg2.errors
import pytest
from factories import JULY, JUNE, customer, customers, deliver, published, query, scored, snapshot_of, table_of, value
from factories_notify import new_secret
from factories_outcomes import TOLD, deliver_outcomes
from pydantic import SecretStr
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.customers.forget import forget, would_erase
from scoring.database import connect, transaction
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.delivery.outbox import pack
from scoring.errors import ConfigurationError, NotFound, PermanentError, TransientError
from scoring.intake.builder import Origin, SnapshotBuilder
from scoring.intake.expectations import load_suite
from scoring.intake.ingest import ingest
from scoring.local.receiver import Receiver
from scoring.outcomes.collect import collect
from scoring.publishing.publish import publish
from scoring.reconcile.reconcile import reconcile
from scoring.snapshots import forgotten, lake, listing

PERSON = "c0003"
WHY = {"by": "Ann", "reason": "a letter"}
CHILD = """
import json, sys
from scoring.settings import Settings
from scoring.catalog import load_catalog
from scoring.customers.forget import forget
settings = Settings(**json.load(sys.stdin))
forget(settings, load_catalog("shop_definitions").data_set("shop"), "c0003", by="Ann", reason="a letter")
"""


def there(settings):
    return would_erase(settings, SHOP, PERSON).counts


def unfinished(settings):
    return [finding.kind for finding in reconcile(settings, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))]


def test_an_erasure_that_was_killed_in_the_middle_is_finished_by_the_same_command(shop, killed_while_waiting):
    snapshot_of(shop, customers(20))
    published(shop, SPENDING)
    lock = f"SELECT FROM scoring.announcement WHERE customer_id = '{PERSON}' FOR UPDATE"
    with killed_while_waiting(shop, "forget", lock, child=CHILD):
        assert value(shop, "SELECT state FROM scoring.erasure") == "open"
        assert "not forgotten" in unfinished(shop)
        left = there(shop)
        assert "snapshots" not in left
        assert "announcements" in left
    done = forget(shop, SHOP, PERSON, **WHY)
    assert "snapshots" not in done.erased
    assert there(shop) == {}
    assert "not forgotten" not in unfinished(shop)
    assert query(shop, "SELECT state, count(*) FROM scoring.erasure GROUP BY state") == [("done", 1)]
    assert (
        value(shop, "SELECT erased FROM scoring.snapshot") == value(shop, "SELECT erased FROM scoring.publication") == 1
    )


def test_a_publication_under_way_is_published_without_the_person(shop):
    snapshot_of(shop, customers(20))
    waiting = scored(shop, SPENDING)  # its shards have written the person
    forget(shop, SHOP, PERSON, **WHY)
    done = publish(shop, waiting)
    assert done.rows == 20
    assert value(shop, "SELECT count(*) FROM scoring.published_score") == 19
    later = published(shop, LEAVING)  # planned and scored after it
    assert later.rows == 19
    assert there(shop) == {}
    assert published(shop, SPENDING) == done


def test_an_intake_under_way_records_nothing_and_stores_nothing(shop, tmp_path):
    builder = SnapshotBuilder(shop, SHOP, JUNE, tmp_path)
    for batch in table_of(customers(20)).to_batches():
        builder.accept(batch)
    suite = load_suite(shop.expectations_dir, SHOP)
    new = builder.judge(suite, suite.validation(), Origin("a file", 20, 0))
    forget(shop, SHOP, PERSON, **WHY)
    with pytest.raises(TransientError, match="was forgotten while 2024-06-30 was taken in"):
        builder.record(new)
    assert list(listing.files(shop.lake)) == []
    assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 0


def test_a_file_that_no_snapshot_names_is_written_again_too(shop):
    snapshot_of(shop, customers(20))
    query(shop, "DELETE FROM scoring.snapshot")  # as if the intake had been killed after it stored the file
    assert there(shop) == {"snapshots": 1}
    forget(shop, SHOP, PERSON, **WHY)
    assert there(shop) == {}


def test_a_person_who_was_alone_in_a_row_group_leaves_an_empty_one(shop):
    snapshot = snapshot_of(shop, [*customers(3), *(customer(n) for n in range(4, 8)), customer(3)])  # eighth of eight
    waiting = scored(shop, SPENDING)
    forget(shop, SHOP, PERSON, **WHY)
    with lake.SnapshotFile(snapshot.location) as file:
        assert (file.row_groups, file.rows, file.erased.tolist()) == (2, 7, [7])
    assert publish(shop, waiting).rows == 8
    assert published(shop, LEAVING).rows == 7


def test_a_request_with_nobody_left_in_it_is_not_sent_and_one_with_others_is_sent_without(shop, tmp_path):
    secret = new_secret()
    snapshot_of(shop, customers(20))
    published(shop, SPENDING)
    query(shop, "UPDATE scoring.endpoint SET max_events = 2")
    query(
        shop,
        "DELETE FROM scoring.outbox WHERE event_id IN (SELECT event_id FROM scoring.event WHERE customer_id = 'c0002')",
    )
    with connect(shop.database()) as connection, connection:
        pack(connection, Webhook("", secret))
    query(shop, "UPDATE scoring.endpoint SET max_events = 1")
    snapshot_of(shop, customers(20, spend=900.0), JULY)
    published(shop, SPENDING, JULY)
    with connect(shop.database()) as connection, connection:
        pack(connection, Webhook("", secret))
    forget(shop, SHOP, PERSON, **WHY)
    assert query(shop, "SELECT events, erased FROM scoring.delivery WHERE state = 'erased'") == [(0, 1)]
    assert query(shop, "SELECT events, erased FROM scoring.delivery WHERE erased > 0 AND state = 'pending'") == [(1, 1)]
    with Receiver(secret, tmp_path / "crm.sqlite3") as receiver:
        told = notify(shop.database(), Webhook(receiver.url, secret))
        assert told.failed == 0
    assert PERSON.encode() not in (tmp_path / "crm.sqlite3").read_bytes()
    bodies = [json.loads(row.body)["data"]["events"] for row in query(shop, "SELECT body FROM scoring.delivery")]
    assert len([event for events in bodies for event in events]) == 18 + 19


def test_outcomes_that_a_source_tells_of_the_person_are_left_out(shop):
    snapshot_of(shop, customers(5))
    published(shop, SPENDING)
    forget(shop, SHOP, PERSON, **WHY)
    deliver_outcomes(shop, f"{PERSON},7,2024-07-02", "c0001,7,2024-07-02")
    done = collect(shop, TOLD, JUNE)
    assert (done.received, done.recorded, done.others) == (1, 1, 1)
    assert there(shop) == {}


def test_with_another_secret_nobody_is_let_in(shop):
    forget(shop, SHOP, PERSON, **WHY)
    changed = shop.model_copy(update={"erasure_secret": SecretStr("another")})
    deliver(shop, customers(5))
    with pytest.raises(ConfigurationError, match="SCORING_ERASURE_SECRET is not what it was"):
        ingest(changed, SHOP, JUNE)
    with pytest.raises(ConfigurationError, match="SCORING_ERASURE_SECRET"):
        forget(changed, SHOP, "c0004", **WHY)


def test_a_person_who_comes_back_is_taken_in_with_the_next_snapshot(shop):
    forget(shop, SHOP, PERSON, **WHY)
    with transaction(shop.database()) as connection:
        forgotten.lift(connection, shop.erasure_secret, SHOP.name, PERSON, by="Ann", reason="signed again")
    deliver(shop, customers(5))
    assert ingest(shop, SHOP, JUNE).accepted == 5
    assert there(shop) == {"snapshots": 1}
    with transaction(shop.database()) as connection, pytest.raises(NotFound):
        forgotten.lift(connection, shop.erasure_secret, SHOP.name, PERSON, by="Ann", reason="signed again")


@pytest.mark.parametrize(
    "why", [{"by": " ", "reason": "x"}, {"by": "Ann", "reason": ""}, {"by": "Ann", "reason": f"of {PERSON}."}]
)
def test_an_erasure_says_who_and_why_and_does_not_name_the_person(shop, why):
    with pytest.raises(PermanentError):
        forget(shop, SHOP, PERSON, **why)
    assert value(shop, "SELECT count(*) FROM scoring.erasure") == 0


def test_only_one_person_is_forgotten_at_a_time(shop):
    with connect(shop.database()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('erasing', 0))")
        with pytest.raises(TransientError, match="Another person"):
            forget(shop, SHOP, PERSON, **WHY)


def test_counts_that_do_not_add_up_are_refused_by_the_database(shop):
    snapshot_of(shop, customers(5))
    for statement in (
        "UPDATE scoring.snapshot SET erased = 6",
        "UPDATE scoring.snapshot SET erased = -1",
        "INSERT INTO scoring.delivery (endpoint, body, events, state) VALUES ('crm_webhook', '', 0, 'pending')",
    ):
        with pytest.raises(psycopg2.errors.CheckViolation):
            query(shop, statement)
