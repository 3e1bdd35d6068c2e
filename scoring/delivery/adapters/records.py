"""What stands in a topic: one record for each event, as JSON or as a CloudEvent. Pure.

CloudEvents 1.0: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, and its binding for Kafka
(bindings/kafka-protocol-binding.md) for the names of headers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scoring.delivery.message import compact_json

Format = Literal["json", "cloudevents-structured", "cloudevents-binary"]

SCORE = "{score}"
FORGOTTEN = "customer.forgotten"


@dataclass(frozen=True)
class Record:
    """A message of Kafka. Without a value it is a tombstone: compaction removes the key."""

    topic: str
    key: str
    value: str | None
    headers: tuple[tuple[str, str], ...]


def records(body: str, topic: str, form: Format) -> list[Record]:
    """The records of a delivery's body, in its order.

    Parameters
    ----------
    body
        What is stored: the same as the body of a webhook.
    topic
        The pattern of topics; ``{score}`` stands for the score's name.
    form
        How a value is written: ``json`` is the event as in a webhook.
    """
    content = json.loads(body)
    return [_record(event, content["timestamp"], topic, form) for event in content["data"]["events"]]


def tombstone(score: str, customer: str, topic: str) -> Record:
    """The record that removes a customer from the topic of a score."""
    return Record(topic.replace(SCORE, score), customer, None, (("event-type", FORGOTTEN),))


def _record(event: Mapping[str, Any], time: str, topic: str, form: Format) -> Record:
    own = {"event-id": str(event["id"]), "event-type": str(event["type"])}
    attributes = {
        "specversion": "1.0",
        "id": str(event["id"]),
        "source": f"/scoring/{event['score']}",
        "type": str(event["type"]),
        "subject": str(event["customer_id"]),
        "time": time,
    }
    value: Mapping[str, Any] = event
    if form == "cloudevents-structured":
        own["content-type"] = "application/cloudevents+json; charset=UTF-8"
        value = {**attributes, "datacontenttype": "application/json", "data": event}
    elif form == "cloudevents-binary":
        own["content-type"] = "application/json"
        own |= {f"ce_{name}": text for name, text in attributes.items()}
    where = topic.replace(SCORE, event["score"])
    return Record(where, event["customer_id"], compact_json(value), tuple(own.items()))
