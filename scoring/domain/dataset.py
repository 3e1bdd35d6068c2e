"""A data set: a kind of customer record with typed columns, a key, a source and a suite of expectations."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from scoring.domain.calendar import checked_cron, checked_zone, last_ticks
from scoring.domain.column import HOW_WRITTEN, Column, ColumnType, checked_column_name
from scoring.domain.definition import Definition, digest_of
from scoring.domain.keys import PART_TYPES, SEPARATOR, column_of, most_bytes
from scoring.domain.sources import CsvSource, ExcelSource, ParquetSource, PostgresSource, Source, SqlSource
from scoring.domain.streams import KafkaStream

__all__ = [  # what a definition of a data set is written with
    "Column",
    "ColumnType",
    "CsvSource",
    "DataSet",
    "ExcelSource",
    "ParquetSource",
    "PostgresSource",
    "Source",
    "SqlSource",
    "checked_column_name",
    "checked_name",
]

# Data sets and scores have shorter names than columns: they stand in indexes beside a key (see MAX_KEY_BYTES) and, with
# words around them, in DAG ids, file names and topics. Columns stand alone.
NAME = re.compile(r"^[a-z][a-z0-9_]{0,47}$")
Duplicates = Literal["keep_last", "keep_first", "refuse"]

# Columns that the export of quarantined rows adds, so data sets may not have them.
ROW_NUMBER, BROKEN_RULES = "row_number", "broken_rules"
RESERVED = frozenset({ROW_NUMBER, BROKEN_RULES})

# Most bytes (UTF-8) of a key. B-tree indexes of PostgreSQL take up to 2,704 bytes per row. They hold a key together
# with a name of up to 48 bytes and a number; the rest is spare, for columns that an index may get later.
MAX_KEY_BYTES = 2_000
MOST_KEY_COLUMNS = 8


def checked_name(name: str) -> str:
    """The name, if it can be used in SQL, in a DAG id and in a URL; else ValueError."""
    if not NAME.match(name):
        raise ValueError(f"{name!r} is not a name: use up to 48 of a-z, 0-9 and _, beginning with a letter")
    return name


def _key_column(key: Any) -> Any:
    return column_of(key) if isinstance(key, tuple | list) and all(isinstance(name, str) for name in key) else key


class DataSet(Definition):
    """A kind of customer record.

    ``key`` is a column of type text or integer, or several, ``("branch", "account")``, of type text, integer, date or
    category. Everywhere else it is one text (:mod:`scoring.domain.keys`), in a snapshot's column of the name ``key``.

    ``duplicates`` says what happens to rows with the same key: ``keep_last`` (the last one read stays, the others are
    counted), ``keep_first``, or ``refuse``. ``quarantine_limit`` is the share of received rows (0-1) that may be
    quarantined before the partition is stopped. A key has up to 2,000 bytes (:data:`MAX_KEY_BYTES`). ``schedule``
    is a cron expression; the dates of its ticks, from ``first_as_of`` to ``last_as_of``, are the as_of dates. Both go
    by the clocks of ``time_zone``. ``stream`` is a topic with updates of single customers, between the snapshots.
    """

    name: str
    title: str
    description: str = ""
    owner: str = "scoring"
    key: Annotated[str, BeforeValidator(_key_column)]
    columns: tuple[Column, ...] = Field(min_length=1)
    source: Source = Field(discriminator="kind")
    suite: str = ""
    duplicates: Duplicates = "keep_last"
    quarantine_limit: float = Field(default=0.05, ge=0, le=1)
    schedule: str | None = None
    time_zone: str = "UTC"
    first_as_of: dt.date = dt.date(2000, 1, 1)
    last_as_of: dt.date | None = None
    stream: KafkaStream | None = None

    _name = field_validator("name")(checked_name)

    _time_zone = field_validator("time_zone")(checked_zone)

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
        called = [column.source_name for column in self.columns]
        shared = sorted({name for name in called if called.count(name) > 1} - set(twice))
        if shared:
            yield f"columns: {', '.join(map(repr, shared))} of the source is read twice"
        reserved = sorted(RESERVED.intersection(names))
        if reserved:
            yield f"columns: {', '.join(reserved)}: the quarantine's export uses that name"
        yield from self._mistakes_of_key()
        if self.last_as_of is not None and self.last_as_of < self.first_as_of:
            yield f"last_as_of: {self.last_as_of} is before first_as_of ({self.first_as_of})"
        if self.stream is not None and self.time_zone != "UTC":
            yield f"time_zone: {self.time_zone!r}, but where updates come by a stream, a batch's day ends by UTC"
        path = getattr(self.source, "path", None)
        if self.schedule is not None and path is not None and "{as_of}" not in path:
            yield "source.path: holds no {as_of}, so each date of the schedule would read the same file"
        yield from self._footer_mistakes(names)

    def _footer_mistakes(self, names: list[str]) -> Iterator[str]:
        footer = getattr(self.source, "footer", None)
        for name in footer.sums if footer else ():
            if name not in names or self.column(name).type not in ("integer", "number", "decimal"):
                yield f"source.footer.text: {name!r} is not a column of numbers, so it has no sum"

    def _mistakes_of_key(self) -> Iterator[str]:
        names, parts = self.column_names, self.key_columns
        if len(set(parts)) != len(parts):
            yield f"key: {', '.join(parts)}: a column is named twice"
        if len(parts) > MOST_KEY_COLUMNS:
            yield f"key: {len(parts)} columns are too many, {MOST_KEY_COLUMNS} may be"
        allowed = PART_TYPES if len(parts) > 1 else ("text", "integer")
        for name in parts:
            if name not in names:
                yield f"key: {name!r} is not among the columns ({', '.join(names)})"
            elif self.delivered(name).type not in allowed or self.delivered(name).nullable:
                yield f"key: column {name!r} must be of type {_either(allowed)} and not nullable"

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that the key is made of, in the order of the definition's ``key``."""
        return tuple(self.key.split(SEPARATOR))

    @property
    def plain_key(self) -> bool:
        """Whether the key is a text column, so that rows have it as they are delivered."""
        return self.key in self.column_names and self.delivered(self.key).type == "text"

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns of a snapshot: those of the definition, but the key is text, and a composite one comes last."""
        if self.plain_key:
            return self.columns
        found = {column.name: column for column in self.columns}
        return tuple((found | {self.key: Column.model_construct(name=self.key, type="text")}).values())

    def most_bytes(self, name: str, otherwise: int) -> int:
        """The most bytes that a text of a column may have: less than ``otherwise`` if it belongs to the key."""
        parts = self.key_columns
        return most_bytes(len(parts), MAX_KEY_BYTES) if name in parts else otherwise

    @property
    def suite_name(self) -> str:
        """Name of the Great Expectations suite: ``suite``, or the data set's own name."""
        return self.suite or self.name

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in the order of the definition."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name, as a snapshot has it (:attr:`stored`).

        Raises
        ------
        KeyError
            If there is none.
        """
        return _named(self.stored, name)

    def delivered(self, name: str) -> Column:
        """The column of that name, as the definition has it; raises KeyError if there is none."""
        return _named(self.columns, name)

    def today(self, now: dt.datetime) -> dt.date:
        """The date at a moment (aware), by the data set's clocks."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def last_ticks(self, until: dt.datetime, *, dates: int) -> dict[dt.date, dt.datetime]:
        """The newest as_of dates of the schedule up to a moment (aware), each with its first tick (UTC)."""
        if self.schedule is None:
            return {}
        return last_ticks(
            self.schedule, until, first=self.first_as_of, last=self.last_as_of, dates=dates, zone=self.time_zone
        )

    @property
    def digest(self) -> str:
        """Digest of all fields that decide what a snapshot's rows mean: no texts for people, no limits, no schedule."""
        shown = self.model_dump(include={"name", "key", "columns", "duplicates"}, mode="json")
        for column in shown["columns"]:
            for field in HOW_WRITTEN:
                del column[field]
        return digest_of(shown)


def _named(columns: tuple[Column, ...], name: str) -> Column:
    for column in columns:
        if column.name == name:
            return column
    raise KeyError(name)


def _either(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words[:-1])) + f" or {words[-1]!r}"
