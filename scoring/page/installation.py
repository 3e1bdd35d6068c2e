"""What the page says of the installation as a whole: events and alerts on their way, and what was given up."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows, value

MOST = 100_000  # counting stops here: nobody acts differently on more


@dataclass(frozen=True)
class EndpointLine:
    """An endpoint and what waits for it; counts end at ``MOST`` + 1, which means "more than ``MOST``"."""

    endpoint: str
    state: str
    disabled_because: str | None
    held_until: dt.datetime | None
    waiting_events: int
    pending_deliveries: int
    dead_deliveries: int
    oldest_pending: dt.datetime | None


_ENDPOINTS = """
    SELECT e.endpoint, e.state, e.disabled_because, CASE WHEN e.not_before > now() THEN e.not_before END AS held_until,
        (SELECT count(*) FROM (SELECT FROM scoring.outbox o WHERE o.endpoint = e.endpoint AND o.lane = 0
                                   AND o.delivery_id IS NULL
                               LIMIT %(most)s + 1) w) AS waiting_events,
        (SELECT count(*) FROM (SELECT FROM scoring.delivery d WHERE d.endpoint = e.endpoint AND d.state = 'pending'
                               LIMIT %(most)s + 1) p) AS pending_deliveries,
        (SELECT count(*) FROM (SELECT FROM scoring.delivery d WHERE d.endpoint = e.endpoint AND d.state = 'dead'
                               LIMIT %(most)s + 1) x) AS dead_deliveries,
        (SELECT min(created_at) FROM (SELECT d.created_at FROM scoring.delivery d
                                      WHERE d.endpoint = e.endpoint AND d.state = 'pending'
                                      LIMIT %(most)s) p) AS oldest_pending
    FROM scoring.endpoint e ORDER BY e.endpoint LIMIT 100"""

_DEAD_ALERTS = """
    SELECT count(*) FROM (SELECT FROM scoring.alert_sending WHERE state = 'dead' LIMIT %(most)s + 1) d"""


def endpoints(connection: Connection) -> list[EndpointLine]:
    """All endpoints by name (the first hundred)."""
    return all_rows(connection, EndpointLine, _ENDPOINTS, {"most": MOST})


def dead_alerts(connection: Connection) -> int:
    """Messages to people that were given up; at most ``MOST`` + 1."""
    return int(value(connection, _DEAD_ALERTS, {"most": MOST}))
