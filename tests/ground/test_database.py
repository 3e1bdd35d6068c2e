"""Which of PostgreSQL's errors are worth another try, and rows by the names of their columns."""

from typing import NamedTuple

import psycopg2
import pytest

from scoring import database
from scoring.errors import ConfigurationError, PermanentError, TransientError
from scoring.settings import Settings

STATES = [
    (None, True),  # the connection broke: nobody was there to give a state
    ("08006", True),  # connection failure
    ("22003", False),  # numeric value out of range
    ("23505", False),  # unique violation
    ("25P04", True),  # the transaction idled too long
    ("25P02", False),  # in a failed transaction
    ("40001", True),  # serialization failure
    ("40P01", True),  # deadlock
    ("42601", False),  # syntax error
    ("42501", False),  # insufficient privilege
    ("53100", True),  # disk full
    ("53300", True),  # too many connections
    ("54000", False),  # an index row is too large; psycopg2 calls it an OperationalError
    ("55006", True),  # object in use
    ("55P03", True),  # lock not available
    ("55000", False),  # object not in the state for it
    ("57014", True),  # cancelled
    ("57P01", True),  # shut down by an administrator
    ("58030", True),  # I/O error
    ("XX000", False),  # internal error
]


@pytest.mark.parametrize(("state", "transient"), STATES)
def test_an_error_is_worth_a_retry_by_its_sqlstate(state, transient):
    assert database.is_transient(state) is transient


REFUSED = {
    "too large for an index": "CREATE TEMP TABLE t (x text PRIMARY KEY); "
    "INSERT INTO t SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000) n",
    "no such table": "SELECT * FROM nowhere",
    "out of range": "SELECT 1e308::float8 * 10",
}


def _run(settings: Settings, *statements: str) -> None:
    with database.transaction(settings.database()) as connection:
        for statement in statements:
            database.execute(connection, statement)


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_a_refused_statement_is_permanent_and_gives_its_sqlstate(settings: Settings, statement):
    with pytest.raises(PermanentError, match=r"refused a statement \(SQLSTATE \w{5}\)"):
        _run(settings, statement)


def test_a_cancelled_statement_is_transient(settings: Settings):
    with pytest.raises(TransientError, match="SQLSTATE 57014"):
        _run(settings, "SET LOCAL statement_timeout = 1", "SELECT pg_sleep(10)")


def test_a_connection_that_is_terminated_is_transient(settings: Settings):
    with pytest.raises(TransientError, match="broke off"):
        _run(settings, "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")


def test_an_error_does_not_quote_a_customers_row(settings: Settings):
    with pytest.raises(PermanentError) as caught:
        _run(settings, "CREATE TEMP TABLE t (x text CHECK (x <> 'Ada'))", "INSERT INTO t VALUES ('Ada')")
    assert "Ada" not in str(caught.value)


def _insert(connection, statement, arguments):
    database.insert(connection, statement.replace("%s", "* FROM (VALUES %s) AS v"), [arguments])


@pytest.mark.parametrize(
    "ask",
    [
        database.execute,
        database.value,
        database.column,
        lambda connection, *asked: database.all_rows(connection, dict, *asked),
        _insert,
    ],
)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f\udcfcr", r"This text is not valid UTF-8: 'f\\udcfcr'. Remedy: Write it in a terminal that is set to UTF-8"),
        ("f\0r", "A text holds the character NUL, which cannot be stored. Remedy: Write it without"),
    ],
)
def test_text_that_cannot_be_stored_is_told_as_such(settings: Settings, ask, text, said):
    with pytest.raises(PermanentError, match=said), database.transaction(settings.database()) as connection:
        ask(connection, "SELECT %s", (text,))


def test_a_database_that_does_not_exist_is_refused_for_good(settings: Settings):
    with (
        pytest.raises(ConfigurationError, match=r"refuses the connection.*does not exist"),
        database.connect(_other_database(settings.database())),
    ):
        pass


def _other_database(url: str) -> str:
    return psycopg2.extensions.make_dsn(url, dbname="nowhere_at_all")


class Pair(NamedTuple):
    first: int
    second: str


def test_rows_are_made_by_the_names_of_columns_not_by_their_order(settings: Settings):
    with database.connect(settings.database()) as connection:
        query = "SELECT 'b' AS second, 1 AS first"
        assert database.one(connection, Pair, query) == Pair(1, "b")
        assert database.all_rows(connection, Pair, f"{query} UNION ALL {query}") == [Pair(1, "b")] * 2
        assert database.one_or_none(connection, Pair, f"{query} WHERE false") is None
        with pytest.raises(TypeError):
            database.one(connection, Pair, "SELECT 1 AS first, 'b' AS other")


def test_one_row_means_one_row(settings: Settings):
    with database.connect(settings.database()) as connection:
        with pytest.raises(ValueError, match="gives none"):
            database.one(connection, Pair, "SELECT 1 AS first, '' AS second WHERE false")
        with pytest.raises(ValueError, match="gives 2"):
            database.one_or_none(connection, Pair, "SELECT n AS first, '' AS second FROM generate_series(1, 2) n")


def test_a_transaction_is_rolled_back_by_whatever_is_raised(settings: Settings):
    with pytest.raises(PermanentError):
        _run(settings, "CREATE TABLE made (x integer)", "SELECT 1 / 0")
    with database.connect(settings.database()) as connection:
        assert database.value(connection, "SELECT to_regclass('made')") is None
        assert database.value(connection, "SELECT 1 WHERE false") is None
        assert database.column(connection, "SELECT generate_series(1, 3)") == [1, 2, 3]
