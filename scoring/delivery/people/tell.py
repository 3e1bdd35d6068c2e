"""Tells people what is due, then returns; it never sleeps for a retry. A later run finds what is due then."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scoring.alerts import facts
from scoring.database import Connection, connect, transaction
from scoring.delivery.people import sendings
from scoring.delivery.people.channels import Channels
from scoring.delivery.people.sendings import Claimed, State
from scoring.errors import AlertsDead

log = logging.getLogger(__name__)

AT_A_TIME = 8  # channels, each with a database connection
ROUTED_AT_ONCE = 1_000
FAILURES = 2  # so many in a row, and a channel is left alone until the next run


@dataclass(frozen=True)
class Told:
    """What one run did: messages ``sent``, tries that ``failed``, of them ``dead`` at their last try."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    last_failure: str = ""


class _Tally:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.told = Told()

    def add(self, state: State, failure: str) -> None:
        with self._lock:
            was = self.told
            self.told = Told(
                was.sent + (state == "sent"),
                was.failed + (state != "sent"),
                was.dead + (state == "dead"),
                failure or was.last_failure,
            )


def tell(database_url: str, channels: Channels) -> Told:
    """Send what is due to each channel; the channels do not wait for each other.

    Repeatable, and safe to run several times at once. A channel that fails twice in a row is left alone until the
    next run, so it keeps a run for at most two times :attr:`Channels.seconds`.

    Raises
    ------
    TransientError
        If the database cannot be reached.
    """
    with transaction(database_url) as connection:
        while _route(connection, channels):
            pass
    with transaction(database_url) as connection:
        due = sendings.due_channels(connection)
    tally = _Tally()
    if due:
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="tell") as pool:
            for done in [pool.submit(_serve, database_url, channels, name, tally.add) for name in due]:
                done.result()
    return tally.told


def complaint(told: Told) -> AlertsDead | None:
    """The error with which a run ends that gave something up."""
    if not told.dead:
        return None
    return AlertsDead(
        f"{told.dead} alerts were given up; the last failure was: {told.last_failure}. They are kept.",
        remedy="`scoring alert list --state dead` names them. Mend the channel (SCORING_CHANNELS), then "
        "`scoring alert replay`.",
        in_airflow="Mend the channel in the connection alert_channels, then `scoring alert replay`.",
    )


def _route(connection: Connection, channels: Channels) -> bool:
    """Look up the channels of alerts that are new; whether there may be more."""
    taken = facts.take_unrouted(connection, ROUTED_AT_ONCE)
    sendings.add(connection, [(alert.alert_id, name) for alert in taken for name in channels.of(alert.owner)])
    facts.mark_routed(connection, [alert.alert_id for alert in taken])
    return len(taken) == ROUTED_AT_ONCE


def _serve(database_url: str, channels: Channels, name: str, count: Callable[[State, str], None]) -> None:
    """Send what is due on one channel, until nothing is or it fails too often."""
    failures = 0
    with connect(database_url) as connection:
        while failures < FAILURES:
            with connection:
                claimed = sendings.claim(connection, name)
                if claimed is None:
                    return
                state, failure = _send_one(connection, channels, claimed)
            count(state, f"{name}: {failure}" if failure else "")
            failures = 0 if state == "sent" else failures + 1


def _send_one(connection: Connection, channels: Channels, claimed: Claimed) -> tuple[State, str | None]:
    alert, begun = facts.by_id(connection, claimed.alert_id), time.monotonic()
    error = channels.send(claimed.channel, alert)
    if error is not None:
        log.warning("%s was not sent to %s: %s", alert.reference, claimed.channel, error)
    chance = secrets.SystemRandom().random()
    return sendings.record(connection, claimed, error, time.monotonic() - begun, chance), error
