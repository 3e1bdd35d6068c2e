"""Checks the header of a CSV file before any row is read: encoding, separator, names."""

from collections.abc import Mapping, Sequence
from io import RawIOBase

from scoring.domain.dataset import DataSet
from scoring.errors import SourceError
from scoring.intake.sources.grammar import RFC_4180, Grammar
from scoring.intake.sources.records import MAX_RECORD_BYTES, lines_of, records
from scoring.intake.sources.signatures import START_BYTES, byte_order_mark, kind_of, looks_like_utf16

LISTED = 20  # names or positions in one message
_SEPARATORS = {",": "commas", ";": "semicolons (;)", "\t": "tabs", "|": "vertical bars (|)"}


def read_header(file: RawIOBase, name: str, grammar: Grammar = RFC_4180) -> tuple[str, ...]:
    """The names of the columns. ``file`` is positioned at its start.

    Raises
    ------
    SourceError
        If the file is not UTF-8 without a byte order mark, or its first line has no cells of the grammar.
    """
    start = file.read(START_BYTES)
    check_start(start, name)
    file.seek(0)
    content = next((record.content for record in records(lines_of(file), grammar) if not record.blank), b"")
    if not content:
        raise SourceError(name, "The file holds nothing but empty lines.", "Deliver it anew, with its header and rows.")
    if b"\0" in content:
        looks = "UTF-16" if looks_like_utf16(start) else "a binary file"
        remedy = f"Deliver text in the source's encoding, plain UTF-8 if it names none; this looks like {looks}."
        raise SourceError(name, "The header contains a NUL byte.", remedy)
    cells, paired = grammar.cells_of(content)
    if not paired or len(content) > MAX_RECORD_BYTES:
        remedy = (
            f"Begin with one line of column names, separated by {grammar.separators}; quote a name as a whole or not "
            "at all. Lines above it are left out with the source's skip_rows."
        )
        raise SourceError(name, "The header cannot be read.", remedy)
    try:
        names = tuple(grammar.text_of(cell) for cell in cells)
    except UnicodeDecodeError:
        raise SourceError(
            name,
            "The header is not valid UTF-8.",
            'Save the file as UTF-8, or name its encoding in the source: encoding="cp1252".',
        ) from None
    _check_separator(names, name, grammar)
    return names


def check_columns(names: Sequence[str], data_set: DataSet, name: str, *, quotable: bool = False) -> None:
    """Check names against the definition; they may have any order.

    Messages give an unknown name only by its position, because somebody may have named a file that they must not see.
    ``quotable`` allows its text: the names of a query are in the definition anyway.

    Raises
    ------
    SourceError
        If a name appears twice or is missing, or if the definition does not have it, unless the source's
        ``extra_columns`` is ``ignore``.
    """
    known = [column.source_name for column in data_set.columns]
    positions = {column: [at for at, found in enumerate(names, start=1) if found == column] for column in names}
    twice = [column for column, found in positions.items() if len(found) > 1]
    missing = [column for column in known if column not in positions]
    extra = [column for column in positions if column not in known]
    if twice:
        told = [column for column in twice if column in known or quotable]
        places = "; ".join(f"positions {_numbers(positions[column])}" for column in twice[:LISTED])
        called = f"{_listed(told)} more than once" if told else "a column more than once"
        raise SourceError(name, f"The header names {called} ({places}).", "Name each column once.", column=_first(told))
    at = [positions[column][0] for column in extra]
    unknown = f"{_listed(extra)}" if quotable else f"{_counted(at)}"
    if missing:
        raise SourceError(
            name,
            f"The header lacks {_listed(missing)}."
            + (f" It has {unknown}, which the definition does not have." if extra else "")
            + _alike(missing, extra, positions),
            f"Deliver all columns of {data_set.name!r}, spelled as in its definition.",
            column=missing[0],
        )
    if extra and data_set.source.extra_columns == "refuse":
        raise SourceError(
            name,
            f"The header has {unknown}, which the definition of {data_set.name!r} does not have.",
            'Add it to the definition, leave it out, or set extra_columns="ignore" on the source.',
            column=extra[0] if quotable else None,
        )


def check_start(start: bytes, name: str, *, mark: bool = False) -> None:
    """Check the first bytes of a text file; with ``mark`` they may be a byte order mark.

    Raises
    ------
    SourceError
        If they are the signature of a file of another kind, or such a mark.
    """
    encoding = byte_order_mark(start)
    if encoding and not mark:
        named = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16"}.get(encoding)
        state = f', or name it in the source: encoding="{named}"' if named else ""
        raise SourceError(
            name,
            f"The file begins with a {encoding} byte order mark.",
            f"Save it as UTF-8 without a byte order mark{state}.",
        )
    kind = kind_of(start)
    if kind:
        remedy = "Deliver text, as it is or packed (gzip, zstd, bzip2, xz, zip)."
        if "spreadsheet (.xlsx)" in kind:
            remedy = "Deliver text (.csv), or define the source as ExcelSource."
        packed = " It must be packed once." if kind.endswith(" data") else ""
        raise SourceError(name, f"The file is {kind}, not CSV.", f"{remedy}{packed}")


def _check_separator(names: Sequence[str], name: str, grammar: Grammar) -> None:
    for separator, called in _SEPARATORS.items():
        if len(names) == 1 and separator in names[0] and separator.encode() != grammar.separator:
            raise SourceError(
                name,
                f"The columns are separated by {called}, not by {grammar.separators}.",
                f"Export with {grammar.separators}, or name the separator in the source: separator={separator!r} (and "
                "its decimal_mark, if that is not a point).",
            )


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - LISTED} more" if len(columns) > LISTED else ""
    return ("column " if len(columns) == 1 else "columns ") + ", ".join(map(repr, columns[:LISTED])) + more


def _counted(positions: Sequence[int]) -> str:
    if len(positions) == 1:
        return f"1 column (position {positions[0]})"
    return f"{len(positions)} columns (positions {_numbers(positions)})"


def _numbers(positions: Sequence[int]) -> str:
    return ", ".join(map(str, positions[:LISTED])) + (", ..." if len(positions) > LISTED else "")


def _alike(missing: Sequence[str], extra: Sequence[str], positions: Mapping[str, Sequence[int]]) -> str:
    """A hint at names that differ from a missing one only by case or spaces, and so reveal nothing new."""
    folded = {column: column.strip().lower() for column in extra}
    hints = [
        f" The name at position {positions[found][0]} is {column!r} but for capital letters or spaces."
        for column in missing
        for found in extra
        if folded[found] == column
    ]
    return "".join(hints[:LISTED])


def _first(columns: Sequence[str]) -> str | None:
    return columns[0] if columns else None
