"""The tables of a publication: planned, filled shard by shard where nobody looks, then shown in one transaction."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg2
from psycopg2 import sql
from psycopg2.extras import execute_values

from scoring.database import Connection
from scoring.errors import IntegrityError

State = Literal["open", "published", "superseded"]


@dataclass(frozen=True)
class Publication:
    """A row of table ``publication``."""

    publication_id: int
    score: str
    as_of: dt.date
    snapshot_id: int
    definition_digest: str
    inputs_digest: str
    state: State
    run_id: str
    code_version: str
    rows: int | None
    changed: int | None
    checksum: str | None
    announces: bool | None


@dataclass(frozen=True)
class Arm:
    """A model of a publication; the champion's arm until experiments split the customers."""

    arm: str
    model_name: str
    model_version: int
    model_digest: str


@dataclass(frozen=True)
class ScoreRow:
    """A published score of one customer."""

    customer_id: str
    value: float
    points: int | None
    band: str | None
    arm: str
    model_version: int


_COLUMNS = """publication_id, score, as_of, snapshot_id, definition_digest, inputs_digest, state, run_id, code_version,
    rows, changed, checksum, announces"""

_SELECT = f"SELECT {_COLUMNS} FROM scoring.publication "  # noqa: S608 - constants

_OPEN = """
    INSERT INTO scoring.publication
        (score, as_of, snapshot_id, definition_digest, inputs_digest, run_id, code_version, opened_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp()) RETURNING publication_id"""

_SHOW = """
    UPDATE scoring.publication SET state = 'published', rows = %s, changed = %s, checksum = %s, announces = %s,
        published_at = now()
    WHERE publication_id = %s"""

_NOTE_DROPPED = """
    INSERT INTO scoring.dropped_publication (publication_id, score, as_of, snapshot_id)
    SELECT publication_id, score, as_of, snapshot_id FROM scoring.publication WHERE publication_id = %s"""


def rows_table(publication_id: int) -> sql.Composed:
    """The table with the rows of one publication; a partition of ``score`` once it is published."""
    return sql.SQL("scoring.{}").format(sql.Identifier(f"score_{int(publication_id)}"))


def lock(connection: Connection, score: str) -> None:
    """Let only one transaction at a time plan or publish this score."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('publication ' || %s, 0))", (score,))


def by_inputs(connection: Connection, score: str, as_of: dt.date, inputs_digest: str) -> Publication | None:
    """The publication made from exactly these inputs, whatever its state."""
    return _one(connection, "WHERE score = %s AND as_of = %s AND inputs_digest = %s", (score, as_of, inputs_digest))


def reopen(connection: Connection, publication_id: int) -> None:
    """Note that a publication's inputs were found to be the valid ones just now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scoring.publication SET opened_at = clock_timestamp() WHERE publication_id = %s", (publication_id,)
        )


def overtaken_by(connection: Connection, publication: Publication) -> Publication | None:
    """What is published in the place of ``publication`` and was planned after it."""
    condition = """WHERE state = 'published' AND score = %s AND as_of = %s AND opened_at >
        (SELECT opened_at FROM scoring.publication WHERE publication_id = %s)"""
    return _one(connection, condition, (publication.score, publication.as_of, publication.publication_id))


def by_id(connection: Connection, publication_id: int) -> Publication | None:
    """The publication of that id."""
    return _one(connection, "WHERE publication_id = %s", (publication_id,))


def published(connection: Connection, score: str, as_of: dt.date | None) -> Publication | None:
    """What readers see of a score at ``as_of``, or at its newest date."""
    condition = "WHERE state = 'published' AND score = %s AND as_of = coalesce(%s, as_of) ORDER BY as_of DESC LIMIT 1"
    return _one(connection, condition, (score, as_of))


def _one(connection: Connection, condition: str, arguments: tuple[Any, ...]) -> Publication | None:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + condition, arguments)
        row = cursor.fetchone()
    return Publication(*row) if row else None


def open_publication(
    connection: Connection,
    *,
    score: str,
    as_of: dt.date,
    snapshot_id: int,
    definition_digest: str,
    inputs_digest: str,
    run_id: str,
    code_version: str,
    arms: Sequence[Arm],
) -> int:
    """Plan a publication: its row, its arms and the table its rows go to, which nobody reads yet."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, (score, as_of, snapshot_id, definition_digest, inputs_digest, run_id, code_version))
        (publication_id,) = cursor.fetchone() or (0,)
        execute_values(
            cursor,
            "INSERT INTO scoring.arm (publication_id, arm, model_name, model_version, model_digest) VALUES %s",
            [(publication_id, arm.arm, arm.model_name, arm.model_version, arm.model_digest) for arm in arms],
        )
        cursor.execute(
            sql.SQL(
                "CREATE TABLE {0} (LIKE scoring.score, CHECK (publication_id = {1}));"
                "ALTER TABLE {0} ALTER publication_id SET DEFAULT {1}"
            ).format(rows_table(publication_id), sql.Literal(publication_id))
        )
    return int(publication_id)


def row_of(connection: Connection, publication_id: int, customer: str) -> ScoreRow | None:
    """One customer's row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id, value, points, band, arm, model_version FROM scoring.score
               WHERE publication_id = %s AND customer_id = %s""",
            (publication_id, customer),
        )
        row = cursor.fetchone()
    return ScoreRow(*row) if row else None


def arms(connection: Connection, publication_id: int) -> list[Arm]:
    """The models of a publication."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT arm, model_name, model_version, model_digest FROM scoring.arm
               WHERE publication_id = %s ORDER BY arm""",
            (publication_id,),
        )
        return [Arm(*row) for row in cursor.fetchall()]


def index_rows(connection: Connection, publication_id: int) -> int:
    """Give a filled table its key, which also refuses a customer that stands twice; returns the number of rows."""
    table = rows_table(publication_id)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        try:
            cursor.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (customer_id)").format(table))
        except psycopg2.errors.UniqueViolation as error:
            raise IntegrityError(
                f"Publication {publication_id} holds a customer twice ({error.diag.message_detail}). Its snapshot is "
                "not as it was stored: delete its file, ingest the partition again, and run it again."
            ) from error
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(table))
        (rows,) = cursor.fetchone() or (0,)
    return int(rows)


def show(
    connection: Connection,
    publication: Publication,
    *,
    rows: int,
    changed: int,
    checksum: str,
    announces: bool,
) -> None:
    """Let readers see a publication instead of the one they saw: the last step of the transaction."""
    with connection.cursor() as cursor:
        if publication.state == "open":
            cursor.execute(
                sql.SQL("ALTER TABLE scoring.score ATTACH PARTITION {} FOR VALUES IN ({})").format(
                    rows_table(publication.publication_id), sql.Literal(publication.publication_id)
                )
            )
        cursor.execute(
            """UPDATE scoring.publication SET state = 'superseded'
               WHERE score = %s AND as_of = %s AND state = 'published'""",
            (publication.score, publication.as_of),
        )
        cursor.execute(_SHOW, (rows, changed, checksum, announces, publication.publication_id))


def drop(connection: Connection, publication: Publication) -> None:
    """Remove a publication with its rows; announcements and events stay, for the CRM has heard them."""
    with connection.cursor() as cursor:
        # First the row, which waits for running shards: they lock theirs before they write to the table.
        cursor.execute(_NOTE_DROPPED, (publication.publication_id,))
        cursor.execute("DELETE FROM scoring.publication WHERE publication_id = %s", (publication.publication_id,))
        cursor.execute(sql.SQL("DROP TABLE {}").format(rows_table(publication.publication_id)))
