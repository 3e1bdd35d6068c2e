"""Where reports are kept: a page per date and kind of each score or data set, under a path or any fsspec URL."""

import datetime as dt
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from scoring.domain.dataset import checked_name
from scoring.errors import NotFound, TransientError
from scoring.snapshots.partial import MARK, is_local, remove_partial_files
from scoring.snapshots.remote import client_errors, located

Kind = Literal["validation", "drift", "performance"]  # the first is of a data set, the others are of a score
KINDS: tuple[Kind, ...] = get_args(Kind)

_DATE = re.compile(r"as_of=(\d{4}-\d{2}-\d{2})$")
_ABANDONED = dt.timedelta(hours=1)  # nobody takes so long to write a page
_DIGEST = re.compile(rb'<meta name="scoring-inputs" content="([0-9a-f]{64})">')
_HEAD = 4096  # bytes in which that stands


@dataclass(frozen=True)
class Report:
    """A page that is kept; ``name`` is that of a score, or of a data set."""

    name: str
    as_of: dt.date
    kind: Kind
    location: str


class ReportsRoot:
    """The reports under one root, a path or fsspec URL.

    Raises
    ------
    TransientError
        By all methods, if the file system cannot be used at the moment.
    """

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")

    def report(self, name: str, as_of: dt.date, kind: Kind) -> Report:
        """Where a page is kept, or would be.

        Raises
        ------
        ValueError
            If ``name`` or ``kind`` is no name of one: neither can lead out of the root.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of report: {', '.join(KINDS)}")
        location = f"{self._root}/{checked_name(name)}/as_of={as_of.isoformat()}/{kind}.html"
        return Report(name, as_of, kind, location)

    def kept(self, name: str) -> list[Report]:
        """The pages of a score or data set, the newest date first."""
        filesystem, folder = located(f"{self._root}/{checked_name(name)}")
        found = []
        for as_of in _dates(filesystem, folder):
            here = [self.report(name, as_of, kind) for kind in KINDS]
            found += [one for one in here if self._is_kept(filesystem, one)]
        return found

    def read(self, report: Report) -> bytes:
        """A page (HTML, UTF-8).

        Raises
        ------
        NotFound
            If it is not kept (any more).
        """
        filesystem, path = located(report.location)
        try:
            with client_errors():
                return bytes(filesystem.cat_file(path))
        except FileNotFoundError as error:
            raise NotFound(f"There is no {report.kind} report of {report.name} at {report.as_of}.") from error
        except OSError as error:
            raise TransientError(f"The report {report.location} cannot be read: {error}") from error

    def inputs_of(self, report: Report) -> str | None:
        """The digest of what a page was made from; None if there is none."""
        filesystem, path = located(report.location)
        try:
            with client_errors(), filesystem.open(path, "rb") as page:
                found = _DIGEST.search(page.read(_HEAD))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TransientError(f"The report {report.location} cannot be read: {error}") from error
        return found.group(1).decode() if found else None

    def write(self, report: Report, page: bytes) -> None:
        """Keep a page: a reader sees all of it or what was there before, and nobody else's account reads it."""
        filesystem, path = located(report.location)
        try:
            if is_local(filesystem):
                _write_private(Path(located(self._root)[1]), Path(path), page)
            else:
                with client_errors():
                    filesystem.pipe_file(path, page)  # an object store shows an object when it is complete
        except OSError as error:
            raise TransientError(f"The reports' root does not take {report.location}: {error}") from error

    def remove(self, report: Report) -> None:
        """Remove a page; nothing happens if it is not there."""
        filesystem, path = located(report.location)
        try:
            with client_errors():
                filesystem.rm_file(path)
        except FileNotFoundError:
            pass  # another run has removed it
        except OSError as error:
            raise TransientError(f"The report {report.location} cannot be removed: {error}") from error

    def forget_old(self, name: str, newest: int, now: dt.datetime) -> list[dt.date]:
        """Remove the pages of all but the ``newest`` dates of a name, and what crashes left; the dates gone."""
        filesystem, folder = located(f"{self._root}/{checked_name(name)}")
        old = _dates(filesystem, folder)[newest:]
        try:
            with client_errors():
                for as_of in old:
                    filesystem.rm(f"{folder}/as_of={as_of.isoformat()}", recursive=True)
        except FileNotFoundError:
            pass  # another run forgets them, too
        except OSError as error:
            raise TransientError(f"Old reports of {name} cannot be removed: {error}") from error
        remove_partial_files(f"{self._root}/{name}", now - _ABANDONED)
        return old

    def _is_kept(self, filesystem: Any, report: Report) -> bool:
        try:
            with client_errors():
                return bool(filesystem.exists(located(report.location)[1]))
        except OSError as error:
            raise TransientError(f"The report {report.location} cannot be looked up: {error}") from error


def _dates(filesystem: Any, folder: str) -> list[dt.date]:
    filesystem.invalidate_cache()  # another process writes, too
    try:
        with client_errors():
            names = filesystem.ls(folder, detail=False)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TransientError(f"The reports in {folder} cannot be listed: {error}") from error
    found = [match.group(1) for name in names if (match := _DATE.search(str(name).rstrip("/")))]
    return sorted(map(dt.date.fromisoformat, found), reverse=True)


def _write_private(root: Path, path: Path, page: bytes) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    for folder in (root, path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}{MARK}{uuid.uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(page)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
