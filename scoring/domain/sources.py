"""Where the records of a data set come from: files, or a query."""

from typing import Literal

from pydantic import Field

from scoring.domain.definition import Definition
from scoring.domain.dialect import CsvDialect, Spelling
from scoring.domain.files import ExtraColumns, Files


class CsvSource(Files, CsvDialect):
    """Text files with one header line: as RFC 4180 has them, unless the :class:`CsvDialect` says otherwise.

    Gzip, zstd, bzip2, xz and zip (of one file) are told by the content, whatever the file's name. A cell is exactly its
    value (spaces around a number are refused) of up to 1,000,000 bytes, a row up to 1 MiB; empty lines are skipped. Of
    many files each has a header, and the lines above it and the footer that the dialect names.
    """

    kind: Literal["csv"] = "csv"


class ParquetSource(Files):
    """Parquet files. Column types must be those of the data set or narrower.

    Narrower are int32, float32, an integer for a number, a dictionary of strings, fewer decimal digits. Wider ones
    (uint64, more decimal digits, a float64 or decimal for an integer, a decimal for a number, nanoseconds) are read if
    no value loses a digit.
    """

    kind: Literal["parquet"] = "parquet"


class ExcelSource(Files, Spelling):
    """A sheet of an ``.xlsx`` file, or of each of many. Cells have the types of the spreadsheet.

    ``sheet`` is its name; None is the only one. ``skip_rows`` rows stand above the header. A cell of text is read as
    the spelling says, so that numbers typed as text can be read, too. A row without any value is skipped. A file may
    have 64 MiB, 1 GiB unpacked, and the sheet 10,000,000 cells: the reader holds it whole.
    """

    kind: Literal["excel"] = "excel"
    sheet: str | None = None
    skip_rows: int = Field(default=0, ge=0, le=10_000)


class Query(Definition):
    """A query; ``connection`` names the connection to its database."""

    connection: str
    query: str
    extra_columns: ExtraColumns = "refuse"

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"query of {self.connection}"


class PostgresSource(Query):
    """A query against PostgreSQL with the parameter ``%(as_of)s``.

    A percent sign in the query is written ``%%``.
    """

    kind: Literal["postgres"] = "postgres"


class SqlSource(Query):
    r"""A query against any database for which SQLAlchemy has a dialect.

    The query's parameter is ``:as_of``; a colon of its own before a letter is written ``\:``. A date or a timestamp may
    arrive as ISO text and a boolean as 0 or 1, because some databases have no such types.
    """

    kind: Literal["sql"] = "sql"


Source = CsvSource | ParquetSource | ExcelSource | PostgresSource | SqlSource
