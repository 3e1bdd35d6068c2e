"""A stream of a data set: the topic with updates of customers, and how information is ordered in time."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import field_validator

from scoring.domain.calendar import checked_cron
from scoring.domain.definition import Definition

# Kafka's own rule: https://github.com/apache/kafka, Topic.java. Room is left for the name of the dead letters' topic.
TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,240}")
DEAD = ".dead"


class KafkaStream(Definition):
    """A Kafka topic whose messages are updates of customers: the value is a record as JSON, the key the customer's id.

    ``start`` says where the very first consumer begins: with the ``earliest`` message that the broker has, or after the
    ``latest``. ``keys`` says what is done about a message whose key is not the record's customer id: it is refused
    (``must_match``), or keys are ``ignored``, which is right only if a topic has one partition. ``schedule`` is a cron
    expression (UTC): when the DAG ``ingest_stream_<data set>`` drains the topic; none where ``scoring stream`` runs.
    """

    topic: str
    start: Literal["earliest", "latest"] = "earliest"
    keys: Literal["must_match", "ignored"] = "must_match"
    schedule: str | None = None

    @field_validator("topic")
    @classmethod
    def _topic(cls, topic: str) -> str:
        if not TOPIC.fullmatch(topic) or topic in (".", ".."):
            raise ValueError(f"{topic!r} is no name of a topic: use up to 240 of a-z, A-Z, 0-9, '.', '_' and '-'")
        return topic

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, schedule: str | None) -> str | None:
        return schedule if schedule is None else checked_cron(schedule)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if self.topic.endswith(DEAD):
            yield f"topic: {self.topic!r} is a topic of dead letters"

    @property
    def dead_letters(self) -> str:
        """The topic that gets what was refused."""
        return self.topic + DEAD


def known_until(as_of: dt.date) -> dt.datetime:
    """The end of the day (UTC) that a batch describes: what happened before it, the batch knows."""
    return dt.datetime.combine(as_of, dt.time.min, dt.UTC) + dt.timedelta(days=1)


def is_newer(event_time: dt.datetime, as_of: dt.date | None) -> bool:
    """Whether an update tells more than a batch; more than no batch it always does."""
    return as_of is None or event_time >= known_until(as_of)


def day_of(event_time: dt.datetime) -> dt.date:
    """The day (UTC) of an update, which its events have as ``as_of``."""
    return event_time.astimezone(dt.UTC).date()
