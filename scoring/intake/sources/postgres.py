"""Reads a PostgreSQL query by COPY, in one read-only repeatable-read transaction."""

import datetime as dt
import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import extensions, sql
from pyarrow import csv

from scoring.database import AMBIGUOUS, Connection, is_transient
from scoring.domain.dataset import DataSet, PostgresSource
from scoring.errors import ConfigurationError, PermanentError, SourceError, SourceNotReady, TransientError
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns
from scoring.intake.sources.postgres_stream import copied
from scoring.intake.sources.postgres_types import BOOLEAN, check_type
from scoring.intake.sources.sql_errors import refuses_connection, said, unconnected

# Values arrive as PostgreSQL writes them, and are checked like the cells of a file: an infinite date is told as such.
POSTGRES = Form(cast_text, missing="give NULL in the query instead, e.g. with NULLIF or CASE")
_BUILT_IN = frozenset(extensions.string_types)  # the OIDs that psycopg2 knows, which are those of PostgreSQL itself
_SYNTAX_ERROR = "42601"


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
        blocks = _blocks(connection, source, data_set, as_of, as_written=as_written)
        with closing(blocks), closing(_cut(blocks, rows)) as cut:
            yield from TypedBatches(data_set, POSTGRES, findings).of(cut)


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


def _blocks(
    connection: Connection, source: PostgresSource, data_set: DataSet, as_of: dt.date, *, as_written: bool
) -> Generator[list[pa.Array], None, None]:
    """The query's columns as text, in the order of the definition; a boolean is true or false."""
    name = source.name
    try:
        query = _filled(connection, source.query, as_of, name)
        fields = _fields(connection, query)
        with closing(_copied(connection, query, name)) as pieces:
            first = next(pieces, None)
            if first is None:
                raise SourceNotReady(f"{name}: The query returned no row.", remedy="Try again when its data is there.")
            positions = _checked(fields, data_set, name, as_written=as_written)
            booleans = {at for at in positions if fields[at].type_code == BOOLEAN}
            for piece in itertools.chain([first], pieces):
                cells = _cells(piece, len(fields), positions)
                yield [_spelled_out(cells[at]) if at in booleans else cells[at] for at in positions]
    except psycopg2.Error as error:
        raise _failed(error, name, broke=connection.closed != 0) from error


def _filled(connection: Connection, query: str, as_of: dt.date, name: str) -> str:
    """The query with its parameter in it, without a semicolon at its end."""
    try:
        with connection.cursor() as cursor:
            filled: bytes = cursor.mogrify(query, {"as_of": as_of})
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceError(
            name,
            f"The query's parameters cannot be filled in ({error}).",
            "Its one parameter is %(as_of)s; a percent sign of its own is written %%.",
        ) from error
    return filled.decode(extensions.encodings[connection.encoding]).rstrip().rstrip(";")


def _fields(connection: Connection, query: str) -> Sequence[Any]:
    """What the query's columns are; nothing of it is computed. Refuses all that is no query, too."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DECLARE scoring_source CURSOR FOR {}").format(sql.SQL(query)))
        cursor.execute("FETCH 0 FROM scoring_source")
        fields = cursor.description or ()
        cursor.execute("CLOSE scoring_source")
    return fields


def _copied(connection: Connection, query: str, name: str) -> Generator[bytes, None, None]:
    try:
        with closing(copied(connection, query)) as pieces:
            yield from pieces
    except psycopg2.ProgrammingError as error:
        if error.pgcode != _SYNTAX_ERROR:
            raise
        # It was a statement of its own a moment ago.
        raise SourceError(name, "The query holds a semicolon before its end.", "Write one SELECT.") from error


def _cells(piece: bytes, width: int, positions: Sequence[int]) -> dict[int, pa.Array]:
    """The cells of whole rows as Arrow strings, by the position of their column."""
    names = [str(at) for at in range(width)]
    wanted = [names[at] for at in positions]
    table = csv.read_csv(
        pa.py_buffer(piece),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(piece) + 1, column_names=names),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            check_utf8=False,  # the cast does, and so its cell is found
            column_types=dict.fromkeys(wanted, pa.string()),
            include_columns=wanted,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return {at: table.column(names[at]).combine_chunks() for at in positions}


def _spelled_out(cells: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(cells, "t"), "true", "false")


def _cut(blocks: Iterator[list[pa.Array]], rows: int) -> Generator[list[pa.Array], None, None]:
    """The blocks, cut to at most ``rows`` rows."""
    for block in blocks:
        for first in range(0, len(block[0]), rows):
            yield [cells.slice(first, rows) for cells in block]


def _failed(error: psycopg2.Error, name: str, *, broke: bool) -> PermanentError | TransientError:
    text = error.diag.message_primary or str(error)  # without its detail, which may quote a row
    if broke and error.pgcode is None and text.startswith("error with status"):  # of a COPY that breaks off
        text = "the connection broke off"
    problem = f"The query failed: {' '.join(text.split()).rstrip('.')}."
    broken_off = broke or isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) or error.pgcode
    if broken_off and is_transient(error.pgcode):
        return SourceNotReady(f"{name}: {problem}", remedy="Try again when the database answers.")
    return SourceError(name, problem, "Correct the source's query.")


def _checked(fields: Sequence[Any], data_set: DataSet, name: str, *, as_written: bool) -> list[int]:
    """Where the columns of the definition stand in the query's; all that do not fit are refused at once."""
    names = [field.name for field in fields]
    check_columns(names, data_set, name, quotable=True)
    findings = Findings(name)
    for column in () if as_written else data_set.columns:
        check_type(fields[names.index(column.source_name)].type_code, column, _BUILT_IN, findings)
    if findings:
        raise findings.error()
    return [names.index(column.source_name) for column in data_set.columns]
