"""Connections to PostgreSQL and the one place that knows the database's schema version."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
import alembic.config
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, named like one

from scoring.errors import ConfigurationError, TransientError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

# psycopg2 raises these when the server went away or asks for another try.
TRANSIENT = (psycopg2.OperationalError, psycopg2.InterfaceError)

# A password with a bare "@" or "/" in it: libpq would take a piece of it for the host or port, and print it.
AMBIGUOUS = re.compile(r"^[a-z]+://[^?]*([@/][^?]*@)")
UNREADABLE = (
    "The database's URI cannot be read. Write it as postgresql://user:password@host:port/database, with special "
    "characters of the password percent-encoded (@ as %40, / as %2F, % as %25)."
)


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Open a connection that is rolled back and closed at the end; callers commit with ``with connection:``.

    Raises
    ------
    TransientError
        If the database cannot be reached, breaks off, or asks for another try (deadlock, serialization).
    ConfigurationError
        If the URL cannot be read; never quotes it.
    """
    if AMBIGUOUS.match(url):
        raise ConfigurationError(UNREADABLE)
    try:
        connection = psycopg2.connect(url, connect_timeout=10, application_name="scoring")
    except psycopg2.ProgrammingError:  # its text quotes the part that it does not understand: perhaps the password
        raise ConfigurationError(UNREADABLE) from None
    except psycopg2.OperationalError as error:
        raise TransientError(f"The database cannot be reached: {str(error).strip()}") from error
    try:
        yield connection
    except TRANSIENT as error:
        raise TransientError(f"The database broke off: {str(error).strip()}") from error
    finally:
        connection.close()


def migrate(url: str) -> None:
    """Bring the schema to the newest version (Alembic); safe to repeat and to run twice at a time."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    alembic.command.upgrade(config, "head")
