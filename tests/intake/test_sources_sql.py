"""A query of MariaDB or SQLite is read a few rows at a time, strictly typed, and gives what a file of it gives."""

import datetime as dt
import gc
import re
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg2
import pyarrow as pa
import pymysql
import pytest
from factories import JUNE, customers, value, write_csv
from factories_mariadb import execute, mariadb_server, require_mariadb, socket_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from shop_definitions import LEAVING, SHOP

from scoring.domain.dataset import Column, DataSet, SqlSource
from scoring.domain.score import Target
from scoring.errors import ConfigurationError, SourceError, SourceNotReady
from scoring.intake import sources
from scoring.intake.ingest import ingest
from scoring.intake.sources import sql_connection
from scoring.intake.sources.objects import cast_objects, cells_of, written_objects
from scoring.intake.sources.sql_errors import package_of, passes, refuses_connection, said
from scoring.settings import PROJECT
from scoring.snapshots.arrow import arrow_schema

AS_OF = dt.date(2005, 6, 30)
COLUMNS = (
    Column(name="id", type="text"),
    Column(name="grade", type="category", values=("A", "B"), nullable=True),
    Column(name="age", type="integer", nullable=True),
    Column(name="income", type="number", nullable=True),
    Column(name="debt", type="decimal", precision=20, scale=2, nullable=True),
    Column(name="since", type="date", nullable=True),
    Column(name="active", type="boolean", nullable=True),
)
QUERY = "SELECT * FROM people WHERE as_of = :as_of ORDER BY id"
TABLE = """CREATE TABLE people (as_of date, active tinyint(1), since date, debt decimal(20, 2), income double,
    age bigint, grade enum('A', 'B'), id varchar(9) NOT NULL)"""
ROWS = """INSERT INTO people SELECT '2005-06-30', seq % 2, date '2001-01-01' + INTERVAL seq DAY, seq / 4, seq / 3e0,
    seq, 'B', lpad(seq, 4, '0') FROM seq_1_to_25"""


@pytest.fixture(scope="module")
def mariadb():
    require_mariadb()
    with mariadb_server() as (url, process):
        in_company(url, TABLE, ROWS, "INSERT INTO people (as_of, id) VALUES ('2005-06-30', '0000'), (NULL, '9999')")
        yield url, process


@pytest.fixture
def warehouse(mariadb):
    return {"warehouse": mariadb[0]}


def in_company(url: str, *statements: str) -> None:
    execute(socket_of(url), *statements, database="company")


def data_set(query: str = QUERY, extra_columns: str = "ignore", columns=COLUMNS) -> DataSet:
    source = SqlSource(connection="warehouse", query=query, extra_columns=extra_columns)
    return DataSet(name="people", title="People", key="id", columns=columns, source=source)


def batches_of(people, source_urls, batch_rows=10, *, as_written=False) -> list[pa.RecordBatch]:
    with sources.read(
        people, AS_OF, inbox="", source_urls=source_urls, path=None, batch_rows=batch_rows, as_written=as_written
    ) as received:
        assert received.name == "query of warehouse"
        return list(received.batches)


def one(column_type: str, expression: str, source_urls, **fields):
    """The value of one cell of a column of that type."""
    columns = (Column(name="id", type="text"), Column(name="cell", type=column_type, nullable=True, **fields))
    people = data_set(f"SELECT 'x' AS id, {expression} AS cell", columns=columns)
    (batch,) = batches_of(people, source_urls)
    return batch.column("cell")[0].as_py()


def test_a_query_of_mariadb_is_read_in_order_and_typed(warehouse):
    batches = batches_of(data_set(), warehouse)
    assert [batch.num_rows for batch in batches] == [10, 10, 6]
    table = pa.Table.from_batches(batches)
    assert table.schema.equals(arrow_schema(data_set()))
    rows = table.to_pylist()
    assert rows[0] == dict.fromkeys(table.schema.names) | {"id": "0000"}
    assert rows[7] == {
        "id": "0007", "grade": "B", "age": 7, "income": 7 / 3, "debt": Decimal("1.75"),
        "since": dt.date(2001, 1, 8), "active": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column_type", "expression", "expected"),
    [
        ("integer", "CAST(7 AS UNSIGNED)", 7),
        ("integer", "-9223372036854775808", -(2**63)),
        ("integer", "CAST('12' AS DECIMAL(5, 0))", 12),
        ("integer", "(SELECT sum(seq) FROM seq_1_to_10)", 55),  # a decimal to MariaDB
        ("number", "0.1e0", 0.1),
        ("number", "CAST('0.10' AS DECIMAL(5, 2))", 0.1),
        ("number", "9007199254740992", 2.0**53),
        ("decimal", "18446744073709551615", Decimal("18446744073709551615.00")),
        ("decimal", "CAST('-999999999999999999.99' AS DECIMAL(20, 2))", Decimal("-999999999999999999.99")),
        ("decimal", "'10.5'", Decimal("10.50")),
        ("date", "DATE '9999-12-31'", dt.date(9999, 12, 31)),
        ("date", "'2005-06-30'", dt.date(2005, 6, 30)),
        ("boolean", "TRUE", True),
        ("boolean", "0", False),
        ("text", "REPEAT('é', 400000)", "é" * 400_000),
        ("text", "'a: :b % %% \\\\'", "a: :b % %% \\"),
        *((kind, "NULL", None) for kind in ("text", "integer", "number", "decimal", "date", "boolean")),
    ],
)
def test_each_type_of_mariadb_arrives_exactly(warehouse, column_type, expression, expected):
    fields = {"precision": 22} if column_type == "decimal" else {}
    found = one(column_type, expression.replace(" :b", " \\:b"), warehouse, **fields)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("column_type", "expression", "problem"),
    [
        ("integer", "18446744073709551615", "'18446744073709551615' does not fit into a 64-bit integer"),
        ("integer", "CAST('1.5' AS DECIMAL(5, 1))", "'1.5' is not a whole number"),
        ("integer", "1.5e0", "The value is a floating-point number, which is not 'integer'"),
        ("integer", "'7'", "The value is text, which is not 'integer'"),
        ("number", "9007199254740993", "'9007199254740993' is not exact"),
        ("number", "CAST('9007199254740993' AS DECIMAL(20, 0))", "'9007199254740993' is not exact"),
        ("number", "'1.5'", "The value is text"),
        ("decimal", "CAST('1.005' AS DECIMAL(5, 3))", "'1.005' is not a decimal of at most"),
        ("decimal", "1.5e0", "The value is a floating-point number"),
        ("date", "CAST('0000-00-00' AS DATE)", "'0000-00-00' is not a date"),
        ("date", "TIMESTAMP '2005-06-30 00:00:00'", "The value is a date with a time, which is not 'date'"),
        ("boolean", "2", "'2' is not a boolean"),
        ("boolean", "'true'", "The value is text"),
        ("text", "5", "The value is an integer, which is not 'text'. Remedy: Cast it in the query"),
        ("text", "CAST('abc' AS BINARY)", "The value is binary data of 3 bytes"),
        ("text", "TIME '10:00:00'", r"The value is 10:00:00 \(timedelta\)"),
        ("text", "DATE '2005-06-30'", "The value is a date, which is not 'text'"),
        ("text", "CHAR(97, 0 USING utf8mb4)", r"'a\\x00' contains a NUL byte"),
    ],
)
def test_what_could_be_another_value_is_refused_with_its_row(warehouse, column_type, expression, problem):
    if "0000" in expression:
        in_company(warehouse["warehouse"], "SET GLOBAL sql_mode = ''")
    with pytest.raises(SourceError, match=rf"query of warehouse, row 1, column 'cell': {problem}"):
        one(column_type, expression, warehouse)


MADRID = {"time_zone": "Europe/Madrid"}


@pytest.mark.parametrize(
    ("expression", "fields", "expected"),
    [
        ("TIMESTAMP '2005-06-30 12:00:00.123456'", MADRID, dt.datetime(2005, 6, 30, 10, 0, 0, 123456, dt.UTC)),
        ("TIMESTAMP '2005-06-30 12:00:00'", {"time_zone": "UTC"}, dt.datetime(2005, 6, 30, 12, tzinfo=dt.UTC)),
        ("'2005-06-30T12:00:00+02:00'", {}, dt.datetime(2005, 6, 30, 10, tzinfo=dt.UTC)),
        ("TIMESTAMP '9999-12-31 23:59:59.999999'", {"time_zone": "UTC"}, dt.datetime.max.replace(tzinfo=dt.UTC)),
        ("NULL", {}, None),
    ],
)
def test_a_moment_is_kept_in_utc_and_a_local_time_is_that_of_the_columns_time_zone(
    warehouse, expression, fields, expected
):
    assert (
        one("timestamp", expression.replace("12:00:00+02:00", "12\\:00\\:00+02\\:00"), warehouse, **fields) == expected
    )


def test_the_time_zone_of_a_session_can_be_set_in_the_url(warehouse):
    (setting,) = re.findall(r"\?(init_command=[^`]*)`", (PROJECT / "docs" / "sources.md").read_text())
    url = warehouse["warehouse"]
    for zone in ("%2B00:00", "%2B05:00"):
        wanted = setting.replace("%2B00:00", zone)
        given = {"warehouse": f"{url}{'&' if '?' in url else '?'}{wanted}"}
        found = one("timestamp", "FROM_UNIXTIME(1120132800)", given, time_zone="UTC")
        assert found == dt.datetime(2005, 6, 30, 12 + int(zone[3:5]), tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("expression", "fields", "problem"),
    [
        ("TIMESTAMP '2005-06-30 12:00:00'", {}, "has no time zone"),
        ("TIMESTAMP '2005-03-27 02:30:00'", MADRID, "is a time that never was in Europe/Madrid"),
        ("TIMESTAMP '2005-10-30 02:30:00'", MADRID, "is a time that was twice in Europe/Madrid"),
        ("CAST('0000-00-00' AS DATETIME)", MADRID, "is not a timestamp"),
        ("DATE '2005-06-30'", MADRID, "The value is a date, which is not 'timestamp'"),
        ("20050630", MADRID, "The value is an integer, which is not 'timestamp'"),
        ("'yesterday'", MADRID, "'yesterday' is not a timestamp"),
    ],
)
def test_what_is_no_single_moment_is_refused(warehouse, expression, fields, problem):
    with pytest.raises(SourceError, match=problem):
        one("timestamp", expression, warehouse, **fields)


def test_columns_are_found_and_named_by_what_the_query_calls_them(warehouse):
    columns = (Column(name="id", type="text", source="Kunde Nr."), Column(name="age", type="integer", source="Alter"))
    people = data_set("SELECT 7 AS `Alter`, 'x' AS `Kunde Nr.`", extra_columns="refuse", columns=columns)
    (batch,) = batches_of(people, warehouse)
    assert batch.to_pylist() == [{"id": "x", "age": 7}]
    wrong = data_set("SELECT '7' AS `Alter`, 'x' AS `Kunde Nr.`", columns=columns)
    with pytest.raises(SourceError, match="row 1, column 'Alter': The value is text"):
        batches_of(wrong, warehouse)
    with pytest.raises(SourceError, match="The header lacks column 'Alter'"):
        batches_of(data_set("SELECT 7 AS age, 'x' AS `Kunde Nr.`", columns=columns), warehouse)


def test_impossible_dates_of_a_table_are_refused_with_the_row(warehouse):
    url = warehouse["warehouse"]
    days = "INSERT INTO days VALUES ('a', '2005-06-30'), ('b', '0000-00-00'), ('c', '2005-00-00')"
    in_company(url, "DROP TABLE IF EXISTS days", "CREATE TABLE days (id varchar(9), cell date)", days)
    columns = (Column(name="id", type="text"), Column(name="cell", type="date", nullable=True))
    with pytest.raises(SourceError, match=r"row 2, column 'cell': '0000-00-00' is not a date"):
        batches_of(data_set("SELECT * FROM days ORDER BY id", columns=columns), warehouse)


def test_all_kinds_of_unfit_values_are_told_at_once(warehouse):
    wrong = "'much' AS income, debt, 'then' AS since, active + 5 AS active"
    query = f"SELECT id, grade, age, {wrong} FROM people WHERE id > '0003'"
    with pytest.raises(SourceError) as caught:
        batches_of(data_set(query), warehouse)
    assert [(found.row, found.column) for found in caught.value.findings] == [(1, "income")]
    query = query.replace("'much'", "income")
    with pytest.raises(SourceError) as caught:
        batches_of(data_set(query), warehouse)
    assert {(found.row, found.column) for found in caught.value.findings} == {(1, "since"), (1, "active")}


def test_the_date_is_a_parameter_and_no_other_is_known(warehouse):
    with pytest.raises(SourceNotReady, match="returned no row"):
        batches_of(data_set(QUERY + " LIMIT 0"), warehouse)
    with pytest.raises(SourceError, match=r"parameter :day cannot be filled in\. .*Its one parameter is :as_of"):
        batches_of(data_set("SELECT * FROM people WHERE as_of = :day"), warehouse)
    assert len(batches_of(data_set("SELECT * FROM people WHERE id LIKE '000%' OR id = '\\:x'"), warehouse)) == 1


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT nonsense FROM people", "Unknown column 'nonsense'"),
        ("SELEKT 1", "error in your SQL syntax"),
        ("SELECT * FROM nowhere", "doesn't exist"),
        ("DELETE FROM people", "READ ONLY transaction"),
        ("DROP TABLE people", "READ ONLY transaction"),
        ("SET @x = 1", "returns no columns"),
        ("SELECT id, id FROM people", "more than once"),
        ("SELECT id FROM people", "lacks"),
    ],
)
def test_a_query_that_will_not_do_is_permanent_and_changes_nothing(warehouse, query, problem):
    with pytest.raises(SourceError, match=f"query of warehouse.*{problem}"):
        batches_of(data_set(query), warehouse)
    assert len(batches_of(data_set(), warehouse)) == 3


def test_a_query_of_postgresql_by_sqlalchemy_cannot_write_by_a_function_either(database_url):
    url = database_url.replace("postgresql://", "postgresql+psycopg2://")
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE numbers")  # what is taken of it no rollback gives back
    columns = (Column(name="id", type="text"),)
    with pytest.raises(SourceError, match="read-only transaction"):
        batches_of(data_set("SELECT nextval('numbers')::text AS id", columns=columns), {"warehouse": url})
    (batch,) = batches_of(data_set("SELECT 'p2' AS id", columns=columns), {"warehouse": url})
    assert batch.to_pylist() == [{"id": "p2"}]


def test_a_database_of_postgresql_that_is_not_there_is_permanent_by_sqlalchemy_too(database_url):
    url = database_url.replace("postgresql://", "postgresql+psycopg2://")
    wrong = re.sub(r"/\w+(?=\?|$)", "/nowhere", url)  # libpq gives no code here, only words
    with pytest.raises(ConfigurationError, match=r'refuses the connection: .*"nowhere" does not exist'):
        batches_of(data_set(), {"warehouse": wrong})


def test_extra_columns_are_refused_by_name_unless_ignored(warehouse):
    with pytest.raises(SourceError, match="column 'as_of'"):
        batches_of(data_set(extra_columns="refuse"), warehouse)


def test_the_server_ending_in_the_middle_is_worth_another_try(warehouse):
    url = warehouse["warehouse"]
    people = data_set("SELECT *, sleep(age = 3) FROM people, seq_1_to_100000 ORDER BY NULL")
    with sources.read(people, AS_OF, inbox="", source_urls=warehouse, path=None, batch_rows=1) as received:
        next(received.batches)
        with pymysql.connect(unix_socket=str(socket_of(url)), user="root") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = 'company'")
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")
        with pytest.raises(SourceNotReady, match="query of warehouse: The query failed"):
            list(received.batches)


def test_a_statement_that_runs_out_of_time_is_worth_another_try(warehouse):
    url = warehouse["warehouse"] + "&init_command=SET%20max_statement_time%3D0.05"
    with pytest.raises(SourceNotReady, match="max_statement_time"):
        batches_of(data_set("SELECT *, sleep(60) FROM people"), {"warehouse": url})


def test_leaving_early_does_not_read_the_rest(warehouse):
    people = data_set(
        "SELECT id, grade, age + sleep(seq > 20000) AS age, income, debt, since, active FROM people, seq_1_to_1000000"
    )
    with sources.read(people, AS_OF, inbox="", source_urls=warehouse, path=None, batch_rows=10) as received:
        next(received.batches)  # who read on would wait for years


def test_a_query_of_any_size_takes_the_memory_of_a_few_rows(warehouse):
    script = (
        "import datetime as dt, resource, sys\n"
        "sys.path[:0] = sys.argv[2:]\n"
        "from test_sources_sql import data_set, sources\n"
        "def read(rows):\n"
        "    query = f'SELECT lpad(seq, 200, 0) AS id, grade, age, income, debt, since, active '\\\n"
        "        f'FROM seq_1_to_{rows} JOIN people ON id = 7'\n"
        "    with sources.read(data_set(query), dt.date(2005, 6, 30), inbox='', path=None, batch_rows=1000,\n"
        "                      source_urls={'warehouse': sys.argv[1]}) as received:\n"
        "        assert sum(batch.num_rows for batch in received.batches) == rows\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10\n"
        "few, many = read(20_000), read(400_000)\n"
        "print(few, many)\n"
        "sys.exit(many - few > 40)\n"
    )
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", script, warehouse["warehouse"], *map(str, Path(__file__).parents[:2])],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_outcomes_may_come_from_a_query_as_they_are_written(warehouse):
    columns = (Column(name="id", type="text"), Column(name="cell", type="text", nullable=True))
    for expression, expected in {
        "1.5e0": "1.5", "CAST('1.50' AS DECIMAL(5, 2))": "1.50", "7": "7", "DATE '2005-06-30'": "2005-06-30",
        "TIMESTAMP '2005-06-30 12:30:00'": "2005-06-30 12:30:00", "'x'": "x", "NULL": None,
    }.items():  # fmt: skip
        people = data_set(f"SELECT 'x' AS id, {expression} AS cell", columns=columns)
        (batch,) = batches_of(people, warehouse, as_written=True)
        assert batch.column("cell").to_pylist() == [expected]
    with pytest.raises(SourceError, match="binary data"):
        batches_of(
            data_set("SELECT 'x' AS id, CAST('a' AS BINARY) AS cell", columns=columns), warehouse, as_written=True
        )


def test_a_truth_that_is_0_or_1_is_an_outcome_of_a_boolean(warehouse):
    columns = (Column(name="id", type="text"), Column(name="cell", type="text", nullable=True))
    people = data_set("SELECT id, age - 1 AS cell FROM people WHERE age < 4 ORDER BY id", columns=columns)
    with sources.read(
        people, AS_OF, inbox="", source_urls=warehouse, path=None, batch_rows=9, as_written=True,
        meant={"cell": Column(name="cell", type="boolean")},
    ) as received:  # fmt: skip
        (batch,) = received.batches
    assert batch.column("cell").to_pylist() == ["false", "true", "2"]


def test_a_target_whose_query_asks_for_no_cohort_is_refused():
    source = SqlSource(connection="warehouse", query="SELECT 1")
    with pytest.raises(ValidationError, match=r"source\.query: holds no :as_of"):
        Target(column="x", horizon=LEAVING.target.horizon, source=source)


# SQLite, which has no dates, booleans or exact decimals


@pytest.fixture
def lite(tmp_path):
    file = tmp_path / "people.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE people (as_of, active, since, debt, income, age, grade, id)")
        rows = [("2005-06-30", n % 2, f"2001-01-{n:02d}", f"{n}.25", n / 3, n, "B", f"{n:04d}") for n in range(1, 26)]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return {"warehouse": f"sqlite:///{file}"}


def test_a_query_of_sqlite_is_read_with_dates_and_decimals_as_text_and_booleans_as_0_and_1(lite):
    table = pa.Table.from_batches(batches_of(data_set(), lite))
    assert table.num_rows == 25
    assert table.slice(6, 1).to_pylist() == [
        {"id": "0007", "grade": "B", "age": 7, "income": 7 / 3, "debt": Decimal("7.25"),
         "since": dt.date(2001, 1, 7), "active": True}
    ]  # fmt: skip


def test_a_moment_of_sqlite_is_text(lite):
    columns = (Column(name="id", type="text"), Column(name="seen", type="timestamp", **MADRID))
    people = data_set("SELECT 'x' AS id, '2005-06-30 12\\:00\\:00' AS seen", columns=columns)
    (batch,) = batches_of(people, lite)
    assert batch.column("seen").to_pylist() == [dt.datetime(2005, 6, 30, 10, tzinfo=dt.UTC)]


def test_sqlite_makes_no_database_where_none_is_and_writes_to_none(tmp_path, lite):
    missing = tmp_path / "none.db"
    with pytest.raises(SourceNotReady, match=r"none\.db is not there"):
        batches_of(data_set(), {"warehouse": f"sqlite:///{missing}"})
    assert not missing.exists()
    with pytest.raises(SourceError, match="readonly"):
        batches_of(data_set("DELETE FROM people RETURNING *"), lite)


def test_a_locked_database_is_worth_another_try(tmp_path, lite):
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceNotReady, match="locked"):
            batches_of(data_set(), {"warehouse": lite["warehouse"] + "?timeout=0"})
    connection.close()


def test_a_column_of_mixed_types_is_refused_at_the_first_other_one(lite):
    with pytest.raises(SourceError, match=r"row 3, column 'age': The value is text"):
        batches_of(data_set(QUERY.replace("*", "*").replace("SELECT *", "SELECT id, grade, iif(age = 3, 'three', age) "
                                          "AS age, income, debt, since, active")), lite)  # fmt: skip


def test_a_snapshot_of_a_query_is_that_of_a_file_of_the_same_rows(shop, tmp_path):
    write_csv(Path(shop.inbox) / f"shop_{JUNE}.csv", customers(20))
    file = ingest(shop, SHOP, JUNE)
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute(f"CREATE TABLE shop ({', '.join(SHOP.column_names)})")
        for row in customers(20):
            cells = [cell.isoformat() if isinstance(cell, dt.date) else cell for cell in row.values()]
            connection.execute(f"INSERT INTO shop VALUES ({', '.join('?' * len(cells))})", cells)
    connection.close()
    source = SqlSource(connection="lite", query="SELECT * FROM shop ORDER BY customer_id")
    settings = shop.model_copy(update={"source_urls": {"lite": SecretStr(f"sqlite:///{tmp_path / 'shop.db'}")}})
    query = ingest(settings, SHOP.model_copy(update={"source": source}), JUNE)
    assert (query.digest, query.unchanged) == (file.digest, True)
    assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 1


# connections


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (None, "There is no SQL source 'warehouse'; there are: none"),
        ("secret", "The URL of the SQL source 'warehouse' cannot be read"),
        ("mysql+pymysql://ann:secret@host:port/db", "cannot be read"),
        ("mysql+mysqldb://ann:secret@host/db", "driver that is not installed: the package mysqlclient"),
        ("oracle+oracledb://ann:secret@host/db", "driver that is not installed: the package oracledb"),
        ("snowflake://ann:secret@host/db", "names 'snowflake', for which no SQLAlchemy dialect is installed"),
        ("mysql+pymysql://ann:secret@localhost/db?nonsense=1", "cannot be used: .*nonsense"),
        ("no such user", "refuses the connection: .*nobody"),
        ("no such database", "refuses the connection: Unknown database 'nowhere'"),
    ],
)
def test_a_connection_that_will_not_do_is_permanent_and_tells_what_to_do_in_airflow(warehouse, url, problem):
    if url == "no such user":
        in_company(warehouse["warehouse"], "DELETE FROM mysql.global_priv WHERE user = ''", "FLUSH PRIVILEGES")
        url = warehouse["warehouse"].replace("root@", "nobody:secret@")
    elif url == "no such database":
        url = warehouse["warehouse"].replace("/company", "/nowhere")
    with pytest.raises(ConfigurationError, match=problem) as caught:
        batches_of(data_set(), {} if url is None else {"warehouse": url})
    assert "secret" not in str(caught.value)
    caught.value.read_in_airflow = True
    assert "onnection" in str(caught.value)
    assert "SCORING_SOURCE_URLS" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")  # PyMySQL leaves it to Python
def test_a_database_that_does_not_answer_is_not_ready(tmp_path):
    url = f"mysql+pymysql://ann:secret@localhost/db?unix_socket={tmp_path / 'socket'}"
    with pytest.raises(SourceNotReady, match="cannot be reached") as caught:
        batches_of(data_set(), {"warehouse": url})
    assert "secret" not in str(caught.value)
    del caught
    gc.collect()


def test_a_server_is_waited_for_ten_seconds_unless_the_url_says_otherwise(monkeypatch):
    asked = []
    monkeypatch.setattr(pymysql, "connect", lambda *_, **options: asked.append(options) or 1 / 0)
    for more in ("", "?connect_timeout=3"):
        with pytest.raises(ConfigurationError):
            batches_of(data_set(), {"warehouse": f"mysql+pymysql://ann@host/db{more}"})
    assert [int(one["connect_timeout"]) for one in asked] == [10, 3]
    assert sql_connection._PATIENCE["pymysql"]["connect_timeout"] == 10


# pure rules


class Failure(Exception):
    def __init__(self, *words, **fields):
        super().__init__(*words)
        self.__dict__.update(fields)


@pytest.mark.parametrize(
    ("error", "refused", "transient"),
    [
        (Failure(1045, "Access denied"), True, False),
        (Failure(2003, "Can't connect"), False, True),
        (Failure(1213, "Deadlock"), False, True),
        (Failure(1054, "Unknown column"), False, False),
        (Failure("x", sqlstate="28000"), True, False),
        (psycopg2.OperationalError('password authentication failed for user "ann"'), True, False),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), False, False),
        (Failure("x", pgcode="40001"), False, True),
        (Failure("x", sqlite_errorname="SQLITE_BUSY_SNAPSHOT"), False, True),
        (Failure("x", sqlite_errorname="SQLITE_ERROR"), False, False),
        (Failure(), False, False),
    ],
)
def test_errors_are_sorted_by_their_codes(error, refused, transient):
    assert (refuses_connection(error), passes(error, broke=False)) == (refused, transient)
    assert passes(error, broke=True)


def test_what_a_driver_says_is_one_line_without_the_secret():
    assert said(Failure(1054, "Unknown\n column."), "pw") == "Unknown column"
    assert said(Failure("no such table: x"), None) == "no such table: x"
    assert said(Failure("password pw is wrong"), "pw") == "Failure"
    assert said(Failure(), None) == "Failure"
    assert [package_of(name) for name in ("MySQLdb", "oracledb", "mysql.connector")] == [
        "mysqlclient", "oracledb", "mysql-connector-python",
    ]  # fmt: skip


NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.decimals(allow_nan=False, allow_infinity=False), st.floats())


@given(st.lists(st.none() | NUMBERS, max_size=8))
def test_a_number_is_itself_or_refused_whatever_stands_beside_it(values):
    column = Column(name="x", type="number", nullable=True)
    try:
        found = cast_objects(cells_of(values), column).to_pylist()
    except ValueError:
        return
    for given_value, read in zip(values, found, strict=True):
        assert (read is None) == (given_value is None)
        if isinstance(given_value, int):
            assert int(read) == given_value
        elif given_value is not None:
            assert read == float(given_value)


@given(
    st.lists(st.none() | st.integers(-(2**64), 2**64) | st.decimals(places=1, min_value=-9, max_value=9), max_size=8)
)
def test_an_integer_is_itself_or_refused(values):
    column = Column(name="x", type="integer", nullable=True)
    try:
        found = cast_objects(cells_of(values), column).to_pylist()
    except ValueError:
        assert any(isinstance(one, Decimal) or (one is not None and not -(2**63) <= one < 2**63) for one in values)
    else:
        assert found == values


@given(st.lists(st.none() | st.booleans() | NUMBERS | st.dates() | st.text(max_size=3), max_size=8))
def test_what_is_written_reads_back_as_the_same_value(values):
    written = written_objects(cells_of(values), COLUMNS[0]).to_pylist()
    for given_value, text in zip(values, written, strict=True):
        if isinstance(given_value, bool):
            assert text == str(given_value).lower()
        elif isinstance(given_value, int | Decimal | float):
            assert Decimal(text) == Decimal(given_value) or type(given_value)(text) == given_value or text == "nan"
        elif isinstance(given_value, dt.date):
            assert dt.date.fromisoformat(text) == given_value
        else:
            assert text == given_value
