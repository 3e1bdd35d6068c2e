"""A data set: a kind of customer record with typed columns, a key, a source and a suite of expectations."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from scoring.domain.calendar import checked_cron
from scoring.domain.definition import Definition, digest_of

NAME = re.compile(r"^[a-z][a-z0-9_]{0,47}$")

ColumnType = Literal["text", "integer", "number", "decimal", "date", "boolean", "category"]
Duplicates = Literal["keep_last", "keep_first", "refuse"]
ExtraColumns = Literal["refuse", "ignore"]


# Columns that the export of quarantined rows adds, so data sets may not have them.
ROW_NUMBER, BROKEN_RULES = "row_number", "broken_rules"
RESERVED = frozenset({ROW_NUMBER, BROKEN_RULES})

# Most bytes (UTF-8) of a key. B-tree indexes of PostgreSQL take up to 2,704 bytes per row. They hold a key together
# with a name of up to 48 bytes and a number; the rest is spare, for columns that an index may get later.
MAX_KEY_BYTES = 2_000


def checked_path(path: str) -> str:
    """The path, if it has no other placeholder than ``{as_of}``; else ValueError."""
    unknown = [found for found in re.findall(r"{[^{}]*}", path) if found != "{as_of}"]
    if unknown:
        raise ValueError(f"{unknown[0]} is not filled in; only {{as_of}} is")
    return path


def checked_name(name: str) -> str:
    """The name, if it can be used in SQL, in a DAG id and in a URL; else ValueError."""
    if not NAME.match(name):
        raise ValueError(f"{name!r} is not a name: use up to 48 of a-z, 0-9 and _, beginning with a letter")
    return name


class Column(Definition):
    """One typed column. Numbers use a decimal point; dates are ISO 8601 (2005-06-30); booleans true/false.

    ``text`` keeps every character (ids keep leading zeros). ``integer`` is int64, ``decimal`` an exact number of
    ``precision`` digits with ``scale`` after the point, ``category`` one of ``values``. A model sees a category as
    its 0-based position in ``values``.

    ``number`` is a finite float64. A value with a point or an exponent becomes the nearest float64; it is refused if
    that is 0 but the value is not. An integer (digits alone, an integer column of Parquet, bigint or whole numeric in
    PostgreSQL) must be exact as a float64: up to 9,007,199,254,740,992 (2^53) every integer is, beyond it only some
    are, and the others are refused. Use ``text`` for larger identifiers, ``decimal`` or ``integer`` for larger amounts.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    values: tuple[str, ...] = ()
    precision: int = Field(default=18, ge=1, le=38)
    scale: int = Field(default=2, ge=0)
    description: str = ""

    _name = field_validator("name")(checked_name)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if self.type == "category" and not self.values:
            yield "values: a category needs them"
        if self.type != "category" and self.values:
            yield f"values: only a category has them, and the type is {self.type!r}"
        if len(set(self.values)) != len(self.values):
            yield "values: a category is named twice"
        if self.scale > self.precision:
            yield f"scale: {self.scale} is larger than precision ({self.precision})"

    @property
    def numeric(self) -> bool:
        """Whether a column can be a feature: a number, a boolean or a category."""
        return self.type not in ("text", "date")


class CsvSource(Definition):
    """Comma-separated UTF-8 files without a byte order mark, with one header line; gzip if the name ends in ``.gz``.

    ``path`` is a local path (a relative one starts at the inbox) or any fsspec URL, with ``{as_of}`` for the date.
    RFC 4180: a cell is exactly its value (spaces around a number are refused) of up to 1,000,000 bytes,
    a row up to 1 MiB; ``null_values`` match quoted or not; empty lines are skipped.
    """

    kind: Literal["csv"] = "csv"
    path: str
    null_values: tuple[str, ...] = ("",)
    extra_columns: ExtraColumns = "refuse"

    _path = field_validator("path")(checked_path)


class ParquetSource(Definition):
    """Parquet files; ``path`` as in :class:`CsvSource`. Column types must be those of the data set or narrower.

    Narrower are int32, float32, an integer for a number, a dictionary of strings, fewer decimal digits.
    """

    kind: Literal["parquet"] = "parquet"
    path: str
    extra_columns: ExtraColumns = "refuse"

    _path = field_validator("path")(checked_path)


class PostgresSource(Definition):
    """A query against PostgreSQL with the parameter ``%(as_of)s``; ``connection`` names the connection.

    A percent sign in the query is written ``%%``.
    """

    kind: Literal["postgres"] = "postgres"
    connection: str
    query: str
    extra_columns: ExtraColumns = "refuse"


Source = CsvSource | ParquetSource | PostgresSource


class DataSet(Definition):
    """A kind of customer record.

    ``duplicates`` says what happens to rows with the same key: ``keep_last`` (the last one read stays, the others are
    counted), ``keep_first``, or ``refuse``. ``quarantine_limit`` is the share of received rows (0-1) that may be
    quarantined before the partition is stopped. A ``key`` has up to 2,000 bytes (:data:`MAX_KEY_BYTES`). ``schedule``
    is a cron expression (UTC); the dates of its ticks, from ``first_as_of`` to ``last_as_of``, are the as_of dates.
    """

    name: str
    title: str
    description: str = ""
    owner: str = "scoring"
    key: str
    columns: tuple[Column, ...] = Field(min_length=1)
    source: Source = Field(discriminator="kind")
    suite: str = ""
    duplicates: Duplicates = "keep_last"
    quarantine_limit: float = Field(default=0.05, ge=0, le=1)
    schedule: str | None = None
    first_as_of: dt.date = dt.date(2000, 1, 1)
    last_as_of: dt.date | None = None

    _name = field_validator("name")(checked_name)

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, schedule: str | None) -> str | None:
        return schedule if schedule is None else checked_cron(schedule)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            yield f"columns: {', '.join(twice)} named twice"
        reserved = sorted(RESERVED.intersection(names))
        if reserved:
            yield f"columns: {', '.join(reserved)}: the quarantine's export uses that name"
        if self.key not in names:
            yield f"key: {self.key!r} is not among the columns ({', '.join(names)})"
        elif self.column(self.key).type != "text" or self.column(self.key).nullable:
            yield f"key: column {self.key!r} must be of type 'text' and not nullable"
        if self.last_as_of is not None and self.last_as_of < self.first_as_of:
            yield f"last_as_of: {self.last_as_of} is before first_as_of ({self.first_as_of})"
        path = getattr(self.source, "path", None)
        if self.schedule is not None and path is not None and "{as_of}" not in path:
            yield "source.path: holds no {as_of}, so each date of the schedule would read the same file"

    @property
    def suite_name(self) -> str:
        """Name of the Great Expectations suite: ``suite``, or the data set's own name."""
        return self.suite or self.name

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in the order of the definition."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def digest(self) -> str:
        """Digest of all fields that decide what a snapshot's rows mean: no texts for people, no limits, no schedule."""
        shown = self.model_dump(include={"name", "key", "columns", "duplicates"}, mode="json")
        for column in shown["columns"]:
            del column["description"]
        return digest_of(shown)
