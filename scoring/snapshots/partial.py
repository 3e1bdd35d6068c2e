"""Atomic file writes: a file is written under a partial name, then renamed; crashed writes are removed later."""

import datetime as dt
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scoring.snapshots.remote import located

MARK = ".partial-"


def put(local: Path, place: Path) -> None:
    """Copy a file so that a reader of ``place`` sees all of it or nothing; a failed copy leaves nothing behind.

    Raises
    ------
    OSError
        If the file system refuses it.
    """
    path = place.with_name(f"{place.name}{MARK}{uuid.uuid4().hex}")
    try:
        with path.open("xb") as partial, in_use(path), local.open("rb") as whole:
            shutil.copyfileobj(whole, partial, 1 << 20)
        path.replace(place)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def remove_partial_files(lake: str, older_than: dt.datetime) -> list[Path]:
    """Remove the partial files that crashed writers left in a lake; returns their paths.

    Parameters
    ----------
    lake
        Root of the snapshots. An object store has no partial files: it shows only complete objects.
    older_than
        Only files that last changed before this time (aware) and that no process is writing are removed.
    """
    filesystem, root = located(lake)
    if not is_local(filesystem):
        return []
    return [path for path in Path(root).rglob(f"*{MARK}*") if remove_abandoned(path, older_than)]


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Lock a file or directory as in use; a crash releases the lock too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_abandoned(path: Path, older_than: dt.datetime) -> bool:
    """Remove a file or directory that last changed before ``older_than`` and is not :func:`in_use`.

    Returns whether it was removed. What this user may not open or remove stays.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # already removed, or not ours to open
        return False
    try:
        if dt.datetime.fromtimestamp(os.fstat(descriptor).st_mtime, dt.UTC) >= older_than:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:  # in use, already removed, or not ours to remove
        return False
    finally:
        os.close(descriptor)
    return True


def is_local(filesystem: Any) -> bool:
    """Whether an fsspec file system has local paths."""
    protocol = filesystem.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)
