"""The tables ``alert_sending`` and ``alert_attempt``: an alert on its way to a channel, and each try.

A claim is a row lock, held by the open transaction in which the alert is sent and the outcome recorded, as for
deliveries: a killed sender's claim ends with it, and the alert is sent again with the same reference.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scoring.alerts.facts import Kind
from scoring.database import Connection, all_rows, column, execute, insert, one_or_none, value
from scoring.delivery.retry import wait_after
from scoring.errors import NotFound

State = Literal["pending", "sent", "dead"]

_ADD = "INSERT INTO scoring.alert_sending (alert_id, channel) VALUES %s ON CONFLICT DO NOTHING"

_DUE = """
    SELECT channel FROM scoring.alert_sending WHERE state = 'pending' AND next_attempt_at <= now()
    GROUP BY channel ORDER BY min(next_attempt_at)"""

_CLAIM = """
    SELECT alert_id, channel, attempts + 1 AS attempt, attempts + 1 - attempts_forgiven AS scheduled_attempt,
        clock_timestamp() AS claimed_at
    FROM scoring.alert_sending
    WHERE channel = %s AND state = 'pending' AND next_attempt_at <= now()
    ORDER BY next_attempt_at, alert_id LIMIT 1 FOR UPDATE SKIP LOCKED"""

_ATTEMPT = """
    INSERT INTO scoring.alert_attempt (alert_id, channel, attempt, attempted_at, error, seconds)
    VALUES (%s, %s, %s, %s, %s, %s)"""

_ADVANCE = """
    UPDATE scoring.alert_sending SET attempts = attempts + 1, state = %(state)s, last_error = %(error)s,
        next_attempt_at = CASE %(state)s WHEN 'pending' THEN clock_timestamp() + %(wait)s ELSE next_attempt_at END,
        sent_at = CASE %(state)s WHEN 'sent' THEN clock_timestamp() END
    WHERE alert_id = %(alert_id)s AND channel = %(channel)s"""

_LIST = """
    SELECT a.alert_id, a.kind, a.owner, a.title, a.noted_at, s.channel, coalesce(s.state, 'pending') AS state,
        coalesce(s.attempts, 0) AS attempts, s.last_error,
        CASE s.state WHEN 'pending' THEN s.next_attempt_at END AS next_attempt_at
    FROM scoring.alert a LEFT JOIN scoring.alert_sending s USING (alert_id)
    WHERE %(state)s IS NULL OR coalesce(s.state, 'pending') = %(state)s
    ORDER BY a.alert_id DESC, s.channel LIMIT %(limit)s"""

_REPLAY = """
    UPDATE scoring.alert_sending SET state = 'pending', attempts_forgiven = attempts, next_attempt_at = now()
    WHERE state = 'dead' AND (%(ids)s::bigint[] IS NULL OR alert_id = ANY (%(ids)s::bigint[]))
    RETURNING alert_id"""


@dataclass(frozen=True)
class Claimed:
    """A due sending, locked. ``attempt`` counts all tries, ``scheduled_attempt`` those since a replay."""

    alert_id: int
    channel: str
    attempt: int
    scheduled_attempt: int
    claimed_at: dt.datetime


@dataclass(frozen=True)
class Listed:
    """An alert and what became of it on one channel, for a person; no channel before they were looked up."""

    alert_id: int
    kind: Kind
    owner: str
    title: str
    noted_at: dt.datetime
    channel: str | None
    state: State
    attempts: int
    last_error: str | None
    next_attempt_at: dt.datetime | None


def add(connection: Connection, pairs: Iterable[tuple[int, str]]) -> None:
    """Let alerts (by their ids) go to channels (by their names), due at once."""
    insert(connection, _ADD, pairs)


def due_channels(connection: Connection) -> list[str]:
    """The channels to which something is due, the one that has waited longest first."""
    return column(connection, _DUE)


def claim(connection: Connection, channel: str) -> Claimed | None:
    """Lock what has been due on a channel for the longest and nobody else holds, until the transaction ends."""
    return one_or_none(connection, Claimed, _CLAIM, (channel,))


def record(connection: Connection, claimed: Claimed, error: str | None, seconds: float, chance: float) -> State:
    """Write a try and what follows, in the transaction that holds the claim; returns the new state."""
    attempt = (claimed.alert_id, claimed.channel, claimed.attempt, claimed.claimed_at, error, seconds)
    execute(connection, _ATTEMPT, attempt)
    state, wait = following(error, claimed.scheduled_attempt, chance)
    advance = {"state": state, "wait": wait, "error": error, "alert_id": claimed.alert_id, "channel": claimed.channel}
    execute(connection, _ADVANCE, advance)
    return state


def following(error: str | None, attempt: int, chance: float) -> tuple[State, dt.timedelta]:
    """What follows try number ``attempt`` (from 1) of the schedule, and the wait of what is pending.

    The schedule is that of deliveries; ``chance`` is uniform in [0, 1).
    """
    if error is None:
        return "sent", dt.timedelta()
    wait = wait_after(attempt, chance)
    return ("dead", dt.timedelta()) if wait is None else ("pending", wait)


def newest(connection: Connection, *, state: State | None = None, limit: int = 50) -> list[Listed]:
    """List the newest alerts with their channels, of one state or all."""
    return all_rows(connection, Listed, _LIST, {"state": state, "limit": limit})


def dead(connection: Connection) -> int:
    """Count what was given up."""
    return int(value(connection, "SELECT count(*) FROM scoring.alert_sending WHERE state = 'dead'"))


def replay_dead(connection: Connection, alert_ids: list[int] | None = None) -> int:
    """Make what was given up due again, with all tries of the schedule before it; returns how many sendings.

    Raises
    ------
    NotFound
        If one of ``alert_ids`` was not given up; then nothing is replayed.
    """
    replayed = column(connection, _REPLAY, {"ids": alert_ids})
    missing = sorted(set(alert_ids or ()) - set(replayed))
    if missing:
        raise NotFound(
            f"alert-{missing[0]} was not given up; nothing was replayed.",
            remedy="`scoring alert list --state dead` names those that were.",
        )
    return len(replayed)
