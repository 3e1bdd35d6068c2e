"""Endpoints that are topics of Kafka: added and removed by a person."""

import re

from scoring.database import Connection, execute, value
from scoring.delivery import endpoints
from scoring.delivery.adapters.records import SCORE, Format
from scoring.errors import PermanentError

KIND = "kafka"
TOPICS = f"scoring.{SCORE}"
MAX_EVENTS, MAX_BYTES = 500, 262_144  # of a delivery: its events are messages of their own

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PATTERN = re.compile(r"[A-Za-z0-9._-]*\{score\}[A-Za-z0-9._-]*")
_LONGEST = 249  # a topic's name, by Kafka's own rule

_ADD = """
INSERT INTO scoring.endpoint (endpoint, adapter, topic, format, max_events, max_bytes)
VALUES (%(endpoint)s, 'kafka', %(topic)s, %(format)s, %(max_events)s, %(max_bytes)s)
ON CONFLICT DO NOTHING
"""

# What a publication that began before an endpoint of this name was removed has left for it.
_LEFT_OVER = "DELETE FROM scoring.outbox WHERE endpoint = %s AND delivery_id IS NULL"

_WAITING = """
SELECT (SELECT count(*) FROM scoring.outbox WHERE endpoint = %(endpoint)s AND delivery_id IS NULL)
     + (SELECT count(*) FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state IN ('pending', 'dead'))
"""

# Publishing finds no row for it any more; what is being sent is waited for.
_REMOVE = (
    "DELETE FROM scoring.lane WHERE endpoint = %s",
    "SELECT FROM scoring.delivery WHERE endpoint = %s ORDER BY delivery_id FOR UPDATE",
    "DELETE FROM scoring.outbox o USING scoring.delivery d WHERE d.endpoint = %s AND o.delivery_id = d.delivery_id",
    _LEFT_OVER,
    "DELETE FROM scoring.attempt a USING scoring.delivery d WHERE d.endpoint = %s AND a.delivery_id = d.delivery_id",
    "UPDATE scoring.delivery SET split_from = NULL WHERE endpoint = %s AND split_from IS NOT NULL",
    "DELETE FROM scoring.delivery WHERE endpoint = %s",
    "DELETE FROM scoring.retired_telling WHERE endpoint = %s",
    "DELETE FROM scoring.endpoint WHERE endpoint = %s",
)


def add(connection: Connection, name: str, *, topic: str = TOPICS, form: Format = "json") -> None:
    """Add an endpoint: what is published from now on waits for it, too.

    Raises
    ------
    PermanentError
        If the name or the pattern of topics cannot be used, or there is an endpoint of that name.
    """
    if not _NAME.fullmatch(name):
        raise PermanentError(
            f"{name!r} cannot be the name of an endpoint.", remedy="Use lower-case letters, digits and _."
        )
    if not _PATTERN.fullmatch(topic) or len(topic) > _LONGEST:
        raise PermanentError(
            f"{topic!r} is no pattern of topics: each score needs a topic of its own, for a key is a customer.",
            remedy=f"Write {SCORE} once, and else letters, digits, '.', '_' and '-', as in {TOPICS}.",
        )
    execute(connection, _LEFT_OVER, (name,))
    row = {"endpoint": name, "topic": topic, "format": form, "max_events": MAX_EVENTS, "max_bytes": MAX_BYTES}
    if execute(connection, _ADD, row) == 0:
        raise PermanentError(f"There is an endpoint {name!r} already.", remedy="`scoring endpoint show` shows it.")


def remove(connection: Connection, name: str, *, despite_waiting: bool = False) -> None:
    """Remove an endpoint with everything that was packed for it; its topics stay as they are.

    Raises
    ------
    NotFound
        If there is no such endpoint.
    PermanentError
        If it is no endpoint of Kafka, or something waits for it or was given up, unless ``despite_waiting``.
    """
    known = endpoints.look_up(connection, name)
    if known.adapter != KIND:
        raise PermanentError(f"{name} is not an endpoint of Kafka: it stays.")
    waiting = int(value(connection, _WAITING, {"endpoint": name}))
    if waiting and not despite_waiting:
        raise PermanentError(
            f"{waiting} events or deliveries wait for {name} or were given up.",
            remedy="Deliver them, or remove the endpoint with --despite-waiting; they are then told to nobody.",
        )
    for statement in _REMOVE:
        execute(connection, statement, (name,))
