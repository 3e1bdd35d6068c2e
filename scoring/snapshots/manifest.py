"""The tables ``snapshot``, ``quarantined_row`` and ``breach``: which input is current, and what was refused of it."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from psycopg2.extras import Json

from scoring.database import Connection, all_rows, column, execute, insert, one, one_or_none, value
from scoring.snapshots.parts import Part, place_of

State = Literal["current", "superseded", "stopped"]
FileState = Literal["kept", "leaving", "gone"]

ROWS_AT_A_TIME = 1000  # rows of the quarantine in memory


@dataclass(frozen=True)
class Breach:
    """One rule that a quarantined row breaks, and the value that breaks it (None for a null)."""

    rule: str
    column: str
    value: str | None


@dataclass(frozen=True)
class QuarantinedRow:
    """One refused row and every critical rule that it breaks.

    ``text`` is a JSON object with the row's values as they were read: a decimal is its text, a date is ISO 8601, and
    a number reads back as the same float64. ``row_number`` is 1-based, as received.
    """

    row_number: int
    customer_id: str | None
    text: str
    breaches: tuple[Breach, ...]

    @property
    def content(self) -> dict[str, Any]:
        """The row's values by column."""
        found: dict[str, Any] = json.loads(self.text)
        return found


@dataclass(frozen=True)
class Snapshot:
    """A row of table ``snapshot``.

    ``kept`` is how many of the ``quarantined`` rows are stored with their values: all of them, or a sample if too many
    rows stopped the partition. ``broken_rules`` counts all ``quarantined`` rows: ``{"rule", "column", "rows"}`` for
    each rule. ``erased`` of the ``accepted`` rows are not in the file, because their persons were forgotten.
    ``file`` and ``quarantine_retired_at`` say what retention has removed, or is removing. ``files`` are those
    of a source that has many, as :class:`scoring.snapshots.parts.Part` in JSON.
    """

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
    kept: int
    duplicates: int
    warnings: list[dict[str, Any]]
    broken_rules: list[dict[str, Any]]
    erased: int = 0
    file: FileState = "kept"
    quarantine_retired_at: dt.datetime | None = None
    files: list[dict[str, Any]] = field(default_factory=list)

    def place_of(self, row_number: int) -> tuple[str, int]:
        """The file that a received row is from, and its number there; of a source that is no file, the source."""
        if not self.files:
            return self.source, row_number
        return place_of((Part(**file) for file in self.files), row_number)

    @property
    def stored(self) -> int:
        """Rows in the file."""
        return self.accepted - self.erased


@dataclass(frozen=True)
class NewSnapshot:
    """A snapshot to record: fields of :class:`Snapshot`, and the digests of the definition and of the suite."""

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
    kept: int = 0
    broken_rules: list[dict[str, Any]] = field(default_factory=list)
    erased: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)


_SELECT = """
    SELECT snapshot_id, data_set, as_of, digest, state, stopped_because, source, corrects, location, row_group_rows,
        received, accepted, quarantined, kept, duplicates, warnings, broken_rules, erased, file,
        quarantine_retired_at, files
    FROM scoring.snapshot"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('snapshot ' || %s || ' ' || %s::date, 0))"

_INSERT = """
    INSERT INTO scoring.snapshot (data_set, as_of, digest, state, stopped_because, source, corrects,
        definition_digest, suite_digest, location, row_group_rows, received, accepted, quarantined, kept, duplicates,
        warnings, broken_rules, erased, files, current_since)
    VALUES (%(data_set)s, %(as_of)s, %(digest)s, %(state)s, %(stopped_because)s, %(source)s, %(corrects)s,
        %(definition_digest)s, %(suite_digest)s, %(location)s, %(row_group_rows)s, %(received)s, %(accepted)s,
        %(quarantined)s, %(kept)s, %(duplicates)s, %(warnings)s, %(broken_rules)s, %(erased)s, %(files)s,
        CASE WHEN %(state)s = 'current' THEN clock_timestamp() END)
    RETURNING snapshot_id"""

_QUARANTINE = "INSERT INTO scoring.quarantined_row (snapshot_id, row_number, customer_id, content) VALUES %s"

_BREACHES = "INSERT INTO scoring.breach (snapshot_id, row_number, rule, column_name, value) VALUES %s"

_SUPERSEDE = """
    UPDATE scoring.snapshot SET state = 'superseded', stopped_because = NULL
    WHERE data_set = %s AND as_of = %s AND state <> 'superseded'"""

_FORGET_STOPPED = """
    UPDATE scoring.snapshot SET state = 'superseded', stopped_because = NULL
    WHERE data_set = %s AND as_of = %s AND state = 'stopped'"""

_MAKE_CURRENT = """
    UPDATE scoring.snapshot SET state = 'current', stopped_because = NULL, current_since = clock_timestamp()
    WHERE snapshot_id = %s"""

_STOP = "UPDATE scoring.snapshot SET state = 'stopped', stopped_because = %s WHERE snapshot_id = %s"

_KEEP_FILE = "UPDATE scoring.snapshot SET file = 'kept' WHERE snapshot_id = %s AND file <> 'kept'"

_LINEAGE = """
    WITH RECURSIVE line AS (
        SELECT snapshot_id, current_since FROM scoring.snapshot WHERE snapshot_id = %s
        UNION ALL
        SELECT s.snapshot_id, s.current_since FROM scoring.snapshot s JOIN line ON s.corrects = line.snapshot_id
    )
    SELECT snapshot_id FROM line WHERE current_since IS NOT NULL ORDER BY current_since, snapshot_id"""

_QUARANTINED = """
    SELECT row_number, customer_id, content::text, (
        SELECT json_agg(json_build_array(rule, column_name, value) ORDER BY rule COLLATE "C", column_name COLLATE "C")
        FROM scoring.breach b WHERE b.snapshot_id = q.snapshot_id AND b.row_number = q.row_number)
    FROM scoring.quarantined_row q WHERE snapshot_id = %s ORDER BY row_number"""


def lock(connection: Connection, data_set: str, as_of: dt.date) -> None:
    """Let only one transaction at a time record a snapshot of this partition."""
    value(connection, _LOCK, (data_set, as_of))


def find(connection: Connection, data_set: str, as_of: dt.date, digest: str) -> Snapshot | None:
    """The partition's snapshot with that digest, whatever its state."""
    condition = " WHERE data_set = %s AND as_of = %s AND digest = %s"
    return one_or_none(connection, Snapshot, _SELECT + condition, (data_set, as_of, digest))


def current(connection: Connection, data_set: str, as_of: dt.date) -> Snapshot | None:
    """The snapshot that scores are computed from."""
    condition = " WHERE data_set = %s AND as_of = %s AND state = 'current'"
    return one_or_none(connection, Snapshot, _SELECT + condition, (data_set, as_of))


def latest(connection: Connection, data_set: str) -> Snapshot | None:
    """The current snapshot of the latest as_of whose file is kept; None if there is none."""
    condition = " WHERE data_set = %s AND state = 'current' AND file = 'kept' ORDER BY as_of DESC LIMIT 1"
    return one_or_none(connection, Snapshot, _SELECT + condition, (data_set,))


def newest(connection: Connection, data_set: str, as_of: dt.date) -> Snapshot | None:
    """The newest stopped snapshot, if no snapshot became current after it; else the current one."""
    condition = """ WHERE data_set = %s AND as_of = %s AND state <> 'superseded'
        ORDER BY state = 'stopped' DESC, snapshot_id DESC LIMIT 1"""
    return one_or_none(connection, Snapshot, _SELECT + condition, (data_set, as_of))


def by_id(connection: Connection, snapshot_id: int) -> Snapshot | None:
    """The snapshot of that id."""
    return one_or_none(connection, Snapshot, _SELECT + " WHERE snapshot_id = %s", (snapshot_id,))


def get(connection: Connection, snapshot_id: int) -> Snapshot:
    """The snapshot of an id that exists."""
    return one(connection, Snapshot, _SELECT + " WHERE snapshot_id = %s", (snapshot_id,))


def listed(connection: Connection, data_set: str | None, most: int) -> list[Snapshot]:
    """The newest snapshots of a data set, or of all, the newest date first, in any state."""
    condition = " WHERE %s::text IS NULL OR data_set = %s ORDER BY as_of DESC, data_set, snapshot_id DESC LIMIT %s"
    return all_rows(connection, Snapshot, _SELECT + condition, (data_set, data_set, most))


def lineage(connection: Connection, snapshot_id: int) -> list[int]:
    """The ids of a snapshot and its replays that were ever current, in the order in which they last became current."""
    return column(connection, _LINEAGE, (snapshot_id,))


def record(connection: Connection, new: NewSnapshot, rows: Iterable[QuarantinedRow]) -> int:
    """Write a new snapshot with its quarantined rows; it becomes the current one unless it is stopped."""
    state: State = "stopped" if new.stopped_because else "current"
    if state == "current":
        execute(connection, _SUPERSEDE, (new.data_set, new.as_of))
    as_json = {name: Json(getattr(new, name)) for name in ("warnings", "broken_rules", "files")}
    snapshot_id = int(value(connection, _INSERT, {**vars(new), **as_json, "state": state}))
    remaining = iter(rows)
    while page := list(islice(remaining, ROWS_AT_A_TIME)):
        values = ((snapshot_id, row.row_number, row.customer_id, row.text) for row in page)
        insert(connection, _QUARANTINE, values)
        breaches = (
            (snapshot_id, row.row_number, breach.rule, breach.column, breach.value)
            for row in page
            for breach in row.breaches
        )
        insert(connection, _BREACHES, breaches)
    return snapshot_id


def keep_file(connection: Connection, snapshot_id: int) -> bool:
    """Note that a snapshot's file is there (again); whether retention had removed it."""
    return execute(connection, _KEEP_FILE, (snapshot_id,)) > 0


def forget_stopped(connection: Connection, data_set: str, as_of: dt.date) -> None:
    """Supersede the partition's stopped snapshots, because other content was received again after them."""
    execute(connection, _FORGET_STOPPED, (data_set, as_of))


def make_current(connection: Connection, snapshot: Snapshot) -> None:
    """Make an earlier snapshot the current one again."""
    execute(connection, _SUPERSEDE, (snapshot.data_set, snapshot.as_of))
    execute(connection, _MAKE_CURRENT, (snapshot.snapshot_id,))


def stop(connection: Connection, snapshot: Snapshot, because: str) -> None:
    """Mark a snapshot as stopped: nothing is scored from it; one that was stopped before it gives way to it."""
    forget_stopped(connection, snapshot.data_set, snapshot.as_of)
    execute(connection, _STOP, (because, snapshot.snapshot_id))


def note_stored(connection: Connection, location: str, rows: int) -> None:
    """Record how many rows the file of a snapshot has, after persons in it were forgotten."""
    execute(connection, "UPDATE scoring.snapshot SET erased = accepted - %s WHERE location = %s", (rows, location))


def blank(row: QuarantinedRow) -> QuarantinedRow:
    """A quarantined row without what it says of a person."""
    breaches = tuple(Breach(breach.rule, breach.column, None) for breach in row.breaches)
    return QuarantinedRow(row.row_number, None, "{}", breaches)


def quarantined(connection: Connection, snapshot_id: int) -> Iterator[QuarantinedRow]:
    """The quarantined rows of a snapshot, in the order of the input; read while the transaction is open."""
    with connection.cursor("quarantined_rows") as cursor:  # a server-side cursor: rows arrive a page at a time
        cursor.itersize = ROWS_AT_A_TIME
        cursor.execute(_QUARANTINED, (snapshot_id,))
        for row_number, customer_id, text, breaches in cursor:
            yield QuarantinedRow(row_number, customer_id, text, tuple(Breach(*breach) for breach in breaches))
