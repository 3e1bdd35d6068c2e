"""Kafka: events reach topics of a real broker, one message each, and nothing is lost on the way."""

import datetime as dt
import json

import pytest
from confluent_kafka.admin import AdminClient
from factories_kafka import messages_of
from factories_notify import attempts, deliveries, execute, rows
from factories_topics import (
    ENDPOINT,
    add_endpoint,
    announced,
    events_of,
    last_of_each,
    make_topic,
    newest_of_each,
    publish,
)

from scoring.delivery.adapters.contract import Limits
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.adapters.records import records
from scoring.delivery.message import Event
from scoring.delivery.notified import Notified
from scoring.delivery.notify import notify
from scoring.errors import ConfigurationError
from scoring.settings import KafkaSettings

SCORE = "delinquency_risk"


def topic_of(kafka, score=SCORE):
    return kafka.topic.replace("{score}", score)


def test_a_consumer_that_keeps_the_newest_of_each_key_ends_with_what_is_announced(settings, broker):
    kafka = add_endpoint(settings, broker)
    publish(settings, 700)
    assert notify(settings.database(), kafka, ENDPOINT) == Notified(requests=2, delivered=2, events=700)
    publish(settings, 30, version=2)
    assert notify(settings.database(), kafka, ENDPOINT) == Notified(requests=1, delivered=1, events=30)
    events = events_of(broker, topic_of(kafka))
    assert len(events) == 730
    assert last_of_each(events) == newest_of_each(events) == announced(settings)


def test_a_value_is_the_event_of_the_webhook_byte_for_byte(settings, broker):
    kafka = add_endpoint(settings, broker)
    publish(settings, 3)
    notify(settings.database(), kafka, ENDPOINT)
    (packed,) = deliveries(settings)
    values = [message.value().decode() for message in messages_of(broker, topic_of(kafka))]
    assert len(values) == 3
    assert all(value in packed["body"] for value in values)


@pytest.mark.parametrize("form", ["cloudevents-structured", "cloudevents-binary"])
def test_cloud_events_reach_the_broker_with_their_headers(settings, broker, form):
    kafka = add_endpoint(settings, broker, form=form)
    publish(settings, 1)
    notify(settings.database(), kafka, ENDPOINT)
    (message,) = messages_of(broker, topic_of(kafka))
    (packed,) = deliveries(settings)
    (expected,) = records(packed["body"], kafka.topic, form)
    assert (message.key().decode(), message.value().decode()) == (expected.key, expected.value)
    assert [(name, value.decode()) for name, value in message.headers()] == list(expected.headers)


def test_each_score_goes_to_a_topic_of_its_own_and_a_missing_one_holds_up_no_other(settings, broker):
    kafka = add_endpoint(settings, broker)
    publish(settings, 5)
    publish(settings, 5, score="next_payment")
    done = notify(settings.database(), kafka, ENDPOINT)
    assert (done.delivered, done.failed, done.events, done.last_status) == (1, 1, 5, 404)
    missing = topic_of(kafka, "next_payment")
    assert done.last_failure == (
        f"404 Not Found (there is no topic {missing}; create it: kafka-topics.sh --bootstrap-server <broker> --create "
        f"--topic {missing} --config cleanup.policy=compact)"
    )
    make_topic(AdminClient({"bootstrap.servers": broker}), missing)
    execute(settings, "UPDATE scoring.delivery SET next_attempt_at = now()")
    assert notify(settings.database(), kafka, ENDPOINT).events == 5
    assert last_of_each(events_of(broker, missing)) == announced(settings, "next_payment")


def test_a_message_that_is_too_large_is_split_off_and_tried_alone(settings, broker):
    kafka = add_endpoint(settings, broker)
    large = kafka.settings.model_copy(update={"options": {"message.max.bytes": "1500"}})
    kafka = type(kafka)(KafkaSettings.model_validate(large.model_dump()), kafka.topic)
    publish(settings, 8)
    execute(settings, "UPDATE scoring.event SET band = repeat('x', 2000) WHERE customer_id = 'c000000005'")
    done = notify(settings.database(), kafka, ENDPOINT)
    assert (done.events, done.split) == (7, 3)
    (left,) = [one for one in deliveries(settings) if one["state"] == "pending"]
    assert (left["events"], "c000000005" in left["body"]) == (1, True)
    assert {one["status"] for one in attempts(settings)} == {200, 413}
    assert set(last_of_each(events_of(broker, topic_of(kafka)))) == {f"c00000000{n}" for n in (1, 2, 3, 4, 6, 7, 8)}


def test_an_option_that_librdkafka_refuses_is_not_quoted(settings, broker):
    kafka = add_endpoint(settings, broker)
    publish(settings, 1)
    wrong = type(kafka)(KafkaSettings(servers=broker, options={"security.protocol": "hunter2"}), kafka.topic)
    with pytest.raises(ConfigurationError, match="SCORING_KAFKA_OPTIONS") as refused:
        notify(settings.database(), wrong, ENDPOINT)
    assert "hunter2" not in str(refused.value)
    waiting = "SELECT count(*) FROM scoring.outbox WHERE endpoint = %s AND delivery_id IS NULL"
    assert rows(settings, waiting, (ENDPOINT,)) == [{"count": 1}]


def test_without_brokers_the_setting_is_named_and_events_wait(settings, broker):
    kafka = add_endpoint(settings, broker)
    assert notify(settings.database(), type(kafka)(KafkaSettings(), kafka.topic), ENDPOINT) == Notified()
    publish(settings, 1)
    with pytest.raises(ConfigurationError, match="SCORING_KAFKA_SERVERS"):
        notify(settings.database(), type(kafka)(KafkaSettings(), kafka.topic), ENDPOINT)


def test_a_delivery_holds_events_of_one_score_in_their_order():
    kafka = Kafka(KafkaSettings(), "scoring.{score}")
    nothing = {"points": None, "band": None, "previous_value": None, "previous_points": None, "previous_band": None}
    events = [
        Event(n, "score.changed", score, f"c{n}", 1, dt.date(2005, 7, 31), 0.5, model_version=3, **nothing)
        for n, score in enumerate(["b", "a", "b", "a", "b"])
    ]
    packed = list(kafka.render(events, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), Limits(2, 20_000)))
    assert [[event.event_id for event in one.events] for one in packed] == [[1, 3], [0, 2], [4]]
    held = [[event["id"] for event in json.loads(one.body)["data"]["events"]] for one in packed]
    assert held == [[1, 3], [0, 2], [4]]
