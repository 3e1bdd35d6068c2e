"""The tables ``snapshot`` and ``quarantined_row``: which input is the current one, and what was refused of it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from psycopg2.extras import Json, execute_values

from scoring.database import Connection

State = Literal["current", "superseded", "stopped"]


@dataclass(frozen=True)
class Quarantined:
    """One refused row and one rule it breaks; ``content`` has the row's values as they were read."""

    row_number: int
    rule: str
    column: str
    value: str | None
    customer_id: str | None
    content: dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """A row of table ``snapshot``."""

    snapshot_id: int
    data_set: str
    as_of: dt.date
    digest: str
    state: State
    stopped_because: str | None
    source: str
    corrects: int | None
    location: str
    row_group_rows: int
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    warnings: list[dict[str, Any]]


@dataclass(frozen=True)
class Received:
    """What an intake found, ready to be recorded."""

    data_set: str
    as_of: dt.date
    digest: str
    stopped_because: str | None
    source: str
    corrects: int | None
    definition_digest: str
    suite_digest: str
    location: str
    row_group_rows: int
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    warnings: list[dict[str, Any]]


_COLUMNS = """snapshot_id, data_set, as_of, digest, state, stopped_because, source, corrects, location,
    row_group_rows, received, accepted, quarantined, duplicates, warnings"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('snapshot ' || %s || ' ' || %s::date, 0))"

_INSERT = """
    INSERT INTO scoring.snapshot (data_set, as_of, digest, state, stopped_because, source, corrects,
        definition_digest, suite_digest, location, row_group_rows, received, accepted, quarantined, duplicates,
        warnings)
    VALUES (%(data_set)s, %(as_of)s, %(digest)s, %(state)s, %(stopped_because)s, %(source)s, %(corrects)s,
        %(definition_digest)s, %(suite_digest)s, %(location)s, %(row_group_rows)s,
        %(received)s, %(accepted)s, %(quarantined)s, %(duplicates)s, %(warnings)s)
    RETURNING snapshot_id"""

_QUARANTINE = """
    INSERT INTO scoring.quarantined_row (snapshot_id, row_number, rule, column_name, value, customer_id, content)
    VALUES %s"""

_SUPERSEDE = """
    UPDATE scoring.snapshot SET state = 'superseded', stopped_because = NULL
    WHERE data_set = %s AND as_of = %s AND state <> 'superseded'"""

_FORGET_STOPPED = """
    UPDATE scoring.snapshot SET state = 'superseded', stopped_because = NULL
    WHERE data_set = %s AND as_of = %s AND state = 'stopped'"""

_SET_STATE = "UPDATE scoring.snapshot SET state = %s, stopped_because = %s WHERE snapshot_id = %s"

# The current snapshot and those whose quarantined rows were replayed into it, one after the other.
_ANCESTRY = """
    WITH RECURSIVE line AS (
        SELECT snapshot_id, corrects, digest FROM scoring.snapshot
        WHERE data_set = %s AND as_of = %s AND state = 'current'
        UNION ALL
        SELECT s.snapshot_id, s.corrects, s.digest FROM scoring.snapshot s JOIN line ON s.snapshot_id = line.corrects
    ) SELECT digest FROM line"""


def lock(connection: Connection, data_set: str, as_of: dt.date) -> None:
    """Let only one transaction at a time record a snapshot of this partition."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, (data_set, as_of))


def find(connection: Connection, data_set: str, as_of: dt.date, digest: str) -> Snapshot | None:
    """The snapshot of that content, whatever its state."""
    return _one(connection, "data_set = %s AND as_of = %s AND digest = %s", (data_set, as_of, digest))


def current(connection: Connection, data_set: str, as_of: dt.date) -> Snapshot | None:
    """The snapshot that scores are computed from."""
    return _one(connection, "data_set = %s AND as_of = %s AND state = 'current'", (data_set, as_of))


def newest(connection: Connection, data_set: str, as_of: dt.date) -> Snapshot | None:
    """The one that was stopped last, if nothing became current since; or else the current snapshot."""
    return _one(
        connection,
        "data_set = %s AND as_of = %s AND state <> 'superseded' "
        "ORDER BY state = 'stopped' DESC, snapshot_id DESC LIMIT 1",
        (data_set, as_of),
    )


def by_id(connection: Connection, snapshot_id: int) -> Snapshot | None:
    """The snapshot of that id."""
    return _one(connection, "snapshot_id = %s", (snapshot_id,))


def _one(connection: Connection, condition: str, arguments: tuple[Any, ...]) -> Snapshot | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM scoring.snapshot WHERE {condition}", arguments)  # noqa: S608 - constants
        row = cursor.fetchone()
    return Snapshot(*row) if row else None


def corrected_digests(connection: Connection, data_set: str, as_of: dt.date) -> set[str]:
    """Digests of the current snapshot and of all that it corrects."""
    with connection.cursor() as cursor:
        cursor.execute(_ANCESTRY, (data_set, as_of))
        return {digest for (digest,) in cursor.fetchall()}


def record(connection: Connection, received: Received, rows: Iterable[Quarantined]) -> int:
    """Write a new snapshot with its quarantined rows; unless stopped it becomes the current one."""
    state: State = "stopped" if received.stopped_because else "current"
    with connection.cursor() as cursor:
        if state == "current":
            cursor.execute(_SUPERSEDE, (received.data_set, received.as_of))
        cursor.execute(_INSERT, {**vars(received), "state": state, "warnings": Json(received.warnings)})
        (snapshot_id,) = cursor.fetchone() or (0,)
        execute_values(cursor, _QUARANTINE, (_values(int(snapshot_id), row) for row in rows), page_size=1000)
    return int(snapshot_id)


def forget_stopped(connection: Connection, data_set: str, as_of: dt.date) -> None:
    """Let deliveries that were stopped give way: the current content has been delivered again since."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_STOPPED, (data_set, as_of))


def make_current(connection: Connection, snapshot: Snapshot) -> None:
    """Let an earlier snapshot be the current one again."""
    with connection.cursor() as cursor:
        cursor.execute(_SUPERSEDE, (snapshot.data_set, snapshot.as_of))
        cursor.execute(_SET_STATE, ("current", None, snapshot.snapshot_id))


def stop(connection: Connection, snapshot: Snapshot, because: str) -> None:
    """Take a snapshot out of use."""
    with connection.cursor() as cursor:
        cursor.execute(_SET_STATE, ("stopped", because, snapshot.snapshot_id))


def quarantined(connection: Connection, snapshot_id: int) -> list[Quarantined]:
    """The refused rows of a snapshot, in the order of the input."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT row_number, rule, column_name, value, customer_id, content FROM scoring.quarantined_row
               WHERE snapshot_id = %s ORDER BY row_number, rule, column_name""",
            (snapshot_id,),
        )
        return [Quarantined(*row) for row in cursor.fetchall()]


def _values(snapshot_id: int, row: Quarantined) -> tuple[Any, ...]:
    return (snapshot_id, row.row_number, row.rule, row.column, row.value, row.customer_id, Json(row.content))
