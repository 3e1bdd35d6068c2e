"""Gives cells the types of the definition, column by column, and names the first cell that will not go."""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column, DataSet
from scoring.errors import SourceError
from scoring.snapshots.arrow import arrow_schema

MAX_CELL_BYTES = 1_000_000
SHOWN_CHARACTERS = 80

# Cells of one column as a reader has them: Arrow strings (CSV), Arrow values (Parquet), objects (PostgreSQL).
Cells = Any
Convert = Callable[[Cells, Column], pa.Array]


def typed_batch(
    columns: Sequence[Cells], data_set: DataSet, convert: Convert, *, name: str, first_row: int
) -> pa.RecordBatch:
    """The batch made of ``columns`` (in the order of the definition) by ``convert``, column by column.

    Raises
    ------
    SourceError
        For the first row with a cell that ``convert`` refuses by a ValueError; ``first_row`` is the
        1-based number of the batch's first row in the source.
    """
    arrays: list[pa.Array] = []
    refused: list[tuple[int, Cells, Column]] = []
    for cells, column in zip(columns, data_set.columns, strict=True):
        try:
            arrays.append(convert(cells, column))
        except ValueError:
            refused.append((_first_refused(cells, column, convert), cells, column))
    if refused:
        position, cells, column = min(refused, key=lambda found: found[0])
        raise refusal(_value(cells, position), column, name=name, row=first_row + position)
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(data_set))


def check_values(array: pa.Array, column: Column) -> pa.Array:
    """The array itself; raises ValueError if it holds what no column of that type may hold."""
    if column.type in ("text", "category"):
        if (pc.max(pc.binary_length(array)).as_py() or 0) > MAX_CELL_BYTES:
            raise ValueError("too long")
        if pc.any(pc.match_substring(array, "\0")).as_py():
            raise ValueError("NUL")
    elif column.type == "number" and pc.all(pc.is_finite(array)).as_py() is False:
        raise ValueError("not finite")
    elif column.type == "date" and pc.any(_outside_calendar(array)).as_py():
        raise ValueError("outside of the calendar")
    return array


def refusal(value: object, column: Column, *, name: str, row: int) -> SourceError:
    """The error for one cell that does not fit its column."""
    problem, remedy = _unfit(value, column)
    return SourceError(name, problem, remedy, row=row, column=column.name)


def short(value: object) -> str:
    """The value as a person can read it in a message: at most 80 characters of it."""
    text = value if isinstance(value, str | bytes) else str(value)
    return f"{text[:SHOWN_CHARACTERS]!r}" + ("..." if len(text) > SHOWN_CHARACTERS else "")


def too_long(size: int) -> tuple[str, str]:
    """Problem and remedy of a cell of ``size`` bytes."""
    return (
        f"The cell has {size:,} bytes; a cell may have {MAX_CELL_BYTES:,}.",
        "Shorten it; if it should be short, look for a quotation mark that is never closed.",
    )


def _unfit(value: object, column: Column) -> tuple[str, str]:
    raw = value.encode(errors="surrogatepass") if isinstance(value, str) else value
    if isinstance(raw, bytes):
        if len(raw) > MAX_CELL_BYTES:
            return too_long(len(raw))
        if b"\0" in raw:
            return f"{short(value)} contains a NUL byte.", "Remove the NUL bytes; was the file saved as UTF-16?"
    if isinstance(value, bytes):
        return f"{short(value)} is not valid UTF-8.", "Write the text as UTF-8."
    if isinstance(value, str) and value != value.strip():
        return f"{short(value)} has spaces around the value.", "Remove the spaces: a cell is exactly its value."
    return f"{short(value)} {_RULE[column.type](column, value)}.", _REMEDY[column.type]


def _integer_rule(_column: Column, value: object) -> str:
    digits = str(value).removeprefix("-")
    too_large = digits.isascii() and digits.isdigit()
    return "does not fit into a 64-bit integer" if too_large else "is not a whole number"


def _number_rule(_column: Column, value: object) -> str:
    try:
        number = float(value)  # type: ignore[arg-type]  # anything goes: what float() refuses is not a number
    except (TypeError, ValueError):
        return "is not a number"
    except OverflowError:
        return "is too large for a 64-bit number"
    written_as_word = str(value).strip("+-").lower() in ("nan", "inf", "infinity")
    if math.isinf(number) and not written_as_word:
        return "is too large for a 64-bit number"
    return "is not exact as a 64-bit number" if math.isfinite(number) else "is not a finite number"


def _decimal_rule(column: Column, _value: object) -> str:
    return f"is not a decimal of at most {column.precision} digits, {column.scale} of them after the point"


_RULE: dict[str, Callable[[Column, object], str]] = {
    "text": lambda _column, _value: "is not text",
    "category": lambda _column, _value: "is not text",
    "integer": _integer_rule,
    "number": _number_rule,
    "decimal": _decimal_rule,
    "date": lambda _column, _value: "is not a date",
    "boolean": lambda _column, _value: "is not a boolean",
}
_REMEDY = {
    "text": "Deliver it as text.",
    "category": "Deliver it as text.",
    "integer": "Correct the cell, or define the column as 'number'.",
    "number": "Write digits with a decimal point (1234.5); leave a cell without a value empty.",
    "decimal": "Correct the cell, or give the column more digits in the definition.",
    "date": "Write dates like 2005-06-30.",
    "boolean": "Write true or false.",
}


def _first_refused(cells: Cells, column: Column, convert: Convert) -> int:
    """Position of the first cell that ``convert`` refuses, by halving: it judges, nobody guesses after it."""
    low, high = 0, len(cells)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(cells[low:middle], column)
            low = middle
        except ValueError:
            high = middle
    return low


def _value(cells: Cells, position: int) -> object:
    value = cells[position]
    if not isinstance(value, pa.Scalar):
        return value
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return value.cast(pa.binary()).as_py()
    except (OverflowError, ValueError):  # a day that Python's calendar does not have
        return str(value.cast(pa.int32()).as_py()) + " days from 1970-01-01"


def _outside_calendar(dates: pa.Array) -> pa.Array:
    return pc.or_(
        pc.less(dates, pa.scalar(dt.date.min, pa.date32())), pc.greater(dates, pa.scalar(dt.date.max, pa.date32()))
    )
