"""The exact grammar of our CSV (RFC 4180, with any separator and quotation mark): where a record and its cells end.

A cell is either quoted as a whole, with quotation marks inside it doubled, or has no quotation marks.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scoring.domain.dialect import CsvDialect

_NAMES = {b",": "comma", b";": "semicolon", b"\t": "tab", b"|": "vertical bar", b" ": "space"}


@dataclass(frozen=True)
class Grammar:
    """The separator (one ASCII byte) and the quotation mark (one ASCII byte, or none) of a text file."""

    separator: bytes = b","
    quote: bytes = b'"'

    @classmethod
    def of(cls, dialect: CsvDialect) -> "Grammar":
        """The grammar of a dialect, once its text is UTF-8."""
        return cls(dialect.separator.encode(), dialect.quote.encode())

    @property
    def separator_name(self) -> str:
        """The separator in a sentence: comma, semicolon."""
        return _NAMES.get(self.separator) or repr(self.separator.decode())

    @property
    def separators(self) -> str:
        """The separator in a sentence, many of it."""
        known = _NAMES.get(self.separator)
        return f"{known}s" if known else repr(self.separator.decode())

    def open_in(self, content: bytes) -> bool:
        """Whether a quotation mark of ``content`` is still open at its end."""
        return bool(self.quote) and content.count(self.quote) % 2 == 1

    def quoted(self, cell: bytes) -> bool:
        """Whether a raw cell begins with a quotation mark."""
        return bool(self.quote) and cell.startswith(self.quote)

    def cells_of(self, content: bytes) -> tuple[list[bytes], bool]:
        """The raw cells (quoted ones with their quotation marks), and whether the quotation marks are valid.

        If they are not, the last cell returned is the wrong one.
        """
        content = content if self.open_in(content) else content.rstrip(b"\r\n")
        cells, position = [], 0
        while True:
            found = self._cell.match(content, position)
            cell = found[0] if found else b""
            cells.append(cell)
            position += len(cell)
            if position == len(content):
                return cells, not (self.quoted(cell) and self.open_in(cell))
            if content[position : position + 1] != self.separator:
                return cells, False
            position += 1

    def text_of(self, cell: bytes) -> str:
        """The text of a raw cell; raises UnicodeDecodeError if it is not UTF-8."""
        if self.quoted(cell):
            cell = cell[1:-1].replace(self.quote * 2, self.quote)
        return cell.decode("utf-8")

    @cached_property
    def _cell(self) -> re.Pattern[bytes]:
        separator, quote = re.escape(self.separator), re.escape(self.quote)
        if not self.quote:
            return re.compile(rb"[^%b\r\n]*" % separator)
        inside = rb"%b[^%b]*(?:%b%b[^%b]*)*" % ((quote,) * 5)
        return re.compile(rb"%b%b|%b\Z|[^%b%b\r\n]*" % (inside, quote, inside, quote, separator))

    @cached_property
    def end_of_plain(self) -> re.Pattern[bytes]:
        """Where a cell without quotation marks ends."""
        return re.compile(rb"[%b\r\n]" % re.escape(self.separator))

    @cached_property
    def end_of_quoted(self) -> re.Pattern[bytes]:
        """Where a cell with quotation marks ends, probably."""
        return re.compile(rb"%b[%b\r\n]" % (re.escape(self.quote), re.escape(self.separator)))

    @cached_property
    def edges(self) -> NDArray[np.bool_]:
        """Which of the 256 bytes may be next to a quotation mark, outside of its cell."""
        found = np.zeros(256, dtype=bool)
        found[list(self.separator + self.quote + b"\r\n")] = True
        return found


RFC_4180 = Grammar()
