"""Finds the first place where a file is not valid CSV. Slow and exact: it runs only after the fast reader failed."""

from collections.abc import Iterator, Sequence
from io import RawIOBase

from scoring.errors import Finding
from scoring.intake.sources.grammar import RFC_4180, Grammar
from scoring.intake.sources.reasons import MAX_CELL_BYTES, contains_nul, not_encoded, short, too_long
from scoring.intake.sources.records import MAX_RECORD_BYTES, lines_of, records

_QUOTE_REMEDY = "Quote a cell as a whole and double the quotation marks inside it."


def diagnose(
    file: RawIOBase, header: Sequence[str], grammar: Grammar = RFC_4180, encoding: str = "utf-8"
) -> Finding | None:
    """The first structural fault: a cell that is too long, wrong quotation marks, NUL, not UTF-8, a ragged row.

    ``encoding`` is what the file was in before it was copied as UTF-8.

    ``file`` is positioned at its start. Memory is one record (1 MiB), whatever the file holds. None if
    there is no such fault.
    """
    lines = lines_of(file)
    row = -1  # the header
    for record in records(lines, grammar):
        if record.blank:
            continue
        row += 1
        if row == 0:
            continue
        if len(record.content) > MAX_RECORD_BYTES:
            return _too_large(record.content, lines, header, row, grammar)
        if _plain(record.content, len(header), grammar):
            continue
        fault = _fault(record.content, header, row, grammar, encoding)
        if fault:
            return fault
    return None


def ragged(cells: Sequence[bytes], header: Sequence[str], row: int, grammar: Grammar = RFC_4180) -> tuple[str, Finding]:
    """What is wrong with a row that has more or fewer cells than the header: the reason and the finding."""
    counted = f"The row has {len(cells)} cells instead of {len(header)}"
    if len(cells) < len(header):
        problem = f"{counted}; it ends before this column."
        remedy = f"Complete the row; an empty cell still needs its {grammar.separator_name}."
        return "has too few cells", Finding(problem, remedy, row, header[len(cells)])
    problem = f"{counted}; the first surplus one is {short(_lenient(cells[len(header)]))}."
    remedy = "Remove the surplus cells" + (
        f"; a cell with a {grammar.separator_name} in it must be in quotation marks." if grammar.quote else "."
    )
    return "has too many cells", Finding(problem, remedy, row, header[-1])


def _plain(content: bytes, columns: int, grammar: Grammar) -> bool:
    """Whether a record is obviously sound, as most are: plain ASCII without quotation marks and with all separators."""
    if not content.isascii() or b"\0" in content or (grammar.quote and grammar.quote in content):
        return False
    return content.count(grammar.separator) == columns - 1


def _fault(content: bytes, header: Sequence[str], row: int, grammar: Grammar, encoding: str) -> Finding | None:
    cells, paired = grammar.cells_of(content)
    if not paired:
        column = header[min(len(cells), len(header)) - 1]
        if grammar.quoted(cells[-1]) and grammar.open_in(cells[-1]):
            return _never_closed(cells[-1], row, column)
        problem = f"A quotation mark is where none may be: {short(_lenient(content))}."
        return Finding(problem, _QUOTE_REMEDY, row, column)
    for cell, column in zip(cells, header, strict=False):
        if b"\0" in cell:
            why = contains_nul(_lenient(cell))
            return Finding(why.problem, why.remedy, row, column)
        if not _is_utf8(cell):
            why = not_encoded(cell, encoding)
            return Finding(why.problem, why.remedy, row, column)
    return None if len(cells) == len(header) else ragged(cells, header, row, grammar)[1]


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def _never_closed(cell: bytes, row: int, column: str) -> Finding:
    problem = f"The quotation mark that opens this cell is never closed: {short(_lenient(cell))}."
    return Finding(problem, _QUOTE_REMEDY, row, column)


def _too_large(content: bytes, rest: Iterator[bytes], header: Sequence[str], row: int, grammar: Grammar) -> Finding:
    cells, _ = grammar.cells_of(content)
    column = header[min(len(cells), len(header)) - 1]
    longest = max(cells, key=len)
    if len(longest) > MAX_CELL_BYTES and longest is not cells[-1]:
        why = too_long(len(longest))
        return Finding(why.problem, why.remedy, row, header[min(cells.index(longest), len(header) - 1)])
    size, closed = _size_of_last(cells[-1], rest, grammar)
    if not closed:
        return _never_closed(cells[-1], row, column)
    if size > MAX_CELL_BYTES:
        why = too_long(size)
        return Finding(why.problem, why.remedy, row, column)
    return Finding(f"The row is longer than {MAX_RECORD_BYTES:,} bytes.", "Shorten its cells.", row, column)


def _size_of_last(cell: bytes, rest: Iterator[bytes], grammar: Grammar) -> tuple[int, bool]:
    """Bytes of the cell that begins with ``cell`` (its quotation marks not counted), and whether it ends."""
    quoted = grammar.quoted(cell)
    end = grammar.end_of_quoted if quoted else grammar.end_of_plain
    size = len(cell) - quoted
    for piece in rest:
        found = end.search(piece)
        if found:
            return size + found.start(), True
        size += len(piece)
    return size, not quoted


def _lenient(content: bytes) -> str:
    return content[:400].decode("utf-8", errors="replace").rstrip("\r\n")
