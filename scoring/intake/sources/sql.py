"""Reads a query of any database for which SQLAlchemy has a dialect and a driver is installed, a few rows at a time."""

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import exc

from scoring.domain.dataset import Column, DataSet, SqlSource
from scoring.errors import Finding, SourceError, SourceNotReady
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns
from scoring.intake.sources.objects import Cell, cast_objects, cells_of, foreign, written_objects
from scoring.intake.sources.sql_connection import connected, url_of
from scoring.intake.sources.sql_errors import passes, said

SQL = Form(cast_objects, missing="give NULL in the query instead, e.g. with NULLIF or CASE")
Blocks = Iterator[list[Sequence[Cell]]]
FETCHED_ROWS = 5_000  # at a time: the client holds them as Python's objects

# What makes the next transactions of a session such as cannot write. They are rolled back in any case.
_READ_ONLY = {
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


def sql_batches(
    source: SqlSource,
    source_urls: Mapping[str, str],
    data_set: DataSet,
    as_of: dt.date,
    rows: int,
    *,
    as_written: bool = False,
    meant: Mapping[str, Column] | None = None,
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of the source's query in batches of at most ``rows`` rows; columns are matched by name.

    ``as_written`` gives values of any type as text; ``meant`` says of which type columns are, by name.

    Raises
    ------
    ConfigurationError
        If there is no such connection, its URL cannot be used, its driver is not installed, or its user is refused.
    SourceError
        If the query fails, or a column or value does not fit the definition; several kinds of error at once.
    SourceNotReady
        If the query returns no row, the database cannot be reached or the connection breaks off.
    """
    name = source.name
    written = Form(partial(written_objects, meant=meant), missing=SQL.missing)
    form, findings = written if as_written else SQL, Findings(name)
    url = url_of(source.connection, source_urls)
    with queried(source, source_urls, as_of) as result:
        blocks = _blocks(result, data_set, name, min(rows, FETCHED_ROWS))
        if not as_written:
            blocks = _typed(blocks, data_set, name)
        yield from TypedBatches(data_set, form, findings).of(_guarded(blocks, url, name))


@contextmanager
def queried(
    source: SqlSource, source_urls: Mapping[str, str], as_of: dt.date
) -> Iterator[sa.CursorResult[tuple[Any, ...]]]:
    """The open result of the source's query, in a transaction that cannot write where the database knows such ones.

    Raises
    ------
    ConfigurationError, SourceError, SourceNotReady
        As :func:`sql_batches`; SourceError also if the query returns no columns.
    """
    name, url = source.name, url_of(source.connection, source_urls)
    statement = _statement(source.query, as_of, name)
    with connected(url, source.connection, name) as connection, _translated(url, name):
        if read_only := _READ_ONLY.get(connection.dialect.name):
            connection.exec_driver_sql(read_only)
            connection.commit()
        streaming = connection.execution_options(stream_results=True, max_row_buffer=FETCHED_ROWS)
        result = streaming.execute(statement)  # kept here: it must not be removed before its connection is thrown away
        if not result.returns_rows:
            raise SourceError(name, "The query returns no columns.", "Write a SELECT.")
        yield result


def _statement(query: str, as_of: dt.date, name: str) -> sa.TextClause:
    statement = sa.text(query)
    parameters = set(statement.compile().params)
    if unknown := sorted(parameters - {"as_of"}):
        raise SourceError(
            name,
            f"The query's parameter :{unknown[0]} cannot be filled in.",
            "Its one parameter is :as_of; a colon of its own before a letter is written \\:.",
        )
    return statement.bindparams(sa.bindparam("as_of", as_of, sa.Date)) if parameters else statement


def _blocks(result: sa.CursorResult[Any], data_set: DataSet, name: str, rows: int) -> Blocks:
    """The query's columns, in the order of the definition, ``rows`` rows at a time."""
    names = list(result.keys())
    records = result.fetchmany(rows)
    if not records:
        raise SourceNotReady(f"{name}: The query returned no row.", remedy="Try again when its data is there.")
    check_columns(names, data_set, name, quotable=True)
    positions = [names.index(column.source_name) for column in data_set.columns]
    while records:
        columns = list(zip(*records, strict=True))
        yield [cells_of(columns[at]) for at in positions]
        records = result.fetchmany(rows)


def _typed(blocks: Blocks, data_set: DataSet, name: str) -> Blocks:
    """The blocks, until one has a cell of a type that its column does not take; names the first of each column."""
    first = 1
    for block in blocks:
        findings = Findings(name)
        for cells, column in zip(block, data_set.columns, strict=True):
            if found := foreign(cells, column):
                at, what = found
                problem = f"The value is {what}, which is not {column.type!r}."
                remedy = "Cast it in the query (CAST(... AS ...)), or change the column's type in the definition."
                findings.add("is of another type", Finding(problem, remedy, first + at, column.source_name))
        if findings:
            raise findings.error()
        yield block
        first += len(block[0])


def _guarded(blocks: Blocks, url: sa.URL, name: str) -> Blocks:
    with _translated(url, name):
        yield from blocks


@contextmanager
def _translated(url: sa.URL, name: str) -> Iterator[None]:
    try:
        yield
    except exc.DBAPIError as error:
        problem = f"The query failed: {said(error.orig, url.password)}."
        if passes(error.orig, broke=error.connection_invalidated):
            raise SourceNotReady(f"{name}: {problem}", remedy="Try again when the database answers.") from None
        raise SourceError(name, problem, "Correct the source's query.") from None
