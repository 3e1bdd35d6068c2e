"""Files that are being written beside their place: put there at once when they are whole, or removed."""

import datetime as dt
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

MARK = ".partial-"


def put(local: Path, place: Path) -> None:
    """Copy a file so that a reader of ``place`` sees all of it or nothing; a failed copy leaves nothing behind.

    Raises
    ------
    OSError
        If the file system does not take it.
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
    """Remove what crashed writers left in a lake; returns the paths.

    Parameters
    ----------
    lake
        Root of the snapshots. An object store has no partial files: it shows an object when it is complete.
    older_than
        Only files that changed last before this time (aware) are removed, and of them only those that no process
        is writing.
    """
    filesystem, root = fsspec.core.url_to_fs(lake)
    if not is_local(filesystem):
        return []
    return [path for path in Path(root).rglob(f"*{MARK}*") if remove_abandoned(path, older_than)]


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Hold a lock that says that a file or directory is in use; a crash lets go of it too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_abandoned(path: Path, older_than: dt.datetime) -> bool:
    """Remove a file or directory that is older and not :func:`in_use`; whether it is gone now.

    What belongs to another user stays.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # removed meanwhile, or another user's
        return False
    try:
        if dt.datetime.fromtimestamp(os.fstat(descriptor).st_mtime, dt.UTC) >= older_than:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:  # in use, removed meanwhile, or another user's
        return False
    finally:
        os.close(descriptor)
    return True


def is_local(filesystem: Any) -> bool:
    """Whether an fsspec file system is one that this machine mounts."""
    protocol = filesystem.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)
