"""Casts whole columns to the types of the definition; raises ValueError if any cell does not fit.

:mod:`scoring.intake.sources.cells` finds out which cell it is and why.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.intake.sources.numbers import EXACT_UP_TO, SHORTEST_VANISHING, number_flaw
from scoring.snapshots.arrow import arrow_type

TEXT_TYPES = ("text", "category")
_EPOCH = dt.date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = (dt.date.min - _EPOCH).days, (dt.date.max - _EPOCH).days


def cast_text(cells: pa.Array, column: Column) -> pa.Array:
    """Cast text cells (Arrow strings, perhaps not valid UTF-8) to the column's type."""
    match column.type:
        case "text" | "category":
            cells.validate(full=True)
            return cells
        case "number":
            return _numbers_of_text(cells)
        case "boolean":
            return _booleans_of_text(cells)
        case "date":
            return _in_calendar(pc.cast(cells, pa.date32()))
        case "integer" if pc.any(_hexadecimal(cells)).as_py():
            raise ValueError("Arrow would read hexadecimal digits")
    return pc.cast(cells, arrow_type(column))


def cast_arrow(cells: pa.Array, column: Column) -> pa.Array:
    """Cast Arrow values, of a type that the column accepts, to the column's own type."""
    if column.type == "number" and pa.types.is_signed_integer(cells.type):
        return _numbers_of_integers(cells)
    cells = pc.cast(cells, arrow_type(column))
    cells.validate(full=True)
    if column.type == "number" and pc.all(pc.is_finite(cells)).as_py() is False:
        raise ValueError("not finite")
    return _in_calendar(cells) if column.type == "date" else cells


def cast_fetched(cells: Sequence[str | bool | None], column: Column) -> pa.Array:
    """Cast what PostgreSQL sends (booleans; everything else as text) to the column's type."""
    if column.type == "boolean":
        return pa.array(cells, pa.bool_())
    return cast_text(pa.array(cells, pa.string()), column)


def check_text(array: pa.Array, limit: int) -> None:
    """Raise ValueError if a text is longer than ``limit`` bytes or holds a NUL, which PostgreSQL cannot store."""
    if (pc.max(pc.binary_length(array)).as_py() or 0) > limit:
        raise ValueError("too long")
    if pc.any(pc.match_substring(array, "\0")).as_py():
        raise ValueError("NUL")


def _numbers_of_text(cells: pa.Array) -> pa.Array:
    numbers = pc.cast(cells, pa.float64())
    sizes = np.abs(numbers.to_numpy(zero_copy_only=False))  # a null is NaN here
    doubtful = ~(sizes < EXACT_UP_TO)
    zeros = sizes == 0
    if zeros.any():
        doubtful |= zeros & (pc.binary_length(cells).to_numpy(zero_copy_only=False) >= SHORTEST_VANISHING)
    if doubtful.any():
        for text in pc.unique(cells.filter(pa.array(doubtful)).drop_null()).to_pylist():
            flaw = number_flaw(text)
            if flaw:
                raise ValueError(flaw)
    return numbers


def _numbers_of_integers(cells: pa.Array) -> pa.Array:
    integers = pc.cast(cells, pa.int64())
    numbers = pc.cast(integers, pa.float64(), safe=False)
    large = pc.filter(integers, pc.greater_equal(pc.abs(numbers), float(EXACT_UP_TO)))
    if any(number_flaw(integer) for integer in large.to_pylist()):
        raise ValueError("not exact")
    return numbers


def _booleans_of_text(cells: pa.Array) -> pa.Array:
    lower = pc.ascii_lower(cells)
    yes = pc.equal(lower, "true")
    if pc.any(pc.invert(pc.or_(yes, pc.equal(lower, "false")))).as_py():
        raise ValueError("neither true nor false")
    return yes


def _hexadecimal(cells: pa.Array) -> pa.Array:
    return pc.or_(pc.starts_with(cells, "0x"), pc.starts_with(cells, "0X"))


def _in_calendar(dates: pa.Array) -> pa.Array:
    """The dates, if all lie in the years 1 to 9999, as Python's dates must; Arrow's range is wider."""
    span = pc.min_max(dates)
    if span["min"].is_valid and not (span["min"].value >= _FIRST_DAY and span["max"].value <= _LAST_DAY):
        raise ValueError("outside of the calendar")
    return dates
