"""Copies a source into an unnamed temporary file, so that exactly one complete version of it is parsed.

The file has no directory entry: closing it removes it, also when the process is killed.
"""

import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import fsspec

from scoring.errors import ConfigurationError, ScoringError, SourceError, SourceNotReady, TransientError
from scoring.intake.sources.location import shown
from scoring.intake.sources.unpacking import unpacked

Fingerprint = tuple[str, str]  # equal for equal versions of a file
_DRIVER = {
    "remedy": "Install the fsspec driver of its protocol (s3fs, gcsfs, adlfs, ...), or correct the path.",
    "in_airflow": "Install the fsspec driver of its protocol (s3fs, gcsfs, ...) on the workers, or correct the path.",
}


class View(io.RawIOBase):
    """An independent reader of a spooled file, with its own position and file descriptor.

    Arrow reads ahead in a thread that may outlive its reader; it must not move the position of another reader.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._descriptor = os.dup(file.fileno())
        self._position = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer; memoryview is what comes
        """Fill the buffer from the position on; 0 at the end of the file."""
        count = os.preadv(self._descriptor, [buffer], self._position)
        self._position += count
        return count

    def next_byte(self) -> bytes:
        """The next byte, without moving the position; empty at the end of the file."""
        return os.pread(self._descriptor, 1, self._position)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: os.fstat(self._descriptor).st_size}
        self._position = base[whence] + offset
        return self._position

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def close(self) -> None:
        """Close the file descriptor."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


Change = Callable[[Iterator[bytes]], Iterator[bytes]]


@contextmanager
def spooled(location: str, *, unzip: bool = True, change: Change | None = None) -> Iterator[IO[bytes]]:
    """Yield a local copy of a file, unpacked if its content is packed; read it through :class:`View`.

    ``change`` makes the pieces of the copy from the unpacked ones. Without ``unzip`` a zip archive stays one.

    Raises
    ------
    SourceError
        If it is empty, a directory, not readable by this user, or if its packed data is damaged.
    SourceNotReady
        If it is not there, cannot be reached, or changed while it was being copied.
    ConfigurationError
        If the kind of URL is unknown or its driver is not installed.
    TransientError
        If the copy does not fit into the temporary directory.
    """
    with _translated_space_errors():
        copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed below; unbuffered, so that closing cannot fail
    with copy:
        _copy(location, copy, unzip=unzip, change=change)
        yield copy


def _copy(location: str, copy: IO[bytes], *, unzip: bool, change: Change | None) -> None:
    fs, path = opened_system(location)
    before = _version(fs, path, location)
    try:
        with translated_errors(location), fs.open(path, "rb", compression=None) as raw:
            pieces = unpacked(raw, shown(location), unzip=unzip)
            for piece in change(pieces) if change else pieces:
                _write(copy, piece)
    except SourceError:
        _refuse_changed(before, fs, path, location)  # a mixture of two versions looks damaged
        raise
    _refuse_changed(before, fs, path, location)


def _write(copy: IO[bytes], chunk: bytes) -> None:
    rest = memoryview(chunk)
    with _translated_space_errors():
        while rest:
            rest = rest[copy.write(rest) :]


@contextmanager
def _translated_space_errors() -> Iterator[None]:
    """Translate the errors of a temporary directory that is full or missing into ours."""
    try:
        yield
    except OSError as error:
        raise TransientError(
            f"The temporary directory cannot take a copy of the source ({error.strerror}).",
            remedy="Make room there, or name another one with TMPDIR.",
            in_airflow="Make room there on the worker, or name another one with TMPDIR in its environment.",
        ) from error


def opened_system(location: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path in it.

    Raises
    ------
    ConfigurationError
        If the kind of URL is unknown or its driver is not installed.
    """
    try:
        fs, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            f"{shown(location)}: This kind of URL cannot be read ({_reason(error, location)}).", **_DRIVER
        ) from None
    return fs, str(path)


def fingerprint(location: str) -> Fingerprint:
    """What identifies the version of a file that is there now; raises as :func:`spooled`."""
    return _version(*opened_system(location), location)


def known_of(info: Mapping[str, Any]) -> str:
    """What a file system's entry about a file says of its version."""
    return str(sorted(info.items()))


def _version(fs: Any, path: str, location: str) -> Fingerprint:
    """Size, times, inode or ETag, as far as the file system knows them."""
    with translated_errors(location):
        fs.invalidate_cache()
        info = fs.info(path)
        if info.get("type") == "directory":
            raise SourceError(
                shown(location), "This is a directory, not a file.", "End the path with / to read all files in it."
            )
        return known_of(info), str(fs.ukey(path))


def _refuse_changed(before: Fingerprint, fs: Any, path: str, location: str) -> None:
    if _version(fs, path, location) != before:
        raise SourceNotReady(
            f"{shown(location)}: The file was replaced while being read; nothing of it was used.",
            remedy="Try again when the upload is complete; upload under another name and rename it at the end.",
        )


@contextmanager
def translated_errors(location: str) -> Iterator[None]:
    """Translate the errors of a file system about a path or URL into ours."""
    name = shown(location)
    try:
        yield
    except ScoringError:
        raise
    except FileNotFoundError:
        server = ", or its server does not answer" if "://" in location else ""  # fsspec raises the same error for both
        raise SourceNotReady(
            f"{name}: The file is not there{server}.",
            remedy="Deliver it, or correct the source's path or SCORING_INBOX.",
            in_airflow="Deliver it, or correct the source's path in the definition or SCORING_INBOX of the workers.",
        ) from None
    except PermissionError:
        raise SourceError(name, "The file may not be read.", "Give this user the right to read it.") from None
    except (ImportError, NotImplementedError) as error:
        raise ConfigurationError(f"{name}: The file cannot be read ({_reason(error, location)}).", **_DRIVER) from None
    except Exception as error:  # noqa: BLE001 - every protocol has exceptions of its own
        raise SourceNotReady(
            f"{name}: The file cannot be read just now ({_reason(error, location)}).",
            remedy="Try again; check that the server is up and that the credentials are valid.",
        ) from None


def _reason(error: Exception, location: str) -> str:
    """The error's own text, unless it could repeat a credential."""
    return str(error) if shown(location) == location and str(error) else type(error).__name__
