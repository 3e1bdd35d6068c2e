"""A few connections to PostgreSQL that all requests share: tried before use, waited for briefly, closed when broken."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import sqlalchemy
from sqlalchemy import exc
from sqlalchemy.engine import make_url

from scoring.database import Connection, translated
from scoring.errors import ConfigurationError, TransientError

PATIENCE_SECONDS = 2.0  # for a free connection, and for a new one to be made
RECYCLED_SECONDS = 1800


class Pool:
    """Connections to one database; may be used by many threads.

    Parameters
    ----------
    url
        libpq URI.
    size
        Most connections.
    statement_seconds
        The most that one statement may take.
    """

    def __init__(self, url: str, size: int, statement_seconds: float) -> None:
        self._url, self._statement_seconds = url, statement_seconds
        self._engine = sqlalchemy.create_engine(
            make_url("postgresql+psycopg2://"),
            creator=self._connected,
            pool_size=size,
            max_overflow=0,
            pool_timeout=PATIENCE_SECONDS,
            pool_recycle=RECYCLED_SECONDS,
            pool_pre_ping=True,
            pool_use_lifo=True,
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection with one transaction: committed at the end, rolled back if anything is raised.

        Raises
        ------
        TransientError
            If the database cannot be reached, all connections are in use, or another try may help.
        PermanentError
            If the database refuses a statement and would refuse it again.
        """
        try:
            pooled = self._engine.raw_connection()
        except exc.TimeoutError as error:
            raise TransientError("All connections to the database are in use.") from error
        except (exc.DBAPIError, psycopg2.Error) as error:
            raise TransientError(f"The database cannot be reached ({type(error).__name__}).") from error
        connection = pooled.driver_connection
        assert connection is not None  # noqa: S101 - it was just checked out
        try:
            with connection:
                yield connection
        except psycopg2.Error as error:
            if connection.closed:
                pooled.invalidate()
            raise translated(error) from error
        finally:
            pooled.close()

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self._engine.dispose()

    def _connected(self) -> Connection:
        try:
            connection = psycopg2.connect(self._url, connect_timeout=2, application_name="scoring api")
        except psycopg2.ProgrammingError:  # its text quotes what it cannot read, perhaps the password
            raise ConfigurationError("The database's URI cannot be read.") from None
        with connection, connection.cursor() as cursor:
            limit = f"{self._statement_seconds * 1000:.0f}ms"
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", (limit,))
        return connection
