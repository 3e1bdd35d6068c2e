"""Turns a text file, while it is copied, into UTF-8 without what stands above its header and below its rows."""

import codecs
import re
from collections.abc import Iterator

from scoring.domain.dialect import CsvDialect, Encoding
from scoring.errors import SourceError
from scoring.intake.sources.header import check_start
from scoring.intake.sources.records import MAX_RECORD_BYTES
from scoring.intake.sources.signatures import START_BYTES

_LINE_END = re.compile(rb"\r\n|\n|\r")
_LINE_ENDS = b"\r\n"
_MARKS: dict[Encoding, tuple[bytes, ...]] = {
    "utf-8-sig": (codecs.BOM_UTF8,),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-16-le": (codecs.BOM_UTF16_LE,),
    "utf-16-be": (codecs.BOM_UTF16_BE,),
}


class Transcoder:
    """One use of a dialect: the copy of a file is UTF-8, the header and the rows; ``footer`` is what followed."""

    def __init__(self, dialect: CsvDialect, name: str) -> None:
        self._dialect, self._name = dialect, name
        self.footer = ""

    @property
    def needed(self) -> bool:
        """Whether the file differs from its copy."""
        dialect = self._dialect
        return dialect.encoding != "utf-8" or dialect.skip_rows > 0 or dialect.footer is not None

    def copied(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces of the copy.

        Raises
        ------
        SourceError
            If the file has another byte order mark or kind, ends within a character, or has fewer lines.
        """
        pieces = self._as_utf8(pieces)
        if self._dialect.skip_rows:
            pieces = self._without_head(pieces, self._dialect.skip_rows)
        return self._without_footer(pieces, self._dialect.footer.lines) if self._dialect.footer else pieces

    def _as_utf8(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """What cannot be decoded stays bytes that are not UTF-8, so that its cell is found like any other's."""
        encoding = self._dialect.encoding
        if encoding == "utf-8":
            yield from pieces
            return
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= START_BYTES:
                break
        mark = next((mark for mark in _MARKS.get(encoding, ()) if start.startswith(mark)), b"")
        check_start(start, self._name, mark=bool(mark))
        if encoding == "utf-16" and not mark:
            remedy = 'Save it with one, or name the order in the source: encoding="utf-16-le" (Windows) or "utf-16-be".'
            raise SourceError(self._name, "The file does not begin with a UTF-16 byte order mark.", remedy)
        rest = _chain(start[len(mark) :], pieces)
        if encoding == "utf-8-sig":
            yield from rest
            return
        order = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(mark, encoding)
        yield from self._decoded(rest, order)

    def _decoded(self, pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        flawed = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
        decoder = codecs.getincrementaldecoder(encoding)(flawed)
        for piece in pieces:
            yield decoder.decode(piece).encode("utf-8", flawed)
        try:
            yield decoder.decode(b"", final=True).encode("utf-8", flawed)
        except UnicodeDecodeError:
            raise SourceError(
                self._name, "The file ends in the middle of a character: it is truncated.", "Deliver it anew."
            ) from None

    def _without_head(self, pieces: Iterator[bytes], lines: int) -> Iterator[bytes]:
        missing, held = lines, b""
        for piece in pieces:
            if not missing:
                yield piece
                continue
            data, end = held + piece, 0
            for found in _LINE_END.finditer(data):
                if found[0] == b"\r" and found.end() == len(data):  # its \n may follow
                    break
                missing, end = missing - 1, found.end()
                if not missing:
                    break
            held = b"\r" if missing and data.endswith(b"\r") else b""
            if not missing:
                yield data[end:]
        if missing:
            raise SourceError(
                self._name,
                f"The file ends within the {lines} lines above the header.",
                "Deliver it anew, or correct the source's skip_rows.",
            )

    def _without_footer(self, pieces: Iterator[bytes], lines: int) -> Iterator[bytes]:
        held = b""
        for piece in pieces:
            held += piece
            start = _start_of_last(held, lines)
            if len(held) - start > MAX_RECORD_BYTES + len(piece):
                raise self._no_footer(f"The last {lines} lines are longer than {MAX_RECORD_BYTES:,} bytes.")
            yield held[:start]
            held = held[start:]
        start = _start_of_last(held, lines)
        if not start and len(held[start:].split()) == 0:
            raise self._no_footer("The file ends before its footer.")
        yield held[:start]
        self.footer = held[start:].decode("utf-8", errors="replace").strip("\r\n")

    def _no_footer(self, problem: str) -> SourceError:
        return SourceError(self._name, problem, "Deliver it anew, or correct the source's footer.")


def _start_of_last(data: bytes, lines: int) -> int:
    """Where the last ``lines`` lines begin, empty ones not counted; 0 if there are not more."""
    end = len(data)
    for _ in range(lines):
        while end and data[end - 1] in _LINE_ENDS:
            end -= 1
        end = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1
    return end


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
