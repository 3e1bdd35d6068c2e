"""How a file writes its rows: separator, encoding, head and foot; and its values: numbers, dates, what is missing.

A dialect is stated, never guessed while reading. It does not change what rows mean, so it is part of no digest.
"""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from scoring.domain.definition import Definition
from scoring.domain.time_format import time_format

Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
ROWS = "rows"  # the group of a footer's text that says how many rows there are
_NO_SEPARATOR = frozenset("\r\n\0.")


class Spelling(Definition):
    """How values are written as text. The defaults are plain: 1234.5, 2005-06-30, true, an empty cell for nothing.

    Parameters
    ----------
    null_values
        Cells that mean a missing value, quoted or not; ``Column.null_values`` replaces them for a column.
    true_values, false_values
        What a boolean may be, whatever the case of ASCII letters.
    decimal_mark, thousands_mark
        In numbers, decimals and integers. The thousands mark is optional in a cell, but where it stands, it parts
        groups of three digits, so that 1.5 can never be read as 15.
    date_format, timestamp_format
        As ``strptime`` writes them (see :func:`scoring.domain.time_format.time_format`); None is ISO 8601.
        ``Column.format`` replaces them for a column.
    """

    null_values: tuple[str, ...] = ("",)
    true_values: tuple[str, ...] = Field(default=("true",), min_length=1)
    false_values: tuple[str, ...] = Field(default=("false",), min_length=1)
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal["", ".", ",", "'", "\u2019", " ", "\u00a0", "\u202f"] = ""
    date_format: str | None = None
    timestamp_format: str | None = None

    @field_validator("date_format")
    @classmethod
    def _date_format(cls, text: str | None) -> str | None:
        return text and time_format(text, with_time=False).text

    @field_validator("timestamp_format")
    @classmethod
    def _timestamp_format(cls, text: str | None) -> str | None:
        return text and time_format(text, with_time=True).text

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if self.decimal_mark == self.thousands_mark:
            yield f"thousands_mark: {self.thousands_mark!r} is the decimal mark, too"
        both = {word.lower() for word in self.true_values} & {word.lower() for word in self.false_values}
        if both:
            yield f"true_values, false_values: {', '.join(map(repr, sorted(both)))} would be both"


class Footer(Definition):
    """The last ``lines`` lines of a file, empty ones not counted, which are no rows; ``text`` says what they are.

    ``text`` is a regular expression for all of the footer, so that a row is never taken for one. Its named groups are
    checked: ``(?P<rows>...)`` is the number of rows, and a group with the name of a column the sum of its values, both
    written like the numbers of the file.
    """

    text: str
    lines: int = Field(default=1, ge=1, le=100)

    @field_validator("text")
    @classmethod
    def _text(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
        return text

    @property
    def sums(self) -> tuple[str, ...]:
        """The columns whose sums it says."""
        return tuple(name for name in re.compile(self.text).groupindex if name != ROWS)


class CsvDialect(Spelling):
    """How a text file is divided into rows and cells. The defaults are RFC 4180 in UTF-8.

    Parameters
    ----------
    separator
        One ASCII character.
    quote
        What encloses a cell with a separator or a line end in it, doubled inside; empty if no cell is ever quoted.
    encoding
        ``utf-8-sig`` takes UTF-8 with or without a byte order mark, ``utf-16`` needs one.
    skip_rows
        Lines before the header, empty ones counted; their content does not matter.
    footer
        Lines after the last row.
    """

    separator: str = Field(default=",", min_length=1, max_length=1)
    quote: Literal['"', "'", ""] = '"'
    encoding: Encoding = "utf-8"
    skip_rows: int = Field(default=0, ge=0, le=10_000)
    footer: Footer | None = None

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        yield from super().mistakes()
        letter = self.separator.isalnum() or self.separator in _NO_SEPARATOR or not self.separator.isascii()
        if letter or self.separator == self.quote:
            yield f"separator: {self.separator!r} cannot part cells"
        if not self.quote and self.separator in (self.decimal_mark, self.thousands_mark):
            yield f"quote: without it, the mark {self.separator!r} in a number would part cells"
