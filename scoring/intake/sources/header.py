"""Judges the header of a CSV file before a row is read: encoding, separator, names."""

from collections.abc import Sequence
from io import RawIOBase

from scoring.domain.dataset import DataSet
from scoring.errors import SourceError
from scoring.intake.sources.cells import short
from scoring.intake.sources.records import MAX_RECORD_BYTES, cells_of, lines_of, records, text_of

_MARKS = {
    b"\xef\xbb\xbf": ("UTF-8", "Save it as UTF-8 without a byte order mark."),
    b"\xff\xfe": ("UTF-16", "Save it as UTF-8 without a byte order mark."),
    b"\xfe\xff": ("UTF-16", "Save it as UTF-8 without a byte order mark."),
}
_SEPARATORS = {";": "semicolons (;)", "\t": "tabs", "|": "vertical bars (|)"}
_SIGNATURES = {b"PK\x03\x04": "a zip archive or a spreadsheet", b"PAR1": "Parquet", b"%PDF": "a PDF"}


def read_header(file: RawIOBase, name: str) -> tuple[str, ...]:
    """The names of the columns. ``file`` is positioned at its start.

    Raises
    ------
    SourceError
        If the file is not comma-separated UTF-8 without a byte order mark, or names a column twice.
    """
    _check_start(file.read(4), name)
    file.seek(0)
    content = next((record.content for record in records(lines_of(file)) if not record.blank), b"")
    if not content:
        raise SourceError(name, "The file holds nothing but empty lines.", "Deliver it anew, with its header and rows.")
    if b"\0" in content:
        raise SourceError(name, "The header contains a NUL byte.", "Save the file as UTF-8; it looks like UTF-16.")
    cells, paired = cells_of(content)
    if not paired or len(content) > MAX_RECORD_BYTES:
        problem = f"The header cannot be read: {short(content[:400].decode(errors='replace'))}."
        raise SourceError(name, problem, "Begin with one line of column names, separated by commas.")
    try:
        names = tuple(text_of(cell) for cell in cells)
    except UnicodeDecodeError:
        raise SourceError(name, "The header is not valid UTF-8.", "Save the file as UTF-8.") from None
    _check_separator(names, name)
    return names


def check_columns(names: Sequence[str], data_set: DataSet, name: str) -> None:
    """Check names against the definition; the order is free.

    Raises
    ------
    SourceError
        For a name that stands twice or is missing, or one that the definition does not have, unless the
        source's ``extra_columns`` says ``ignore``.
    """
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise SourceError(
            name, f"The header names {_listed(twice)} more than once.", "Name each column once.", column=twice[0]
        )
    missing = [column for column in data_set.column_names if column not in names]
    extra = [column for column in names if column not in data_set.column_names]
    if missing:
        hint = f" It has {_listed(extra)}, which the definition does not have." if extra else ""
        raise SourceError(
            name,
            f"The header lacks {_listed(missing)}.{hint}",
            f"Deliver all columns of {data_set.name!r}, spelled as in its definition.",
            column=missing[0],
        )
    if extra and data_set.source.extra_columns == "refuse":
        raise SourceError(
            name,
            f"The definition of {data_set.name!r} has no {_listed(extra)}.",
            'Add it to the definition, leave it out, or set extra_columns="ignore" on the source.',
            column=extra[0],
        )


def _check_start(start: bytes, name: str) -> None:
    for mark, (encoding, remedy) in _MARKS.items():
        if start.startswith(mark):
            raise SourceError(name, f"The file begins with a {encoding} byte order mark.", remedy)
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            raise SourceError(name, f"The file is {kind}, not CSV.", "Deliver comma-separated text.")


def _check_separator(names: Sequence[str], name: str) -> None:
    for separator, called in _SEPARATORS.items():
        if len(names) == 1 and separator in names[0]:
            raise SourceError(
                name,
                f"The columns are separated by {called}, not by commas.",
                "Export with commas, and with a decimal point in numbers.",
            )


def _listed(columns: Sequence[str]) -> str:
    return ("column " if len(columns) == 1 else "columns ") + ", ".join(repr(column[:80]) for column in columns[:20])
