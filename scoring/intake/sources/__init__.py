"""Reads the source of a data set (files, a query of any SQL database) in typed batches of one size.

Memory is bounded, nothing is converted silently, and every error names the file, the row, the column and a remedy.
"""

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from scoring.domain.dataset import Column, DataSet, PostgresSource, Source, SqlSource
from scoring.domain.files import Files, means_many
from scoring.errors import SourceError
from scoring.intake.sources.batching import rechunk
from scoring.intake.sources.listing import Place, complete
from scoring.intake.sources.location import filled, shown
from scoring.intake.sources.many import batches_of_many
from scoring.intake.sources.opening import Opening
from scoring.intake.sources.postgres import postgres_batches
from scoring.snapshots.parts import Part

__all__ = ["Received", "read"]


@dataclass(frozen=True)
class Received:
    """The name and the rows of an open source.

    ``name`` is for a person, without credentials. ``batches`` have the columns of the data set in its order and the
    types of :func:`scoring.snapshots.arrow.arrow_schema`; all but the last have ``batch_rows`` rows, or fewer if these
    would exceed 256 MiB.
    Row n of the source (1-based, the header and empty lines not counted) is the n-th row of all batches.

    ``parts`` are the files of a source that has many, each with its rows as far as they were read. Only after the last
    batch it is sure that no file was added or changed: until then nothing of them may be used for good.
    """

    name: str
    batches: Iterator[pa.RecordBatch]
    parts: list[Part] = field(default_factory=list)


@contextmanager
def read(
    data_set: DataSet,
    as_of: dt.date,
    *,
    inbox: str,
    source_urls: Mapping[str, str],
    path: str | None,
    batch_rows: int,
    roots: Sequence[str] | None = None,
    as_written: bool = False,
    meant: Mapping[str, Column] | None = None,
) -> Iterator[Received]:
    """Open the source of ``data_set`` for ``as_of``; its batches can be read, once, until the context ends.

    A file is copied first and read only if the copy is one complete version of it; of many files one is copied at a
    time. ``path`` replaces the definition's source, also its marker and its manifest; its ending decides the kind of
    file (.csv, .parquet, .xlsx, also packed), a relative path starts at ``inbox``, and ``{as_of}`` is filled in. Text
    is read in the dialect of the definition's source, or plainly if that is no text. With ``roots`` it must be below
    the inbox or one of them, ``..`` and symbolic links resolved, and so must each file of a folder or pattern; without,
    it may be anywhere. ``source_urls`` are URLs by connection name: libpq's of a PostgreSQL source, SQLAlchemy's of
    another one.

    ``as_written`` is for callers that judge each value themselves: the data set's columns are all text, those of the
    source may be numbers, booleans, dates or timestamps too, and each value arrives as the source writes it. ``meant``
    says by name which type some of them mean: what a dialect spells its own way then arrives in the plain spelling.

    Raises
    ------
    SourceError
        If the source cannot be read as the data set is defined; also while the batches are read.
    SourceNotReady
        If it is not there (yet), cannot be reached, or changed while it was being read.
    ConfigurationError
        If a connection is not set or the kind of URL is unknown.
    """
    source = data_set.source
    if path is None and isinstance(source, PostgresSource | SqlSource):
        rows = _of_query(source, source_urls, data_set, as_of, batch_rows, as_written=as_written, meant=meant)
        with closing(rows), closing(_not_empty(source.name, rechunk(rows, batch_rows))) as batches:
            yield Received(source.name, batches)
        return
    opening = Opening(data_set, path, batch_rows, as_written, meant or {})
    location = opening.location(as_of, inbox)
    name, roots = shown(location), None if path is None or roots is None else (inbox, *roots)
    place = _place(source, path, location, as_of, roots)
    if means_many(location):
        parts: list[Part] = []
        rows = batches_of_many(place, opening, parts)
        with closing(rows), closing(_not_empty(name, rechunk(rows, batch_rows))) as batches:
            yield Received(name, batches, parts)
        return
    kind, allowed = opening.kind(location), place.allowed(location)
    complete(place)
    with (
        opening.rows(allowed, kind, name) as rows,
        closing(_not_empty(name, rechunk(rows, batch_rows))) as batches,
    ):
        yield Received(name, batches)


def _of_query(
    source: PostgresSource | SqlSource,
    urls: Mapping[str, str],
    data_set: DataSet,
    as_of: dt.date,
    rows: int,
    *,
    as_written: bool,
    meant: Mapping[str, Column] | None,
) -> Generator[pa.RecordBatch, None, None]:
    if isinstance(source, PostgresSource):
        return postgres_batches(source, urls, data_set, as_of, rows, as_written=as_written)
    from scoring.intake.sources import sql

    return sql.sql_batches(source, urls, data_set, as_of, rows, as_written=as_written, meant=meant)


def _place(source: Source, path: str | None, location: str, as_of: dt.date, roots: Sequence[str] | None) -> Place:
    """Where the files are, and what they wait for."""
    if path is None and isinstance(source, Files):
        return Place(location, filled(source.wait_for, as_of), filled(source.manifest, as_of))
    return Place(location, roots=roots)


def _not_empty(name: str, batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
    first = next(batches, None)
    if first is None:
        raise SourceError(name, "The source has columns and no rows.", "Deliver it anew, with its rows.")
    yield first
    yield from batches
