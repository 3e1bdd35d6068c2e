"""Takes a customer out of publications, also of those that readers do not see, and counts who left."""

from collections.abc import Sequence
from typing import Any

from psycopg2 import sql

from scoring.database import Connection, all_rows, column, execute
from scoring.publishing.publications import SELECT, Publication


def every(connection: Connection, scores: Sequence[str]) -> list[Publication]:
    """All publications of some scores, whatever their state, by date."""
    return all_rows(connection, Publication, SELECT + "WHERE score = ANY(%s) ORDER BY as_of, score", (list(scores),))


def of_snapshot_file(connection: Connection, location: str) -> list[int]:
    """The ids of the publications of the snapshot whose file is at a location."""
    query = """SELECT publication_id FROM scoring.publication JOIN scoring.snapshot USING (snapshot_id)
        WHERE location = %s ORDER BY publication_id"""
    return column(connection, query, (location,))


def that_look_back_at(connection: Connection, location: str) -> list[int]:
    """The ids of the publications that look back at the snapshot whose file is at a location."""
    query = """SELECT publication_id FROM scoring.publication_history JOIN scoring.snapshot USING (snapshot_id)
        WHERE location = %s ORDER BY publication_id"""
    return column(connection, query, (location,))


def wait_for_readers(connection: Connection, publication_ids: Sequence[int]) -> None:
    """Wait until no shard or shadow of these publications is being scored; none begins until this transaction ends."""
    for table in ("publication", "shard"):
        query = sql.SQL("SELECT publication_id FROM scoring.{} WHERE publication_id = ANY(%s) ORDER BY 1 FOR UPDATE")
        column(connection, query.format(sql.Identifier(table)), (list(publication_ids),))


def rows_of_customer(connection: Connection, publication_id: int, customer: str) -> list[tuple[str, dict[str, Any]]]:
    """A customer's rows of a publication, also of one that readers do not see, each with the name of its table."""
    found = []
    for table in _tables(connection, publication_id):
        query = sql.SQL("SELECT * FROM scoring.{} WHERE customer_id = %s").format(sql.Identifier(table))
        found += [(table, row) for row in all_rows(connection, dict, query, (customer,))]
    return found


def erase_customer(connection: Connection, publication_id: int, customer: str) -> int:
    """Delete a customer's rows of a publication and count what left; returns how many. Call it under the lock."""
    gone = 0
    for table in _tables(connection, publication_id):
        statement = sql.SQL("DELETE FROM scoring.{} WHERE customer_id = %s").format(sql.Identifier(table))
        left = execute(connection, statement, (customer,))
        if table.startswith("score_"):
            counted = "UPDATE scoring.publication SET erased = erased + %s WHERE publication_id = %s"
            execute(connection, counted, (left, publication_id))
        gone += left
    return gone


def _tables(connection: Connection, publication_id: int) -> list[str]:
    """Those tables of a publication that there are."""
    names = [f"score_{int(publication_id)}", f"shadow_{int(publication_id)}"]
    query = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'scoring' AND tablename = ANY(%s) ORDER BY 1"
    return column(connection, query, (names,))
