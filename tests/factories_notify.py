"""Events in the outbox as publishing leaves them there, and looks at what became of them."""

import secrets
from base64 import b64encode
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor
from pydantic import SecretStr

from scoring.settings import Settings


def new_secret() -> SecretStr:
    return SecretStr(f"whsec_{b64encode(secrets.token_bytes(32)).decode()}")


def execute(settings: Settings, statement: str, parameters: tuple[Any, ...] = ()) -> None:
    with (
        closing(psycopg2.connect(settings.database())) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, parameters)


def rows(settings: Settings, query: str, parameters: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    with (
        closing(psycopg2.connect(settings.database())) as connection,
        connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(query, parameters)
        return [dict(row) for row in cursor]


def publish(settings: Settings, customers: int = 1, *, version: int = 1, score: str = "delinquency_risk") -> None:
    """Events of customers c000000001 ... with this version, and their outbox rows, in one transaction."""
    execute(
        settings,
        """
        WITH told AS (
            INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value,
                                       points, band, previous_value, previous_points, previous_band)
            SELECT %s, 'c' || lpad(n::text, 9, '0'), %s, '2005-07-31', 1, 3, random(), 500, 'C',
                   0.1::float8 + 0.2::float8, 300, 'B'
            FROM generate_series(1, %s) n RETURNING event_id)
        INSERT INTO scoring.outbox (endpoint, event_id) SELECT 'crm_webhook', event_id FROM told
        """,
        (score, version, customers),
    )


def set_limits(settings: Settings, *, max_events: int = 100, max_bytes: int = 20_000) -> None:
    execute(settings, "UPDATE scoring.endpoint SET max_events = %s, max_bytes = %s", (max_events, max_bytes))


def make_due(settings: Settings) -> None:
    """Let the time pass that deliveries and the endpoint wait for."""
    execute(settings, "UPDATE scoring.delivery SET next_attempt_at = now() WHERE state = 'pending'")
    execute(settings, "UPDATE scoring.endpoint SET not_before = '-infinity'")


def deliveries(settings: Settings) -> list[dict[str, Any]]:
    return rows(
        settings,
        "SELECT *, EXTRACT(epoch FROM next_attempt_at - now())::float8 AS wait FROM scoring.delivery "
        "ORDER BY created_at",
    )


def attempts(settings: Settings) -> list[dict[str, Any]]:
    return rows(settings, "SELECT * FROM scoring.attempt ORDER BY attempted_at")
