"""One typed column of a data set: what its values mean, and how its source writes them."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from scoring.domain.calendar import checked_zone
from scoring.domain.definition import Definition
from scoring.domain.time_format import time_format

COLUMN_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")

ColumnType = Literal["text", "integer", "number", "decimal", "date", "timestamp", "boolean", "category"]


def checked_column_name(name: str) -> str:
    """The name, if it can be a column of PostgreSQL without quotation marks; else ValueError."""
    if not COLUMN_NAME.match(name):
        raise ValueError(
            f"{name!r} is not a name: use up to 63 of a-z, 0-9 and _, beginning with a letter (what the source calls "
            "the column stands in the field 'source')"
        )
    return name


# How a column is written in its source does not change what its values mean, so it is part of no digest.
HOW_WRITTEN = ("description", "source", "null_values", "format", "time_zone")


class Column(Definition):
    """One typed column. Numbers use a decimal point; dates are ISO 8601 (2005-06-30); booleans true/false.

    ``text`` keeps every character (ids keep leading zeros). ``integer`` is int64, ``decimal`` an exact number of
    ``precision`` digits with ``scale`` after the point, ``category`` one of ``values``. A model sees a category as
    its 0-based position in ``values``.

    ``number`` is a finite float64. A value with a point or an exponent becomes the nearest float64; it is refused if
    that is 0 but the value is not. An integer (digits alone, an integer column of Parquet, bigint or whole numeric in
    PostgreSQL) must be exact as a float64: up to 9,007,199,254,740,992 (2^53) every integer is, beyond it only some
    are, and the others are refused. Use ``text`` for larger identifiers, ``decimal`` or ``integer`` for larger amounts.

    ``timestamp`` is a moment, kept in UTC to the microsecond, from the years 1 to 9999: 2005-06-30T12:00:00+02:00. One
    without an offset is a local time of ``time_zone`` (``"Europe/Madrid"``, ``"UTC"``). It is refused if there is none,
    or if clocks were set so that this local time never was or was twice.

    ``source`` is what the source calls the column, any text (``"credit.amount"``); else it has the column's ``name``.
    ``null_values`` and ``format`` (of a date or timestamp) replace those of a source that holds text for this column.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    values: tuple[str, ...] = ()
    precision: int = Field(default=18, ge=1, le=38)
    scale: int = Field(default=2, ge=0)
    description: str = ""
    source: str | None = Field(default=None, min_length=1)
    null_values: tuple[str, ...] | None = None
    format: str | None = None
    time_zone: str | None = None

    _name = field_validator("name")(checked_column_name)

    @field_validator("time_zone")
    @classmethod
    def _time_zone(cls, zone: str | None) -> str | None:
        return zone if zone is None else checked_zone(zone)

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
        if self.format is not None and self.type not in ("date", "timestamp"):
            yield f"format: only a date or timestamp has one, and the type is {self.type!r}"
        elif self.format is not None:
            try:
                time_format(self.format, with_time=self.type == "timestamp")
            except ValueError as error:
                yield f"format: {error}"
        if self.time_zone is not None and self.type != "timestamp":
            yield f"time_zone: only a timestamp has one, and the type is {self.type!r}"

    @property
    def numeric(self) -> bool:
        """Whether a column can be a feature: a number, a boolean or a category."""
        return self.type not in ("text", "date", "timestamp")

    @property
    def source_name(self) -> str:
        """What the source calls it."""
        return self.name if self.source is None else self.source

    @property
    def plainly_written(self) -> "Column":
        """The same column where we write it ourselves: under its own name and in no dialect."""
        return self.model_copy(update={"source": None, "null_values": None, "format": None})
