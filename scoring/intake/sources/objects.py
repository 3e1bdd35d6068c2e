"""Cells as drivers of databases give them, as Python's objects: which of them a column takes, and as what.

A driver's type is part of the value: digits that came as text are no number, a time of day is no date. Nothing is
converted that could be another value.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from scoring.domain.dataset import Column
from scoring.intake.sources.casts import cast_arrow, cast_text


class Digits(str):
    """An exact number as text, from a Decimal."""

    __slots__ = ()


class Other(str):
    """Something that no column takes, as a message shows it."""

    __slots__ = ()


Cell = str | bool | int | float | dt.date | dt.datetime | None

# The types of cells that each type of column takes. SQLite and others have no dates, times, booleans or exact decimals.
_TAKEN: dict[str, frozenset[type]] = {
    "text": frozenset({str}),
    "category": frozenset({str}),
    "integer": frozenset({int, Digits}),
    "number": frozenset({int, Digits, float}),
    "decimal": frozenset({int, Digits, str}),
    "date": frozenset({dt.date, str}),
    "timestamp": frozenset({dt.datetime, str}),
    "boolean": frozenset({bool, int}),
}
_CALLED: dict[type, str] = {
    str: "text",
    bool: "a boolean",
    int: "an integer",
    Digits: "an exact number with a point",
    float: "a floating-point number",
    dt.date: "a date",
    dt.datetime: "a date with a time",
}
_KEPT = frozenset({str, bool, int, float, dt.date, dt.datetime, type(None)})


def cells_of(values: Sequence[Any]) -> Sequence[Cell]:
    """What a driver gave, in few types."""
    return values if _KEPT.issuperset(map(type, values)) else [_cell(value) for value in values]


def foreign(cells: Sequence[Cell], column: Column) -> tuple[int, str] | None:
    """The position of the first cell of a type that the column does not take, and what it is; None if there is none."""
    taken = _TAKEN.get(column.type, frozenset()) | {type(None)}
    if taken.issuperset(map(type, cells)):
        return None
    at = next(at for at, cell in enumerate(cells) if type(cell) not in taken)
    return at, _CALLED.get(type(cells[at]), str(cells[at]))


def cast_objects(cells: Sequence[Cell], column: Column) -> pa.Array:
    """Cast cells to the column's type; raises ValueError if one does not fit."""
    if foreign(cells, column):
        raise ValueError("of another type")
    kinds = set(map(type, cells)) - {type(None)}
    if column.type == "boolean":
        return pa.array([None if cell is None else _truth(cell) for cell in cells], pa.bool_())
    if kinds == {float}:
        return cast_arrow(pa.array(cells, pa.float64()), column)
    if kinds == {dt.date}:
        return pa.array(cells, pa.date32())
    if kinds == {int} and column.type != "decimal":
        try:
            return cast_arrow(pa.array(cells, pa.int64()), column)
        except OverflowError:
            pass  # text has room for all digits
    return cast_text(pa.array([_text(cell) for cell in cells], pa.string()), column)


def written_objects(cells: Sequence[Cell], column: Column, meant: Mapping[str, Column] | None = None) -> pa.Array:
    """Cells as text that reads back as the same value; raises ValueError for what has no such text.

    In a column that is ``meant`` as one of booleans 0 and 1 are such, as they are for :func:`cast_objects`.
    """
    if any(type(cell) is Other for cell in cells):
        raise ValueError("of another type")
    if meant and column.name in meant and meant[column.name].type == "boolean":
        cells = [bool(cell) if type(cell) is int and cell in (0, 1) else cell for cell in cells]
    return pa.array([_text(cell) for cell in cells], pa.string())


def _cell(value: Any) -> Cell:
    if isinstance(value, Decimal):
        return Digits(format(value, "f"))
    if type(value) in _KEPT:
        kept: Cell = value
        return kept
    if isinstance(value, bytes | bytearray | memoryview):
        return Other(f"binary data of {len(value)} bytes")
    return Other(f"{value} ({type(value).__name__})")


def _text(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, dt.date) else repr(cell)


def _truth(cell: Any) -> bool:
    if cell in (0, 1):
        return bool(cell)
    raise ValueError("neither 0 nor 1")
