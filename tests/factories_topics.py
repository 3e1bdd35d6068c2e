"""An endpoint that is a topic, and what a consumer makes of the topic."""

import json
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic
from factories_kafka import messages_of, new_topic
from factories_notify import execute, rows

from scoring.database import transaction
from scoring.delivery import topics
from scoring.delivery.adapters.kafka import Kafka
from scoring.settings import KafkaSettings, Settings

ENDPOINT = "stream"


def add_endpoint(settings: Settings, broker: str, *, form: str = "json", scores: tuple[str, ...] = ()) -> Kafka:
    """The endpoint with topics for some scores that no other test has; returns its adapter."""
    pattern = f"{new_topic(broker)}.{{score}}"
    admin = AdminClient({"bootstrap.servers": broker})
    for score in scores or ("delinquency_risk",):
        make_topic(admin, pattern.replace("{score}", score))
    with transaction(settings.database()) as connection:
        topics.add(connection, ENDPOINT, topic=pattern, form=form)
    return Kafka(KafkaSettings(servers=broker), pattern, form)


def make_topic(admin: AdminClient, topic: str) -> None:
    admin.create_topics([NewTopic(topic, 2, 1, config={"cleanup.policy": "compact"})])[topic].result(30)


def publish(settings: Settings, customers: int = 1, *, version: int = 1, score: str = "delinquency_risk") -> None:
    """Announcements and events of customers c000000001 ... for all endpoints, as publishing makes them."""
    execute(
        settings,
        """
        WITH announced AS (
            INSERT INTO scoring.announcement AS a
                (score, customer_id, version, as_of, value, points, band, publication_id)
            SELECT %s, 'c' || lpad(n::text, 9, '0'), %s, '2005-07-31', random(), 500, 'C', 1
            FROM generate_series(1, %s) n
            ON CONFLICT (score, customer_id) DO UPDATE SET version = excluded.version, value = excluded.value
            RETURNING *
        ), told AS (
            INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value,
                                       points, band)
            SELECT score, customer_id, version, as_of, publication_id, 3, value, points, band FROM announced
            RETURNING event_id
        )
        INSERT INTO scoring.outbox (endpoint, event_id) SELECT endpoint, event_id FROM told, scoring.endpoint
        """,
        (score, version, customers),
    )


def announced(settings: Settings, score: str = "delinquency_risk") -> dict[str, tuple[int, float]]:
    """Version and value of each customer, as announced."""
    found = rows(settings, "SELECT customer_id, version, value FROM scoring.announcement WHERE score = %s", (score,))
    return {one["customer_id"]: (one["version"], one["value"]) for one in found}


def events_of(broker: str, topic: str) -> list[tuple[str, dict[str, Any] | None]]:
    """Key and event of all messages of a topic, by partition, in order."""
    return [
        (message.key().decode(), None if message.value() is None else json.loads(message.value()))
        for message in messages_of(broker, topic)
    ]


def last_of_each(events: list[tuple[str, dict[str, Any] | None]]) -> dict[str, tuple[int, float]]:
    """What compaction leaves: the last message of each key."""
    last = dict(events)
    return {key: (event["version"], event["value"]) for key, event in last.items() if event is not None}


def newest_of_each(events: list[tuple[str, dict[str, Any] | None]]) -> dict[str, tuple[int, float]]:
    """What a consumer knows that keeps the newest version of each key."""
    found: dict[str, tuple[int, float]] = {}
    for key, event in events:
        if event is None:
            found.pop(key, None)
        elif key not in found or event["version"] > found[key][0]:
            found[key] = (event["version"], event["value"])
    return found
