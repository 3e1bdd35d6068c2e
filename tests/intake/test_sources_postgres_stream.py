"""Rows by COPY: what a cell may hold arrives, in pieces of whole rows, and a reader may stop at any time."""

import datetime as dt
import threading
from contextlib import closing

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.domain.dataset import Column, DataSet, PostgresSource
from scoring.errors import SourceError
from scoring.intake import sources
from scoring.intake.sources.postgres_stream import copied

AS_OF = dt.date(2005, 6, 30)
CELLS = st.none() | st.text(st.sampled_from('a",\r\n\\.é t'), max_size=6) | st.sampled_from(["\\.", "NULL", "N/A"])


@pytest.fixture
def url(database_url):
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (id text, note text)")
    return database_url


def rows_of(url: str, query: str, batch_rows: int = 10) -> list[dict[str, str | None]]:
    columns = (Column(name="id", type="text"), Column(name="note", type="text", nullable=True))
    source = PostgresSource(connection="warehouse", query=query)
    notes = DataSet(name="notes", title="Notes", key="id", columns=columns, source=source)
    with sources.read(
        notes, AS_OF, inbox="", source_urls={"warehouse": url}, path=None, batch_rows=batch_rows
    ) as received:
        return [row for batch in received.batches for row in batch.to_pylist()]


@given(cells=st.lists(CELLS, min_size=1, max_size=30))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_null_arrives_as_it_is(url, cells):
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE notes")
        for number, note in enumerate(cells):
            cursor.execute("INSERT INTO notes VALUES (%s, %s)", (f"{number:03d}", note))
    assert [row["note"] for row in rows_of(url, "SELECT * FROM notes ORDER BY id")] == cells


@given(cells=st.lists(CELLS, min_size=1, max_size=30), size=st.integers(1, 20))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_piece_ends_where_a_row_ends(url, cells, size):
    with closing(psycopg2.connect(url)) as connection:
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO notes (note) VALUES (%s)", [(cell,) for cell in cells])
        pieces = list(copied(connection, "SELECT note, 1 FROM notes", piece_bytes=size))
    assert all(piece.endswith(b",1\n") and piece.count(b'"') % 2 == 0 for piece in pieces)
    assert b"".join(pieces).count(b",1\n") == len(cells)


def test_a_reader_who_stops_waits_for_nobody(url):
    query = (
        "SELECT repeat('x', 100000), n, CASE WHEN n = 20 THEN pg_sleep(3600)::text END FROM generate_series(1, 20) n"
    )
    with closing(psycopg2.connect(url)) as connection:
        pieces = copied(connection, query, piece_bytes=1 << 20)
        next(pieces)
        pieces.close()
    assert "COPY" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("end", [";", " ; \n", "\n-- all of them", "/* all; of them */"])
def test_a_query_may_end_in_a_semicolon_or_a_comment(url, end):
    assert rows_of(url, f"SELECT '1;'::text AS id, NULL::text AS note{end}") == [{"id": "1;", "note": None}]


def test_a_second_statement_is_refused(url):
    with pytest.raises(SourceError, match=r"semicolon before its end.*Remedy: Write one SELECT"):
        rows_of(url, "SELECT '1'::text AS id, NULL::text AS note; SELECT 2")


def test_a_query_that_is_sorted_is_computed_once(url):
    """Only its types are asked for before it is copied: a sequence of one use would show a second run."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION once() RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
            "IF current_setting('test.ran', true) = 'yes' THEN RAISE 'computed twice'; END IF; "
            "PERFORM set_config('test.ran', 'yes', false); RETURN '1'; END $$"
        )
    assert len(rows_of(url, "SELECT once() AS id, NULL::text AS note ORDER BY 1")) == 1
