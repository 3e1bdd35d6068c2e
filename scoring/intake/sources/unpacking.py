"""Unpacks a file by what it is, whatever its name, piece by piece: gzip, zstd, bzip2, xz, and zip with one member."""

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import pyarrow as pa

from scoring.errors import SourceError
from scoring.intake.sources.signatures import kind_of

CHUNK_BYTES = 1 << 20
XZ_MEMORY = 256 << 20  # of its dictionary; xz -9 takes 65 MiB to unpack
MOST_TIMES = 1_100  # the unpacked size by the packed one; gzip cannot do better than 1,032
ANY_SIZE = 1 << 30  # up to here the ratio does not matter

_TRUNCATED = "Deliver it anew, and check it before; upload under another name and rename it at the end."
_SPREADSHEET = "[Content_Types].xml"
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_CHECKS = {"gzip": "`gzip --test`", "bzip2": "`bzip2 --test`", "xz": "`xz --test`", "zstd": "`zstd --test`"}
_DAMAGE = (gzip.BadGzipFile, zlib.error, lzma.LZMAError, OSError, ValueError)


def unpacked(raw: IO[bytes], name: str, *, unzip: bool = True) -> Iterator[bytes]:
    """The content of a file in pieces of about 1 MiB; ``raw`` is at its start and can be rewound.

    Parameters
    ----------
    unzip
        Whether a zip archive is unpacked, too; a spreadsheet is one.

    Raises
    ------
    SourceError
        If the file is empty, its packed data is damaged or truncated, an archive has not exactly one member, or there
        is :data:`MOST_TIMES` as much content as packed data, so that the file was made to fill the disk.
    """
    start = raw.read(16)
    raw.seek(0)
    if not start:
        raise SourceError(name, "The file is empty (0 bytes).", "Deliver the file anew, with its header and rows.")
    method = _method(start)
    if method == "zip":
        return _of_zip(raw, name) if unzip else _pieces(raw)
    if method is None:
        return _pieces(raw)
    return _bounded(_guarded(_OPENERS[method](raw), method, name), raw.tell, name)


def is_spreadsheet(raw: IO[bytes]) -> bool:
    """Whether a file is an .xlsx; ``raw`` can be rewound, and is at its start again."""
    try:
        with zipfile.ZipFile(raw) as archive:
            return _SPREADSHEET in archive.namelist()
    except zipfile.BadZipFile:
        return False
    finally:
        raw.seek(0)


def _method(start: bytes) -> str | None:
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if start.startswith(b"BZh") and start[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):  # a header may begin with BZh
        return "bzip2"
    kind = kind_of(start)
    return {"gzip data": "gzip", "zstd data": "zstd", "xz data": "xz"}.get(kind or "")


def _pieces(stream: Any) -> Iterator[bytes]:
    while piece := stream.read(CHUNK_BYTES):
        yield piece


def _gzip(raw: IO[bytes]) -> Iterator[bytes]:
    return _pieces(gzip.GzipFile(fileobj=raw))


def _zstd(raw: IO[bytes]) -> Iterator[bytes]:
    with pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") as stream:
        yield from _pieces(stream)


def _bzip2(raw: IO[bytes]) -> Iterator[bytes]:
    return _streams(raw, bz2.BZ2Decompressor)


def _xz(raw: IO[bytes]) -> Iterator[bytes]:
    return _streams(raw, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY))


_OPENERS: dict[str, Callable[[IO[bytes]], Iterator[bytes]]] = {
    "gzip": _gzip,
    "zstd": _zstd,
    "bzip2": _bzip2,
    "xz": _xz,
}


def _streams(raw: IO[bytes], begin: Callable[[], Any]) -> Iterator[bytes]:
    """The content of streams that follow each other, as programs that pack in parallel write them."""
    unpacker, packed = begin(), b""
    while True:
        if unpacker.eof:
            packed = (unpacker.unused_data or raw.read(CHUNK_BYTES)).lstrip(b"\0")  # zeros may pad xz
            while not packed and (more := raw.read(CHUNK_BYTES)):
                packed = more.lstrip(b"\0")
            if not packed:
                return
            unpacker = begin()
        elif unpacker.needs_input:
            packed = raw.read(CHUNK_BYTES)
            if not packed:
                raise EOFError
        if piece := unpacker.decompress(packed, CHUNK_BYTES):
            yield piece
        packed = b""


def _guarded(pieces: Iterator[bytes], method: str, name: str) -> Iterator[bytes]:
    try:
        yield from pieces
    except EOFError:
        raise _truncated(name, method) from None
    except _DAMAGE as error:
        if "Truncated" in str(error):
            raise _truncated(name, method) from None
        raise SourceError(
            name, f"The {method} data is corrupt ({error}).", f"Deliver the file anew; check it with {_CHECKS[method]}."
        ) from None


def _truncated(name: str, method: str) -> SourceError:
    return SourceError(
        name,
        f"The {method} data ends too early: the file is truncated.",
        f"Deliver it anew; check it with {_CHECKS[method]}; upload under another name and rename it at the end.",
    )


def _bounded(pieces: Iterator[bytes], packed_size: Callable[[], int], name: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > ANY_SIZE and size > MOST_TIMES * packed_size():
            raise SourceError(
                name,
                f"The content is more than {MOST_TIMES:,} times as large as the packed file.",
                "No real table packs so well; deliver it with gzip, or as it is.",
            )
        yield piece


def _of_zip(raw: IO[bytes], name: str) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as copy:  # its directory is at its end, and a remote file is read once
        shutil.copyfileobj(raw, copy, CHUNK_BYTES)
        size = copy.tell()
        try:
            with zipfile.ZipFile(copy) as archive, archive.open(_member(archive, name)) as member:
                yield from _bounded(_pieces(member), lambda: size, name)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            problem = f"The file is a zip archive or a spreadsheet (.xlsx), and it is damaged ({error})."
            raise SourceError(name, problem, _TRUNCATED) from None


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir()]
    if any(one.filename == _SPREADSHEET for one in members):
        raise SourceError(
            name,
            "The file is a spreadsheet (.xlsx), not CSV.",
            "Deliver text (.csv), or define the source as ExcelSource.",
        )
    if len(members) != 1:
        raise SourceError(
            name,
            f"The zip archive has {len(members)} files instead of one.",
            "Pack the one file of the partition alone.",
        )
    if members[0].flag_bits & 1:
        raise SourceError(name, "The zip archive is encrypted.", "Pack it without a password.")
    if members[0].compress_type not in _METHODS:
        raise SourceError(name, "The zip archive is packed by a rare method.", "Pack it with deflate, as zip does.")
    return members[0]
