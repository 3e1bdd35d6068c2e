"""The table ``endpoint``: where events go, the limits of a message, and whether anything may be sent now."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows, column, execute, one_or_none
from scoring.delivery.adapters.contract import Limits
from scoring.delivery.adapters.records import Format
from scoring.errors import NotFound

CRM = "crm_webhook"

# By index, as outbox.UNDELIVERED; a disabled endpoint is among them, so that its runs say so.
WITH_WORK = """
SELECT e.endpoint FROM scoring.endpoint e
WHERE coalesce(
    (SELECT true FROM scoring.outbox o WHERE o.endpoint = e.endpoint AND o.delivery_id IS NULL
     ORDER BY o.lane, o.event_id LIMIT 1),
    (SELECT true FROM scoring.delivery d WHERE d.endpoint = e.endpoint AND d.state = 'pending'
     ORDER BY d.next_attempt_at LIMIT 1))
ORDER BY e.endpoint
"""

COLUMNS = """
SELECT e.endpoint AS name, e.adapter, coalesce(e.secret, e.endpoint) AS secret, e.max_events, e.max_bytes,
       e.topic, e.format, e.state, e.disabled_because,
       CASE WHEN e.not_before > now() THEN e.not_before END AS held_until
FROM scoring.endpoint e
"""
LOOK_UP = f"{COLUMNS} WHERE e.endpoint = %s"
LIST = f"{COLUMNS} ORDER BY e.endpoint"

HOLD = """
UPDATE scoring.endpoint SET not_before = GREATEST(not_before, clock_timestamp() + %(hold)s)
WHERE endpoint = %(endpoint)s
"""

DISABLE = """
UPDATE scoring.endpoint SET state = 'disabled', disabled_because = %(reason)s
WHERE endpoint = %(endpoint)s AND state = 'enabled'
"""

ENABLE = """
UPDATE scoring.endpoint SET state = 'enabled', disabled_because = NULL, not_before = '-infinity'
WHERE endpoint = %s
"""


@dataclass(frozen=True)
class Endpoint:
    """A receiver of events.

    Parameters
    ----------
    name
        Its key; ``delivery`` and ``outbox`` refer to it.
    adapter
        The kind of adapter that renders for it and sends to it.
    secret
        The name under which an entry point finds its address and secret; in Airflow, the name of a connection.
    max_events, max_bytes
        How much one message may carry.
    topic, format
        Of Kafka: the pattern of its topics (None for others), and how an event is written.
    state, disabled_because, held_until
        ``enabled`` or ``disabled``; why; and until when nothing is sent to it, if so.
    """

    name: str
    adapter: str
    secret: str
    max_events: int
    max_bytes: int
    topic: str | None
    format: Format
    state: str
    disabled_because: str | None
    held_until: dt.datetime | None

    @property
    def limits(self) -> Limits:
        """How much one message may carry."""
        return Limits(self.max_events, self.max_bytes)

    @property
    def held_because(self) -> str | None:
        """Why nothing is sent now; None if requests may be sent."""
        if self.state == "disabled":
            return f"{self.name} is disabled: {self.disabled_because}"
        if self.held_until is not None:
            when = self.held_until.astimezone(dt.UTC).isoformat(sep=" ", timespec="seconds")
            return f"{self.name} is held back until {when}"
        return None


def look_up(connection: Connection, name: str = CRM) -> Endpoint:
    """Find an endpoint by name; :class:`NotFound` if there is none."""
    found = one_or_none(connection, Endpoint, LOOK_UP, (name,))
    if found is None:
        raise _unknown(name)
    return found


def all_of_them(connection: Connection) -> list[Endpoint]:
    """All endpoints by name."""
    return all_rows(connection, Endpoint, LIST)


def with_work(connection: Connection) -> list[str]:
    """The endpoints for which anything waits to be told, now or later, by name."""
    return column(connection, WITH_WORK)


def hold(connection: Connection, name: str, time: dt.timedelta) -> None:
    """Send nothing to the endpoint for ``time``; a hold that lasts longer stays."""
    execute(connection, HOLD, {"endpoint": name, "hold": time})


def disable(connection: Connection, name: str, reason: str) -> bool:
    """Let nothing go to the endpoint until a person enables it; its deliveries stay as they are.

    Returns whether it was enabled before.
    """
    return execute(connection, DISABLE, {"endpoint": name, "reason": reason}) == 1


def enable(connection: Connection, name: str = CRM) -> None:
    """Allow requests to the endpoint again, at once; :class:`NotFound` if there is none of that name."""
    if execute(connection, ENABLE, (name,)) == 0:
        raise _unknown(name)


def _unknown(name: str) -> NotFound:
    return NotFound(
        f"There is no endpoint {name!r}.", remedy="`scoring endpoint list` names all; the CRM's is crm_webhook."
    )
