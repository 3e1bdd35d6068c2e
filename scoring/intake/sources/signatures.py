"""The real kind of a file, by its first bytes, so that a message names it instead of a garbled header."""

_TEXT_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xef\xbb\xbf": "UTF-8",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_SIGNATURES = {
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\0": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"\x04\x22\x4d\x18": "lz4 data",
    b"\xff\x06\0\0sNaPpY": "snappy data",
    b"\x1f\x9d": "data of compress (.Z)",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"PK\x03\x04": "a zip archive or a spreadsheet (.xlsx)",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old spreadsheet or another Office document (.xls)",
    b"PAR1": "Parquet",
    b"PARE": "encrypted Parquet",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"ARROW1": "an Arrow (Feather) file",
    b"FEA1": "a Feather file",
    b"\x89HDF": "HDF5",
    b"SQLite format 3\0": "a SQLite database",
    b"%PDF": "a PDF",
}
_MARKUP = {b"<!doctype html": "an HTML page", b"<html": "an HTML page", b"<?xml": "XML"}
_AMBIGUOUS = frozenset({b"ORC", b"BZh", b"Rar!", b"FEA1", b"PAR1", b"PARE"})  # a header may begin like these
START_BYTES = 256


def kind_of(start: bytes) -> str | None:
    """The kind of the file that begins with ``start`` (START_BYTES of it or all); None for other kinds and CSV."""
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature) and not (signature in _AMBIGUOUS and _is_text(start)):
            return kind
    lower = start.lstrip().lower()
    return next((kind for mark, kind in _MARKUP.items() if lower.startswith(mark)), None)


def byte_order_mark(start: bytes) -> str | None:
    """The encoding whose byte order mark ``start`` begins with, if any."""
    return next((encoding for mark, encoding in _TEXT_MARKS.items() if start.startswith(mark)), None)


def looks_like_utf16(start: bytes) -> bool:
    """Whether text of mostly ASCII letters was saved as UTF-16: every second byte, and no other, is NUL."""
    even, odd = start[::2], start[1::2]
    return (not even.strip(b"\0")) != (not odd.strip(b"\0"))


def _is_text(start: bytes) -> bool:
    first_line = start.partition(b"\n")[0].rstrip()
    return first_line.isascii() and first_line.decode().isprintable()
