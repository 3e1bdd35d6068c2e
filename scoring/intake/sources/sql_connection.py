"""Connections to foreign databases by SQLAlchemy's URLs, which no message quotes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from scoring.errors import ConfigurationError, SourceNotReady
from scoring.intake.sources.sql_errors import package_of, refuses_connection, said, unconnected

# Seconds, unless the URL says otherwise: a server that does not answer must not hold a worker for ever.
_PATIENCE = {"pymysql": {"connect_timeout": 10, "read_timeout": 600}}


def url_of(connection: str, source_urls: Mapping[str, str]) -> sa.URL:
    """The URL of a connection.

    Raises
    ------
    ConfigurationError
        If there is none, or it is none; never quotes it.
    """
    text = source_urls.get(connection)
    if text is None:
        raise ConfigurationError(
            f"There is no SQL source {connection!r}; there are: {', '.join(sorted(source_urls)) or 'none'}.",
            remedy=f'Set SCORING_SOURCE_URLS={{"{connection}": "mysql+pymysql://user:password@host/db"}}.',
            in_airflow=f"Add the connection `{connection}` in Admin > Connections.",
        )
    try:
        return sa.make_url(text)
    except (exc.ArgumentError, ValueError):  # whose text may repeat the URL
        raise _unusable(connection, "cannot be read") from None


def _unusable(connection: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The URL of the SQL source {connection!r} {why}.",
        remedy="Write it in SCORING_SOURCE_URLS as dialect+driver://user:password@host/db, with special characters of "
        "the password percent-encoded (@ as %40, / as %2F).",
        in_airflow=f"Correct the connection `{connection}` in Admin > Connections: type, host, schema and extras.",
    )


@contextmanager
def connected(url: sa.URL, connection: str, name: str) -> Iterator[sa.Connection]:
    """A connection that is thrown away at the end, for closing it in the middle of a result would read the rest.

    Raises
    ------
    ConfigurationError
        If the driver is not installed, an option is unknown to it, or the database refuses the user.
    SourceNotReady
        If the database cannot be reached.
    """
    engine = _engine(url, connection)
    try:
        opened = engine.connect()
    except exc.DBAPIError as error:
        refused = refuses_connection(error.orig)
        raise unconnected(name, connection, said(error.orig, url.password), refused=refused) from None
    except Exception as error:  # noqa: BLE001 - what drivers raise for options that they do not know
        raise _unusable(connection, f"cannot be used: {said(error, url.password)}") from None
    raw: Any = opened.connection.dbapi_connection
    try:
        yield opened
    finally:
        if url.get_driver_name() == "pymysql":
            _forget_result(raw)
        opened.invalidate()
        opened.close()
        engine.dispose()


def _forget_result(connection: Any) -> None:
    """Make PyMySQL believe that a result was read to its end: else it reads on when Python removes the cursor."""
    result = connection._result  # noqa: SLF001 - there is no public way
    if result is not None:
        result.unbuffered_active = False
        connection._result = None  # noqa: SLF001


def _engine(url: sa.URL, connection: str) -> sa.Engine:
    _refuse_missing_file(url, connection)
    try:
        wanted = _PATIENCE.get(url.get_driver_name(), {})
        options = {name: seconds for name, seconds in wanted.items() if name not in url.query}
        return sa.create_engine(url, poolclass=NullPool, connect_args=options)
    except ModuleNotFoundError as error:
        package = package_of(error.name or "")
        why = f"needs a driver that is not installed: the package {package}"
    except exc.NoSuchModuleError:
        package = url.drivername
        why = f"names {url.drivername!r}, for which no SQLAlchemy dialect is installed"
    except (exc.ArgumentError, ValueError, TypeError) as error:
        raise _unusable(connection, f"cannot be used: {said(error, url.password)}") from None
    raise ConfigurationError(
        f"The URL of the SQL source {connection!r} {why}.",
        remedy=f"Install it (pip install {package}), or name another driver: dialect+driver://..."
        if package != url.drivername
        else "Install the package that has this dialect (its documentation names it), or correct the URL.",
        in_airflow="Have the driver's package installed on the workers, or correct the connection.",
    ) from None


def _refuse_missing_file(url: sa.URL, connection: str) -> None:
    """SQLite would make an empty database where none is."""
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and not file.startswith((":", "file:")) and not Path(file).exists():
        raise SourceNotReady(
            f"query of {connection}: The database file {file} is not there.", remedy="Deliver it, or correct its path."
        )
