"""What waits in a topic, since when, and that somebody looks: people see it in PostgreSQL."""

import datetime as dt
import time
from contextlib import ExitStack

import pytest
from factories import JUNE, customers, published, query, snapshot_of
from factories_kafka import produce, running_broker
from factories_stream import drain, kafka_of, send, streamed, update, wait_for, working
from streamed_shop import LEAVING, SPENDING
from waiting import until

from scoring.database import connect
from scoring.streaming import offsets
from scoring.streaming.looks import Look
from scoring.streaming.topic import Topic
from scoring.streaming.worker import LOOK

NOON = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def loaded(shop):
    """The shop whose scores are streamed; both are published for June."""
    settings = shop.model_copy(update={"definitions": "streamed_shop"})
    snapshot_of(settings, customers(20, spend=100.0), JUNE)
    for score in (LEAVING, SPENDING):
        published(settings, score)
    return settings


def seen(settings):
    rows = query(
        settings,
        "SELECT next_offset, end_offset, oldest_at, looked_at FROM scoring.stream_offset ORDER BY partition_id",
    )
    return [tuple(row) for row in rows]


RECORDED = {
    "nothing was known and nothing is": ((None, None), (5, None, None), (None, None)),
    "messages wait since a time": ((None, None), (5, 9, NOON), (9, NOON)),
    "all is recorded": ((9, NOON), (5, 5, NOON), (5, None)),
    "the broker says nothing new": ((9, NOON), (5, None, None), (9, NOON)),
    "the broker says nothing new, and some was recorded": ((9, NOON), (5, None, NOON + MINUTE), (9, NOON + MINUTE)),
    "some wait, nobody knows since when: still those": ((9, NOON), (5, 10, None), (10, NOON)),
    "another worker has read on": ((9, NOON), (4, 11, NOON + MINUTE), (9, NOON)),
}


@pytest.mark.parametrize(("known", "given", "expected"), RECORDED.values(), ids=RECORDED.keys())
def test_what_is_recorded_of_a_look(shop, known, given, expected):
    query(
        shop,
        "INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset, end_offset, "
        "oldest_at) VALUES ('shop', 't', 0, 0, 5, %s, %s)",
        *known,
    )
    with connect(shop.database()) as connection, connection:
        offsets.look(connection, "shop", "t", [Look(0, *given), Look(1, 0, 3, None)])
    ((_, end, oldest, looked),) = seen(shop)
    assert (end, oldest) == expected
    assert (looked is None) == (given[0] != 5)


def test_messages_that_wait_without_a_time_wait_since_they_were_seen(shop):
    query(
        shop,
        "INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset) "
        "VALUES ('shop', 't', 0, 0, 5)",
    )
    before = dt.datetime.now(dt.UTC)
    with connect(shop.database()) as connection, connection:
        offsets.look(connection, "shop", "t", [Look(0, 5, 9, None)])
    ((_, _, oldest, looked),) = seen(shop)
    assert before <= oldest <= looked <= dt.datetime.now(dt.UTC)


def test_after_a_drain_nothing_waits_and_somebody_has_looked(loaded, broker):
    shop = streamed(broker, partitions=2)
    send(broker, shop, [update(3, spend=500.0)], partition=1)
    before = dt.datetime.now(dt.UTC)
    drain(loaded, broker, shop)
    assert [row[:3] for row in seen(loaded)] == [(0, 0, None), (1, 1, None)]
    assert all(row[3] > before for row in seen(loaded))


def test_a_worker_looks_though_nothing_comes_and_not_where_its_broker_is_away(loaded, tmp_path):
    with ExitStack() as stack:
        with running_broker(tmp_path / "broker.log") as broker:
            shop = streamed(broker)
            stack.enter_context(working(loaded, broker, shop))
            until(lambda: seen(loaded) and seen(loaded)[0][3] is not None)
            first = seen(loaded)[0][3]
            until(lambda: seen(loaded)[0][3] > first)
            send(broker, shop, [update(3, spend=500.0)])
            wait_for(loaded, 1)
            assert seen(loaded)[0][:3] == (1, 1, None)
        until(lambda: dt.datetime.now(dt.UTC) - seen(loaded)[0][3] > dt.timedelta(seconds=2 * LOOK))


def test_what_waits_is_seen_while_it_is_worked_off(broker):
    shop = streamed(broker)
    begun = time.time()
    produce(broker, shop.stream.topic, [(None, b"{}")] * 5)
    topic = Topic(kafka_of(broker, "seen", batch=3), "shop", shop.stream)
    try:
        until(lambda: topic.batch(0.1) == ([], []) and topic.part is not None)
        assert topic.looks({0: 0}) == []  # the database has not said where it goes on
        topic.begin({0: 0})
        (one,) = topic.looks({0: 0})
        assert one in (Look(0, 0, None, None), Look(0, 0, 5, None))  # the broker may have said where it ends
        read, _ = topic.batch(10.0)
        (one,) = topic.looks({0: len(read), 1: 0})
        assert one.end_offset == 5
        assert begun - 1 <= one.waits_since.timestamp() <= time.time()
        topic.batch(10.0)
        until(lambda: topic.batch(0.1) == ([], []) and topic.at_end)
        (one,) = topic.looks({0: 3})
        assert one.end_offset == 5
        assert begun - 1 <= one.waits_since.timestamp() <= time.time()
    finally:
        topic.close()
