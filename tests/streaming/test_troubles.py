"""What is wrong in a topic, or away, has a clear state each; nothing is lost, and it goes on by itself."""

import datetime as dt
import json
import logging
import signal
from contextlib import ExitStack, closing

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from factories import query, register, value
from factories_kafka import messages_of, running_broker
from factories_stream import (
    JULY_10,
    TORN,
    current,
    drain,
    forked,
    kafka_of,
    offsets,
    send,
    streamed,
    update,
    wait_for,
    working,
)
from ports import free_port
from streamed_shop import SPENDING
from waiting import until

from scoring.database import connect, transaction
from scoring.errors import TransientError
from scoring.snapshots import forgotten
from scoring.streaming.topic import Gap, Topic
from scoring.streaming.worker import Worker


def refusals(settings):
    return {
        row.message_offset: row
        for row in query(settings, "SELECT * FROM scoring.stream_refusal ORDER BY message_offset")
    }


def test_every_message_that_is_no_update_is_refused_with_its_reason(loaded, broker):
    shop = streamed(broker)
    key, good, headers = update(3, spend=500.0)
    bad = [
        (key, None, headers),
        (key, b"\0\0\0\0\7" + good, headers),
        (key, b"{" + b" " * 10_000_000 + b"}", headers),
        (key, b"{", headers),
        (key, b"\xff", headers),
        (key, b'{"customer_id": "c0003", "customer_id": "c0003"}', headers),
        (key, b"[]", headers),
        ("c0004", good, headers),
        (None, good, headers),
        (key, good, [("event-time", b"yesterday")]),
        (key, good, [("event-time", b"2062-01-01T00:00:00Z")]),
        (key, good.replace(b'"free"', b'"gold"').replace(b'"paid"', b'"gold"'), headers),
        (key, good.replace(b"500.0", b"1e400"), headers),
        (key, json.dumps(json.loads(good) | {"spend": "a\0b"}).encode(), headers),
    ]
    send(broker, shop, [*bad, (key, good, headers)])
    total = drain(loaded, broker, shop)
    assert (total.received, total.accepted, total.quarantined) == (15, 1, 14)
    found = refusals(loaded)
    assert list(found) == list(range(14))
    assert [found[at].rules[0] for at in range(3)] == [
        "a tombstone is no update",
        "the value is JSON by the published schema",
        "the value has at most 1048576 bytes",
    ]
    assert (found[2].content, found[2].bytes, found[2].customer_id) == (None, 10_000_002, "c0003")
    assert (found[7].rules, found[7].values) == (["the key is the customer's id"], ["c0004"])
    assert found[9].rules == ["the event time: the header event-time is no RFC 3339 time"]
    assert found[10].rules == ["the event time is not ahead of the clock"]
    assert (found[11].columns, found[11].values) == (["plan"], ["gold"])
    assert current(loaded)["c0003"] == 500.0
    letters = {int(dict(one.headers())["offset"]): one for one in messages_of(broker, shop.stream.dead_letters)}
    assert letters.keys() == found.keys()
    assert (letters[0].value(), letters[1].value(), letters[2].value()) == (None, bad[1][1], None)


def test_a_forgotten_customer_is_refused_and_nothing_of_them_is_kept(loaded, broker):
    shop = streamed(broker)
    with transaction(loaded.database()) as connection:
        forgotten.begin(connection, loaded.erasure_secret, "shop", "c0003", by="a test", reason="asked for it")
    send(broker, shop, [update(3, spend=500.0), update(3, spend=-1), update(4, spend=500.0)])
    assert drain(loaded, broker, shop).quarantined == 2
    assert [(one.customer_id, one.message_key, one.content, one.values) for one in refusals(loaded).values()] == [
        (None, None, None, [None])
    ] * 2
    assert value(loaded, "SELECT count(*) FROM scoring.customer_update") == 1
    assert all(b"c0003" not in (one.value() or b"") for one in messages_of(broker, shop.stream.dead_letters))


def test_an_older_update_is_counted_and_changes_nothing(loaded, broker):
    shop = streamed(broker)
    hour = dt.timedelta(hours=1)
    send(broker, shop, [update(3, JULY_10, spend=500.0), update(3, JULY_10 - hour, spend=900.0)])
    send(broker, shop, [update(4, dt.datetime(2024, 6, 30, 23, tzinfo=dt.UTC), spend=900.0)])
    total = drain(loaded, broker, shop)
    assert (total.accepted, total.outdated) == (1, 2)
    assert (current(loaded)["c0003"], current(loaded)["c0004"]) == (500.0, 100.0)
    send(broker, shop, [update(3, JULY_10 - hour, spend=900.0), update(3, JULY_10, spend=600.0)])
    assert (drain(loaded, broker, shop).outdated, current(loaded)["c0003"]) == (1, 600.0)


def test_new_partitions_are_read_from_their_beginning(loaded, broker):
    shop = streamed(broker, partitions=3, start="latest")
    query(loaded, "INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset) "
          "VALUES ('shop', %s, 0, 0, 0)", shop.stream.topic)  # as if the topic had had one partition  # fmt: skip
    for number in range(3):
        send(broker, shop, [update(number, spend=500.0)], partition=number)
    assert drain(loaded, broker, shop).accepted == 3
    assert [row[:2] for row in offsets(loaded)] == [(0, 1), (1, 1), (2, 1)]


def test_while_the_database_is_away_the_worker_stays_in_its_group(loaded, broker, database_away, caplog):
    away, back = database_away
    caplog.set_level(logging.INFO)
    shop = streamed(broker, partitions=2)
    send(broker, shop, [update(number, spend=500.0) for number in range(4)])
    with working(loaded, broker, shop) as one:
        wait_for(loaded, 4)
        away()
        send(broker, shop, [update(number, spend=900.0) for number in range(8)])
        until(lambda: "paused" in caplog.text)
        assert one.thread.is_alive()
        back()
        wait_for(loaded, 12)
    assert caplog.text.count("this worker has partitions [0, 1]") == 1
    assert query(loaded, TORN) == [(0,)]
    assert set(current(loaded).values()) == {100.0, 900.0}


def test_a_drain_without_the_database_fails_so_that_airflow_tries_again(loaded, broker, database_away):
    away, back = database_away
    shop = streamed(broker)
    send(broker, shop, [update(1, spend=500.0)])
    away()
    with pytest.raises(TransientError):
        drain(loaded, broker, shop)
    back()
    assert drain(loaded, broker, shop).accepted == 1


def test_while_the_broker_is_away_the_worker_waits_and_then_goes_on(loaded, tmp_path, caplog):
    port = free_port()
    sent = [update(number, spend=500.0) for number in range(5)]
    with ExitStack() as stack:
        with running_broker(tmp_path / "log", port) as broker:
            shop = streamed(broker)
            send(broker, shop, sent)
            stack.enter_context(working(loaded, broker, shop))
            wait_for(loaded, 5)
        until(lambda: "it goes on by itself" in caplog.text)
        with pytest.raises(TransientError):
            Worker(loaded, kafka_of(broker, group="another"), shop).run(until_end=True, patience=3)
        stack.enter_context(running_broker(tmp_path / "log", port))
        admin = AdminClient({"bootstrap.servers": broker})
        admin.create_topics([NewTopic(shop.stream.topic, 1, 1)])[shop.stream.topic].result(30)
        send(broker, shop, [*sent, *(update(number, spend=900.0) for number in range(5))])
        wait_for(loaded, 10)
        assert offsets(loaded) == [(0, 10, 10, 10, 0, 0)]


def test_offsets_that_the_broker_has_no_more_are_told_and_passed(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0)])
    worker = Worker(loaded, kafka_of(broker, shop.stream.topic), shop)
    with (
        connect(loaded.database()) as connection,
        closing(Topic(kafka_of(broker, shop.stream.topic), "shop", shop.stream)) as topic,
    ):
        until(lambda: topic.batch(0.1) and topic.part)
        worker._begin(connection, topic)
        worker._pass(connection, topic, Gap(0, 0, 7))
    assert query(loaded, "SELECT next_offset, received, lost FROM scoring.stream_offset") == [(7, 0, 7)]
    (alert,) = query(loaded, "SELECT kind, text FROM scoring.alert WHERE kind = 'stream_gap'")
    assert "7 offsets are lost" in alert.text


def test_a_worker_that_is_told_to_end_records_what_it_has_and_another_one_goes_on(loaded, broker, forks, tmp_path):
    shop = streamed(broker, partitions=2)
    with (tmp_path / "log").open("wb") as log:
        first, second = (forked(forks, loaded, broker, shop, log=log) for _ in range(2))
        try:
            send(broker, shop, [update(number, spend=500.0) for number in range(8)])
            wait_for(loaded, 8)
            first.send_signal(signal.SIGTERM)
            assert first.wait(30) == 0
            send(broker, shop, [update(number, spend=900.0) for number in range(8)])
            wait_for(loaded, 16)
        finally:
            first.kill()
            second.kill()
    assert query(loaded, TORN) == [(0,)]


def test_a_worker_whose_partition_another_one_has_read_begins_anew(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0)])
    with working(loaded, broker, shop):
        wait_for(loaded, 1)
        query(loaded, "UPDATE scoring.stream_offset SET next_offset = 2")
        send(broker, shop, [update(4, spend=500.0), update(5, spend=500.0)])
        wait_for(loaded, 2)
    assert (current(loaded)["c0004"], current(loaded)["c0005"]) == (100.0, 500.0)


def test_a_promotion_is_followed_without_a_restart(own_registry, loaded, broker):
    settings = loaded.model_copy(update={"mlflow_tracking_uri": own_registry.mlflow_tracking_uri})
    shop = streamed(broker)
    with working(settings, broker, shop) as one:
        send(broker, shop, [update(3, spend=500.0)])
        wait_for(settings, 1)
        register(settings, SPENDING, scale=2.0)
        until(lambda: one.worker.models._loaded["spending"].arms[0].model_version == 2)
        send(broker, shop, [update(4, spend=500.0)])
        wait_for(settings, 2)
    assert (current(settings)["c0003"], current(settings)["c0004"]) == (500.0, 1000.0)
