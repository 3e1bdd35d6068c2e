"""Reads a sheet of an .xlsx file: each cell has the type that the spreadsheet gives it."""

import datetime as dt
import io
import itertools
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import python_calamine

from scoring.domain.dataset import Column, DataSet, ExcelSource
from scoring.domain.numbers import EXACT
from scoring.errors import SourceError
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns
from scoring.intake.sources.spelling import Speller
from scoring.intake.sources.spool import View
from scoring.intake.sources.workbook import Sheet, checked_sheet

MISSING = "clear the cell, or add the word to the source's null_values"
REMEDY = "Open it in a spreadsheet program and save it anew as .xlsx, or the sheet as CSV."
ROWS = 5_000  # at a time as Python's objects


def excel_batches(
    file: IO[bytes],
    name: str,
    data_set: DataSet,
    source: ExcelSource,
    *,
    as_written: bool = False,
    meant: Mapping[str, Column] | None = None,
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a sheet below its header; columns are matched by name.

    A number stands in a column of numbers, a date in one of dates or timestamps, a boolean in one of booleans, text in
    any, as the spelling says; an error of the spreadsheet, and a formula that was never computed, nowhere.
    ``as_written`` gives all of them as plain text. Rows without any value do not count.

    Raises
    ------
    SourceError
        If the file is too large or no spreadsheet, has no such sheet, or a cell does not fit: several kinds at once.
    """
    sheet = checked_sheet(file, name, source)
    rows = rows_of(file, name, sheet)
    header = next((row for row in itertools.islice(rows, source.skip_rows, None) if is_filled(row)), None)
    if header is None:
        raise SourceError(
            name, "The sheet ends before its header.", "Deliver it anew, or correct the source's skip_rows."
        )
    names = _names(header)
    check_columns(names, data_set, name)
    places = [names.index(column.source_name) for column in data_set.columns]
    speller = Speller(source)
    form = Form(_Cast(speller, meant or {}, as_written=as_written), missing=MISSING, speller=speller)
    yield from TypedBatches(data_set, form, Findings(name)).of(_blocks(filter(is_filled, rows), places))


class _Cast:
    """Casts the cells of a column; those that hold text as the spelling says."""

    def __init__(self, speller: Speller, meant: Mapping[str, Column], *, as_written: bool) -> None:
        self._speller, self._meant, self._as_written = speller, meant, as_written

    def __call__(self, cells: Sequence[Any], column: Column) -> pa.Array:
        texts = pa.array([_text(cell, column, as_written=self._as_written) for cell in cells], pa.string())
        written = pa.array([isinstance(cell, str) for cell in cells], pa.bool_())
        nulls = pa.array(self._speller.null_values(column), pa.string())
        texts = pc.if_else(pc.is_in(texts, value_set=nulls), None, texts)
        spelled = pc.if_else(written, texts, None)
        if column.name in self._meant:
            spelled = self._speller.lenient(spelled, self._meant[column.name])
        return cast_text(pc.if_else(written, self._speller.plain(spelled, column), texts), column)


def _text(cell: object, column: Column, *, as_written: bool) -> str:
    """A cell as the plain text of its value; ValueError if a value of its type cannot be one of the column's."""
    if isinstance(cell, str):
        return cell
    for types, kinds, text in _TYPED:
        if isinstance(cell, types):
            if as_written or column.type in kinds:
                return text(cell, column)
            break
    raise ValueError("of another type")


def _digits(number: float, column: Column) -> str:
    """The shortest digits; whole ones without a point where it would not be known to be a number."""
    if column.type in ("number", "decimal"):
        return repr(number)
    return str(int(number)) if abs(number) <= EXACT and int(number) == number else repr(number)


def _of_time(time: dt.datetime, column: Column) -> str:
    if column.type == "date":
        if time.time() != dt.time.min:
            raise ValueError("a date with a time")
        return time.date().isoformat()
    return time.isoformat()


def _of_day(day: dt.date, column: Column) -> str:
    midnight = "T00:00:00" if column.type == "timestamp" else ""
    return f"{day.isoformat()}{midnight}"


# The types of cells, the columns that they may stand in, and their text; bool before int, datetime before date, which
# they are, too.
_TYPED: tuple[tuple[Any, tuple[str, ...], Callable[[Any, Column], str]], ...] = (
    (bool, ("boolean",), lambda cell, _column: str(cell).lower()),
    ((int, float), ("integer", "number", "decimal"), _digits),
    (dt.datetime, ("date", "timestamp"), _of_time),
    (dt.date, ("date", "timestamp"), _of_day),
)


def rows_of(file: IO[bytes], name: str, sheet: Sheet) -> Iterator[list[Any]]:
    """The rows of a sheet as calamine gives their cells, with a :class:`Fault` where a cell holds no value."""
    try:
        book = python_calamine.load_workbook(io.BufferedReader(View(file)))
        found = book.get_sheet_by_name(sheet.name)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise SourceError(name, f"The spreadsheet cannot be read ({error}).", REMEDY) from None
    first = found.start[1] if found.start else 0
    rows_with_faults = {row for row, _ in sheet.faults}
    for at, row in enumerate(found.iter_rows()):
        yield (
            [sheet.faults.get((at, first + place), cell) for place, cell in enumerate(row)]
            if (at in rows_with_faults)
            else row
        )


def is_filled(row: Sequence[Any]) -> bool:
    """Whether a row has a value."""
    return any(cell != "" for cell in row)


def _names(header: Sequence[Any]) -> list[str]:
    names = ["" if cell == "" else str(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    return names


def _blocks(rows: Iterator[list[Any]], places: Sequence[int]) -> Iterator[list[list[Any]]]:
    while block := list(itertools.islice(rows, ROWS)):
        yield [[row[place] for row in block] for place in places]
