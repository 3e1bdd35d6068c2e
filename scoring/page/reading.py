"""A short-lived connection that can only read, sees one moment, and is cut off when a query takes too long."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import errors

from scoring.database import Connection, connect, execute
from scoring.errors import ConfigurationError, TransientError

SECONDS = 5.0  # the most that one query may take


@contextmanager
def reading(url: str, seconds: float = SECONDS) -> Iterator[Connection]:
    """A connection for the queries of one answer, each of which may take so many seconds.

    Raises
    ------
    TransientError
        If the database cannot be reached, or a query takes longer.
    ConfigurationError
        If the database's schema is older than this code, or the connection is refused.
    """
    with connect(url) as connection:
        try:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            execute(connection, "SELECT set_config('statement_timeout', %s, false)", (f"{seconds * 1000:.0f}ms",))
            yield connection
        except (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName) as error:
            raise ConfigurationError(
                f"The database's schema is not the one that this page reads: {_first_line(error)}",
                remedy="Run `scoring migrate`, then load the page again.",
            ) from error
        except errors.QueryCanceled as error:
            raise TransientError(
                f"The database took longer than {seconds:g} seconds to answer.",
                remedy="Choose fewer dates; if that does not help, see whether the database is busy.",
            ) from error


def _first_line(error: psycopg2.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().splitlines()[0]
