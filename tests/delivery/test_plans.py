"""Packing, claiming and recording cost the same however much was delivered before, and whatever statistics say."""

import pytest
from factories_plans import collected_plans, fill, nodes, run, scanned, searched
from pydantic import SecretStr

from scoring.database import connect
from scoring.delivery import deliveries, endpoints, order, outbox
from scoring.delivery.adapters.contract import Answer, Limits
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.retry import Next

ADAPTER = Webhook("", SecretStr(""))  # renders, and could not send
BIG = {"outbox", "event", "delivery", "attempt"}
PUBLISHED = """
    WITH told AS (
        INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value)
        SELECT 'leaving', 'c' || lpad(n::text, 7, '0'), 9, '2023-01-01', 1, 1, 0.4 FROM generate_series(1, 20000) n
        RETURNING event_id)
    INSERT INTO scoring.outbox (endpoint, event_id) SELECT 'crm_webhook', event_id FROM told"""
WAITING = """
    INSERT INTO scoring.delivery (endpoint, body, events, next_attempt_at, split_from)
    SELECT 'crm_webhook', '{"data":{"events":[]}}', 1, now() + (n - 60) * interval '1 second', delivery_id
    FROM generate_series(1, 20000) n
    LEFT JOIN LATERAL (SELECT delivery_id FROM scoring.delivery WHERE mod(n, 10) = 0 LIMIT 1) whole ON true"""


@pytest.fixture(params=["exact", "lagging", "none"])
def published(request, busy, database_url):
    """A publication has just told 20,000 changes; statistics are exact, those of before, or there are none."""
    url = database_url if request.param == "none" else busy
    if request.param == "none":
        fill(url, statistics=False)
    run(url, PUBLISHED)
    if request.param == "exact":
        run(url, "ANALYZE")
    return url


def packed(url, limit):
    with connect(url) as connection, collected_plans(connection) as plans:
        assert outbox.pack(connection, ADAPTER, limit=limit) == limit
    return plans


@pytest.mark.parametrize("limit", [100, 10_000])
def test_packing_goes_through_no_table_and_sorts_only_its_piece(published, limit):
    plans = packed(published, limit)
    assert not BIG & scanned(plans)
    locks = [node for plan in plans for node in nodes(plan) if node["Node Type"] == "LockRows"]
    assert locks
    assert not [node for lock in locks for node in nodes(lock) if node["Node Type"] == "Sort"]


def test_packing_marks_each_event_by_a_look_up_of_its_own(published):
    (marked,) = [plan for plan in packed(published, 10_000) if plan.get("Relation Name") == "outbox"]
    assert searched([marked]) == {"outbox_waiting"}
    looked_up = [node for node in nodes(marked) if node.get("Index Name") == "outbox_waiting"]
    assert all("event_id = v.event_id" in node["Index Cond"] for node in looked_up)
    assert not [node for node in nodes(marked) if "Hash" in node["Node Type"] or "Sort" in node["Node Type"]]


def test_what_is_due_is_found_in_the_order_of_an_index(published):
    run(published, WAITING)
    with connect(published) as connection, collected_plans(connection) as plans:
        assert deliveries.claim(connection, endpoints.CRM) is not None
    assert searched(plans) >= {"delivery_due"}
    assert not BIG & scanned(plans)
    assert not [node for plan in plans for node in nodes(plan) if node["Node Type"] == "Sort"]


def test_an_answer_is_recorded_by_one_statement_that_looks_the_delivery_up(published):
    run(published, WAITING)
    with connect(published) as connection:
        claimed = deliveries.claim(connection, endpoints.CRM)
        with collected_plans(connection) as plans:
            deliveries.circumstances(connection, claimed)
            deliveries.record(connection, claimed, Answer(200, None, None, 0.1), Next("delivered"))
    assert len(plans) == 2
    assert not BIG & scanned(plans)


def test_whether_anything_waits_is_looked_up_also_when_much_waited_a_moment_ago(busy):
    run(busy, PUBLISHED)
    run(busy, WAITING)
    run(busy, "ANALYZE")
    run(busy, "UPDATE scoring.outbox SET delivery_id = gen_random_uuid() WHERE delivery_id IS NULL")
    run(busy, "UPDATE scoring.delivery SET state = 'delivered', delivered_at = now() WHERE state <> 'delivered'")
    with connect(busy) as connection, collected_plans(connection) as plans:
        assert not outbox.undelivered(connection)
        assert endpoints.with_work(connection) == []
    assert not BIG & scanned(plans)


def test_what_newer_events_overtake_is_found_through_what_is_not_delivered(published):
    run(published, WAITING)
    subjects = [("leaving", f"c{number:07d}") for number in range(1000)]
    with connect(published) as connection, collected_plans(connection) as plans:
        order.overtaken(connection, endpoints.CRM, subjects)
    assert not BIG & scanned(plans)


def test_a_delivery_is_split_by_look_ups(busy):
    query = "SELECT delivery_id::text FROM scoring.delivery WHERE state = 'delivered' LIMIT 1"
    with connect(busy) as connection:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE scoring.delivery SET state = 'pending', delivered_at = NULL "
                           f"WHERE delivery_id = ({query})::uuid")  # fmt: skip
        claimed = deliveries.claim(connection, endpoints.CRM)
        with collected_plans(connection) as plans:
            outbox.split(connection, ADAPTER, claimed, Limits(5, 20_000))
    assert plans
    assert not BIG & scanned(plans)


@pytest.mark.parametrize("state", [None, "dead"])
def test_a_list_of_deliveries_looks_up_the_attempts_of_those_that_it_shows(busy, state):
    with connect(busy) as connection, collected_plans(connection) as plans:
        assert deliveries.newest(connection, endpoints.CRM, state=state)
    assert not {"attempt", "outbox", "event"} & scanned(plans)
