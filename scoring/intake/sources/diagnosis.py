"""Says exactly where a CSV file breaks off being one. Slow and thorough: it runs only after the fast reader failed."""

import re
from collections.abc import Iterator, Sequence
from io import RawIOBase

from scoring.errors import SourceError
from scoring.intake.sources.cells import MAX_CELL_BYTES, short, too_long
from scoring.intake.sources.records import MAX_RECORD_BYTES, cells_of, lines_of, records

_QUOTED_END = re.compile(rb'"[,\r\n]')
_PLAIN_END = re.compile(rb"[,\r\n]")
_QUOTE_REMEDY = "Quote a cell as a whole and double the quotation marks inside it."


def diagnose(file: RawIOBase, name: str, header: Sequence[str]) -> SourceError | None:
    """The first structural fault: a cell that is too long, wrong quotation marks, not UTF-8, a ragged row.

    ``file`` is positioned at its start. Memory is one record (1 MiB), whatever the file holds. None if
    there is no such fault.
    """
    lines = lines_of(file)
    row = -1  # the header
    for record in records(lines):
        if record.blank:
            continue
        row += 1
        if row == 0:
            continue
        if len(record.content) > MAX_RECORD_BYTES:
            return _too_large(record.content, lines, name, header, row)
        if _plain(record.content, len(header)):
            continue
        fault = _fault(record.content, name, header, row)
        if fault:
            return fault
    return None


def _plain(content: bytes, columns: int) -> bool:
    """Whether a glance is enough to see that nothing is wrong; most records are like that."""
    return content.isascii() and b'"' not in content and content.count(b",") == columns - 1


def _fault(content: bytes, name: str, header: Sequence[str], row: int) -> SourceError | None:
    cells, paired = cells_of(content)
    column = header[min(len(cells), len(header)) - 1]
    if not paired and _unclosed(cells[-1]):
        problem = f"The quotation mark that opens this cell is never closed: {short(_lenient(cells[-1]))}."
        return SourceError(name, problem, _QUOTE_REMEDY, row=row, column=column)
    if not paired:
        problem = f"A quotation mark stands where none may: {short(_lenient(content))}."
        return SourceError(name, problem, _QUOTE_REMEDY, row=row, column=column)
    for position, cell in enumerate(cells):
        fault = _not_utf8(cell, name, row, header[min(position, len(header) - 1)])
        if fault:
            return fault
    return _ragged(cells, name, header, row)


def _not_utf8(cell: bytes, name: str, row: int, column: str) -> SourceError | None:
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError as error:
        return SourceError(
            name,
            f"{short(cell)} is not valid UTF-8 (byte 0x{cell[error.start]:02x}).",
            "Save the file as UTF-8; it looks like Latin-1 or Windows-1252.",
            row=row,
            column=column,
        )
    return None


def _ragged(cells: list[bytes], name: str, header: Sequence[str], row: int) -> SourceError | None:
    if len(cells) < len(header):
        problem = f"The row has {len(cells)} cells instead of {len(header)}; it ends before this column."
        remedy = "Complete the row; an empty cell still needs its comma."
        return SourceError(name, problem, remedy, row=row, column=header[len(cells)])
    if len(cells) > len(header):
        first = short(_lenient(cells[len(header)]))
        problem = f"The row has {len(cells)} cells instead of {len(header)}; the first surplus one is {first}."
        remedy = "Remove the surplus cells; a cell with a comma in it must stand in quotation marks."
        return SourceError(name, problem, remedy, row=row, column=header[-1])
    return None


def _too_large(content: bytes, rest: Iterator[bytes], name: str, header: Sequence[str], row: int) -> SourceError:
    cells, _ = cells_of(content)
    column = header[min(len(cells), len(header)) - 1]
    longest = max(cells, key=len)
    if len(longest) > MAX_CELL_BYTES and longest is not cells[-1]:
        problem, remedy = too_long(len(longest))
        return SourceError(name, problem, remedy, row=row, column=header[min(cells.index(longest), len(header) - 1)])
    size, closed = _size_of_last(cells[-1], rest)
    if not closed:
        problem = f"The quotation mark that opens this cell is never closed: {short(_lenient(cells[-1]))}."
        return SourceError(name, problem, _QUOTE_REMEDY, row=row, column=column)
    if size > MAX_CELL_BYTES:
        problem, remedy = too_long(size)
        return SourceError(name, problem, remedy, row=row, column=column)
    problem = f"The row is longer than {MAX_RECORD_BYTES:,} bytes."
    return SourceError(name, problem, "Shorten its cells.", row=row, column=column)


def _size_of_last(cell: bytes, rest: Iterator[bytes]) -> tuple[int, bool]:
    """Bytes of a cell whose beginning is ``cell`` (without quotation marks), and whether it comes to an end."""
    quoted = cell.startswith(b'"')
    end = _QUOTED_END if quoted else _PLAIN_END
    size = len(cell) - quoted
    for piece in rest:
        found = end.search(piece)
        if found:
            return size + found.start(), True
        size += len(piece)
    return size, not quoted


def _unclosed(cell: bytes) -> bool:
    return cell.startswith(b'"') and bool(cell.count(b'"') % 2)


def _lenient(content: bytes) -> str:
    return content[:400].decode("utf-8", errors="replace").rstrip("\r\n")
