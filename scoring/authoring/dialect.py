"""How a text file is written, by its first bytes: encoding, separator, lines above the header. Pure."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from scoring.intake.sources.signatures import byte_order_mark

SEPARATORS = (",", ";", "\t", "|")
LINES = 200  # that are looked at
MOST_ABOVE = 30  # lines above a header

_MARKS = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16"}


@dataclass(frozen=True)
class Dialect:
    """How a text file is written; ``unsure`` says in sentences what was not certain."""

    encoding: str = "utf-8"
    separator: str = ","
    skip_rows: int = 0
    unsure: tuple[str, ...] = field(default=())


def dialect_of(start: bytes) -> tuple[Dialect, str]:
    """The dialect of a file that begins with these bytes, and their text.

    The bytes should end at the end of a line, or a character of several bytes may be cut.

    Raises
    ------
    ValueError
        If they are no text, or in an encoding that is not read; says why.
    """
    encoding, unsure = _encoding(start)
    text = start.decode(encoding)
    lines = io.StringIO(text[: 1 << 20], newline="").readlines()[:LINES]
    if not any(line.strip() for line in lines):
        raise ValueError("it holds no line of text")
    separator = max(SEPARATORS, key=lambda one: _fits(lines, one))
    if _fits(lines, separator)[0] == 0:
        separator = ","
    above = _above(lines, separator)
    if above:
        unsure += (f"The first {above} line(s) seem to be no header: they have another number of cells.",)
    return Dialect(encoding, separator, above, unsure), text


def rows_of(text: str, dialect: Dialect) -> list[list[str]]:
    """The rows of a text with its header, without those above it and without empty lines.

    Raises
    ------
    ValueError
        If a row cannot be parted into cells.
    """
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip_rows):
        lines.readline()
    csv.field_size_limit(1 << 20)
    try:
        return [row for row in csv.reader(lines, delimiter=dialect.separator) if row]
    except csv.Error as error:
        raise ValueError(f"a row cannot be parted into cells ({error})") from error


def _encoding(start: bytes) -> tuple[str, tuple[str, ...]]:
    mark = byte_order_mark(start)
    if mark is not None and mark not in _MARKS:
        raise ValueError(f"it is {mark}, which is not read; UTF-8 or UTF-16 is")
    if mark is not None:
        return _MARKS[mark], ()
    even, odd = start[:4096:2], start[1:4096:2]
    if b"\0" in start[:4096]:  # text of mostly Latin letters has a zero in every second byte
        if odd.count(0) > len(odd) * 0.7 > even.count(0):
            return "utf-16-le", ("It has no byte order mark; it reads as UTF-16 (little-endian).",)
        if even.count(0) > len(even) * 0.7 > odd.count(0):
            return "utf-16-be", ("It has no byte order mark; it reads as UTF-16 (big-endian).",)
        raise ValueError("it holds NUL bytes, so it is no text")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # a character may be cut at the end
    except UnicodeDecodeError:
        return _of_one_byte(start)
    return "utf-8", ()


def _of_one_byte(start: bytes) -> tuple[str, tuple[str, ...]]:
    """The encoding of a text that is not UTF-8, most probably."""
    try:
        text = start.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1", ("It is neither UTF-8 nor Windows-1252; Latin-1 takes every byte. Look at letters like é.",)
    word = next((word for word in text.split() if not word.isascii()), "")
    return "cp1252", (f"It is not UTF-8; as Windows-1252 there is e.g. {word[:40]!r}. Does that read right?",)


def _fits(lines: Sequence[str], separator: str) -> tuple[float, int]:
    """How many lines have the commonest number of cells (more than one), as a share, and that number."""
    cells, share = _commonest(_counts(lines, separator))
    return (share if cells > 1 else 0, cells)


def _above(lines: Sequence[str], separator: str) -> int:
    """How many lines at the top have another number of cells than the commonest."""
    counts = _counts(lines, separator)
    cells, _ = _commonest(counts)
    above = next((place for place, count in enumerate(counts) if count == cells), 0)
    return above if above <= MOST_ABOVE else 0


def _counts(lines: Sequence[str], separator: str) -> list[int]:
    """Cells by line; of a row with line ends inside quotation marks only its first line counts."""
    try:
        return [len(row) for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return [1]


def _commonest(counts: Sequence[int]) -> tuple[int, float]:
    some = [count for count in counts if count]
    if not some:
        return 0, 0.0
    cells, often = max(Counter(some).items(), key=lambda one: (one[1], one[0]))
    return cells, often / len(some)
