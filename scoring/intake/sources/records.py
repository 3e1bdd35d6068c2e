"""The exact grammar of our CSV (RFC 4180): records, their cells, and a survey of all bytes of a file.

A cell is either quoted as a whole, with quotation marks inside it doubled, or has no quotation marks.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase

import numpy as np

CHUNK_BYTES = 1 << 20
MAX_RECORD_BYTES = 1 << 20

_CELL = re.compile(rb'"[^"]*(?:""[^"]*)*"|"[^"]*(?:""[^"]*)*\Z|[^",\r\n]*')
_QUOTE = ord('"')
_EDGE = np.zeros(256, dtype=bool)  # the bytes that may be next to a quotation mark, outside of its cell
_EDGE[list(b',\r\n"')] = True


@dataclass(frozen=True)
class Record:
    """The bytes of one record with its line end; ``complete`` is false if it is cut or a quotation mark is open."""

    content: bytes
    complete: bool

    @property
    def blank(self) -> bool:
        """Whether it is an empty line, which readers skip."""
        return not self.content.strip(b"\r\n")


def cells_of(content: bytes) -> tuple[list[bytes], bool]:
    """The raw cells (quoted ones with their quotation marks), and whether the quotation marks are valid.

    If they are not, the last cell returned is the wrong one.
    """
    content = content.rstrip(b"\r\n") if content.count(b'"') % 2 == 0 else content
    cells, position = [], 0
    while True:
        found = _CELL.match(content, position)
        cell = found[0] if found else b""
        cells.append(cell)
        position += len(cell)
        if position == len(content):
            return cells, not (cell.startswith(b'"') and cell.count(b'"') % 2)
        if content[position : position + 1] != b",":
            return cells, False
        position += 1


def text_of(cell: bytes) -> str:
    """The text of a raw cell; raises UnicodeDecodeError if it is not UTF-8."""
    if cell.startswith(b'"'):
        cell = cell[1:-1].replace(b'""', b'"')
    return cell.decode("utf-8")


def records(lines: Iterator[bytes]) -> Iterator[Record]:
    """The records of ``lines``; one longer than MAX_RECORD_BYTES is cut, and its rest stays in ``lines``."""
    held, quotes = bytearray(), 0
    for line in lines:
        held += line
        quotes += line.count(b'"')
        if len(held) > MAX_RECORD_BYTES:
            yield Record(bytes(held), complete=False)
            held, quotes = bytearray(), 0
        elif quotes % 2 == 0 and line.endswith((b"\n", b"\r")):
            yield Record(bytes(held), complete=True)
            held, quotes = bytearray(), 0
    if held:
        yield Record(bytes(held), complete=quotes % 2 == 0)


def lines_of(file: RawIOBase) -> Iterator[bytes]:
    r"""The lines with their ends (\n, \r\n or \r); a line of more than CHUNK_BYTES comes in pieces without an end."""
    held = b""
    while chunk := file.read(CHUNK_BYTES):
        lines = (held + chunk).splitlines(keepends=True)
        held = b""
        if not lines[-1].endswith(b"\n"):  # also after \r: a \n may follow in the next chunk
            held = lines.pop()
        yield from lines
        if len(held) > CHUNK_BYTES:
            yield held[:-1]
            held = held[-1:]
    if held:
        yield held


@dataclass(frozen=True)
class Survey:
    """The result of one pass over the bytes of a file."""

    quotes_pair_up: bool
    is_utf8: bool
    has_nul: bool


def survey(file: RawIOBase) -> Survey:
    """Read every byte once, vectorised, and say whether the file can be parsed."""
    quotes, text, has_nul = _Quotes(), _Utf8(), False
    while chunk := file.read(CHUNK_BYTES):
        quotes.take(chunk)
        text.take(chunk)
        has_nul = has_nul or b"\0" in chunk
    text.end()
    return Survey(quotes.pair_up and not quotes.inside, text.valid, has_nul)


class _Quotes:
    """Whether every quotation mark so far opens, closes or is doubled within a cell.

    A parser that is lenient here would merge rows silently. The first, third, ... mark of the file opens: on its left
    there must be a separator or another mark. Every second mark closes: the same must be on its right.
    """

    def __init__(self) -> None:
        self.pair_up, self.inside = True, False
        self._before = b"\n"

    def take(self, chunk: bytes) -> None:
        if self.pair_up and (self.inside or self._before == b'"' or b'"' in chunk):
            text = np.frombuffer(self._before + chunk, dtype=np.uint8)
            marks = np.flatnonzero(text[1:] == _QUOTE) + 1
            opening, closing = (marks[1::2], marks[::2]) if self.inside else (marks[::2], marks[1::2])
            if self._before == b'"' and not self.inside and not _EDGE[text[1]]:
                self.pair_up = False
            closing = closing[closing + 1 < len(text)]
            if not (_EDGE[text[opening - 1]].all() and _EDGE[text[closing + 1]].all()):
                self.pair_up = False
            self.inside ^= bool(len(marks) % 2)
        self._before = chunk[-1:]


class _Utf8:
    """Whether all bytes so far are UTF-8."""

    def __init__(self) -> None:
        self.valid = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def take(self, chunk: bytes) -> None:
        if self.valid and not (chunk.isascii() and self._decoder.getstate()[0] == b""):
            self._decode(chunk)

    def end(self) -> None:
        if self.valid:
            self._decode(b"", final=True)

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self.valid = False
