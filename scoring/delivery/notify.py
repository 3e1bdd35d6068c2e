"""Notify: tell the CRM what changed. Sends until nothing is due, then returns; it never sleeps for a retry.

What is due later is picked up by a later run: due times stand in the database and are read by its clock.
"""

import datetime as dt
import secrets
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from scoring.database import Connection, connect
from scoring.delivery import deliveries, outbox
from scoring.delivery.adapters.webhook import Sender
from scoring.delivery.deliveries import Claimed, Tried
from scoring.delivery.retry import (
    OUT_OF_REACH,
    OUT_OF_REACH_HOLD,
    OUT_OF_REACH_LIMIT,
    following,
    retry_after,
)
from scoring.settings import Settings

CONNECTIONS = 8  # requests at a time, and the deliveries of one claim


@dataclass(frozen=True)
class Notified:
    """What one run did.

    ``requests`` = ``delivered`` + ``failed``; ``dead`` are the failed that had their last try; ``events``
    are those of the delivered requests. ``held_because`` says why nothing goes to the endpoint at
    the moment; ``disabled`` that it stays so until a person enables it.
    """

    requests: int = 0
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    events: int = 0
    held_because: str | None = None
    disabled: bool = False


@dataclass
class _Tally:
    tried: int = 0
    delivered: int = 0
    dead: int = 0
    events: int = 0
    out_of_reach: int = field(default=0)  # answers in a row

    def add(self, tried: Tried) -> None:
        self.tried += 1
        self.dead += tried.next.state == "dead"
        self.out_of_reach = self.out_of_reach + 1 if tried.status in OUT_OF_REACH else 0
        if tried.next.state == "delivered":
            self.delivered += 1
            self.events += tried.claimed.events


def notify(settings: Settings, *, max_seconds: float | None = None) -> Notified:
    """Deliver what is due, packing waiting events as it goes.

    Repeatable, and safe to run several times at once. After ``max_seconds`` no request begins.

    Raises
    ------
    ConfigurationError
        If there is something to tell and the CRM's address or secret is missing or cannot be used. Everything
        waits where it is.
    TransientError
        If the database cannot be reached or the CRM's name cannot be resolved.
    IntegrityError
        If an event holds a value that cannot be told.
    """
    end = None if max_seconds is None else time.monotonic() + max_seconds
    tally = _Tally()
    with connect(settings.database()) as connection:
        with connection:
            if not outbox.undelivered(connection):
                return Notified()
        with (
            Sender(settings.crm_url, settings.crm_secret, connections=CONNECTIONS) as sender,
            ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="notify") as pool,
        ):
            while end is None or time.monotonic() < end:
                if not _deliver_some(connection, sender, pool, tally) and not _pack_some(connection):
                    break
        with connection:
            endpoint = outbox.show(connection)
    failed = tally.tried - tally.delivered
    disabled = endpoint.disabled_because is not None
    return Notified(tally.tried, tally.delivered, failed, tally.dead, tally.events, _held_because(endpoint), disabled)


def _pack_some(connection: Connection) -> bool:
    with connection:
        return outbox.pack(connection) > 0


def _deliver_some(connection: Connection, sender: Sender, pool: ThreadPoolExecutor, tally: _Tally) -> bool:
    """Send and record a group of due deliveries in one transaction; whether there were any."""
    with connection:
        claimed = deliveries.claim(connection, outbox.CRM, limit=CONNECTIONS)
        begun = time.monotonic()
        tried = list(pool.map(lambda one: _try(one, sender, begun), claimed))
        if tried:
            deliveries.record(connection, tried)
            _consider(connection, tried, tally)
    return bool(tried)


def _try(claimed: Claimed, sender: Sender, begun: float) -> Tried:
    """Send one delivery. The time is the database's at the claim and what has passed since ``begun``."""
    sent_at = claimed.claimed_at + dt.timedelta(seconds=time.monotonic() - begun)
    answer = sender.send(claimed.message_id, sent_at, claimed.body)
    what_follows = following(
        answer.status,
        claimed.scheduled_attempt,
        asked=retry_after(answer.retry_after, sent_at + dt.timedelta(seconds=answer.seconds)),
        chance=secrets.SystemRandom().random(),
    )
    return Tried(claimed, sent_at, answer.status, answer.error, answer.seconds, what_follows)


def _consider(connection: Connection, tried: Iterable[Tried], tally: _Tally) -> None:
    """Count a group, and keep the whole endpoint waiting if its answers ask for it."""
    for one in tried:
        tally.add(one)
        if one.next.disable:
            when = one.attempted_at.astimezone(dt.UTC).isoformat(sep=" ", timespec="seconds")
            reason = f"it answered {one.status} Gone to {one.claimed.message_id} at {when}"
            deliveries.disable(connection, outbox.CRM, reason)
        if one.next.hold:
            deliveries.hold(connection, outbox.CRM, one.next.hold)
        if tally.out_of_reach >= OUT_OF_REACH_LIMIT:
            deliveries.hold(connection, outbox.CRM, OUT_OF_REACH_HOLD)


def _held_because(endpoint: outbox.Endpoint) -> str | None:
    if endpoint.disabled_because is not None:
        return f"{endpoint.endpoint} is disabled: {endpoint.disabled_because}"
    if endpoint.held_until is not None:
        when = endpoint.held_until.astimezone(dt.UTC).isoformat(sep=" ", timespec="seconds")
        return f"{endpoint.endpoint} is held back until {when}"
    return None
