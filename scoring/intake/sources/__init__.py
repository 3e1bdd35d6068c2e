"""Reads the source of a data set (CSV, Parquet or a PostgreSQL query) in typed batches of one size.

Memory is bounded, nothing is converted silently, and every error names the file, the row, the column and a remedy.
"""

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pyarrow as pa

from scoring.domain.dataset import CsvSource, DataSet, PostgresSource, Source
from scoring.errors import SourceError
from scoring.intake.sources.batching import rechunk
from scoring.intake.sources.delimited import csv_batches
from scoring.intake.sources.location import resolve, shown, suffix_of
from scoring.intake.sources.parquet import parquet_batches
from scoring.intake.sources.postgres import postgres_batches, query_name
from scoring.intake.sources.roots import confined
from scoring.intake.sources.spool import spooled

__all__ = ["Received", "read"]

_KINDS = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet", ".pq": "parquet"}


@dataclass(frozen=True)
class Received:
    """The name and the rows of an open source.

    ``name`` is for a person, without credentials. ``batches`` have the columns of the data set in its order and the
    types of :func:`scoring.snapshots.arrow.arrow_schema`; all but the last have ``batch_rows`` rows, or fewer if these
    would exceed 256 MiB.
    Row n of the source (1-based, the header and empty lines not counted) is the n-th row of all batches.
    """

    name: str
    batches: Iterator[pa.RecordBatch]


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
) -> Iterator[Received]:
    """Open the source of ``data_set`` for ``as_of``; its batches can be read, once, until the context ends.

    A file is copied first and read only if the copy is one complete version of it. ``path`` replaces the definition's
    source; its ending decides the kind of file (.csv, .csv.gz, .parquet), a relative path starts at ``inbox``, and
    ``{as_of}`` is filled in. With ``roots`` it must be below the inbox or one of them, ``..`` and symbolic links
    resolved; without, it may be anywhere. ``source_urls`` are libpq URIs by connection name.

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
    if path is None and isinstance(source, PostgresSource):
        name = query_name(source)
        rows = postgres_batches(source, source_urls, data_set, as_of, batch_rows)
        with closing(rows), closing(_not_empty(name, rechunk(rows, batch_rows))) as batches:
            yield Received(name, batches)
        return
    location, kind = _file(source, path, as_of, inbox)
    name = shown(location)
    if path is not None and roots is not None:
        location = confined(location, (inbox, *roots))
    with spooled(location) as file:
        if kind == "parquet":
            rows = parquet_batches(file, name, data_set, batch_rows)
        else:
            rows = csv_batches(file, name, data_set, source.null_values if isinstance(source, CsvSource) else ("",))
        with closing(rows), closing(_not_empty(name, rechunk(rows, batch_rows))) as batches:
            yield Received(name, batches)


def _file(source: Source, path: str | None, as_of: dt.date, inbox: str) -> tuple[str, str]:
    """The location and the kind of the file."""
    if path is None and not isinstance(source, PostgresSource):
        return resolve(source.path, as_of, inbox), source.kind
    location = resolve(path or "", as_of, inbox)
    kind = _KINDS.get(suffix_of(location), source.kind)
    if kind == "postgres":
        raise SourceError(shown(location), "The kind of file is not known.", "Name it .csv, .csv.gz or .parquet.")
    return location, kind


def _not_empty(name: str, batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
    first = next(batches, None)
    if first is None:
        raise SourceError(name, "The source has columns and no rows.", "Deliver it anew, with its rows.")
    yield first
    yield from batches
