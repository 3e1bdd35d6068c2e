"""Reads a text file as lines and records (see :mod:`scoring.intake.sources.grammar`), and surveys all its bytes."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase

import numpy as np

from scoring.intake.sources.grammar import RFC_4180, Grammar

CHUNK_BYTES = 1 << 20
MAX_RECORD_BYTES = 1 << 20


@dataclass(frozen=True)
class Record:
    """The bytes of one record with its line end; ``complete`` is false if it is cut or a quotation mark is open."""

    content: bytes
    complete: bool

    @property
    def blank(self) -> bool:
        """Whether it is an empty line, which readers skip."""
        return not self.content.strip(b"\r\n")


def records(lines: Iterator[bytes], grammar: Grammar = RFC_4180) -> Iterator[Record]:
    """The records of ``lines``; one longer than MAX_RECORD_BYTES is cut, and its rest stays in ``lines``."""
    held, quotes, mark = bytearray(), 0, grammar.quote
    for line in lines:
        held += line
        quotes += line.count(mark) if mark else 0
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


def survey(file: RawIOBase, grammar: Grammar = RFC_4180) -> Survey:
    """Read every byte once, vectorised, and say whether the file can be parsed."""
    quotes, text, has_nul = _Quotes(grammar), _Utf8(), False
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

    def __init__(self, grammar: Grammar) -> None:
        self.pair_up, self.inside = True, False
        self._mark, self._edges = grammar.quote, grammar.edges
        self._before = b"\n"

    def take(self, chunk: bytes) -> None:
        if self._mark and self.pair_up and (self.inside or self._before == self._mark or self._mark in chunk):
            text = np.frombuffer(self._before + chunk, dtype=np.uint8)
            marks = np.flatnonzero(text[1:] == self._mark[0]) + 1
            opening, closing = (marks[1::2], marks[::2]) if self.inside else (marks[::2], marks[1::2])
            if self._before == self._mark and not self.inside and not self._edges[text[1]]:
                self.pair_up = False
            closing = closing[closing + 1 < len(text)]
            if not (self._edges[text[opening - 1]].all() and self._edges[text[closing + 1]].all()):
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
