"""Builds the key of a publication's rows, and so finds a customer who is there twice or a key too long to index."""

from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

from scoring.database import Connection, execute, one, value
from scoring.errors import IntegrityError, PermanentError
from scoring.publishing.planner import planner
from scoring.publishing.publications import Publication, rows_table

QUOTED = 40  # characters of a customer's key in a message


@dataclass(frozen=True)
class _Longest:
    customer_id: str
    characters: int
    bytes: int


_LONGEST = sql.SQL("""
    SELECT customer_id, char_length(customer_id) AS characters, octet_length(customer_id) AS bytes
    FROM {} ORDER BY octet_length(customer_id) DESC LIMIT 1""")


def add(connection: Connection, publication: Publication) -> int:
    """Give a filled table its key; returns the number of rows.

    Raises
    ------
    IntegrityError
        If the table has a customer twice, or is gone.
    """
    table = rows_table(publication.publication_id)
    try:
        with planner(connection, maintenance_work_mem="256MB"):
            execute(connection, sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (customer_id)").format(table))
    except psycopg2.errors.UniqueViolation as error:
        raise IntegrityError(
            f"{publication.name} holds a customer twice ({error.diag.message_detail}), so its snapshot is not as it "
            "was stored.",
            remedy=f"Drop it ({publication.drop_command}), delete the snapshot's file, ingest the partition again, and "
            "run it again.",
        ) from error
    except psycopg2.errors.UndefinedTable as error:
        raise IntegrityError(
            f"{publication.name} has lost its table of rows.",
            remedy=f"Drop it ({publication.drop_command}) and run the partition again.",
        ) from error
    return int(value(connection, sql.SQL("SELECT count(*) FROM {}").format(table)))


def too_long(connection: Connection, publication: Publication) -> PermanentError:
    """The error for a publication whose longest key is too long for an index of PostgreSQL; names that key."""
    longest = one(connection, _Longest, _LONGEST.format(rows_table(publication.publication_id)))
    return PermanentError(
        f"{publication.name} has a key that is too long to be indexed, which is possible up to about 2,600 bytes: "
        f"{longest.customer_id[:QUOTED]!r}... has {longest.characters:,} characters ({longest.bytes:,} bytes).",
        remedy="Correct the key in the source, ingest the partition again, and run it again. Then drop this "
        f"publication ({publication.drop_command}).",
    )
