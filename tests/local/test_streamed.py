"""``run`` sends updates through a broker and a worker, and says what became of them."""

import os

import pytest
from factories import JUNE, customers, published, query, snapshot_of
from factories_stream import kafka_of, working
from shop_definitions import SHOP
from streamed_shop import LEAVING, SPENDING
from waiting import until

from scoring.database import connect
from scoring.domain.streams import KafkaStream
from scoring.local import streamed


@pytest.fixture
def shop_of_june(shop):
    settings = shop.model_copy(update={"definitions": "streamed_shop", "row_group_rows": 200})
    snapshot_of(settings, customers(150), JUNE)
    for score in (LEAVING, SPENDING):
        published(settings, score)
    query(settings, "DELETE FROM scoring.event")
    return settings


def test_updates_are_sent_followed_and_counted_and_again_they_change_nothing(shop_of_june, broker):
    data_set = SHOP.model_copy(update={"stream": KafkaStream(topic=f"run-{os.getpid()}")})
    kafka = kafka_of(broker, data_set.stream.topic)
    with connect(shop_of_june.database()) as connection:
        streamed.make_topics(kafka, connection, [data_set])
        with working(shop_of_june, broker, data_set):
            first = streamed.stream(kafka, connection, data_set, "spending", until)
            again = streamed.stream(kafka, connection, data_set, "spending", until)
    assert (first.received, first.accepted, first.refused, first.outdated) == (150, 149, 1, 0)
    assert first.announced == len(query(shop_of_june, "SELECT 1 FROM scoring.event")) > 0
    assert first.p95 > 0
    assert first.line.startswith(
        f"Stream of shop: 150 updates, 149 scored, {first.announced} announced, 1 dead letters"
    )
    assert (again.received, again.refused, again.announced, again.p95) == (300, 2, 0, None)


def test_a_broker_that_begins_anew_is_read_from_its_beginning(shop_of_june, broker):
    data_set = SHOP.model_copy(update={"stream": KafkaStream(topic=f"anew-{os.getpid()}")})
    kafka = kafka_of(broker, data_set.stream.topic)
    query(
        shop_of_june,
        "INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset) "
        "VALUES ('shop', %s, 0, 0, 500)",
        data_set.stream.topic,
    )
    with connect(shop_of_june.database()) as connection:
        streamed.make_topics(kafka, connection, [data_set])
    assert query(shop_of_june, "SELECT 1 FROM scoring.stream_offset") == []


def test_nothing_is_sent_where_nothing_is_published(shop, broker):
    data_set = SHOP.model_copy(update={"stream": KafkaStream(topic="nobody")})
    with connect(shop.database()) as connection:
        assert streamed.stream(kafka_of(broker, "nobody"), connection, data_set, "spending", until) is None
