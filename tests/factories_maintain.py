"""Shops of many days."""

import datetime as dt

from factories import query

from scoring.settings import KeepSettings, Settings

FIRST = dt.date(2024, 1, 1)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(8)]
NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)  # all horizons have passed; all that the tests make is older than this
LITTLE = KeepSettings(
    publications=10, newest=2, superseded=5, snapshots=10, quarantine=10, events=10, deliveries=10, attempts=5,
    outcomes=10, model_runs=10, versions=1, alerts=10, api_requests=10, streams=10,
)  # fmt: skip


def all_told(settings: Settings) -> None:
    """Let the CRM have taken all events, those of a publication in one request, at its second try."""
    query(
        settings,
        """WITH made AS (
            INSERT INTO scoring.delivery (endpoint, state, body, events, attempts, delivered_at, split_from)
            SELECT 'crm_webhook', 'delivered', '{}', count(*), 2, now(), NULL FROM scoring.outbox o
            JOIN scoring.event e USING (event_id) WHERE o.delivery_id IS NULL GROUP BY e.publication_id
            RETURNING delivery_id
        ), tries AS (
            INSERT INTO scoring.attempt (delivery_id, attempt, status, seconds)
            SELECT delivery_id, attempt, 200, 0.1 FROM made CROSS JOIN generate_series(1, 2) attempt
        ), numbered AS (SELECT delivery_id, row_number() OVER (ORDER BY delivery_id) AS place FROM made
        ), events AS (SELECT event_id, dense_rank() OVER (ORDER BY e.publication_id) AS place FROM scoring.outbox o
            JOIN scoring.event e USING (event_id) WHERE o.delivery_id IS NULL
        )
        UPDATE scoring.outbox o SET delivery_id = n.delivery_id
        FROM events v JOIN numbered n USING (place) WHERE o.event_id = v.event_id AND o.delivery_id IS NULL""",
    )
