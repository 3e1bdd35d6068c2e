"""Looks into an .xlsx file before it is read: how large its sheet is, and which cells hold no value but an error.

The reader, calamine, gives those cells as empty, and takes memory for the whole rectangle of a sheet, however few cells
it has.
"""

import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from xml.etree import ElementTree as ET

from scoring.domain.dataset import ExcelSource
from scoring.errors import SourceError
from scoring.intake.sources.signatures import START_BYTES, kind_of
from scoring.intake.sources.spool import View

MOST_BYTES = 64 << 20
MOST_UNPACKED = 1 << 30
MOST_CELLS = 10_000_000
MOST_FAULTS = 100_000
CHUNK_BYTES = 1 << 20
_MOST_XML = 8 << 20  # of the list of sheets
_LONGEST_ROW = 64 << 20

_AT = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_ERROR = re.compile(rb"<(?:\w+:)?c\s([^>]*\bt\s*=\s*[\"']e[\"'][^>]*)>")
_NEVER_COMPUTED = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_EMPTY_TEXT = re.compile(rb"\bt\s*=\s*[\"']str[\"']")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SMALLER = "Deliver it as CSV or Parquet: a spreadsheet is held in memory as a whole."
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ET.ParseError)
_ANEW = "Save it anew as .xlsx, without a password."


@dataclass(frozen=True)
class Fault:
    """What a cell holds in place of a value."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Sheet:
    """A sheet: its name, and by row and column (0-based) what its cells hold that have no value."""

    name: str
    faults: dict[tuple[int, int], Fault] = field(default_factory=dict)
    rows: int = 0
    columns: int = 0


def checked_sheet(file: IO[bytes], name: str, source: ExcelSource) -> Sheet:
    """The sheet that the source names, or the only one.

    Raises
    ------
    SourceError
        If the file is no .xlsx, larger than this module's limits, damaged, or has no such sheet.
    """
    with _verified(file, name) as archive:
        title, member = _place(archive, name, source)
        return _surveyed(archive, member, Sheet(title), name)


def titles(file: IO[bytes], name: str) -> list[str]:
    """The names of a spreadsheet's sheets, in their order; raises as :func:`checked_sheet`."""
    with _verified(file, name) as archive:
        return [title for title, _ in _sheets(archive, name)]


@contextmanager
def _verified(file: IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """The archive that a spreadsheet is, of bounded size; what is damaged becomes an error of ours."""
    size = os.fstat(file.fileno()).st_size
    if size > MOST_BYTES:
        raise SourceError(name, f"The spreadsheet has {size:,} bytes; it may have {MOST_BYTES:,}.", _SMALLER)
    try:
        with zipfile.ZipFile(View(file)) as archive:
            _verify(archive, name)
            yield archive
    except _DAMAGE as error:
        kind = kind_of(View(file).read(START_BYTES))
        if kind and "spreadsheet (.xlsx)" not in kind:
            raise SourceError(name, f"The file is {kind}, not a spreadsheet (.xlsx).", _ANEW) from None
        raise SourceError(name, f"The file is not .xlsx, truncated or damaged ({error}).", _ANEW) from None


def _verify(archive: zipfile.ZipFile, name: str) -> None:
    """Unpack everything once: sizes in an archive's directory may lie, but then its checksums do not fit."""
    if sum(one.file_size for one in archive.infolist()) > MOST_UNPACKED:
        raise SourceError(name, f"The spreadsheet has more than {MOST_UNPACKED:,} bytes, unpacked.", _SMALLER)
    for one in archive.infolist():
        with archive.open(one) as member:
            while member.read(CHUNK_BYTES):
                pass


def _place(archive: zipfile.ZipFile, name: str, source: ExcelSource) -> tuple[str, str]:
    """The title of the sheet, and the archive's member that holds it."""
    relations = _xml(archive, "xl/_rels/workbook.xml.rels", name)
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    sheets = _sheets(archive, name)
    found = [sheet for sheet in sheets if source.sheet in (None, sheet[0])]
    if source.sheet is not None and not found:
        raise SourceError(
            name, f"There is no sheet {source.sheet!r}; there are {len(sheets)} others.", "Correct the source's sheet."
        )
    if len(found) != 1:
        raise SourceError(name, f"The spreadsheet has {len(sheets)} sheets.", "Name one of them: the source's sheet.")
    target = targets[found[0][1]]
    return found[0][0], target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _sheets(archive: zipfile.ZipFile, name: str) -> list[tuple[str, str | None]]:
    """The title of each sheet, and the relation that leads to its member."""
    book = _xml(archive, "xl/workbook.xml", name)
    return [(one.get("name", ""), one.get(_RELATION)) for one in book.iter() if one.tag.endswith("}sheet")]


def _xml(archive: zipfile.ZipFile, member: str, name: str) -> ET.Element:
    if archive.getinfo(member).file_size > _MOST_XML:
        raise SourceError(name, "The spreadsheet's list of sheets is far too long.", _ANEW)
    content = archive.read(member)
    if b"<!ENTITY" in content:
        raise SourceError(name, "The spreadsheet defines entities, which none needs.", _ANEW)
    return ET.fromstring(content)  # noqa: S314 - bounded, and without entities


def _surveyed(archive: zipfile.ZipFile, member: str, sheet: Sheet, name: str) -> Sheet:
    with archive.open(member) as content:
        for rows in _whole_rows(content, name):
            _note(sheet, rows)
            if sheet.rows * sheet.columns > MOST_CELLS:
                raise SourceError(
                    name,
                    f"The sheet has {sheet.rows:,} rows of {sheet.columns:,} cells; {MOST_CELLS:,} cells may be.",
                    f"Delete empty rows and columns that are formatted. {_SMALLER}",
                )
            if len(sheet.faults) > MOST_FAULTS:
                raise SourceError(name, f"More than {MOST_FAULTS:,} cells hold errors.", "Correct the spreadsheet.")
    return sheet


def _whole_rows(content: IO[bytes], name: str) -> Iterator[bytes]:
    held = b""
    while chunk := content.read(CHUNK_BYTES):
        held += chunk
        end = held.rfind(b"row>")
        if end >= 0:
            yield held[: end + 4]
            held = held[end + 4 :]
        elif len(held) > _LONGEST_ROW:
            raise SourceError(name, "A row of the sheet is far too long.", _SMALLER)
    yield held


def _note(sheet: Sheet, rows: bytes) -> None:
    """Note how far the sheet reaches, and its faults."""
    places = _AT.findall(rows)
    if places:
        sheet.columns = max(sheet.columns, *(_number(letters) for letters in {letters for letters, _ in places}))
        sheet.rows = max(sheet.rows, *(int(number) for _, number in places))
    for found in _ERROR.finditer(rows):
        _keep(sheet, found[1], "an error (like #N/A)")
    for found in _NEVER_COMPUTED.finditer(rows):
        if not _EMPTY_TEXT.search(found[1]):
            _keep(sheet, found[1], "a formula without a result")


def _keep(sheet: Sheet, attributes: bytes, text: str) -> None:
    place = _PLACE.search(attributes)
    if place:
        sheet.faults[int(place[2]) - 1, _number(place[1]) - 1] = Fault(text)


def _number(letters: bytes) -> int:
    """The 1-based number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
