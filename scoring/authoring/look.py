"""Looks at the first rows of a source: a file of any usual kind, or a query."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from scoring.authoring.cells import Marks, marks_of
from scoring.authoring.dialect import MOST_ABOVE, Dialect, dialect_of
from scoring.authoring.dialect import rows_of as rows_of_text
from scoring.authoring.guess import Guess, Pair, guess, names_of, pairs_of
from scoring.authoring.seen import Look
from scoring.authoring.wording import counted
from scoring.domain.dataset import ColumnType, ExcelSource
from scoring.domain.numbers import EXACT
from scoring.errors import SourceError
from scoring.intake.sources.excel import is_filled, rows_of
from scoring.intake.sources.signatures import START_BYTES, kind_of
from scoring.intake.sources.unpacking import is_spreadsheet, unpacked
from scoring.intake.sources.workbook import checked_sheet, titles

MOST_ROWS = 100_000
MOST_BYTES = 64 << 20  # of text that is looked at
# What may stand around a text: as :mod:`scoring.intake.sources.signatures` calls it.
PACKED = frozenset({"gzip data", "bzip2 data", "xz data", "zstd data", "a zip archive or a spreadsheet (.xlsx)"})


def look_at_file(path: Path, *, rows: int = MOST_ROWS, sheet: str | None = None) -> Look:
    """Look at a file: CSV in any usual dialect, Parquet or Excel (its first sheet, or the one named), packed or not.

    Raises
    ------
    SourceError
        If it is not there, of no kind that can be read, too large for its kind, or has no such sheet.
    """
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(START_BYTES))
            file.seek(0)
            if kind == "Parquet":
                return _parquet(path, rows)
            if is_spreadsheet(file):
                return _excel(file, path, rows, sheet)
            if kind is not None and kind not in PACKED:
                raise SourceError(str(path), f"It is {kind}.", "Save it as CSV, Parquet or Excel (.xlsx).")
            return _text(file, path, rows)
    except OSError as error:
        raise SourceError(
            str(path), f"It cannot be read: {error.strerror or error}.", "Name a file that you can read."
        ) from error


def look_at_table(
    location: str, connection: str, names: Sequence[str], records: Iterator[Sequence[Any]], *, kind: str = "query"
) -> Look:
    """Look at the rows of a query, at most :data:`MOST_ROWS`; ``kind`` is ``sql`` if the database is no PostgreSQL."""
    found = list(islice(records, MOST_ROWS))
    columns = [_typed(column) for column in zip(*found, strict=True)] or [pa.nulls(0, pa.string())] * len(names)
    guesses, pairs = _of_table(pa.Table.from_arrays(columns, list(names)), dates_as_text=kind == "sql")
    return Look(kind, location, guesses, len(found), len(found) < MOST_ROWS, connection=connection, pairs=pairs)


def _typed(values: Sequence[Any]) -> pa.Array:
    """Values of a driver as Arrow has them; what it does not know as text."""
    plain = [float(value) if isinstance(value, Decimal) else value for value in values]
    try:
        found = pa.array(plain)
    except (pa.ArrowException, OverflowError):
        return pa.array([_text_of(value) or None for value in plain], pa.string())
    return found if found.type != pa.null() else pa.nulls(len(found), pa.string())


def _text(file: IO[bytes], path: Path, rows: int) -> Look:
    start, whole = _beginning(unpacked(file, str(path)))
    try:
        dialect, text = dialect_of(start)
        header, *found = islice(rows_of_text(text, dialect), rows + 1)
    except (ValueError, UnicodeDecodeError) as error:
        raise SourceError(str(path), f"It is no text: {error}.", "Save it as CSV, Parquet or Excel (.xlsx).") from error
    full = [row for row in found if len(row) == len(header)]
    unsure = dialect.unsure
    if len(full) < len(found):
        place = next(number for number, row in enumerate(found, 1) if len(row) != len(header))
        said = (
            f"{len(found) - len(full)} of {len(found):,} rows have another number of cells than the header, first row "
        )
        unsure += (f"{said}{place}. A footer? Or a separator that is also in a text?",)
    columns = [list(column) for column in zip(*full, strict=True)] or [[] for _ in header]
    marks = marks_of(set(column) for column in columns)
    if marks.decimal == "," and not marks.thousands:
        unsure += ("A comma is taken for the decimal mark.",)
    if marks.thousands:
        unsure += (f"{marks.thousands!r} is taken for the mark of thousands, {marks.decimal!r} for that of decimals.",)
    names = [cell.strip("\ufeff") for cell in header]
    complete = whole and len(found) < rows
    guesses, pairs = _guessed(names, columns, marks)
    return Look("csv", str(path), guesses, len(found), complete, dialect, marks, unsure=unsure, pairs=pairs)


def _beginning(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first :data:`MOST_BYTES` or fewer, as far as lines are whole, and whether that is all."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) > MOST_BYTES:
            start = start[:MOST_BYTES]
            return start[: start.rfind(b"\n") + 1] or start, False
    return start, True


def _parquet(path: Path, rows: int) -> Look:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            batches: list[pa.RecordBatch] = []
            for batch in file.iter_batches(batch_size=10_000, use_threads=False):
                batches.append(batch)
                if sum(one.num_rows for one in batches) >= rows:
                    break
            table = pa.Table.from_batches(batches, file.schema_arrow)
            total = file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise SourceError(str(path), f"It cannot be read as Parquet: {error}.", "Deliver it anew.") from error
    guesses, pairs = _of_table(table)
    return Look("parquet", str(path), guesses, table.num_rows, table.num_rows == total, pairs=pairs)


def _excel(file: IO[bytes], path: Path, rows: int, wanted: str | None) -> Look:
    there = titles(file, str(path))
    sheet = there[0] if wanted is None and there else wanted
    if sheet not in there:
        known = ", ".join(map(repr, there)) or "none"
        raise SourceError(str(path), f"It has no sheet {sheet!r}; there are {known}.", "Name another with --sheet.")
    found = checked_sheet(file, str(path), ExcelSource(path=str(path), sheet=sheet))
    read = list(islice(rows_of(file, str(path), found), rows + MOST_ABOVE + 1))
    filled = [len([cell for cell in row if cell != ""]) for row in read[: MOST_ABOVE + 1]]
    if not any(filled):
        raise SourceError(str(path), f"Sheet {found.name!r} is empty.", "Name a file with rows.")
    above = filled.index(max(filled))
    header, body = [str(cell) for cell in read[above]], list(filter(is_filled, read[above + 1 :]))
    columns = [[_text_of(cell) for cell in column] for column in zip(*body, strict=True)] or [[] for _ in header]
    others = [one for one in there if one != found.name]
    said = f"Sheet {found.name!r} was looked at; there are others (--sheet): {', '.join(others)}."
    unsure = [said] if others and wanted is None else []
    if found.faults:
        unsure.append(
            f"{counted(len(found.faults), 'cell')} with an error, or a formula that was never computed: refused."
        )
    dialect, (guesses, pairs) = Dialect(skip_rows=above), _guessed(header, columns, Marks())
    whole = len(read) <= rows + above
    return Look(
        "excel", str(path), guesses, len(body), whole, dialect, sheet=found.name, unsure=tuple(unsure), pairs=pairs
    )


def _guessed(
    headers: Sequence[str], columns: Sequence[Sequence[str]], marks: Marks
) -> tuple[tuple[Guess, ...], tuple[Pair, ...]]:
    found = [
        guess(name, header, texts, marks)
        for name, header, texts in zip(names_of(headers), headers, columns, strict=True)
    ]
    return tuple(found), pairs_of(found, columns)


def _of_table(table: pa.Table, *, dates_as_text: bool = False) -> tuple[tuple[Guess, ...], tuple[Pair, ...]]:
    """Typed columns: the types say more than texts do, unless the source has ``dates_as_text``, as SQLite has."""
    found, cells = list[Guess](), list[list[str]]()
    for name, header, column in zip(names_of(table.column_names), table.column_names, table.columns, strict=True):
        texts = [_text_of(value) for value in column.to_pylist()]
        one = guess(name, header, texts, Marks())
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        plain = one.type in ("date", "timestamp") and one.date_format is None and one.nulls == ("",)
        found.append(one if dates_as_text and plain and pa.types.is_string(kind) else _as_typed(one, kind))
        cells.append(texts)
    return tuple(found), pairs_of(found, cells)


def _as_typed(one: Guess, kind: pa.DataType) -> Guess:
    """The guess by texts, corrected by the type that the source gives."""
    types = pa.types
    given: dict[str, Any] = {"nulls": ("",), "words": None, "date_format": None}
    if types.is_string(kind) or types.is_large_string(kind):
        wanted: ColumnType = "category" if one.type == "category" else "text"
        return replace(one, **given, type=wanted, low=None, high=None)
    if types.is_decimal(kind):
        given |= {"type": "decimal", "precision": kind.precision, "scale": kind.scale}
    elif types.is_boolean(kind):
        given |= {"type": "boolean"}
    elif types.is_integer(kind):
        given |= {"type": "integer", "values": ()}
    elif types.is_floating(kind):
        given |= {"type": "number", "values": ()}
    elif types.is_date(kind):
        given |= {"type": "date"}
    elif types.is_timestamp(kind):
        given |= {"type": "timestamp", "zoned": kind.tz is not None}
    else:
        given |= {"unsure": (*one.unsure, f"Its type, {kind}, is none that can be read.")}
    return replace(one, **given)


def _text_of(value: Any) -> str:
    """A typed value as a CSV would write it; nothing for a null."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
