"""A score without a champion holds nobody up: updates are recorded, and scored by it when it has one."""

import datetime as dt
import logging

import pytest
from factories import JULY, JUNE, customers, events, published, query, register, snapshot_of, value
from factories_kafka import produce
from factories_stream import JULY_10, current, drain, offsets, send, streamed, update, wait_for, working
from mlflow import MlflowClient
from streamed_shop import LEAVING, SPENDING
from waiting import until

from scoring.database import transaction
from scoring.publishing.publications import CHAMPION
from scoring.snapshots import forgotten
from scoring.streaming.catching_up import MOST
from scoring.streaming.models import NoModel

SCORES = """
    SELECT score, customer_id, value, points, band, event_time, message_offset FROM scoring.streamed_score
    ORDER BY 1, 2"""
TOLD = "SELECT score, customer_id, value, version, event_time FROM scoring.announcement ORDER BY 1, 2"


def without_champion(settings, *scores):
    """The registry as it is before somebody trains these scores."""
    mlflow = settings.mlflow_tracking_uri.get_secret_value()
    client = MlflowClient(tracking_uri=mlflow, registry_uri=mlflow)
    for score in scores:
        client.delete_registered_model_alias(score.model_name, CHAMPION)


@pytest.fixture
def young(own_registry):
    """The shop whose scores are streamed, with a registry of its own."""
    return own_registry.model_copy(update={"definitions": "streamed_shop"})


@pytest.fixture
def half(young):
    """Only spending has a champion; it is published for June."""
    without_champion(young, LEAVING)
    snapshot_of(young, customers(20, spend=100.0), JUNE)
    published(young, SPENDING)
    query(young, "DELETE FROM scoring.outbox")
    query(young, "DELETE FROM scoring.event")
    return young


def state(settings):
    return [tuple(row) for statement in (SCORES, TOLD) for row in query(settings, statement)]


def test_the_score_with_a_champion_is_scored_and_the_other_one_catches_up_when_it_has_one(half, broker, caplog):
    caplog.set_level(logging.INFO)
    shop = streamed(broker)
    with working(half, broker, shop):
        send(broker, shop, [update(3, spend=500.0, mood=2.0)])
        wait_for(half, 1)
        assert current(half)["c0003"] == 500.0
        assert current(half, "leaving") == {}
        assert (
            "score leaving: updates are recorded without it until it has a model: Model 'leaving' has no champion"
            in (caplog.text)
        )
        register(half, LEAVING)
        until(lambda: current(half, "leaving"))
        send(broker, shop, [update(4, mood=0.0)])
        wait_for(half, 2)
    assert current(half, "leaving") == {"c0003": pytest.approx(0.880797, abs=1e-6), "c0004": 0.5}
    assert [one.score for one in events(half)] == ["spending"]  # the first of leaving makes known, and tells nobody
    assert caplog.text.count("updates are recorded without it") == 1
    assert offsets(half) == [(0, 2, 2, 2, 0, 0)]


def test_what_it_leaves_is_what_a_champion_from_the_beginning_leaves(half, broker):
    shop = streamed(broker)
    updates = [update(number, mood=number / 100, spend=float(number)) for number in range(MOST + 50)]
    sent = [(key, content) for key, content, _ in [*updates, *updates[:20]]]
    produce(broker, shop.stream.topic, sent, headers=updates[0][2])
    assert drain(half, broker, shop).scores == MOST + 70
    register(half, LEAVING)
    caught_up = drain(half, broker, shop)
    assert (caught_up.received, caught_up.scores, caught_up.events) == (0, MOST + 50, 0)
    late = state(half)
    query(half, "TRUNCATE scoring.stream_offset, scoring.stream_range, scoring.customer_update, scoring.streamed_score")
    query(half, "DELETE FROM scoring.announcement WHERE score = 'leaving'")
    assert drain(half, broker, shop, group="again").accepted == MOST + 70
    assert len(late) > 2 * MOST
    assert state(half) == late
    assert drain(half, broker, shop, group="again").scores == 0  # nothing is left to catch up with


def test_what_a_publication_knows_and_who_was_forgotten_are_left_out_and_what_cannot_be_scored_is_told(
    half, broker, caplog
):
    shop = streamed(broker)
    august = dt.datetime(2024, 8, 1, tzinfo=dt.UTC)
    send(broker, shop, [update(3, JULY_10, mood=1.0), *(update(number, august, mood=0.0) for number in (4, 5, 6))])
    assert drain(half, broker, shop).accepted == 4
    query(half, """UPDATE scoring.customer_update SET content = '{"mood": 0.0}' WHERE customer_id = 'c0006'""")
    register(half, LEAVING)
    snapshot_of(half, customers(20, mood=-1.0), JULY)
    published(half, LEAVING, JULY)
    with transaction(half.database()) as connection:
        forgotten.begin(connection, half.erasure_secret, "shop", "c0005", by="a test", reason="asked for it")
    assert drain(half, broker, shop).scores == 1
    assert value(half, "SELECT array_agg(customer_id) FROM scoring.streamed_score WHERE score = 'leaving'") == ["c0004"]
    assert "1 updates of " in caplog.text
    (event,) = events(half)[-1:]
    assert (event.score, event.customer_id, event.value) == ("leaving", "c0004", 0.5)


def test_a_score_that_becomes_streamed_catches_up_too(half, broker):
    shop = streamed(broker)
    register(half, LEAVING)
    send(broker, shop, [update(3, spend=500.0, mood=2.0)])
    drain(half, broker, shop)
    query(half, "DELETE FROM scoring.streamed_score WHERE score = 'spending'")  # as if it had not been streamed
    assert drain(half, broker, shop).scores == 1
    assert current(half)["c0003"] == 500.0


def test_without_any_champion_a_drain_fails_with_the_remedy_and_a_worker_waits_for_one(young, broker, caplog):
    without_champion(young, LEAVING, SPENDING)
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0)])
    with pytest.raises(NoModel, match=r"(?s)leaving: .*spending: .*Remedy: .*`scoring train leaving --as-of <date>`"):
        drain(young, broker, shop)
    with working(young, broker, shop) as one:
        until(lambda: "paused: No streamed score of shop has a model" in caplog.text)
        assert one.thread.is_alive()
        assert query(young, "SELECT FROM scoring.stream_offset") == []
        register(young, SPENDING)
        wait_for(young, 1)
    assert current(young) == {"c0003": 500.0}
