"""Access to PostgreSQL for all rooms: connections, transactions, rows by column name, errors by SQLSTATE."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import alembic.command
import alembic.config
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, named like one
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_values

from scoring.errors import ConfigurationError, PermanentError, TransientError

__all__ = [
    "Connection",
    "all_rows",
    "column",
    "connect",
    "execute",
    "insert",
    "migrate",
    "not_utf8",
    "one",
    "one_or_none",
    "transaction",
    "value",
]

T = TypeVar("T")
Statement = str | sql.Composable

SHOWN = 80  # characters of a text that is quoted

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

# SQLSTATEs, or their classes (the first two characters), after which another try may succeed.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
TRANSIENT_STATES = (
    "08",  # connection exceptions
    "25P04",  # the transaction idled too long
    "40",  # deadlock, serialization failure
    "53",  # no memory, disk or connection left
    "55006",  # an object is in use
    "55P03",  # a lock was not available
    "57",  # cancelled, shut down, crashed, not yet up
    "58",  # the server's own file system
)

# A server's messages to a connection that it will refuse again. libpq gives no SQLSTATE here.
REFUSED = re.compile(
    r"password authentication failed|no password supplied|no pg_hba.conf entry|"
    r'(?:role|database) ".*" does not exist|permission denied for database'
)

# A password with an unencoded "@" or "/": libpq would read a part of it as the host or port, and print it.
AMBIGUOUS = re.compile(r"^[a-z]+://[^?]*([@/][^?]*@)")
UNREADABLE = "The database's URI cannot be read."
WRITTEN = {
    "remedy": "Write it as postgresql://user:password@host:port/database, with special characters of the password "
    "percent-encoded (@ as %40, / as %2F, % as %25).",
    "in_airflow": "Correct host, port, schema and extras of the connection `scoring_db` in Admin > Connections.",
}
ALLOWED = {
    "remedy": "Correct user, password and database in SCORING_DATABASE_URL, or the user's rights.",
    "in_airflow": "Correct the connection `scoring_db` in Admin > Connections, or the user's rights.",
}


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Open a connection that is rolled back and closed at the end; callers commit with ``with connection:``.

    Raises
    ------
    TransientError
        If the database cannot be reached, the connection breaks, or another try may help (deadlock, full disk, ...).
    PermanentError
        If the database refuses a statement and would refuse it again.
    ConfigurationError
        If the URL cannot be read or its user is refused; never quotes the URL.
    """
    if AMBIGUOUS.match(url):
        raise ConfigurationError(UNREADABLE, **WRITTEN)
    try:
        connection = psycopg2.connect(url, connect_timeout=10, application_name="scoring")
    except psycopg2.ProgrammingError:  # its text quotes what it cannot read, perhaps the password
        raise ConfigurationError(UNREADABLE, **WRITTEN) from None
    except psycopg2.OperationalError as error:
        text = str(error).strip()
        if REFUSED.search(text):
            raise ConfigurationError(f"The database refuses the connection: {text}", **ALLOWED) from error
        raise TransientError(f"The database cannot be reached: {text}") from error
    try:
        yield connection
    except psycopg2.Error as error:
        raise translated(error) from error
    finally:
        connection.close()


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    """A connection with one transaction: committed at the end, rolled back if anything is raised.

    Raises the same errors as :func:`connect`.
    """
    with connect(url) as connection, connection:
        yield connection


def is_transient(state: str | None) -> bool:
    """Whether another try may help after an error with this SQLSTATE; None means that the connection broke."""
    return state is None or state.startswith(TRANSIENT_STATES)


def translated(error: psycopg2.Error) -> PermanentError | TransientError:
    """Translate an error of the database into a permanent or a transient one of ours."""
    text = error.diag.message_primary or str(error).strip()  # without its detail, which may quote a customer's row
    if error.pgcode is None and not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return PermanentError(f"A statement cannot be sent to the database: {text}")
    if is_transient(error.pgcode):
        return TransientError(f"The database broke off (SQLSTATE {error.pgcode or 'none'}): {text}")
    return PermanentError(f"The database refused a statement (SQLSTATE {error.pgcode}): {text}")


def not_utf8(error: UnicodeEncodeError) -> PermanentError:
    """What to say of text that cannot be stored; a shell of another encoding gives such."""
    return PermanentError(
        f"This text is not valid UTF-8: {str(error.object)[:SHOWN]!r}.",
        remedy="Write it in a terminal that is set to UTF-8.",
        in_airflow="Write it anew.",
    )


@contextmanager
def _cursor(connection: Connection) -> Iterator[Cursor]:
    """A cursor; what a person gave and PostgreSQL cannot store is told as such: it is no bug."""
    with connection.cursor() as cursor:
        try:
            yield cursor
        except UnicodeEncodeError as error:
            raise not_utf8(error) from error
        except ValueError as error:
            if "NUL (0x00)" not in str(error):
                raise
            raise PermanentError(
                "A text holds the character NUL, which cannot be stored.", remedy="Write it without."
            ) from error


def execute(connection: Connection, statement: Statement, arguments: Any = None) -> int:
    """Run a statement; returns the number of rows that it affected."""
    with _cursor(connection) as cursor:
        cursor.execute(statement, arguments)
        return int(cursor.rowcount)


def insert(
    connection: Connection,
    statement: str,
    rows: Iterable[Sequence[Any]],
    *,
    template: str | None = None,
    page_size: int = 1000,
) -> None:
    """Run a statement with ``VALUES %s`` for many rows, ``page_size`` of them at a time."""
    with _cursor(connection) as cursor:
        execute_values(cursor, statement, rows, template=template, page_size=page_size)


def all_rows(connection: Connection, row: type[T], statement: Statement, arguments: Any = None) -> list[T]:
    """Every row of a query as an object of type ``row``, whose fields are named like the columns."""
    with _cursor(connection) as cursor:
        cursor.execute(statement, arguments)
        names = [column.name for column in cursor.description or ()]
        return [row(**dict(zip(names, values, strict=True))) for values in cursor.fetchall()]


def one_or_none(connection: Connection, row: type[T], statement: Statement, arguments: Any = None) -> T | None:
    """The only row of a query, or None if it gives no row.

    Raises
    ------
    ValueError
        If the query gives several rows.
    """
    found = all_rows(connection, row, statement, arguments)
    if len(found) > 1:
        raise ValueError(f"one row was expected, the query gives {len(found)}")
    return found[0] if found else None


def one(connection: Connection, row: type[T], statement: Statement, arguments: Any = None) -> T:
    """The only row of a query; :class:`ValueError` if it gives none or several."""
    found = one_or_none(connection, row, statement, arguments)
    if found is None:
        raise ValueError("one row was expected, the query gives none")
    return found


def column(connection: Connection, statement: Statement, arguments: Any = None) -> list[Any]:
    """The first value of every row of a query."""
    with _cursor(connection) as cursor:
        cursor.execute(statement, arguments)
        return [values[0] for values in cursor.fetchall()]


def value(connection: Connection, statement: Statement, arguments: Any = None) -> Any:
    """The first value of a query's first row; None if it gives no row."""
    with _cursor(connection) as cursor:
        cursor.execute(statement, arguments)
        row = cursor.fetchone()
    return row[0] if row else None


def migrate(url: str) -> None:
    """Bring the schema to the newest version (Alembic); safe to repeat, and to run twice at the same time."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    alembic.command.upgrade(config, "head")
