"""A new endpoint is told what holds now: each announcement once, with versions that others never see twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import JULY, JUNE, customers, published_rows, query
from factories_faults import held, wait_until_somebody_waits
from shop_definitions import SPENDING

from scoring.database import transaction
from scoring.delivery import topics
from scoring.errors import NotFound, PermanentError
from scoring.publishing.filling import fill

WAITING = """
    SELECT e.customer_id, e.version, e.value, e.as_of FROM scoring.outbox o JOIN scoring.event e USING (event_id)
    WHERE o.endpoint = %s AND o.delivery_id IS NULL ORDER BY 1, 2"""
ANNOUNCED = "SELECT customer_id, version, value, as_of FROM scoring.announcement WHERE score = 'spending' ORDER BY 1"


def add(settings, name="stream"):
    with transaction(settings.database()) as connection:
        topics.add(connection, name)


def waiting(settings, name="stream"):
    return query(settings, WAITING, name)


def test_a_new_endpoint_is_told_only_what_comes(shop):
    published_rows(shop, SPENDING, customers(5, spend=100.0), JUNE)
    add(shop)
    assert waiting(shop) == []
    published_rows(shop, SPENDING, customers(5, spend=900.0), JULY)
    assert waiting(shop) == query(shop, ANNOUNCED) != []


def test_what_the_crm_was_told_is_told_by_the_same_events(shop):
    published_rows(shop, SPENDING, customers(5, spend=100.0), JUNE)
    before, events = query(shop, ANNOUNCED), query(shop, "SELECT count(*) FROM scoring.event")
    add(shop)
    assert fill(shop, "stream") == {"leaving": 0, "spending": 5}
    assert waiting(shop) == before == query(shop, ANNOUNCED)
    assert query(shop, "SELECT count(*) FROM scoring.event") == events
    assert fill(shop, "stream")["spending"] == 0, "it waits already"


def test_who_became_known_in_silence_gets_an_event_of_the_next_version_that_the_crm_is_not_told(shop):
    published_rows(shop, SPENDING, customers(3), JUNE)
    query(shop, "UPDATE scoring.announcement SET version = 0 RETURNING 1")
    query(shop, "DELETE FROM scoring.outbox RETURNING 1")
    query(shop, "DELETE FROM scoring.event RETURNING 1")
    add(shop)
    assert fill(shop, "stream")["spending"] == 3
    assert waiting(shop) == query(shop, ANNOUNCED)
    assert {row.version for row in waiting(shop)} == {1}
    assert waiting(shop, "crm_webhook") == []
    told = query(shop, "SELECT DISTINCT model_version, previous_value, publication_id FROM scoring.event")
    assert told == query(
        shop,
        "SELECT DISTINCT r.model_version, NULL::float8, publication_id FROM scoring.score r JOIN scoring.publication p "
        "USING (publication_id) WHERE p.score = 'spending'",
    )


def test_what_moved_in_silence_is_told_as_it_is_now_and_a_later_change_has_a_higher_version(shop):
    published_rows(shop, SPENDING, customers(2, spend=100.0), JUNE)
    query(shop, "UPDATE scoring.announcement SET value = value + 0.5 RETURNING 1")
    add(shop)
    fill(shop, "stream")
    assert waiting(shop) == query(shop, ANNOUNCED)
    assert {row.version for row in waiting(shop)} == {2}
    published_rows(shop, SPENDING, customers(2, spend=900.0), JULY)
    assert {row.version for row in waiting(shop, "crm_webhook")} == {1, 3}


def test_a_fill_waits_while_somebody_publishes(shop):
    add(shop)
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('publication spending', 0))"
    with ThreadPoolExecutor(1) as pool:
        with held(shop, lock):
            filling = pool.submit(fill, shop, "stream")
            wait_until_somebody_waits(shop, lambda: not filling.done())
        assert filling.result() == {"leaving": 0, "spending": 0}


def test_an_unknown_endpoint_is_not_filled(shop):
    with pytest.raises(NotFound, match="no endpoint 'nowhere'"):
        fill(shop, "nowhere")


def test_the_crm_is_not_filled_for_it_is_told_differences(shop):
    published_rows(shop, SPENDING, customers(2), JUNE)
    before = waiting(shop, "crm_webhook")
    with pytest.raises(PermanentError, match="crm_webhook keeps what it was told"):
        fill(shop, "crm_webhook")
    assert waiting(shop, "crm_webhook") == before
