"""Reads a PostgreSQL query through a server-side cursor, in one read-only repeatable-read transaction."""

import datetime as dt
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

import psycopg2
import pyarrow as pa
from psycopg2 import extensions

from scoring.database import AMBIGUOUS, Connection, is_transient
from scoring.domain.dataset import Column, DataSet, PostgresSource
from scoring.errors import ConfigurationError, Finding, PermanentError, SourceError, SourceNotReady, TransientError
from scoring.intake.sources.casts import cast_fetched, written_fetched
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns
from scoring.intake.sources.sql_errors import refuses_connection, said, unconnected

POSTGRES = Form(cast_fetched, missing="give NULL in the query instead, e.g. with NULLIF or CASE")
AS_WRITTEN = Form(written_fetched, missing=POSTGRES.missing)
FETCHED_ROWS = 5_000  # at a time: the client holds them as Python's objects

# Fixed type OIDs of pg_type.dat: the database's types that each of our types accepts.
_INTEGERS = {20: "bigint", 21: "smallint", 23: "integer"}
_NUMERIC = {1700: "numeric"}
_FLOATS = {700: "real", 701: "double precision"}
_DATE = {1082: "date"}
_LOCAL_TIME, _MOMENT = {1114: "timestamp"}, {1184: "timestamptz"}
_BOOLEAN = {16: "boolean"}
_TEXTS = {25: "text", 1043: "varchar", 1042: "char", 19: "name", 18: '"char"'}
_OTHERS = {1083: "time", 1266: "timetz", 1186: "interval", 17: "bytea", 114: "json", 3802: "jsonb"}
_NAMES = _INTEGERS | _NUMERIC | _FLOATS | _DATE | _LOCAL_TIME | _MOMENT | _BOOLEAN | _TEXTS | _OTHERS
_ACCEPTED = {
    "integer": _INTEGERS | _NUMERIC,
    "number": _INTEGERS | _NUMERIC | _FLOATS,
    "decimal": _INTEGERS | _NUMERIC,
    "date": _DATE,
    "timestamp": _LOCAL_TIME | _MOMENT,
    "boolean": _BOOLEAN,
}
_CAST = {"integer": "bigint", "number": "double precision", "decimal": "numeric", "category": "text"} | {
    "timestamp": "timestamptz"
}

# psycopg2 would change some values (an infinite date becomes the year 9999) and fail on others (dates before Christ).
# So values arrive as PostgreSQL writes them, and are checked like the cells of a file.
_BUILT_IN = frozenset(extensions.string_types)
_AS_WRITTEN = extensions.new_type(
    tuple(_BUILT_IN - _TEXTS.keys() - _BOOLEAN.keys()), "AS_WRITTEN", lambda text, _cursor: text
)


def postgres_batches(
    source: PostgresSource,
    source_urls: Mapping[str, str],
    data_set: DataSet,
    as_of: dt.date,
    rows: int,
    *,
    as_written: bool = False,
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of the source's query in batches of at most ``rows`` rows; columns are matched by name.

    ``as_written`` gives values of any type as the text that PostgreSQL writes.

    Raises
    ------
    ConfigurationError
        If there is no such connection, its URI cannot be used, or its user is refused.
    SourceError
        If the query fails, or a column or value does not fit the definition; several kinds of error at once.
    SourceNotReady
        If the query returns no row, the database cannot be reached or the connection breaks off.
    """
    name = source.name
    findings = Findings(name)
    with closing(_connect(source.connection, source_urls, name)) as connection:
        connection.set_session(isolation_level=extensions.ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        extensions.register_type(_AS_WRITTEN, connection)
        fetched = _fetched(connection, source, data_set, as_of, min(rows, FETCHED_ROWS), as_written=as_written)
        with closing(fetched) as blocks:
            yield from TypedBatches(data_set, AS_WRITTEN if as_written else POSTGRES, findings).of(blocks)


def _connect(connection: str, source_urls: Mapping[str, str], name: str) -> Connection:
    url = source_urls.get(connection)
    if url is None:
        raise ConfigurationError(
            f"There is no PostgreSQL source {connection!r}; there are: {', '.join(sorted(source_urls)) or 'none'}.",
            remedy=f'Set SCORING_SOURCE_URLS={{"{connection}": "postgresql://user:password@host/db"}}.',
            in_airflow=f"Add the connection `{connection}` (type Postgres) in Admin > Connections.",
        )
    try:
        if AMBIGUOUS.match(url):
            raise _unreadable(connection)
        return psycopg2.connect(url, connect_timeout=10, application_name="scoring source")
    except psycopg2.ProgrammingError:  # its text repeats the URI
        raise _unreadable(connection) from None
    except psycopg2.OperationalError as error:
        raise unconnected(name, connection, said(error, None), refused=refuses_connection(error)) from error


def _unreadable(connection: str) -> ConfigurationError:
    return ConfigurationError(
        f"The URI of the PostgreSQL source {connection!r} cannot be read.",
        remedy="Write it in SCORING_SOURCE_URLS as postgresql://user:password@host/db, with special characters of the "
        "password percent-encoded (@ as %40, / as %2F).",
        in_airflow=f"Correct the connection `{connection}` in Admin > Connections: host, port, schema and extras.",
    )


def _fetched(
    connection: Connection, source: PostgresSource, data_set: DataSet, as_of: dt.date, rows: int, *, as_written: bool
) -> Generator[list[tuple[Any, ...]], None, None]:
    """The query's columns, in the order of the definition, ``rows`` rows at a time."""
    name = source.name
    try:
        with connection.cursor(name="scoring_source") as cursor:
            _execute(cursor, source.query, as_of, name)
            records = cursor.fetchmany(rows)
            if not records:
                raise SourceNotReady(f"{name}: The query returned no row.", remedy="Try again when its data is there.")
            positions = _checked(cursor.description, data_set, name, as_written=as_written)
            while records:
                columns = list(zip(*records, strict=True))
                yield [columns[at] for at in positions]
                records = cursor.fetchmany(rows)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        raise _failed(error, name) from error


def _execute(cursor: Any, query: str, as_of: dt.date, name: str) -> None:
    try:
        cursor.execute(query, {"as_of": as_of})
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceError(
            name,
            f"The query's parameters cannot be filled in ({error}).",
            "Its one parameter is %(as_of)s; a percent sign of its own is written %%.",
        ) from error


def _failed(error: Exception, name: str) -> PermanentError | TransientError:
    diagnostics = getattr(error, "diag", None)
    text = (diagnostics and diagnostics.message_primary) or str(error)  # without its detail, which may quote a row
    problem = f"The query failed: {' '.join(text.split()).rstrip('.')}."
    broken_off = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) or getattr(
        error, "pgcode", None
    )
    if isinstance(error, psycopg2.Error) and broken_off and is_transient(error.pgcode):
        return SourceNotReady(f"{name}: {problem}", remedy="Try again when the database answers.")
    return SourceError(name, problem, "Correct the source's query.")


def _checked(description: Any, data_set: DataSet, name: str, *, as_written: bool) -> list[int]:
    """Where the columns of the definition stand in the query's; all that do not fit are refused at once."""
    names = [field.name for field in description]
    check_columns(names, data_set, name, quotable=True)
    findings = Findings(name)
    for column in () if as_written else data_set.columns:
        _check_type(description[names.index(column.source_name)].type_code, column, findings)
    if findings:
        raise findings.error()
    return [names.index(column.source_name) for column in data_set.columns]


def _check_type(oid: int, column: Column, findings: Findings) -> None:
    """Note a finding if the column does not accept the type; text also accepts user-defined types (an enumeration)."""
    accepted = _ACCEPTED.get(column.type)
    wrong = oid not in accepted if accepted else oid in _BUILT_IN and oid not in _TEXTS
    if wrong:
        problem = f"The column is of type {_NAMES.get(oid, f'with OID {oid}')}, which is not {column.type!r}."
        cast = f"{column.source_name}::{_CAST.get(column.type, column.type)}"
        remedy = f"Cast it in the query ({cast}), or change the column's type in the definition."
        findings.add("is of another type", Finding(problem, remedy, column=column.source_name))
    elif oid in _LOCAL_TIME and column.type == "timestamp" and column.time_zone is None:
        remedy = "Set the column's time_zone in the definition, or give the moment: (... AT TIME ZONE 'Europe/Madrid')."
        findings.add("has no time zone", Finding("The column is a timestamp without time zone.", remedy,
                                                 column=column.source_name))  # fmt: skip
