"""The table ``api_request``: what was asked under an idempotency key, and answered."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection, execute, one_or_none, value


@dataclass(frozen=True)
class Kept:
    """A request that was asked before; ``status`` and ``answer`` are None while it is being answered."""

    asked_digest: str
    status: int | None
    answer: str | None


@dataclass(frozen=True)
class Asked:
    """A request: which key asks, under which idempotency key, for what, about whom."""

    key_id: str
    idempotency: str | None
    route: str
    digest: str
    body: str | None
    customers: Sequence[str]


# A row whose time has passed is taken over, and so is one whose process has died.
_OPEN = """
    INSERT INTO scoring.api_request AS r (key_id, idempotency, route, asked_digest, asked, customers, keep_until)
    VALUES (%(key_id)s, %(idempotency)s, %(route)s, %(digest)s, %(body)s, %(customers)s, clock_timestamp() + %(keep)s)
    ON CONFLICT (key_id, idempotency) WHERE idempotency IS NOT NULL DO UPDATE
    SET route = excluded.route, asked_digest = excluded.asked_digest, asked = excluded.asked,
        customers = excluded.customers, status = NULL, answer = NULL, answered_at = NULL,
        started_at = clock_timestamp(), keep_until = excluded.keep_until
    WHERE r.keep_until <= clock_timestamp() OR (r.status IS NULL AND r.started_at <= clock_timestamp() - %(stale)s)
    RETURNING request_id"""

_FIND = "SELECT asked_digest, status, answer FROM scoring.api_request WHERE key_id = %s AND idempotency = %s"

_ANSWER = """
    UPDATE scoring.api_request SET status = %s, answer = %s, answered_at = clock_timestamp() WHERE request_id = %s"""


def open_request(connection: Connection, asked: Asked, keep: dt.timedelta, stale: dt.timedelta) -> int | None:
    """Record that a request is being answered; returns its id, None if another has the same idempotency key.

    ``stale`` is how long an answer can take: what is open for longer is taken over.
    """
    given = vars(asked) | {"customers": list(asked.customers), "keep": keep, "stale": stale}
    found = value(connection, _OPEN, given)
    return None if found is None else int(found)


def find(connection: Connection, key_id: str, idempotency: str) -> Kept | None:
    """What is kept under an idempotency key of an API key."""
    return one_or_none(connection, Kept, _FIND, (key_id, idempotency))


def answer(connection: Connection, request_id: int, status: int, content: str) -> None:
    """Keep the answer to a request."""
    execute(connection, _ANSWER, (status, content, request_id))


def forget(connection: Connection, request_id: int) -> None:
    """Take a request away that could not be answered: it may be asked again."""
    execute(connection, "DELETE FROM scoring.api_request WHERE request_id = %s", (request_id,))
