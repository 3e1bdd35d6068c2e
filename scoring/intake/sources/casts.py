"""Casts whole columns to the types of the definition; raises ValueError if any cell does not fit.

:mod:`scoring.intake.sources.cells` finds out which cell it is and why.
"""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.numbers import EXACT
from scoring.intake.sources.moments import moments_of_arrow, moments_of_text
from scoring.intake.sources.numbers import SHORTEST_VANISHING, WHOLE, number_flaw
from scoring.snapshots.arrow import arrow_type

TEXT_TYPES = ("text", "category")
FEW = 32  # cells that Python looks at sooner than Arrow has begun
_EPOCH = dt.date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = (dt.date.min - _EPOCH).days, (dt.date.max - _EPOCH).days


def cast_text(cells: pa.Array, column: Column) -> pa.Array:
    """Cast text cells (Arrow strings, perhaps not valid UTF-8) to the column's type."""
    return _OF_TEXT[column.type](cells, column)


def cast_arrow(cells: pa.Array, column: Column) -> pa.Array:
    """Cast Arrow values, of a type that the column accepts, to the column's own type."""
    kind = cells.type
    if column.type == "number" and pa.types.is_signed_integer(kind):
        return _numbers_of_integers(cells)
    if column.type == "timestamp":
        return moments_of_arrow(cells, column)
    if column.type == "integer" and pa.types.is_floating(kind):
        return _integers_of_floats(cells)
    if column.type == "number" and (pa.types.is_decimal(kind) or pa.types.is_uint64(kind)):
        return _numbers_of_text(pc.cast(cells, pa.string()), column)  # rounded as a text is; Arrow's cast may be off
    if column.type == "decimal" and pa.types.is_integer(kind):
        return pc.cast(pc.cast(cells, pa.string()), arrow_type(column))  # a cast of each value, not of the whole type
    cells = pc.cast(cells, arrow_type(column))
    cells.validate(full=True)
    if column.type == "number" and pc.all(pc.is_finite(cells)).as_py() is False:
        raise ValueError("not finite")
    return _in_calendar(cells) if column.type == "date" else cells


def written_arrow(cells: pa.Array, _column: Column) -> pa.Array:
    """Arrow values of a plain type as text that reads back as the same value."""
    if pa.types.is_dictionary(cells.type):
        cells = pc.cast(cells, cells.type.value_type)
    texts = pc.cast(cells, pa.string())
    if pa.types.is_floating(cells.type):  # Arrow writes a large float like an integer, but with rounded digits
        return pc.if_else(pc.match_substring_regex(texts, r"^-?\d{16,}$"), _with_point(texts), texts)
    texts.validate(full=True)
    return texts


def check_text(array: pa.Array, limit: int) -> None:
    """Raise ValueError if a text is longer than ``limit`` bytes or holds a NUL, which PostgreSQL cannot store."""
    if len(array) <= FEW:
        if any(text is not None and (len(text.encode()) > limit or "\0" in text) for text in array.to_pylist()):
            raise ValueError("too long, or NUL")
        return
    if (pc.max(pc.binary_length(array)).as_py() or 0) > limit:
        raise ValueError("too long")
    if pc.any(pc.match_substring(array, "\0")).as_py():
        raise ValueError("NUL")


def _texts(cells: pa.Array, _column: Column) -> pa.Array:
    cells.validate(full=True)
    return cells


def _dates_of_text(cells: pa.Array, _column: Column) -> pa.Array:
    return _in_calendar(pc.cast(cells, pa.date32()))


def _decimals_of_text(cells: pa.Array, column: Column) -> pa.Array:
    return pc.cast(cells, arrow_type(column))


def _numbers_of_text(cells: pa.Array, _column: Column) -> pa.Array:
    numbers = pc.cast(cells, pa.float64())
    sizes = np.abs(numbers.to_numpy(zero_copy_only=False))  # a null is NaN here
    doubtful = ~(sizes < EXACT)
    zeros = sizes == 0
    if zeros.any():
        doubtful |= zeros & (pc.binary_length(cells).to_numpy(zero_copy_only=False) >= SHORTEST_VANISHING)
    if doubtful.any():
        for text in pc.unique(cells.filter(pa.array(doubtful)).drop_null()).to_pylist():
            flaw = number_flaw(text)
            if flaw:
                raise ValueError(flaw)
    return numbers


def _integers_of_text(cells: pa.Array, _column: Column) -> pa.Array:
    if pc.any(_hexadecimal(cells)).as_py():
        raise ValueError("Arrow would read hexadecimal digits")
    try:
        return pc.cast(cells, pa.int64())
    except ValueError:
        whole = pc.replace_substring_regex(cells, WHOLE, r"\1")
        if whole.equals(cells):
            raise
        return pc.cast(whole, pa.int64())


def _integers_of_floats(cells: pa.Array) -> pa.Array:
    """Whole floats; beyond 2^53 a float may have lost digits, so no integer is read from it."""
    sizes = pc.abs(pc.cast(cells, pa.float64()))
    if pc.all(pc.less_equal(sizes, float(EXACT))).as_py() is False:
        raise ValueError("not an integer, or not exact")
    return pc.cast(cells, pa.int64())


def _numbers_of_integers(cells: pa.Array) -> pa.Array:
    integers = pc.cast(cells, pa.int64())
    numbers = pc.cast(integers, pa.float64(), safe=False)
    large = pc.filter(integers, pc.greater_equal(pc.abs(numbers), float(EXACT)))
    if any(number_flaw(integer) for integer in large.to_pylist()):
        raise ValueError("not exact")
    return numbers


def _booleans_of_text(cells: pa.Array, _column: Column) -> pa.Array:
    lower = pc.ascii_lower(cells)
    yes = pc.equal(lower, "true")
    if pc.any(pc.invert(pc.or_(yes, pc.equal(lower, "false")))).as_py():
        raise ValueError("neither true nor false")
    return yes


def _with_point(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(texts, ".0", "")


def _hexadecimal(cells: pa.Array) -> pa.Array:
    return pc.or_(pc.starts_with(cells, "0x"), pc.starts_with(cells, "0X"))


def _in_calendar(dates: pa.Array) -> pa.Array:
    """The dates, if all lie in the years 1 to 9999, as Python's dates must; Arrow's range is wider."""
    span = pc.min_max(dates)
    if span["min"].is_valid and not (span["min"].value >= _FIRST_DAY and span["max"].value <= _LAST_DAY):
        raise ValueError("outside of the calendar")
    return dates


_OF_TEXT: dict[str, Callable[[pa.Array, Column], pa.Array]] = {
    "text": _texts,
    "category": _texts,
    "integer": _integers_of_text,
    "number": _numbers_of_text,
    "decimal": _decimals_of_text,
    "date": _dates_of_text,
    "timestamp": moments_of_text,
    "boolean": _booleans_of_text,
}
