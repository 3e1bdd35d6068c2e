"""Reads the cells of a single record in plain Python; most of the time that Arrow takes for one row is its own calls.

What is not plainly in order is left to :mod:`scoring.intake.sources.casts`, which decides.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from scoring.domain.dataset import Column
from scoring.domain.numbers import EXACT
from scoring.intake.sources.numbers import SHORTEST_VANISHING

Value = str | bool | int | float | Decimal | dt.date | None
Read = Callable[[Any], Value]

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Unsure(Exception):
    """Whether a cell fits its column, or a row its rules, has to be found out the long way."""


def reader_of(column: Column, limit: int) -> Read:
    """What reads the cells of a column, each the text of a number or date, a text, a boolean or None.

    It gives the value that ``cast_text`` would, or raises :class:`Unsure`. ``limit`` is that of ``check_text``.
    """
    read = _decimal(column) if column.type == "decimal" else _READ.get(column.type) or partial(_text, limit=limit)
    return lambda cell: None if cell is None else read(cell)  # whether it may be null is a rule


def _text(cell: str, *, limit: int) -> str:
    try:
        if "\0" not in cell and len(cell.encode()) <= limit:
            return cell
    except UnicodeEncodeError:  # half a character
        pass
    raise Unsure


def _integer(cell: str) -> int:
    return int(_matching(_INTEGER, cell))


def _number(cell: str) -> float:
    """JSON's grammar is what Arrow reads, too, and both give the nearest float64."""
    number = float(cell)
    if abs(number) < EXACT and (number or len(cell) < SHORTEST_VANISHING):
        return number
    raise Unsure


def _day(cell: str) -> dt.date:
    try:
        return dt.date.fromisoformat(_matching(_DAY, cell))
    except ValueError:
        raise Unsure from None


def _moment(cell: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(_matching(_MOMENT, cell)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise Unsure from None


def _boolean(cell: bool) -> bool:
    return cell


def _decimal(column: Column) -> Read:
    before = column.precision - column.scale
    whole, fraction = (
        f"[0-9]{{1,{before}}}" if before else "0",
        rf"(\.[0-9]{{1,{column.scale}}})?" if column.scale else "",
    )
    written = re.compile(f"-?{whole}{fraction}")
    return lambda cell: Decimal(_matching(written, cell))


def _matching(pattern: re.Pattern[str], cell: str) -> str:
    if pattern.fullmatch(cell):
        return cell
    raise Unsure


_READ: dict[str, Read] = {
    "integer": _integer, "number": _number, "date": _day, "timestamp": _moment, "boolean": _boolean
}  # fmt: skip
