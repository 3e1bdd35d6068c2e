"""Files on this machine: logs are masked where they stand, pages that name the person are removed."""

import gzip
import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scoring.customers.place import Found, Subject
from scoring.customers.traces import Traces


class Logs:
    """Logs of tasks and processes, also packed ones, and reports of bugs of the command line.

    A log is masked in its place, byte for byte: a process that writes to it goes on.
    """

    name = "logs"

    def find(self, subject: Subject) -> list[Found]:
        """The files, with how often the person is in them."""
        held = [(path, len(spans_in(path, subject.traces))) for path in _logs(subject)]
        return [Found(str(path), {"places": count}) for path, count in held if count]

    def erase(self, subject: Subject) -> int:
        """Mask them; returns how many files."""
        return sum(_mask(path, subject.traces) for path in _logs(subject))


class DataDocs:
    """The Data Docs of Great Expectations and its stored results: they quote values that break a rule."""

    name = "Data Docs"

    def find(self, subject: Subject) -> list[Found]:
        """The files."""
        return [Found(str(path)) for path in self._held(subject)]

    def erase(self, subject: Subject) -> int:
        """Remove them; those of a later intake are made anew, with the index."""
        held = self._held(subject)
        for path in held:
            path.unlink(missing_ok=True)
        return len(held)

    def _held(self, subject: Subject) -> list[Path]:
        root = subject.settings.expectations_dir / "uncommitted"
        return [path for path in _files(root) if spans_in(path, subject.traces)]


def spans_in(path: Path, traces: Traces) -> list[tuple[int, int]]:
    """Where a file, packed by gzip or not, says something of the person; nowhere if it has gone."""
    try:
        if path.suffix == ".gz":
            return traces.spans(gzip.decompress(path.read_bytes()))
        with path.open("rb") as file, _mapped(file.fileno(), mmap.ACCESS_READ) as content:
            return traces.spans(content)
    except (FileNotFoundError, EmptyFile, gzip.BadGzipFile):
        return []


class EmptyFile(Exception):
    """There is nothing in it to map."""


def _mapped(descriptor: int, access: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0, access=access)
    except ValueError:
        raise EmptyFile from None


def _logs(subject: Subject) -> Iterator[Path]:
    yield from _files(subject.settings.logs_root)
    home = subject.settings.home  # of the local platform
    yield from (path for path in (home / "postgres" / "log", home / "alerts.jsonl") if path.is_file())
    yield from Path(tempfile.gettempdir()).glob("scoring-*.txt")


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()) if root.is_dir() else []


def _mask(path: Path, traces: Traces) -> bool:
    spans = spans_in(path, traces)
    if not spans:
        return False
    if path.suffix == ".gz":
        unpacked = bytearray(gzip.decompress(path.read_bytes()))
        for start, end in spans:
            unpacked[start:end] = b"*" * (end - start)
        draft = path.with_name(f"{path.name}.partial")
        draft.write_bytes(gzip.compress(bytes(unpacked)))
        draft.chmod(path.stat().st_mode)
        draft.replace(path)
        return True
    with path.open("r+b") as file, _mapped(file.fileno(), mmap.ACCESS_WRITE) as content:
        for start, end in spans:
            content[start:end] = b"*" * (end - start)
    return True
