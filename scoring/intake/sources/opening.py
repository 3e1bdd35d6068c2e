"""Opens one file of a source as rows: text in its dialect, Parquet, or a sheet; each of many files in the same way."""

import datetime as dt
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pyarrow as pa

from scoring.domain.dataset import Column, CsvSource, DataSet, ExcelSource
from scoring.domain.dialect import CsvDialect
from scoring.domain.files import Files
from scoring.errors import SourceError
from scoring.intake.sources import footers
from scoring.intake.sources.delimited import csv_batches
from scoring.intake.sources.excel import excel_batches
from scoring.intake.sources.location import resolve, shown, suffix_of
from scoring.intake.sources.parquet import parquet_batches
from scoring.intake.sources.spool import spooled
from scoring.intake.sources.transcoding import Transcoder

_KINDS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel"}


@dataclass(frozen=True)
class Opening:
    """How files are opened: as :func:`scoring.intake.sources.read` was asked."""

    data_set: DataSet
    path: str | None
    batch_rows: int
    as_written: bool
    meant: Mapping[str, Column]

    def location(self, as_of: dt.date, inbox: str) -> str:
        """The path or URL of the file or of the many; that of a definition whose source is none is empty."""
        source = self.data_set.source
        if self.path is None and isinstance(source, Files):
            return resolve(source.path, as_of, inbox)
        return resolve(self.path or "", as_of, inbox)

    def kind(self, location: str) -> str:
        """The kind of a file: of another file than the definition's by its ending, if that says it.

        Raises
        ------
        SourceError
            If nothing says it.
        """
        source = self.data_set.source
        kind = source.kind if self.path is None else _KINDS.get(suffix_of(location), source.kind)
        if kind not in _KINDS.values():
            raise SourceError(shown(location), "The kind of file is not known.", "Name it .csv, .parquet or .xlsx.")
        return kind

    @contextmanager
    def rows(self, location: str, kind: str, name: str) -> Iterator[Generator[pa.RecordBatch, None, None]]:
        """The rows of a file, which is copied first; ``name`` is that of messages."""
        source, data_set = self.data_set.source, self.data_set
        dialect = source if isinstance(source, CsvSource) else CsvDialect()
        sheet = source if isinstance(source, ExcelSource) else ExcelSource(path="")
        transcoder = Transcoder(dialect, name)
        change = transcoder.copied if kind == "csv" and transcoder.needed else None
        with spooled(location, unzip=kind == "csv", change=change) as file:
            if kind == "parquet":
                rows = parquet_batches(file, name, data_set, self.batch_rows, as_written=self.as_written)
            elif kind == "excel":
                rows = excel_batches(file, name, data_set, sheet, meant=self.meant, as_written=self.as_written)
            else:
                rows = csv_batches(file, name, data_set, dialect, meant=self.meant)
                if dialect.footer is not None:
                    rows = footers.checked(rows, data_set, dialect, transcoder.footer, name)
            with closing(rows):
                yield rows
