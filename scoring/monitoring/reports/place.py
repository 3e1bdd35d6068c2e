"""Where reports are kept: one page per score, date and kind, under a root that is a path or any fsspec URL."""

import datetime as dt
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import fsspec

from scoring.domain.dataset import checked_name
from scoring.errors import NotFound, TransientError
from scoring.snapshots.partial import MARK, is_local, remove_partial_files

Kind = Literal["drift", "performance"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_DATE = re.compile(r"as_of=(\d{4}-\d{2}-\d{2})$")
_ABANDONED = dt.timedelta(hours=1)  # nobody takes so long to write a page
_DIGEST = re.compile(rb'<meta name="scoring-inputs" content="([0-9a-f]{64})">')
_HEAD = 4096  # bytes in which that stands


@dataclass(frozen=True)
class Report:
    """A page that is kept."""

    score: str
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

    def report(self, score: str, as_of: dt.date, kind: Kind) -> Report:
        """Where a page is kept, or would be.

        Raises
        ------
        ValueError
            If ``score`` or ``kind`` is no name of one: neither can lead out of the root.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of report: {', '.join(KINDS)}")
        location = f"{self._root}/{checked_name(score)}/as_of={as_of.isoformat()}/{kind}.html"
        return Report(score, as_of, kind, location)

    def kept(self, score: str) -> list[Report]:
        """The pages of a score, the newest date first."""
        filesystem, folder = self._at(f"{self._root}/{checked_name(score)}")
        found = []
        for as_of in _dates(filesystem, folder):
            here = [self.report(score, as_of, kind) for kind in KINDS]
            found += [one for one in here if filesystem.exists(self._at(one.location)[1])]
        return found

    def read(self, report: Report) -> bytes:
        """A page (HTML, UTF-8).

        Raises
        ------
        NotFound
            If it is not kept (any more).
        """
        filesystem, path = self._at(report.location)
        try:
            return bytes(filesystem.cat_file(path))
        except FileNotFoundError as error:
            raise NotFound(f"There is no {report.kind} report of {report.score} at {report.as_of}.") from error
        except OSError as error:
            raise TransientError(f"The report {report.location} cannot be read: {error}") from error

    def inputs_of(self, report: Report) -> str | None:
        """The digest of what a page was made from; None if there is none."""
        filesystem, path = self._at(report.location)
        try:
            with filesystem.open(path, "rb") as page:
                found = _DIGEST.search(page.read(_HEAD))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TransientError(f"The report {report.location} cannot be read: {error}") from error
        return found.group(1).decode() if found else None

    def write(self, report: Report, page: bytes) -> None:
        """Keep a page: a reader sees all of it or what was there before, and nobody else's account reads it."""
        filesystem, path = self._at(report.location)
        try:
            if is_local(filesystem):
                _write_private(Path(self._at(self._root)[1]), Path(path), page)
            else:
                filesystem.pipe_file(path, page)  # an object store shows an object when it is complete
        except OSError as error:
            raise TransientError(f"The reports' root does not take {report.location}: {error}") from error

    def forget_old(self, score: str, newest: int, now: dt.datetime) -> list[dt.date]:
        """Remove the pages of all but the ``newest`` dates of a score, and what crashes left; the dates gone."""
        filesystem, folder = self._at(f"{self._root}/{checked_name(score)}")
        old = _dates(filesystem, folder)[newest:]
        try:
            for as_of in old:
                filesystem.rm(f"{folder}/as_of={as_of.isoformat()}", recursive=True)
        except FileNotFoundError:
            pass  # another run forgets them, too
        except OSError as error:
            raise TransientError(f"Old reports of {score} cannot be removed: {error}") from error
        remove_partial_files(f"{self._root}/{score}", now - _ABANDONED)
        return old

    def _at(self, location: str) -> tuple[Any, str]:
        filesystem, path = fsspec.core.url_to_fs(location)
        return filesystem, str(path)


def _dates(filesystem: Any, folder: str) -> list[dt.date]:
    filesystem.invalidate_cache()  # another process writes, too
    try:
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
