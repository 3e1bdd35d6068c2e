"""Kafka when brokers are away, refuse or restart, and when the relay is killed."""

import json
import os
import signal
import time

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient
from factories_kafka import running_broker
from factories_mock_broker import INIT_PRODUCER_ID, PRODUCE, mock_cluster, refusing_broker
from factories_notify import attempts, deliveries, make_due, set_limits
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
from ports import free_port
from waiting import until

from scoring.delivery.adapters.contract import Message
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.notify import notify
from scoring.settings import KafkaSettings

EVENTS = [{"id": n, "type": "score.changed", "score": "risk", "customer_id": f"c{n}", "version": 1} for n in range(3)]
ENOUGH = 60.0  # seconds, for what is answered at once, on a machine however busy
MESSAGE = Message("msg_1", None, json.dumps({"timestamp": "2026-11-23T14:00:00.000Z", "data": {"events": EVENTS}}))


def send(address, *, patience=ENOUGH, **options):
    with Kafka(KafkaSettings(servers=address, options=options), "t.{score}", patience=patience).opened() as sender:
        return sender.send(MESSAGE)


def test_a_broker_that_refuses_the_password_is_a_401_that_quotes_nothing():
    secrets = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "scoring",
        "sasl.password": "hunter2",
    }
    with refusing_broker() as address:
        answer = send(address, patience=5.0, **secrets)  # it is tried until then
    assert answer.said == "401 Unauthorized (the broker refuses the user or the password)"


def test_without_a_broker_there_is_no_answer_within_the_stated_time():
    begun = time.monotonic()
    answer = send(f"127.0.0.1:{free_port()}", patience=1.0)
    assert (answer.status, answer.error) == (None, "no broker took it in time")
    assert time.monotonic() - begun < ENOUGH


def test_errors_that_pass_are_tried_again_within_the_try():
    with mock_cluster() as cluster:
        cluster.topic("t.risk")
        cluster.fail(PRODUCE, KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.REQUEST_TIMED_OUT)
        assert send(cluster.address, patience=ENOUGH).status == 200


@pytest.mark.parametrize(
    ("error", "status"), [(KafkaError.TOPIC_AUTHORIZATION_FAILED, 403), (KafkaError.MSG_SIZE_TOO_LARGE, 413)]
)
def test_what_a_broker_refuses_when_it_is_written_fails_the_delivery(error, status):
    with mock_cluster() as cluster:
        cluster.topic("t.risk")
        cluster.fail(PRODUCE, *[error] * 5)
        assert send(cluster.address).status == status


@pytest.mark.parametrize(
    ("error", "status"), [(KafkaError.TOPIC_AUTHORIZATION_FAILED, 403), (KafkaError.UNKNOWN_TOPIC_OR_PART, 404)]
)
def test_what_metadata_say_of_a_topic_is_the_answer(error, status):
    with mock_cluster() as cluster:
        cluster.topic("t.risk")
        cluster.topic_fails("t.risk", error)
        assert send(cluster.address).status == status


@pytest.mark.parametrize(
    ("request_", "error", "said"),
    [
        (INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED, "may not write idempotently"),
        (PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "the broker answered OUT_OF_ORDER_SEQUENCE_NUMBER"),
        (PRODUCE, KafkaError.INVALID_PRODUCER_EPOCH, "the broker answered INVALID_PRODUCER_EPOCH"),
    ],
)
def test_an_error_that_ends_the_producer_fails_one_attempt_and_the_next_has_another_producer(request_, error, said):
    with mock_cluster() as cluster:
        cluster.topic("t.risk")
        with Kafka(KafkaSettings(servers=cluster.address), "t.{score}", patience=2 * ENOUGH).opened() as sender:
            cluster.fail(request_, error)
            begun = time.monotonic()
            assert said in sender.send(MESSAGE).said
            assert time.monotonic() - begun < ENOUGH
            assert sender.send(MESSAGE).status == 200


def test_a_broker_that_is_away_holds_the_endpoint_and_what_waits_is_told_when_it_is_back(settings, tmp_path):
    port = free_port()
    address = f"127.0.0.1:{port}"
    with running_broker(tmp_path / "log", port):
        kafka = add_endpoint(settings, address)
    kafka = Kafka(kafka.settings, kafka.topic, patience=1.0)
    set_limits(settings, max_events=5)
    publish(settings, 40)
    done = notify(settings.database(), kafka, ENDPOINT)
    assert done.delivered == 0
    assert "held back until" in done.held_because
    assert {one["error"] for one in attempts(settings)} == {"no broker took it in time"}
    publish(settings, 40, version=2)
    with running_broker(tmp_path / "log", port):
        topic = kafka.topic.replace("{score}", "delinquency_risk")
        make_topic(AdminClient({"bootstrap.servers": address}), topic)
        make_due(settings)
        assert notify(settings.database(), kafka, ENDPOINT).failed == 0
        events = events_of(address, topic)
    assert last_of_each(events) == newest_of_each(events) == announced(settings)


CHILD = """
import sys
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.notify import notify
from scoring.settings import load_kafka_settings, load_settings
notify(load_settings().database(), Kafka(load_kafka_settings(), sys.argv[1]), "stream")
"""


@pytest.mark.parametrize("after", range(4))
def test_a_relay_that_is_killed_at_any_point_leaves_topics_that_end_with_what_is_announced(
    settings, broker, forks, after
):
    """Killed once so many deliveries are recorded; others are then written and not recorded."""
    kafka = add_endpoint(settings, broker)
    set_limits(settings, max_events=10)
    environment = os.environ | {"SCORING_DATABASE_URL": settings.database(), "SCORING_KAFKA_SERVERS": broker}
    for version in (1, 2, 3):
        publish(settings, 400, version=version)
        child = forks.start(["-c", CHILD, kafka.topic], environment)
        taken = len(attempts(settings)) + 5 * after
        until(lambda taken=taken, child=child: len(attempts(settings)) > taken or child.poll() is not None)
        child.send_signal(signal.SIGKILL)
        child.wait()

    def all_told():
        make_due(settings)
        notify(settings.database(), kafka, ENDPOINT)
        return all(one["state"] in ("delivered", "coalesced") for one in deliveries(settings))

    until(all_told)
    events = events_of(broker, kafka.topic.replace("{score}", "delinquency_risk"))
    assert last_of_each(events) == newest_of_each(events) == announced(settings)
