"""A PostgreSQL query is read in one read-only snapshot, strictly typed, and gives what a file of its rows gives."""

import datetime as dt
import re
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pytest
from pyarrow import parquet

from scoring.domain.dataset import Column, DataSet, PostgresSource
from scoring.errors import ConfigurationError, SourceError, SourceNotReady
from scoring.intake import sources
from scoring.snapshots.arrow import arrow_schema

AS_OF = dt.date(2005, 6, 30)
COLUMNS = (
    Column(name="id", type="text"),
    Column(name="grade", type="category", values=("A", "B"), nullable=True),
    Column(name="age", type="integer", nullable=True),
    Column(name="income", type="number", nullable=True),
    Column(name="debt", type="decimal", precision=8, scale=2, nullable=True),
    Column(name="since", type="date", nullable=True),
    Column(name="active", type="boolean", nullable=True),
)
SEEN = Column(name="seen", type="timestamp", nullable=True, source="last seen")
QUERY = "SELECT * FROM people WHERE as_of = %(as_of)s ORDER BY id"
MANY = 100_000  # times 26 people is more than what is on its way to a reader who waits
TABLE = """
CREATE TYPE grade AS ENUM ('A', 'B');
CREATE TABLE people (as_of date, active boolean, since date, debt numeric, income real, age smallint,
                     grade grade, id varchar(9));
INSERT INTO people SELECT '2005-06-30', n % 2 = 0, date '2001-01-01' + n, n / 4.0, n / 2.0, n, 'B',
                          lpad(n::text, 4, '0') FROM generate_series(1, 25) n;
INSERT INTO people (as_of, id) VALUES ('2005-06-30', '0000'), ('2005-07-31', '9999');
"""


def data_set(query: str = QUERY, extra_columns: str = "ignore", connection: str = "warehouse") -> DataSet:
    source = PostgresSource(connection=connection, query=query, extra_columns=extra_columns)
    return DataSet(name="people", title="People", key="id", columns=COLUMNS, source=source)


@pytest.fixture
def warehouse(database_url):
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
    connection.close()
    return {"warehouse": database_url}


def reading(people, source_urls, path=None, inbox="", batch_rows=10):
    return sources.read(people, AS_OF, inbox=str(inbox), source_urls=source_urls, path=path, batch_rows=batch_rows)


def batches_of(*arguments, **options) -> list[pa.RecordBatch]:
    with reading(*arguments, **options) as received:
        return list(received.batches)


def select(**columns: str) -> str:
    """A query of two rows, the first of nulls but for the id; ``columns`` are expressions for the second."""
    expressions = {
        "id": "'2'::text",
        "grade": "'A'::text",
        "age": "1::bigint",
        "income": "1::float8",
        "debt": "1::numeric",
        "since": "date '2001-01-01'",
        "active": "true",
    } | columns
    second = ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())
    first = ", ".join(f"CASE WHEN false THEN {name} END AS {name}" for name in expressions if name != "id")
    return f"WITH second AS (SELECT {second}) SELECT id, {first} FROM second UNION ALL SELECT * FROM second"


def test_a_query_gives_the_rows_of_as_of_typed_and_cut_to_size(warehouse):
    with reading(data_set(), warehouse) as received:
        assert received.name == "query of warehouse"
        batches = list(received.batches)
    assert [batch.num_rows for batch in batches] == [10, 10, 6]
    assert batches[0].schema.equals(arrow_schema(data_set()))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert rows[0] == dict.fromkeys(row_names()) | {"id": "0000"}
    assert rows[3] == {
        "id": "0003",
        "grade": "B",
        "age": 3,
        "income": 1.5,
        "debt": Decimal("0.75"),
        "since": dt.date(2001, 1, 4),
        "active": False,
    }


def row_names() -> tuple[str, ...]:
    return data_set().column_names


def test_a_query_and_files_of_the_same_rows_give_equal_batches(warehouse, tmp_path):
    batches = batches_of(data_set(), warehouse)
    parquet.write_table(pa.Table.from_batches(batches), tmp_path / "people.parquet")
    connection = psycopg2.connect(warehouse["warehouse"])
    copy = f"""COPY (SELECT id, grade, age, income, debt, since, active::text
               FROM people WHERE as_of = '{AS_OF}' ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"""
    with connection, connection.cursor() as cursor, (tmp_path / "people.csv").open("wb") as file:
        cursor.copy_expert(copy, file)
    connection.close()
    assert batches_of(data_set(), {}, "people.parquet", tmp_path) == batches
    assert batches_of(data_set(), {}, "people.csv", tmp_path) == batches


def test_an_extra_column_is_refused_unless_ignored(warehouse):
    with pytest.raises(SourceError, match=r"'as_of'.*extra_columns"):
        batches_of(data_set(extra_columns="refuse"), warehouse)


@pytest.mark.parametrize(
    ("column", "expression", "row", "expected"),
    [
        ("id", "2::bigint", None, ("type bigint, which is not 'text'", "id::text")),
        ("grade", "true", None, ("type boolean, which is not 'category'", "grade::text")),
        ("age", "1.5::float8", None, ("type double precision, which is not 'integer'", "age::bigint")),
        ("age", "1.5::numeric", 2, ("'1.5' is not a whole number", "'number'")),
        ("income", "'1'::text", None, ("type text, which is not 'number'", "income::double precision")),
        ("debt", "1.5::float8", None, ("type double precision, which is not 'decimal'", "debt::numeric")),
        ("since", "now()", None, ("type timestamptz, which is not 'date'", "since::date")),
        ("active", "1", None, ("type integer, which is not 'boolean'", "active::boolean")),
        ("income", "'NaN'::float8", 2, ("not a finite number", "NULL")),
        ("income", "'-Infinity'::float8", 2, ("not a finite number", "NULL")),
        ("income", "'NaN'::numeric", 2, ("not a finite number", "NULL")),
        ("income", "'Infinity'::numeric", 2, ("not a finite number", "NULL")),
        ("income", "1e-400::numeric", 2, ("too small", "Write 0")),
        ("income", "1e400::numeric", 2, ("too large", "digits")),
        ("income", "9007199254740993::bigint", 2, ("not exact", "'decimal'")),
        ("debt", "1.234::numeric", 2, ("2 of them after the point", "more digits")),
        ("debt", "12345678::bigint", 2, ("at most 8 digits", "more digits")),
        ("debt", "'NaN'::numeric", 2, ("not a decimal", "NULL")),
        ("debt", "'Infinity'::numeric", 2, ("not a decimal", "NULL")),
        ("since", "date 'infinity'", 2, ("'infinity' is not a date", "NULL")),
        ("since", "date '-infinity'", 2, ("'-infinity' is not a date", "NULL")),
        ("since", "date '20240-01-01'", 2, ("'20240-01-01' is not a date", "2005-06-30")),
        ("since", "date '0044-03-15 BC'", 2, ("'0044-03-15 BC' is not a date", "2005-06-30")),
        ("since", "timestamptz '20240-01-01'", None, ("type timestamptz, which is not 'date'", "since::date")),
        ("grade", "'{}'::json", None, ("type json, which is not 'category'", "grade::text")),
        ("grade", "timestamp '0044-03-15 BC'", None, ("type timestamp, which is not 'category'", "grade::text")),
        ("id", "repeat('x', 1000001)", 1, ("1,000,001 bytes", "Shorten")),
    ],
)
def test_a_type_or_value_that_does_not_fit_is_refused_with_its_place(warehouse, column, expression, row, expected):
    with pytest.raises(SourceError) as caught:
        batches_of(data_set(select(**{column: expression})), warehouse)
    assert (caught.value.source, caught.value.row, caught.value.column) == ("query of warehouse", row, column)
    problem, remedy = expected
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def seen(warehouse, expression: str, **fields) -> list:
    query = f"SELECT '1'::text AS id, {expression} AS \"last seen\""
    source = PostgresSource(connection="warehouse", query=query)
    columns = (COLUMNS[0], SEEN.model_copy(update=fields))
    people = DataSet(name="people", title="People", key="id", columns=columns, source=source)
    return [one for batch in batches_of(people, warehouse) for one in batch.column("seen").to_pylist()]


def test_a_timestamp_is_a_moment_by_its_offset_or_the_time_zone_of_its_column(warehouse):
    moment = dt.datetime(2005, 6, 30, 10, 0, 0, 5, dt.UTC)
    assert seen(warehouse, "timestamptz '2005-06-30 12:00:00.000005+02'") == [moment]
    local = "timestamp '2005-06-30 12:00:00.000005'"
    assert seen(warehouse, local, time_zone="Europe/Madrid") == [moment]
    with pytest.raises(SourceError, match=r"'last seen': The column is a timestamp without time zone.*AT TIME ZONE"):
        seen(warehouse, local)
    with pytest.raises(SourceError, match=r"row 1, column 'last seen': '2005-10-30 02:30:00' is a time that was twice"):
        seen(warehouse, "timestamp '2005-10-30 02:30:00'", time_zone="Europe/Madrid")
    with pytest.raises(SourceError, match=r"'infinity' is not a timestamp"):
        seen(warehouse, "timestamptz 'infinity'")
    with pytest.raises(SourceError, match=r"type date, which is not .timestamp.*::timestamptz"):
        seen(warehouse, "date '2005-06-30'")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT id FROM people", "lacks"),
        ("SELECT *, id FROM people", "more than once"),
        ("SELECT * FROM people WHERE id LIKE '%x'", "parameters"),
        ("SELECT * FROM people WHERE as_of = %(day)s", "parameters"),
        ("INSERT INTO people (id) VALUES ('1')", "syntax error"),
        ("SELECT nextval('counter') AS id", "read-only transaction"),
    ],
)
def test_a_query_that_does_not_do_is_refused(warehouse, query, problem):
    connection = psycopg2.connect(warehouse["warehouse"])
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE counter")
    connection.close()
    with pytest.raises(SourceError, match=rf"query of warehouse.*{problem}.* Remedy: "):
        batches_of(data_set(query), warehouse)


def test_no_row_is_not_ready(warehouse):
    with pytest.raises(SourceNotReady, match=r"returned no row.*Remedy: "):
        batches_of(data_set("SELECT * FROM people WHERE false"), warehouse)


def test_rows_are_those_of_one_moment_though_others_write_meanwhile(warehouse):
    writer = psycopg2.connect(warehouse["warehouse"])
    with reading(data_set(), warehouse, batch_rows=2) as received:
        rows = next(received.batches).num_rows
        with writer, writer.cursor() as cursor:
            cursor.execute("DELETE FROM people")
        rows += sum(batch.num_rows for batch in received.batches)
    writer.close()
    assert rows == 26


def test_a_connection_that_breaks_off_is_not_ready(warehouse):
    killer = psycopg2.connect(warehouse["warehouse"])
    many = data_set(QUERY.replace("people", f"(SELECT * FROM people, generate_series(1, {MANY})) people"))
    with reading(many, warehouse) as received, killer, killer.cursor() as cursor:
        next(received.batches)
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'scoring source' "
            "AND datname = current_database()"
        )
        with pytest.raises(SourceNotReady, match=r"query of warehouse: .* Remedy: "):
            list(received.batches)
    killer.close()


def test_a_server_that_does_not_answer_is_not_ready_and_its_password_is_not_shown():
    with pytest.raises(SourceNotReady) as caught:
        batches_of(data_set(), {"warehouse": "postgresql://ann:secret@127.0.0.1:1/db"})
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_permanent_and_tells_what_to_do_in_airflow(warehouse):
    wrong = re.sub(r"/\w+(?=\?|$)", "/nowhere", warehouse["warehouse"])
    with pytest.raises(ConfigurationError, match=r'refuses the connection: .*"nowhere" does not exist') as caught:
        batches_of(data_set(), {"warehouse": wrong})
    caught.value.read_in_airflow = True
    assert "Correct the connection `warehouse` in Admin > Connections" in str(caught.value)


def test_a_connection_that_is_not_set_names_the_setting():
    with pytest.raises(ConfigurationError, match=r"'warehouse'.*there are: other.*SCORING_SOURCE_URLS"):
        batches_of(data_set(), {"other": "postgresql://"})


def test_a_wrong_uri_names_the_setting_and_shows_nothing_of_it():
    with pytest.raises(ConfigurationError, match="SCORING_SOURCE_URLS") as caught:
        batches_of(data_set(), {"warehouse": "postgresql://ann:secret@host/db?nonsense=1"})
    assert "secret" not in str(caught.value)


def test_a_path_instead_of_the_query_must_say_its_kind(warehouse, tmp_path):
    (tmp_path / "people.txt").write_text("x")
    with pytest.raises(SourceError, match=r"Name it \.csv"):
        batches_of(data_set(), warehouse, "people.txt", tmp_path)


def test_a_column_that_is_ignored_may_hold_what_python_has_no_value_for(warehouse):
    query = select().replace("SELECT * FROM second", "SELECT *, timestamp '0044-03-15 BC' AS died FROM second")
    query = query.replace("FROM second UNION", ", timestamp 'infinity' FROM second UNION")
    (batch,) = batches_of(data_set(query), warehouse)
    assert batch.num_rows == 2


def test_dates_at_the_ends_of_the_calendar_are_read(warehouse):
    for day in (dt.date.min, dt.date.max):
        (batch,) = batches_of(data_set(select(since=f"date '{day.isoformat()}'")), warehouse)
        assert batch.column("since").to_pylist() == [None, day]


def test_all_columns_of_a_wrong_type_and_all_kinds_of_unfit_values_are_told_at_once(warehouse):
    with pytest.raises(SourceError) as caught:
        batches_of(data_set(select(age="'1'::text", active="1")), warehouse)
    assert [found.column for found in caught.value.findings] == ["age", "active"]
    with pytest.raises(SourceError) as caught:
        batches_of(data_set(select(since="date 'infinity'", income="'NaN'::float8")), warehouse)
    assert [(found.row, found.column) for found in caught.value.findings] == [(2, "income"), (2, "since")]


def test_a_statement_that_runs_out_of_time_is_worth_another_try(warehouse):
    url = warehouse["warehouse"] + "&options=-c%20statement_timeout%3D50"
    with pytest.raises(SourceNotReady, match="statement timeout"):
        batches_of(data_set("SELECT *, pg_sleep(60) FROM people"), {"warehouse": url})


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (None, "There is no PostgreSQL source 'warehouse'"),
        ("postgresql://ann:secret@host/db?nonsense=1", "cannot be read"),
        ("postgresql://ann:se@cret@host/db", "cannot be read"),
        ("a database that is not there", "does not exist"),
    ],
)
def test_a_connection_that_will_not_do_is_permanent_and_tells_what_to_do_in_airflow(warehouse, url, problem):
    if url and "://" not in url:
        url = warehouse["warehouse"].replace("/test_", "/no_")
    with pytest.raises(ConfigurationError, match=problem) as caught:
        batches_of(data_set(), {} if url is None else {"warehouse": url})
    assert "SCORING_SOURCE_URLS" in str(caught.value)
    caught.value.read_in_airflow = True
    assert "onnection `warehouse`" in str(caught.value)
    assert "Admin > Connections" in str(caught.value)
    assert "SCORING_SOURCE_URLS" not in str(caught.value)
    assert "cret" not in str(caught.value)
