"""Reads a query of PostgreSQL through a server-side cursor, in one read-only snapshot of the database."""

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow as pa
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from scoring.database import Connection
from scoring.domain.dataset import Column, DataSet, PostgresSource
from scoring.errors import ConfigurationError, SourceError, SourceNotReady
from scoring.intake.sources.cells import check_values, typed_batch
from scoring.intake.sources.header import check_columns
from scoring.snapshots.arrow import arrow_type

# Type OIDs of pg_type.dat, which are fixed: which types of the database each of ours takes.
_INTEGERS = {20: "bigint", 21: "smallint", 23: "integer"}
_NUMERIC = {1700: "numeric"}
_FLOATS = {700: "real", 701: "double precision"}
_DATE = {1082: "date"}
_BOOLEAN = {16: "boolean"}
_TEXTS = {25: "text", 1043: "varchar", 1042: "char"}
_KNOWN = _INTEGERS | _NUMERIC | _FLOATS | _DATE | _BOOLEAN | _TEXTS | {1114: "timestamp", 1184: "timestamptz"}
_ACCEPTED = {
    "integer": _INTEGERS,
    "number": _INTEGERS | _NUMERIC | _FLOATS,
    "decimal": _INTEGERS | _NUMERIC,
    "date": _DATE,
    "boolean": _BOOLEAN,
}
_CAST = {"integer": "bigint", "number": "double precision", "decimal": "numeric", "category": "text"}


def postgres_batches(
    source: PostgresSource, source_urls: Mapping[str, str], data_set: DataSet, as_of: dt.date, rows: int
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of the source's query in batches of at most ``rows`` rows; columns are matched by name.

    Raises
    ------
    ConfigurationError
        If SCORING_SOURCE_URLS has no such connection, or its URI cannot be used.
    SourceError
        If the query fails, or a column or value does not fit the definition.
    SourceNotReady
        If the query returns no row, the database cannot be reached or the connection breaks off.
    """
    name = query_name(source)
    try:
        with closing(_connect(source.connection, source_urls)) as connection:
            connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            with connection.cursor(name="scoring_source") as cursor:
                _execute(cursor, source.query, as_of, name)
                yield from _batches(cursor, data_set, name, rows)
    except psycopg2.OperationalError as error:
        raise SourceNotReady(f"{name}: {_reason(error)} Remedy: try again when the database answers.") from error
    except (psycopg2.Error, UnicodeDecodeError) as error:
        raise SourceError(name, f"The query failed: {_reason(error)}", "Correct the source's query.") from error


def query_name(source: PostgresSource) -> str:
    """What a person calls the source."""
    return f"query of {source.connection}"


def typed(cells: Sequence[Any], column: Column) -> pa.Array:
    """Values as psycopg2 gives them in the column's type; raises ValueError if one does not fit."""
    if column.type == "number":
        cells = [float(cell) if isinstance(cell, Decimal) else cell for cell in cells]
    try:
        return check_values(pa.array(cells, type=arrow_type(column)), column)
    except (TypeError, OverflowError) as error:  # not text; a number beyond the type's range
        raise ValueError(str(error)) from None


def _connect(connection: str, source_urls: Mapping[str, str]) -> Connection:
    if connection not in source_urls:
        raise ConfigurationError(
            f"There is no PostgreSQL source {connection!r}; there are: {', '.join(sorted(source_urls)) or 'none'}. "
            f'Set SCORING_SOURCE_URLS={{"{connection}": "postgresql://user:password@host/db"}}.'
        )
    try:
        return psycopg2.connect(source_urls[connection], connect_timeout=10, application_name="scoring source")
    except psycopg2.ProgrammingError:  # its text repeats the URI
        raise ConfigurationError(
            f"SCORING_SOURCE_URLS: the value of {connection!r} is not a libpq URI; "
            "write postgresql://user:password@host/db."
        ) from None


def _execute(cursor: Any, query: str, as_of: dt.date, name: str) -> None:
    try:
        cursor.execute(query, {"as_of": as_of})
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceError(
            name,
            f"The query's parameters cannot be filled in ({error}).",
            "Its one parameter is %(as_of)s; a percent sign of its own is written %%.",
        ) from error


def _batches(cursor: Any, data_set: DataSet, name: str, rows: int) -> Iterator[pa.RecordBatch]:
    records = cursor.fetchmany(rows)
    if not records:
        raise SourceNotReady(f"{name}: The query returned no row. Remedy: try again when its data is there.")
    names = [field.name for field in cursor.description]
    check_columns(names, data_set, name)
    for field in cursor.description:
        if field.name in data_set.column_names:
            _check_type(field.type_code, data_set.column(field.name), name)
    positions = [names.index(column) for column in data_set.column_names]
    first_row = 1
    while records:
        columns = list(zip(*records, strict=True))
        yield typed_batch([columns[at] for at in positions], data_set, typed, name=name, first_row=first_row)
        first_row += len(records)
        records = cursor.fetchmany(rows)


def _check_type(oid: int, column: Column, name: str) -> None:
    """Refuse a type whose values psycopg2 or Arrow would bend into the column's; text is judged by its values."""
    accepted = _ACCEPTED.get(column.type)
    wrong = oid not in accepted if accepted else oid in _KNOWN and oid not in _TEXTS
    if wrong:
        cast = f"{column.name}::{_CAST.get(column.type, column.type)}"
        raise SourceError(
            name,
            f"The column is of type {_KNOWN.get(oid, f'with OID {oid}')}, which is not {column.type!r}.",
            f"Cast it in the query ({cast}), or change the column's type in the definition.",
            column=column.name,
        )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text}."
