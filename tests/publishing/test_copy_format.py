"""Rows in COPY's binary format: what PostgreSQL reads is what was written, whatever the values."""

import math

import psycopg2
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from scoring.database import connect
from scoring.publishing.copy_format import encode

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
COLUMNS = {
    "text_column": (pa.string(), TEXTS, "text"),
    "double_column": (pa.float64(), st.floats(allow_nan=False), "double precision"),
    "small_column": (pa.int16(), st.integers(-(2**15), 2**15 - 1), "smallint"),
    "whole_column": (pa.int32(), st.integers(-(2**31), 2**31 - 1), "integer"),
    "large_column": (pa.int64(), st.integers(-(2**63), 2**63 - 1), "bigint"),
}
ROWS = st.lists(st.tuples(*(st.none() | values for _, values, _ in COLUMNS.values())), max_size=30)


@pytest.fixture
def copied(settings):
    """A function that copies a table of :data:`COLUMNS` in and reads it back, in its order."""
    with connect(settings.database()) as connection, connection, connection.cursor() as cursor:
        columns = ", ".join(f"{name} {kind}" for name, (_, _, kind) in COLUMNS.items())
        cursor.execute(f"CREATE TEMPORARY TABLE copied (number serial, {columns})")
        statement = f"COPY copied ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"

        def there_and_back(table):
            cursor.execute("TRUNCATE copied")
            cursor.copy_expert(statement, pa.BufferReader(encode(table)))
            cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM copied ORDER BY number")
            return cursor.fetchall()

        yield there_and_back


@given(
    pairs=st.lists(
        st.tuples(
            st.lists(st.integers(-(2**15), 2**15 - 1), min_size=3, max_size=3),
            st.lists(st.floats(allow_nan=False), min_size=3, max_size=3),
        ),
        max_size=9,
    ),
    first=st.integers(0, 3),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_lists_of_one_size_arrive_as_arrays(settings, pairs, first):
    with connect(settings.database()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE listed (number serial, small smallint[], large float8[]) ON COMMIT DROP")
        small, large = zip(*pairs, strict=True) if pairs else ((), ())
        rows = {"small": pa.array(small, pa.list_(pa.int16(), 3)), "large": pa.array(large, pa.list_(pa.float64(), 3))}
        statement = "COPY listed (small, large) FROM STDIN (FORMAT binary)"
        cursor.copy_expert(statement, pa.BufferReader(encode(pa.table(rows).slice(first))))
        cursor.execute("SELECT small, large FROM listed ORDER BY number")
        assert cursor.fetchall() == pairs[first:]


def table_of(rows):
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    return pa.table(
        {name: pa.array(values, kind) for (name, (kind, _, _)), values in zip(COLUMNS.items(), columns, strict=True)}
    )


@given(rows=ROWS, first=st.integers(0, 5), encoded=st.sets(st.sampled_from(sorted(COLUMNS))), chunked=st.booleans())
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_arrive_as_they_were(copied, rows, first, encoded, chunked):
    table = table_of(rows)
    if chunked:
        table = pa.concat_tables([table.slice(0, 3), table.slice(3)])
    for name in encoded:
        table = table.set_column(table.column_names.index(name), name, table.column(name).dictionary_encode())
    assert copied(table.slice(first)) == rows[first:]


def test_what_is_no_number_and_what_is_endless_arrives_too(copied):
    rows = [("a", number, 1, 2, 3) for number in (math.nan, math.inf, -math.inf, -0.0, 5e-324)]
    assert repr(copied(table_of(rows))) == repr(rows)


def test_the_same_rows_give_the_same_bytes_however_they_are_held():
    table = table_of([("a", 1.0, None, 3, 4), (None, 2.0, 2, None, None), ("ccc", None, 1, 1, 1)])
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    coded = table.set_column(0, "text_column", table.column("text_column").dictionary_encode())
    assert encode(table) == encode(pieces) == encode(coded)


def test_a_type_that_has_no_place_in_the_format_is_refused():
    with pytest.raises(TypeError, match=r"date32"):
        encode(pa.table({"x": pa.array([0], pa.date32())}))


def test_a_text_that_postgresql_cannot_hold_is_refused_by_it(copied):
    with pytest.raises(psycopg2.DataError):
        copied(table_of([("a\0b", 1.0, 1, 1, 1)]))
