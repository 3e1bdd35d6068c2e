"""Tells an endpoint what changed: sends until nothing is due, then returns; it never sleeps for a retry.

A later run sends what is due later: due times are kept in the database and compared with its clock.
"""

import time

from scoring.database import transaction
from scoring.delivery import endpoints, outbox
from scoring.delivery.adapters.contract import Adapter
from scoring.delivery.notified import Notified
from scoring.delivery.workers import Workers
from scoring.errors import ConfigurationError


def notify(
    database_url: str, adapter: Adapter, endpoint: str = endpoints.CRM, *, max_seconds: float | None = None
) -> Notified:
    """Deliver what is due, packing waiting events as it goes.

    It can be repeated, and several runs at once share the work. After ``max_seconds`` no request begins.

    Raises
    ------
    ConfigurationError
        If there is something to tell, but the receiver's address or secret is missing or cannot be used, or the
        endpoint belongs to another adapter. Everything keeps waiting.
    TransientError
        If the database cannot be reached or the receiver's name cannot be resolved.
    IntegrityError
        If an event holds a value that cannot be told.
    """
    end = None if max_seconds is None else time.monotonic() + max_seconds
    with transaction(database_url) as connection:
        known = endpoints.look_up(connection, endpoint)
        if not outbox.undelivered(connection, endpoint):
            return Notified()
    if known.adapter != adapter.kind:
        raise ConfigurationError(
            f"The endpoint {endpoint} belongs to the adapter {known.adapter!r}, not to {adapter.kind!r}.",
            remedy="Correct the column adapter of table scoring.endpoint.",
        )
    with adapter.opened() as sender:
        workers = Workers(database_url, endpoint, adapter, sender, end)
        workers.run()
    with transaction(database_url) as connection:
        known = endpoints.look_up(connection, endpoint)
    tally = workers.tally
    return Notified(
        requests=tally.delivered + tally.failed,
        delivered=tally.delivered,
        failed=tally.failed,
        dead=tally.dead,
        events=tally.events,
        split=tally.split,
        held_because=known.held_because,
        disabled=known.state == "disabled",
        target=adapter.target,
        last_failure=tally.last_failure.said if tally.last_failure else "",
        last_status=tally.last_failure.status if tally.last_failure else None,
        endpoint=endpoint,
        kind=adapter.kind,
    )
