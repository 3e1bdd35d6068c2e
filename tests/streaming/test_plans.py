"""The plans of the statements of streams, on as many rows as a busy stream leaves: each finds its rows by an index."""

import datetime as dt

import psycopg2
import pytest
from factories_plans import collected_plans, scanned, searched
from psycopg2 import sql
from streamed_shop import SPENDING

from scoring.catalog import load_catalog
from scoring.database import connect, execute
from scoring.exporter.observed import observe
from scoring.page import streams as page
from scoring.publishing import streamed
from scoring.publishing.change import Standing
from scoring.publishing.streamed import Streamed
from scoring.publishing.telling_updates import ScoredUpdate, tell_updates
from scoring.reconcile import observed
from scoring.streaming import offsets, refusals, updates
from scoring.streaming.catching_up import MOST as UPDATES
from scoring.streaming.catching_up import PAGE
from scoring.streaming.order import Range

CUSTOMERS, REFUSED, NOT_SENT = 200_000, 50_000, 200
TIME = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)
BIG = {"customer_update", "streamed_score", "stream_refusal", "stream_range", "announcement", "event"}
SOME = [f"c{number:07}" for number in range(0, CUSTOMERS, CUSTOMERS // 1000)]  # of a micro-batch

# Every tenth customer has no score of leaving yet. Refusals are of two data sets, the last ones of another.
FILL = """
INSERT INTO scoring.customer_update (data_set, customer_id, event_time, topic, partition_id, message_offset, content)
SELECT 'shop', 'c' || lpad(n::text, 7, '0'), %(time)s, 'shop.updates', 0, n, json_build_object('spend', n)
FROM generate_series(0, %(customers)s - 1) n;
INSERT INTO scoring.stream_origin (origin_digest, score, arm, model_name, model_version, model_digest,
    definition_digest, code_version)
SELECT repeat('e', 64), 'spending', 'champion', 'spending', 1, repeat('c', 64), '', '1';
INSERT INTO scoring.streamed_score (score, customer_id, value, origin_id, event_time, topic, partition_id,
    message_offset)
SELECT s, 'c' || lpad(n::text, 7, '0'), n, origin_id, %(time)s, 'shop.updates', 0, n
FROM generate_series(0, %(customers)s - 1) n, unnest(ARRAY['leaving', 'spending']) s, scoring.stream_origin
WHERE s = 'spending' OR n %% 10 > 0;
INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, event_time, model_version)
SELECT 'spending', 'c' || lpad(n::text, 7, '0'), 1, '2024-06-30', 0, %(time)s - interval '20 days', 1
FROM generate_series(0, %(customers)s - 1) n;
INSERT INTO scoring.event (score, customer_id, version, as_of, value, event_time, model_version)
SELECT 'spending', 'c' || lpad(n::text, 7, '0'), 1, '2024-06-30', 0, %(time)s - interval '20 days', 1
FROM generate_series(0, %(customers)s - 1) n;
INSERT INTO scoring.stream_refusal (data_set, topic, partition_id, message_offset, customer_id, rules, columns,
    "values", reason, bytes, dead_lettered_at)
SELECT CASE WHEN n < %(refused)s * 0.9 THEN 'shop' ELSE 'others' END, 'shop.updates', 0, n, 'c' || n, '{r}', '{spend}',
    '{-1}', 'why', 100, CASE WHEN n %% (%(refused)s / %(not_sent)s) > 0 THEN clock_timestamp() END
FROM generate_series(1, %(refused)s) n;
INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset, received, accepted)
SELECT 'shop', 'shop.updates', n, 0, 1000, 0, 0 FROM generate_series(0, 5) n;
INSERT INTO scoring.stream_range (data_set, topic, partition_id, first_offset, next_offset, received, accepted,
    quarantined, outdated)
SELECT 'shop', 'shop.updates', n %% 6, n, n + 1, 1, 1, 0, 0 FROM generate_series(1, %(customers)s) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def busy(server):
    """URI of a database after a busy stream; nothing that a test does in it is committed."""
    admin = psycopg2.connect(server)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE busy_stream TEMPLATE template_scoring"))
    admin.close()
    url = server.replace("/postgres?", "/busy_stream?")
    given = {"customers": CUSTOMERS, "refused": REFUSED, "not_sent": NOT_SENT, "time": TIME}
    with connect(url) as connection, connection:
        execute(connection, FILL, given)
    return url


@pytest.fixture
def connection(busy):
    """A connection whose transaction is rolled back."""
    with connect(busy) as opened:
        yield opened
        opened.rollback()


def new(customer, origin):
    return Streamed(customer, Standing(1.0, None, None), origin, TIME, 0, 1)


RECORD = {
    "the newest update of each customer": lambda c: updates.newest(c, "shop", SOME),
    "the content of an update": lambda c: updates.content_of(
        c, "shop", SOME[7], topic="shop.updates", partition=0, offset=0
    ),
    "the end of a page": lambda c: updates.end_of_page(c, "shop", SOME[7], PAGE),
    "scores of customers": lambda c: streamed.put(c, "spending", "shop.updates", [new(name, 1) for name in SOME]),
    "the streamed score of a customer": lambda c: streamed.in_force(c, "spending", SOME[7]),
    "what customers were told": lambda c: tell_updates(
        c, SPENDING, [ScoredUpdate(name, TIME, Standing(500.0, None, None), 1) for name in SOME]
    ),
    "dead letters that wait": lambda c: refusals.waiting(c, "shop", 200),
    "how many wait": lambda c: refusals.count_waiting(c, "shop"),
    "dead letters that were sent": lambda c: refusals.note_sent(c, list(range(1, 201))),
    "the last refusals": lambda c: refusals.listed(c, "shop", 20),
    "an offset moves": lambda c: offsets.move(c, "shop", "shop.updates", [Range(0, 1000, 1001, accepted=1)]),
    "how far each partition was read": lambda c: offsets.listed(c, "shop"),
    "what reconcile and the page know of streams": lambda c: observed.streams(c, ["shop"]),
    "dead letters as reconcile and the page count them": lambda c: observed.dead_letters(c, ["shop", "others"]),
    "the page": lambda c: page.streams(c, load_catalog("streamed_shop"), TIME),
}


@pytest.mark.parametrize("run", RECORD.values(), ids=RECORD.keys())
def test_no_statement_of_streams_goes_through_a_big_table(connection, run):
    with collected_plans(connection) as plans:
        run(connection)
    assert plans
    assert not BIG & scanned(plans)


def test_updates_and_scores_of_customers_are_found_by_their_keys(connection):
    with collected_plans(connection) as plans:
        assert len(updates.newest(connection, "shop", SOME)) == len(SOME)
        page_of = SOME[7], updates.end_of_page(connection, "shop", SOME[7], PAGE)
        found = updates.unscored(connection, "shop", "leaving", page_of, since=None, most=UPDATES)
    assert len(found) == UPDATES
    assert {"customer_update_pkey", "streamed_score_pkey"} <= searched(plans)
    assert not BIG & scanned(plans)


def test_what_waits_for_the_dead_letters_is_found_among_all_that_was_refused(connection):
    with collected_plans(connection) as plans:
        assert len(refusals.waiting(connection, "shop", REFUSED)) == NOT_SENT * 0.9 - 1
        assert refusals.count_waiting(connection, "shop") == NOT_SENT * 0.9 - 1
        observed.dead_letters(connection, ["shop", "others"])
    assert searched(plans) == {"stream_refusal_waiting"}


def test_the_exporter_counts_scores_by_an_index(connection):
    with collected_plans(connection) as plans:
        observe(connection, load_catalog("streamed_shop"), TIME)
    assert not BIG & scanned(plans)
    assert "streamed_score_of" in searched(plans)
